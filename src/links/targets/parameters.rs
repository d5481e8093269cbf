//! The parameters that visitors send, on their way into a `Location`.
//!
//! As in keys, a query is cut at `&`, and names are compared decoded. Here the
//! spelling of what is passed on stays as it was sent, as far as it may: a server
//! behind us sees what it would have seen without us.

use memchr::memchr;

use crate::limits::REQUEST_PARAMETERS_MAX;
use crate::links::bytes::{PASSED_ON, escape, push_encoded};

/// What becomes of the query that a visitor sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum QueryRule {
    /// It is left out.
    #[default]
    Drop,
    /// It is added; of parameters with one name the target's own stay.
    Keep,
    /// It is added; of parameters with one name the visitor's stay.
    Override,
}

/// The parameters of a request's query that are looked at.
fn parameters(query: &[u8]) -> impl Iterator<Item = &[u8]> {
    pieces(query).take(REQUEST_PARAMETERS_MAX)
}

fn pieces(query: &[u8]) -> impl Iterator<Item = &[u8]> {
    query.split(|&byte| byte == b'&').filter(|piece| !piece.is_empty())
}

fn split(parameter: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b'=', parameter) {
        Some(at) => (&parameter[..at], &parameter[at + 1..]),
        None => (parameter, &[]),
    }
}

/// What a name or value means: `%XX` is a byte, `+` a space.
pub(super) fn decoded(mut text: &[u8]) -> impl Iterator<Item = u8> + Clone {
    core::iter::from_fn(move || {
        let (&first, rest) = text.split_first()?;
        let (byte, rest) = match (first, escape(text)) {
            (_, Some(byte)) => (byte, &text[3..]),
            (b'+', None) => (b' ', rest),
            (byte, None) => (byte, rest),
        };
        text = rest;
        Some(byte)
    })
}

fn has(query: &[u8], name: &[u8]) -> bool {
    parameters(query).any(|parameter| decoded(split(parameter).0).eq(decoded(name)))
}

/// The value of the first parameter with this name, as it was sent; empty without.
pub(super) fn value<'a>(query: &'a [u8], name: &[u8]) -> &'a [u8] {
    let named = parameters(query).map(split).find(|(own, _)| decoded(own).eq(decoded(name)));
    named.map_or(&[], |(_, value)| value)
}

/// Appends the parameters of a query, with `&` between them. Says whether there
/// was one.
pub(super) fn push_all(query: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    for parameter in parameters(query) {
        if out.len() > start {
            out.push(b'&');
        }
        push_encoded(parameter, PASSED_ON, out);
    }
    out.len() > start
}

/// Adds the parameters of `sent` to the URL that is `out[start..]`, before its
/// fragment. `rule` says whose stay where both have one of a name.
pub(super) fn join(rule: QueryRule, sent: &[u8], start: usize, out: &mut Vec<u8>) {
    let mut end = memchr(b'#', &out[start..]).map_or(out.len(), |at| start + at);
    let mark = memchr(b'?', &out[start..end]).map(|at| start + at);
    let own = mark.map_or(end, |mark| mark + 1);
    if rule == QueryRule::Override {
        end = leave_out(sent, own, end, out);
    }
    // The new ones are written behind the fragment, and then change places with it.
    let fragment_size = out.len() - end;
    let mut separator: &[u8] = match mark {
        None => b"?",
        Some(_) if own == end => b"",
        Some(_) => b"&",
    };
    for parameter in parameters(sent) {
        let is_wanted = rule == QueryRule::Override || !has_own(&out[own..end], split(parameter).0);
        if is_wanted {
            out.extend_from_slice(separator);
            push_encoded(parameter, PASSED_ON, out);
            separator = b"&";
        }
    }
    out[end..].rotate_left(fragment_size);
}

/// Whether a query of ours, which is as long as a link file made it, has this name.
fn has_own(query: &[u8], name: &[u8]) -> bool {
    pieces(query).any(|parameter| decoded(split(parameter).0).eq(decoded(name)))
}

/// Takes those parameters out of the query `out[from..end]` that `sent` has too.
/// Gives its new end.
fn leave_out(sent: &[u8], from: usize, end: usize, out: &mut Vec<u8>) -> usize {
    let (mut at, mut kept) = (from, from);
    while at < end {
        let next = memchr(b'&', &out[at..end]).map_or(end, |size| at + size);
        if next > at && !has(sent, split(&out[at..next]).0) {
            if kept > from {
                out[kept] = b'&';
                kept += 1;
            }
            out.copy_within(at..next, kept);
            kept += next - at;
        }
        at = next + 1;
    }
    out.drain(kept..end);
    kept
}
