//! What the link that was found is called and where it sends, for the click log.

use super::decide::DecidedClick;
use crate::clicks::LinkName;
use crate::links::{Hit, Links, Listed};

/// Of what decided a reply: a link, or the fallback, which has no key. The key is put
/// together only when it is asked for.
pub(super) struct FoundName<'a> {
    pub(super) hit: Option<&'a Hit<'a>>,
    pub(super) links: &'a Links,
    pub(super) decided: &'a DecidedClick<'a>,
}

impl FoundName<'_> {
    fn link(&self) -> Option<Listed<'_>> {
        self.links.link(self.hit?)
    }
}

impl LinkName for FoundName<'_> {
    #[inline]
    fn target(&self) -> &[u8] {
        self.decided.target
    }

    fn key(&self) -> String {
        self.link().map(|link| link.name()).unwrap_or_default()
    }

    fn key_bytes_max(&self) -> usize {
        self.link().map_or(0, |link| link.key().name_bytes_max())
    }
}
