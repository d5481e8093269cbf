//! A line of Netlify's `_redirects`: `from [name=value …] to [status] [conditions]`.

use super::super::paths::plain_path;
use super::placeholders;
use super::rule::{RedirectRule, redirecting, split_scheme};
use crate::links::bytes::shown;
use crate::links::link::Setting;

/// What is said of every rule with parameters.
const PARAMETERS: &str = "of a parameter that is there twice Netlify takes the last, here any of them fits and \
     the first is sent on; of the rules of one path that with most parameters comes first here";

/// What is said of every rule with conditions.
const COOKIES: &str = "Netlify asks the cookies nf_country and nf_lang first; here the address and \
     Accept-Language alone say where a visitor is from and what language is liked best";

/// Reads the columns of a rule.
///
/// # Errors
/// What cannot be taken, and what to do.
pub(super) fn rule<'a>(columns: &[&'a [u8]]) -> Result<RedirectRule<'a>, String> {
    let (from, rest) = (columns[0], &columns[1..]);
    let Some(at) = rest.iter().position(|column| is_target(column)) else {
        return Err(format!(
            "{} has no target; write one that begins with `/`, http:// or https://",
            shown(from)
        ));
    };
    let parameters = rest[..at].iter().map(|column| parameter(column));
    let parameters = parameters.collect::<Result<Vec<_>, String>>()?;
    let (to, rest) = (rest[at], &rest[at + 1..]);
    let (status, conditions) = match rest.split_first() {
        Some((status, conditions)) if status[0].is_ascii_digit() => {
            (status.strip_suffix(b"!").unwrap_or(status), conditions)
        }
        _ => (&b"301"[..], rest),
    };
    let conditions = conditions.iter().map(|column| condition(column));
    let conditions = conditions.collect::<Result<Vec<_>, String>>()?;
    let mut said = Vec::new();
    if !parameters.is_empty() {
        said.push(PARAMETERS.to_owned());
    }
    if !conditions.is_empty() {
        said.push(COOKIES.to_owned());
    }
    let from = source(from, &mut said)?;
    // Its documentation says so of these, and of rules that match no parameter.
    let keeps_query = parameters.is_empty() && matches!(status, b"301" | b"302");
    let status = redirecting(status)?;
    let rule = RedirectRule { from, parameters, to, status, keeps_query, conditions, said };
    placeholders::check(&rule, "Netlify")?;
    Ok(rule)
}

/// A condition that means the same here.
fn condition<'a>(column: &'a [u8]) -> Result<Setting<'a>, String> {
    let Some(equals) = column.iter().position(|&byte| byte == b'=') else {
        return Err(format!("`{}` is one column too many", shown(column)));
    };
    let (name, value) = (&column[..equals], &column[equals + 1..]);
    let mut values = value.split(|&byte| byte == b',');
    match name {
        b"Country" if values.any(|value| value.eq_ignore_ascii_case(b"eu")) => {
            Err("Netlify knows no country EU; write each of its countries".to_owned())
        }
        b"Country" | b"Language" => Ok(Setting { name, value }),
        _ => Err(format!(
            "{}= is nothing that can be asked here; leave out the rule: without its condition it would answer every visitor",
            shown(name)
        )),
    }
}

/// The source of a rule that is refused, unless Netlify has no such rule.
pub(super) fn claimed(columns: &[&[u8]]) -> Option<Vec<u8>> {
    columns[1..].iter().find(|column| is_target(column))?;
    source(columns[0], &mut Vec::new()).ok()
}

fn is_target(column: &[u8]) -> bool {
    [&b"/"[..], b"http://", b"https://"].iter().any(|begin| column.starts_with(begin))
}

fn parameter(column: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let equals = column.iter().position(|&byte| byte == b'=').filter(|&at| at > 0);
    let equals = equals.ok_or_else(|| {
        format!("`{}` stands before the target and is no parameter such as id=:id", shown(column))
    })?;
    let (name, value) = (&column[..equals], &column[equals + 1..]);
    let is_odd = |byte: &u8| matches!(byte, b'?' | b'&' | b'#' | b'%' | b'+' | b'=' | b'*');
    let is_unclear = value.first() == Some(&b':') && placeholders::name(value).is_none();
    if column[0].is_ascii_digit() || name.iter().chain(value).any(is_odd) || is_unclear {
        return Err(format!(
            "the parameter `{}` is none that Netlify's programs read alike; write a name that begins \
             with a letter, and plain letters or :name behind the `=`",
            shown(column)
        ));
    }
    Ok((name, value))
}

/// The source as a path or a URL that has one.
fn source(from: &[u8], said: &mut Vec<String>) -> Result<Vec<u8>, String> {
    if from.contains(&b'?') {
        return Err(
            "a `?` in the source; write parameters behind it: /path id=7 /target".to_owned()
        );
    }
    let Some((scheme, rest)) = split_scheme(from) else {
        if from[0] == b'/' {
            return path(from).map(|()| from.to_vec());
        }
        let first = from.split(|&byte| byte == b'/').next().unwrap_or_default();
        if first.contains(&b'.') || first.contains(&b':') {
            return Err(format!(
                "`{0}` could be a host or a path; write https://{0} or /{0}",
                shown(from)
            ));
        }
        let rooted = [b"/", from].concat();
        path(&rooted)?;
        said.push(format!(
            "one of Netlify's two parsers passes over a source without a slash; here it is /{}",
            shown(from)
        ));
        return Ok(rooted);
    };
    if scheme.iter().any(u8::is_ascii_uppercase) {
        return Err(format!(
            "Netlify takes `{}` for no URL; write http and https in small letters",
            shown(from)
        ));
    }
    let at = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
    let (host, tail) = rest.split_at(at);
    if host.contains(&b'*') {
        return Err(format!(
            "Netlify matches no `*` in a host, as in `{}`; write each host, or the key as native",
            shown(host)
        ));
    }
    // A host alone is its front page.
    let tail = if tail.is_empty() { b"/" } else { tail };
    path(tail)?;
    Ok([scheme, &*host.to_ascii_lowercase(), tail].concat())
}

/// Refuses paths that Netlify never matches.
fn path(path: &[u8]) -> Result<(), String> {
    if path.starts_with(b"/.netlify") {
        return Err("Netlify refuses sources below /.netlify; leave the rule out".to_owned());
    }
    plain_path(path, "Netlify")
}
