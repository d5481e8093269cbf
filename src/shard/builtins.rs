//! What is answered where no link says it: to browsers and robots, which ask for things by
//! themselves, to who looks whether the server is well, and to everybody else.

use std::sync::Arc;

use super::facts::Facts;
use crate::http::{Fixed, Method};
use crate::links::Fallback;

/// What `/robots.txt` answers where no link covers it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Robots {
    /// That robots have nothing to look for here.
    #[default]
    Disallow,
    /// This text.
    Text(Arc<str>),
    /// As any other path without a link.
    NoReply,
}

/// What answers in place of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builtin {
    /// 200, to who looks whether the server is well.
    Health,
    /// `/robots.txt`.
    Robots,
    /// `/favicon.ico`.
    Favicon,
}

impl Builtin {
    /// What is said of it to people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Health => "the server itself answers: 200 (--health-path)",
            Self::Robots => "the server itself answers: /robots.txt (--robots)",
            Self::Favicon => "the server itself answers: /favicon.ico, 204 (--favicon)",
        }
    }
}

/// What is answered where no link says it.
#[derive(Debug, Clone, Default)]
pub struct Builtins {
    /// Where an unknown key is sent (302); without it the answer is 404.
    pub fallback: Option<Fallback>,
    /// `/robots.txt`.
    pub robots: Robots,
    /// Whether `/favicon.ico` is answered as any other path without a link.
    pub no_favicon: bool,
    /// The [normalised](crate::links::normalise()) path that answers 200 to who looks
    /// whether the server is well.
    pub health_path: Option<Arc<[u8]>>,
}

impl Builtins {
    /// What a request is answered that no link has for its own path. Links may cover it
    /// by a prefix or placeholders.
    #[inline(never)]
    pub(super) fn answer(&self, is_covered: bool, facts: &Facts<'_>) -> Option<Fixed> {
        let is_head = facts.method() == Method::Head;
        Some(match self.of_path(is_covered, facts.path)? {
            Builtin::Health if is_head => Fixed::HealthHead,
            Builtin::Health => Fixed::Health,
            Builtin::Robots if is_head => Fixed::RobotsHead,
            Builtin::Robots => Fixed::Robots,
            Builtin::Favicon => Fixed::Favicon,
        })
    }

    /// What answers a path that no link has for itself; `is_covered`: one has it all the
    /// same, by a prefix or placeholders.
    #[must_use]
    pub fn of_path(&self, is_covered: bool, path: &[u8]) -> Option<Builtin> {
        match path {
            path if self.health_path.as_deref() == Some(path) => Some(Builtin::Health),
            // Who moves a domain moves these as well.
            _ if is_covered => None,
            b"/robots.txt" => (self.robots != Robots::NoReply).then_some(Builtin::Robots),
            b"/favicon.ico" => (!self.no_favicon).then_some(Builtin::Favicon),
            _ => None,
        }
    }

    /// The text of `/robots.txt` where it is not the usual one.
    pub(super) fn robots_text(&self) -> Option<&str> {
        match &self.robots {
            Robots::Text(text) => Some(text),
            Robots::Disallow | Robots::NoReply => None,
        }
    }
}
