//! What is filled into a target for each request.

use memchr::memchr2_iter;

use super::super::entries::{CLICK_ID, NAMES, SPLAT};
use super::super::pattern::name_at;

/// What is filled into a target for each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blank<'t> {
    Splat,
    ClickId,
    /// What a path has in the place of a key's placeholder of this name.
    Name(&'t [u8]),
}

/// How a click id is written.
pub(super) const CLICK_ID_TEXT: &[u8] = b"{clickid}";

impl Blank<'_> {
    /// How many bytes it is written in.
    pub(super) const fn size(self) -> usize {
        match self {
            Blank::Splat => 6,
            Blank::ClickId => CLICK_ID_TEXT.len(),
            Blank::Name(name) => 1 + name.len(),
        }
    }

    pub(super) const fn flag(self) -> u8 {
        match self {
            Blank::Splat => SPLAT,
            Blank::ClickId => CLICK_ID,
            Blank::Name(_) => NAMES,
        }
    }
}

// What `limits` reckons with.
const _: () = assert!(CLICK_ID_TEXT.len() == 9);

/// The first blank at or after `from`, and where it begins. `:splatter` is none,
/// unless the target `has_names`.
pub(super) fn next_blank(
    target: &[u8],
    from: usize,
    has_names: bool,
) -> Option<(Blank<'_>, usize)> {
    memchr2_iter(b':', b'{', &target[from..]).map(|at| from + at).find_map(|at| {
        let rest = &target[at..];
        if rest.starts_with(CLICK_ID_TEXT) {
            return Some((Blank::ClickId, at));
        }
        match name_at(rest.strip_prefix(b":")?)? {
            b"splat" => Some((Blank::Splat, at)),
            name => has_names.then_some((Blank::Name(name), at)),
        }
    })
}
