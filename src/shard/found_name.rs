//! What the link that was found is called and where it sends, for the click log.

use super::decide::DecidedClick;
use crate::clicks::LinkName;
use crate::links::{Hit, Links};

/// Of the link that decided a reply. Its key is put together only when it is asked for.
pub(super) struct FoundName<'a> {
    pub(super) hit: &'a Hit<'a>,
    pub(super) links: &'a Links,
    pub(super) decided: &'a DecidedClick<'a>,
}

impl LinkName for FoundName<'_> {
    #[inline]
    fn target(&self) -> &[u8] {
        self.decided.target
    }

    fn key(&self) -> String {
        self.links.link(self.hit).map(|link| link.name()).unwrap_or_default()
    }

    fn key_bytes_max(&self) -> usize {
        self.links.link(self.hit).map_or(0, |link| link.key().name_bytes_max())
    }
}
