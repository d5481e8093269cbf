//! `vercel.json`: its `redirects`, whose sources are patterns of path-to-regexp 6, compared
//! in any case. The first that fits answers.

mod pattern;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::claimed::of_pattern;
use super::json::{Document, Fields, by_lines, is_nothing, of_source, part, redirects};
use super::named::Naming;
use super::ordered::{Ordered, OrderedRule, emit};
use super::paths::plain_path;
use super::regex::{self, Subject};
use super::row::Line;
use super::source::Help;
use crate::links::bytes::shown;
use pattern::Pattern;

#[derive(Deserialize)]
struct Redirect {
    source: String,
    destination: String,
    permanent: Option<bool>,
    #[serde(rename = "statusCode")]
    status: Option<u16>,
    #[serde(default)]
    has: Vec<Condition>,
    #[serde(default)]
    missing: Vec<Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    key: Option<String>,
    value: Option<Value>,
}

const WHAT: &str = "a vercel.json, {\"redirects\":[{\"source\":…,\"destination\":…}]}";
const SLASH: &str = "Vercel answers no path with a slash at its end by `:name*`; here it does";
const PARAMETERS: &str = "here other parameters may stand beside";

pub(super) fn read(text: &[u8], help: &Help<'_>, take: &mut dyn FnMut(u32, Line<'_>)) {
    let (mut document, mut fields) = match Document::read::<Fields<'_>>(text, WHAT) {
        Ok(read) => read,
        Err((line, message)) => return take(line, Line::Refused(message)),
    };
    let mut all = Vec::new();
    let list = match redirects(&mut fields, WHAT) {
        Ok(list) => list,
        Err(message) => return take(1, Line::Refused(message)),
    };
    for (line, shares, raw) in by_lines(&mut document, list) {
        let made = part(raw, "a redirect").and_then(|redirect: Redirect| {
            let made = rows(&redirect, line, help);
            let claim = || Ordered::Claim(line, of_pattern(&redirect.source, true));
            all.extend(made.is_err().then(claim));
            made
        });
        match made {
            Ok(rules) => all.extend(rules.into_iter().map(Ordered::Rule)),
            Err(message) if shares => all.push(Ordered::Refused(line, of_source(raw, message))),
            Err(message) => all.push(Ordered::Refused(line, message)),
        }
    }
    level(&mut all);
    for (name, value) in &fields {
        let line = Document::of(text).line(value);
        let value = serde_json::from_str(value.get()).unwrap_or_default();
        all.push(other(name, &value, line));
    }
    emit("Vercel", &all, take);
}

/// Where one pattern has letters, and so answers in any case, the others do, too: else they
/// would be looked at first here.
fn level(all: &mut [Ordered]) {
    let is_pattern = |rule: &OrderedRule| {
        rule.key.ends_with(b"*") || memchr::memmem::find(&rule.key, b"/:").is_some()
    };
    let mut patterns: Vec<_> = all
        .iter_mut()
        .filter_map(|it| match it {
            Ordered::Rule(rule) if is_pattern(rule) => Some(rule),
            _ => None,
        })
        .collect();
    if patterns.iter().any(|rule| rule.any_case) {
        patterns.iter_mut().for_each(|rule| rule.any_case = true);
    }
}

/// What else stands in the file.
fn other(name: &str, value: &Value, line: u32) -> Ordered {
    let redirects = match name {
        "routes" | "bulkRedirectsPath" => !is_nothing(value),
        "trailingSlash" => !value.is_null(),
        "cleanUrls" => value == true,
        _ => false,
    };
    let shown = shown(name.as_bytes());
    match (name, redirects) {
        ("bulkRedirectsPath", true) => Ordered::Refused(
            line,
            "bulkRedirectsPath names a file of its own; give that file beside this one".to_owned(),
        ),
        (_, true) => Ordered::Refused(
            line,
            format!(
                "`{shown}` redirects paths, too, and no key says it; write them as `redirects`"
            ),
        ),
        (_, false) => Ordered::Other(line, shown),
    }
}

fn rows(redirect: &Redirect, line: u32, help: &Help<'_>) -> Result<Vec<OrderedRule>, String> {
    if let Some((name, _)) = redirect.others.iter().find(|(_, value)| !is_nothing(value)) {
        return Err(format!("`{}` is not understood; leave it out", shown(name.as_bytes())));
    }
    if !redirect.missing.is_empty() {
        return Err(condition("missing"));
    }
    let mut said = Vec::new();
    let (mut host, mut query) = (String::new(), String::new());
    for wish in &redirect.has {
        match asked(wish)? {
            Asked::Host(name) if host.is_empty() => host = name,
            Asked::Host(_) => return Err("it has two hosts; write each in a redirect".to_owned()),
            Asked::Parameter(text) => {
                query.push(if query.is_empty() { '?' } else { '&' });
                query.push_str(&text);
                said = vec![PARAMETERS.to_owned()];
            }
        }
    }
    let pattern = Pattern::read(&redirect.source)?;
    if pattern.has_rest {
        said.push(SLASH.to_owned());
    }
    let status = match (redirect.permanent, redirect.status) {
        (Some(true), _) | (None, None) => 308,
        (Some(false), _) => 307,
        (None, Some(status)) => status,
    };
    let mut shape = regex::read(pattern.expression.as_bytes(), Subject::default())?;
    said.extend(shape.changed.take());
    let keys = core::mem::take(&mut shape.keys);
    let naming = Naming { names: &pattern.names, dollars: true, numbers: false, any_case: true };
    let base = match (&*host, help.base) {
        ("", base) => base.map(str::to_owned),
        (host, _) => Some(format!("https://{host}")),
    };
    let mut rules = Vec::new();
    for filled in &keys {
        plain_path(&filled.key, "Vercel")?;
        let made =
            naming.target(redirect.destination.as_bytes(), &shape, filled, base.as_deref())?;
        if !query.is_empty() && filled.key.ends_with(b"*") {
            return Err("no key asks for a parameter at all paths; write each path".to_owned());
        }
        rules.push(OrderedRule {
            line,
            key: [host.as_bytes(), &pattern.typed(&filled.key), query.as_bytes()].concat(),
            target: made.target,
            status: status.to_string(),
            keeps_query: true,
            any_case: has_letters(&filled.key),
            said: said.iter().cloned().chain(made.said).collect(),
        });
    }
    Ok(rules)
}

/// Whether case can make a difference to a key.
fn has_letters(key: &[u8]) -> bool {
    let mut parts = key.split(|&byte| byte == b'/').filter(|part| !part.starts_with(b":"));
    parts.any(|part| part.iter().any(u8::is_ascii_alphabetic))
}

/// What a condition asks for that a key can say.
enum Asked {
    Host(String),
    Parameter(String),
}

fn asked(wish: &Condition) -> Result<Asked, String> {
    let plain = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
            && !text.is_empty()
    };
    let value = match &wish.value {
        None => None,
        Some(Value::String(text)) => Some(text.replace("\\.", ".")),
        Some(other) => Some(other.to_string()),
    };
    match (&*wish.kind, &wish.key, value) {
        ("host", _, Some(value)) if plain(&value) => Ok(Asked::Host(value)),
        ("query", Some(key), Some(value)) if plain(key) && plain(&value) => {
            Ok(Asked::Parameter(format!("{key}={value}")))
        }
        ("query", Some(key), None) if plain(key) => Ok(Asked::Parameter(format!("{key}=*"))),
        (kind, _, _) => Err(condition(kind)),
    }
}

fn condition(kind: &str) -> String {
    format!(
        "no key can ask for its condition (`{}`), and here it would answer everybody; leave it out",
        shown(kind.as_bytes())
    )
}

#[cfg(test)]
mod tests;
