//! Regular expressions that are keys in disguise: an exact path, a prefix with what
//! follows it captured, whole segments captured; with alternatives and what may be left
//! out written as several keys. All others are refused: carom looks keys up and tries no
//! patterns.

mod expand;
mod hosts;
mod keys;
mod parse;
mod shape;

pub(super) use shape::{Fill, Filled, Shape, Subject};

use crate::links::bytes::shown;

/// Reads an expression, without a `~` before it.
///
/// # Errors
/// Why it is no key, as a sentence that shows what comes nearest.
pub(super) fn read(expression: &[u8], subject: Subject) -> Result<Shape, String> {
    read_as(expression, subject, false).map_err(|why| {
        let near = nearest(expression, subject);
        format!("`{}` {why}; the nearest key is {}", shown(expression), shown(&near))
    })
}

fn read_as(expression: &[u8], subject: Subject, loose: bool) -> Result<Shape, String> {
    let parsed = parse::parse(expression)?;
    let ways = expand::ways(&parsed, loose)?;
    let (keys, changed) = keys::keys(&ways, &parsed.names, subject)?;
    Ok(Shape { keys, names: parsed.names, any_case: parsed.any_case, changed })
}

/// A host, and what the captures of an expression are by it.
type HostFills = (Vec<u8>, Vec<Fill>);

/// An expression that is tried on each of these hosts: those that it matches, with its
/// captures.
///
/// # Errors
/// Why it cannot be tried, as the end of a sentence.
pub(super) fn of_hosts(
    expression: &[u8],
    any_case: bool,
    hosts: &[Vec<u8>],
) -> Result<(Shape, Vec<HostFills>), String> {
    let parsed = parse::parse(expression)?;
    let ways = expand::ways(&parsed, false)?;
    let any_case = any_case || parsed.any_case;
    let mut matched = Vec::new();
    for host in hosts {
        if let Some(captures) = hosts::captures(&ways, host, parsed.names.len(), any_case)? {
            let fill = |text| Fill { text, query: false };
            matched.push((host.clone(), captures.into_iter().map(fill).collect()));
        }
    }
    Ok((Shape { names: parsed.names, ..Shape::default() }, matched))
}

/// The first key that comes near what an expression matches.
fn nearest(expression: &[u8], subject: Subject) -> Vec<u8> {
    if let Ok(Shape { keys, .. }) = read_as(expression, subject, true)
        && let Some(first) = keys.into_iter().next()
    {
        return first.key;
    }
    let mut key = lead(expression);
    let slash = key.iter().rposition(|&byte| byte == b'/');
    key.truncate(slash.map_or(0, |at| at + 1));
    if key.is_empty() {
        key.push(b'/');
    }
    key.push(b'*');
    key
}

/// The text with which all begins that an expression matches; empty where that is
/// not known.
pub(super) fn lead(expression: &[u8]) -> Vec<u8> {
    let Some(mut rest) = expression.strip_prefix(b"^") else { return Vec::new() };
    let mut key = Vec::new();
    if has_alternatives(rest) {
        return key;
    }
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'\\', [escaped, after @ ..]) if !escaped.is_ascii_alphanumeric() => (*escaped, after),
            (b'\\' | b'.' | b'[' | b'(' | b')' | b'|' | b'$' | b'^' | b'*' | b'+' | b'?', _) => {
                break;
            }
            _ => (first, after),
        };
        // What may be left out is no part of it.
        if let [b'?' | b'*' | b'{', ..] = after {
            break;
        }
        if super::paths::push_literal(&[byte], &mut key).is_err() {
            break;
        }
        rest = after;
    }
    key
}

fn has_alternatives(expression: &[u8]) -> bool {
    let mut depth = 0;
    expression.iter().any(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        depth == 0 && *byte == b'|'
    })
}

#[cfg(test)]
mod tests;
