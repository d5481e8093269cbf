//! What is filled into a target for each request.

use memchr::memchr2_iter;

use super::super::entries::{CLICK_ID, SPLAT};

/// What is filled into a target for each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blank {
    Splat,
    ClickId,
}

impl Blank {
    /// How it is written.
    pub(super) const fn text(self) -> &'static [u8] {
        match self {
            Blank::Splat => b":splat",
            Blank::ClickId => b"{clickid}",
        }
    }

    pub(super) const fn flag(self) -> u8 {
        match self {
            Blank::Splat => SPLAT,
            Blank::ClickId => CLICK_ID,
        }
    }
}

// What `limits` reckons with.
const _: () = assert!(Blank::ClickId.text().len() == 9);

/// The first blank at or after `from`, and where it begins. `:splatter` is none.
pub(super) fn next_blank(target: &[u8], from: usize) -> Option<(Blank, usize)> {
    memchr2_iter(b':', b'{', &target[from..]).map(|at| from + at).find_map(|at| {
        let rest = &target[at..];
        if rest.starts_with(Blank::ClickId.text()) {
            return Some((Blank::ClickId, at));
        }
        let rest = rest.strip_prefix(Blank::Splat.text())?;
        let is_longer = rest.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        (!is_longer).then_some((Blank::Splat, at))
    })
}
