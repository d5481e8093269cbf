//! What a click says.

use std::fmt;
use std::ops::BitOr;

use super::tail::Tail;
use crate::limits::{
    CLICK_HOST_BYTES_MAX, CLICK_PATH_BYTES_MAX, CLICK_REFERER_BYTES_MAX, CLICK_TAG_BYTES_MAX,
    CLICK_USER_AGENT_BYTES_MAX,
};

/// How many strings a click has.
pub const STRINGS: usize = 1 + SHARED;
/// How many of them may stand elsewhere: host, referer, user agent, tag.
pub const SHARED: usize = 4;
/// What tells that one of them is not whole.
pub const SHARED_CUTS: [Flags; SHARED] =
    [Flags::HOST_CUT, Flags::REFERER_CUT, Flags::USER_AGENT_CUT, Flags::TAG_CUT];

/// What was found for a request: one of these, or a number that a later version has a
/// name for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Verdict(pub(super) u8);

impl Verdict {
    /// A link, or the fallback: the visitor was sent on.
    pub const REDIRECT: Self = Self(0);
    /// No link: 404.
    pub const UNKNOWN: Self = Self(1);
    /// A link without a target: 410.
    pub const GONE: Self = Self(2);

    /// The number for it in a record, and the word for it in output.
    #[must_use]
    pub fn number_and_word(self) -> (u8, Option<&'static str>) {
        let words = ["redirect", "unknown", "gone"];
        (self.0, words.get(usize::from(self.0)).copied())
    }
}

/// The word for it, or its number.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number_and_word() {
            (_, Some(word)) => f.write_str(word),
            (number, None) => write!(f, "{number}"),
        }
    }
}

/// What sent the visitor where he was sent: one of these, or a number below 8 that a later
/// version has a name for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Via(u8);

impl Via {
    /// Nothing did, or it is not told.
    pub const UNTOLD: Self = Self(0);
    /// A link whose key is the whole path.
    pub const LINK: Self = Self(1);
    /// A link whose key is the beginning of the path, or has placeholders.
    pub const PREFIX: Self = Self(2);
    /// The `else=` of a link that is out of its time.
    pub const ELSE: Self = Self(3);
    /// The fallback: there is no link.
    pub const FALLBACK: Self = Self(4);

    /// The number for it in a record, and the word for it in output.
    #[must_use]
    pub fn number_and_word(self) -> (u8, Option<&'static str>) {
        let words = ["", "link", "prefix", "else", "fallback"];
        (self.0, words.get(usize::from(self.0)).copied())
    }
}

/// Yes-or-no facts about a click, one bit each, and what sent the visitor on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u16);

impl Flags {
    /// No fact at all.
    pub const NONE: Self = Self(0);
    /// The method was HEAD.
    pub const HEAD: Self = Self(1);
    /// The browser or app said that it only looks ahead (`Sec-Purpose: prefetch` and the like).
    pub const PREFETCH: Self = Self(1 << 1);
    // Bits 2 to 4 are kept for "bot", "duplicate" and "TLS".
    /// The path and query were longer than is kept.
    pub const PATH_CUT: Self = Self(1 << 5);
    /// The host was longer than is kept.
    pub const HOST_CUT: Self = Self(1 << 6);
    /// The referer was longer than is kept.
    pub const REFERER_CUT: Self = Self(1 << 7);
    /// The user agent was longer than is kept.
    pub const USER_AGENT_CUT: Self = Self(1 << 8);
    // Bit 9 says that there is a tag.
    /// The tag was longer than is kept.
    pub const TAG_CUT: Self = Self(1 << 10);
    // Bit 11 says that there is a tail. Bits 12 to 14 are a number.
    const VIA_AT: u32 = 12;

    /// What the visitor was sent by, and no fact.
    #[inline]
    #[must_use]
    pub const fn of_via(via: Via) -> Self {
        Self((via.0 as u16) << Self::VIA_AT)
    }

    /// What the visitor was sent by.
    #[must_use]
    pub const fn via(self) -> Via {
        Via((self.0 >> Self::VIA_AT & 7) as u8)
    }

    /// The facts as bits, those of a record but for what says how it is built.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The facts that these bits stand for.
    pub(super) const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Whether all facts in `other` are also in this.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The record that a reply was given.
///
/// The strings are as sent, not normalised. One that was not sent is empty; an
/// empty one and none at all are not told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Click<'a> {
    /// When, Unix time in microseconds.
    pub time_us: u64,
    /// Which link; 0 for none.
    pub link: u64,
    /// Generation of the table that answered.
    pub generation: u32,
    /// The visitor's address; an IPv4 address in its v4-mapped IPv6 form
    /// (RFC 4291 §2.5.5.2).
    pub ip: [u8; 16],
    /// HTTP status of the reply.
    pub status: u16,
    /// What was found.
    pub verdict: Verdict,
    /// Facts; the `…_CUT` ones are set by [`Click::cut`], and by a reader that
    /// cannot find a string.
    pub flags: Flags,
    /// Which of a link's targets was picked; 0 while links have one target.
    pub variant: u8,
    /// What decided that the click does not count, by its number; 0 for nothing.
    pub reason: u8,
    /// All that was noticed about the click, a bit for each.
    pub signals: u16,
    /// What only some clicks tell.
    pub tail: Tail,
    /// `Host` or the authority of an absolute target, port included.
    pub host: &'a [u8],
    /// Path, and `?` and query if there was one.
    pub path: &'a [u8],
    /// `Referer`.
    pub referer: &'a [u8],
    /// `User-Agent`.
    pub user_agent: &'a [u8],
    /// What the operator wants clicks of this link to be called; empty for nothing.
    pub tag: &'a [u8],
}

impl<'a> Click<'a> {
    /// All its strings: the path, then those that may stand elsewhere.
    #[must_use]
    pub fn strings(&self) -> [&'a [u8]; STRINGS] {
        let [host, referer, user_agent, tag] = self.shared();
        [self.path, host, referer, user_agent, tag]
    }

    /// The click with these as its strings. Without a lifetime of its own, it can be
    /// kept apart from them.
    #[must_use]
    pub fn with_strings<'b>(self, [path, shared @ ..]: [&'b [u8]; STRINGS]) -> Click<'b> {
        let [host, referer, user_agent, tag] = shared;
        Click { path, host, referer, user_agent, tag, ..self }
    }

    /// The strings that may stand elsewhere: host, referer, user agent, tag.
    #[must_use]
    pub fn shared(&self) -> [&'a [u8]; SHARED] {
        [self.host, self.referer, self.user_agent, self.tag]
    }

    /// The click with these in their place.
    #[must_use]
    pub fn with_shared(self, [host, referer, user_agent, tag]: [&'a [u8]; SHARED]) -> Self {
        Self { host, referer, user_agent, tag, ..self }
    }

    /// Whether a string is longer than is kept, so that [`cut`](Self::cut) changes the
    /// click.
    #[inline]
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.path.len() > CLICK_PATH_BYTES_MAX
            || self.host.len() > CLICK_HOST_BYTES_MAX
            || self.referer.len() > CLICK_REFERER_BYTES_MAX
            || self.user_agent.len() > CLICK_USER_AGENT_BYTES_MAX
            || self.tag.len() > CLICK_TAG_BYTES_MAX
    }

    /// The click as it is recorded: strings over their bound are cut on the
    /// byte, and flagged.
    #[cold]
    #[must_use]
    pub fn cut(mut self) -> Self {
        for (string, bytes_max, cut) in [
            (&mut self.path, CLICK_PATH_BYTES_MAX, Flags::PATH_CUT),
            (&mut self.host, CLICK_HOST_BYTES_MAX, Flags::HOST_CUT),
            (&mut self.referer, CLICK_REFERER_BYTES_MAX, Flags::REFERER_CUT),
            (&mut self.user_agent, CLICK_USER_AGENT_BYTES_MAX, Flags::USER_AGENT_CUT),
            (&mut self.tag, CLICK_TAG_BYTES_MAX, Flags::TAG_CUT),
        ] {
            if string.len() > bytes_max {
                *string = &string[..bytes_max];
                self.flags = self.flags | cut;
            }
        }
        self
    }
}
