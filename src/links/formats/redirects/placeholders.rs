//! What a target has in place of `:splat`, `:name` and parameters. Netlify and Pages put
//! it wherever the name stands, also before other letters; a target here takes the longest
//! name that is there. So what is not meant alike in both is refused.

use std::borrow::Cow;

use super::rule::RedirectRule;
use crate::links::bytes::shown;

const SPLAT: &[u8] = b"splat";

/// Refuses names that other names begin with, which both programs fill in in their own way.
///
/// # Errors
/// What it is, and what to do.
pub(super) fn check(rule: &RedirectRule<'_>, whose: &str) -> Result<(), String> {
    let path = rule.from.split(|&byte| byte == b'?').next().unwrap_or_default();
    let mut known: Vec<&[u8]> = path.split(|&byte| byte == b'/').filter_map(name).collect();
    if path.ends_with(b"*") {
        known.push(SPLAT);
    }
    for (_, value) in &rule.parameters {
        if let Some(name) = name(value) {
            if known.contains(&name) {
                return Err(format!(":{} is there twice; give each its own name", shown(name)));
            }
            known.push(name);
        }
    }
    let begins =
        |longer: &[u8], name: &&[u8]| longer.len() > name.len() && longer.starts_with(name);
    for (at, name) in known.iter().enumerate() {
        if let Some(shorter) = known.iter().find(|other| begins(name, other)) {
            return Err(format!(
                ":{} begins with :{}, which {whose} takes for that; give them other names",
                shown(name),
                shown(shorter)
            ));
        }
        if known[..at].contains(name) {
            return Err(format!(":{} is there twice; give each its own name", shown(name)));
        }
    }
    for behind in behind_colons(rule.to) {
        let used = &behind[..name_length(behind)];
        if let Some(shorter) = known.iter().find(|name| begins(used, name)) {
            return Err(format!(
                ":{} in the target is :{1} with `{2}` behind it to {whose}, and here another name; \
                 write something else than a letter, a digit or `_` behind :{1}",
                shown(used),
                shown(shorter),
                shown(&used[shorter.len()..])
            ));
        }
    }
    Ok(())
}

fn behind_colons(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr::memchr_iter(b':', text).map(|at| &text[at + 1..])
}

/// The name of what is `:name` and nothing else.
pub(super) fn name(text: &[u8]) -> Option<&[u8]> {
    let name = text.strip_prefix(b":")?;
    (name_length(name) == name.len() && !name.is_empty()).then_some(name)
}

/// How long the name of a placeholder is that begins here.
fn name_length(text: &[u8]) -> usize {
    if !text.first().is_some_and(u8::is_ascii_alphabetic) {
        return 0;
    }
    let end = text.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
    end.unwrap_or(text.len())
}

/// The query of a key: `*` for a placeholder.
pub(super) fn query(parameters: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut query = Vec::new();
    for (name, value) in parameters {
        query.push(if query.is_empty() { b'?' } else { b'&' });
        query.extend_from_slice(name);
        query.push(b'=');
        query.extend_from_slice(if self::name(value).is_some() { b"*" } else { value });
    }
    query
}

/// The target with `{query:NAME}` for each placeholder of a parameter.
pub(super) fn with_parameters<'a>(
    target: Cow<'a, [u8]>,
    parameters: &[(&[u8], &[u8])],
) -> Cow<'a, [u8]> {
    if parameters.is_empty() {
        return target;
    }
    let mut out = Vec::with_capacity(target.len());
    let mut rest = &*target;
    while let Some((&byte, behind)) = rest.split_first() {
        let length = if byte == b':' { name_length(behind) } else { 0 };
        let (used, after) = behind.split_at(length);
        let known = parameters.iter().find(|(_, value)| name(value) == Some(used));
        match known.filter(|_| length > 0) {
            Some((parameter, _)) => {
                out.extend_from_slice(b"{query:");
                out.extend_from_slice(parameter);
                out.push(b'}');
                rest = after;
            }
            None => {
                out.push(byte);
                rest = behind;
            }
        }
    }
    Cow::Owned(out)
}

/// The target where nothing is left of the path for `:splat`.
pub(super) fn without_splat(target: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(target.len());
    let mut rest = target;
    while let Some(at) = memchr::memmem::find(rest, b":splat") {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1 + SPLAT.len()..];
    }
    out.extend_from_slice(rest);
    out
}
