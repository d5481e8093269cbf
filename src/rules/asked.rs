//! Who asks, as conditions see it. What takes work is worked out when it is first asked
//! for, once a request.

use core::cell::OnceCell;
use core::fmt;

use crate::visitor::{Device, Place, device, preferred_language};

/// Fields of a request that only rules ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeadFields<'a> {
    /// `Accept-Language`.
    pub language: &'a [u8],
    /// `Sec-CH-UA-Platform`.
    pub platform: &'a [u8],
}

/// Who asks.
pub struct Asked<'a> {
    /// The whole address, IPv4 as v4-mapped IPv6.
    pub address: [u8; 16],
    /// What it tells.
    pub place: Place,
    /// The names of the lists whose bits are in `place`.
    pub list_names: &'a [String],
    /// `User-Agent` as sent.
    pub user_agent: &'a [u8],
    /// `Referer` as sent.
    pub referer: &'a [u8],
    /// The query as sent, without the `?`.
    pub query: Option<&'a [u8]>,
    /// When, Unix microseconds.
    pub unix_us: u64,
    /// Finds the other fields in the head.
    pub find_fields: &'a dyn Fn() -> HeadFields<'a>,
    /// What was found and worked out so far.
    pub known: Known<'a>,
}

/// What was worked out of a request so far.
#[derive(Debug, Default)]
pub struct Known<'a> {
    fields: OnceCell<HeadFields<'a>>,
    language: OnceCell<Option<&'a [u8]>>,
    device: OnceCell<Device>,
}

impl<'a> Asked<'a> {
    fn fields(&self) -> &HeadFields<'a> {
        self.known.fields.get_or_init(|| (self.find_fields)())
    }

    /// The language that the visitor likes best.
    pub fn language(&self) -> Option<&'a [u8]> {
        *self.known.language.get_or_init(|| preferred_language(self.fields().language))
    }

    /// On what.
    pub fn device(&self) -> Device {
        *self.known.device.get_or_init(|| device(self.user_agent, self.fields().platform))
    }

    /// Whether the address is on the list of this name.
    pub fn is_on(&self, name: &[u8]) -> bool {
        // Most are on none.
        self.place.lists != 0
            && self
                .list_names
                .iter()
                .position(|known| known.as_bytes() == name)
                .is_some_and(|bit| self.place.lists >> bit & 1 == 1)
    }
}

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked") // an address is nobody's business
    }
}
