//! HTTP/1.1 and 1.0 as far as a redirector needs them (RFC 9110, RFC 9112):
//! bytes of a request in, [`Parsed`] out; replies ready to copy. Pure.

mod asked_fields;
mod date;
mod fields;
mod head;
mod quick;
mod replies;
mod request;
#[cfg(test)]
mod tests;

pub use asked_fields::{AskedFields, asked_fields};
pub use head::parse;
pub use replies::{Extra, Fixed, Moved, Replies};
pub use request::{Keep, Method, Parsed, Refusal, Request, Span};
