//! Who asks: what is known of a request when it is decided. A fact is worked out
//! once, where it first shows, and read here by name: decisions, replies and clicks
//! see nothing else of a request.
//!
//! A new fact of the head is a method over its spans. One of the address is worked out
//! when the connection begins, kept by it, and becomes a field.

use crate::clicks::Flags;
use crate::connection::Peer;
use crate::http::{AskedFields, Method, Request, asked_fields};
use crate::links::{Captured, Visit};
use crate::rules::HeadFields;

/// What is known of a request.
pub(super) struct Facts<'r> {
    /// Its head, as spans over `bytes`.
    pub(super) request: &'r Request,
    /// What the head was parsed from.
    pub(super) bytes: &'r [u8],
    /// Its path, [normalised](crate::links::normalise()).
    pub(super) path: &'r [u8],
    /// Who asks. Of the address only what is kept is ever written.
    pub(super) peer: &'r Peer,
    /// When it came, Unix microseconds.
    pub(super) unix_us: u64,
}

impl<'r> Facts<'r> {
    pub(super) fn method(&self) -> Method {
        self.request.method
    }

    /// Its host as sent, with any port.
    pub(super) fn host(&self) -> &'r [u8] {
        self.request.host.of(self.bytes)
    }

    /// Its query as sent, without the `?`; `None` when there is no `?`.
    pub(super) fn query(&self) -> Option<&'r [u8]> {
        self.request.query.of(self.bytes).split_first().map(|(_, query)| query)
    }

    /// Its path and query as sent.
    pub(super) fn path_and_query(&self) -> &'r [u8] {
        match self.request.path_and_query() {
            none if none.is_empty() => b"/",
            some => some.of(self.bytes),
        }
    }

    /// `Referer` as sent.
    pub(super) fn referer(&self) -> &'r [u8] {
        self.request.referer.of(self.bytes)
    }

    /// `User-Agent` as sent.
    pub(super) fn user_agent(&self) -> &'r [u8] {
        self.request.user_agent.of(self.bytes)
    }

    fn head(&self) -> &'r [u8] {
        &self.bytes[..usize::from(self.request.size)]
    }

    /// The fields that only rules ask for.
    pub(super) fn head_fields(&self) -> HeadFields<'r> {
        let AskedFields { accept_language: language, platform } = asked_fields(self.head());
        HeadFields { language, platform }
    }

    /// Those of its facts that are flags of a click.
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::NONE;
        if self.method() == Method::Head {
            flags = flags | Flags::HEAD;
        }
        if self.request.prefetch {
            flags = flags | Flags::PREFETCH;
        }
        flags
    }

    /// What can be filled into a target; `captured` is what a key takes of the path.
    pub(super) fn visit(&self, captured: Captured<'r>) -> Visit<'r> {
        Visit {
            path: self.path,
            captured,
            query: self.query().unwrap_or_default(),
            host: self.host(),
            referer: self.referer(),
            user_agent: self.user_agent(),
            ip: self.peer.kept,
            unix_seconds: self.unix_us / 1_000_000,
        }
    }
}

/// The path as sent; `/` where absolute-form has none.
pub(super) fn path_of<'a>(request: &Request, bytes: &'a [u8]) -> &'a [u8] {
    if request.path.is_empty() { b"/" } else { request.path.of(bytes) }
}
