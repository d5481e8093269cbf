//! `_redirects` files of Netlify and of Cloudflare Pages: `from to status`, the
//! first rule that fits answers. Netlify's also have parameters before the target
//! and conditions behind it.

use std::borrow::Cow;
use std::collections::HashSet;

use super::order::Order;
use super::paths::absolute;
use super::row::{Line, Row};
use super::source::Help;
use crate::links::bytes::shown;
use crate::links::link::Setting;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Netlify: a slash at the end makes no difference, and `/a/*` matches `/a`.
    Netlify,
    /// Cloudflare Pages: paths as they stand.
    Pages,
}

/// What Cloudflare Pages reads of a file (its documentation, "Per file").
const PAGES_STATIC_MAX: usize = 2000;
const PAGES_DYNAMIC_MAX: usize = 100;
const PAGES_LINE_CHARS_MAX: usize = 1000;

const KEEP: &[Setting<'static>] = &[Setting { name: b"query", value: b"keep" }];

pub(super) fn read(
    text: &[u8],
    dialect: Dialect,
    help: &Help<'_>,
    take: &mut dyn FnMut(u32, Line<'_>),
) {
    let mut reader = RedirectsReader {
        dialect,
        base: help.base,
        with_scheme: match dialect {
            Dialect::Netlify => sources_with_scheme(text),
            Dialect::Pages => HashSet::new(),
        },
        ..RedirectsReader::default()
    };
    for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        let columns: Vec<&[u8]> = columns(line)
            .take_while(|column| dialect == Dialect::Pages || column[0] != b'#')
            .collect();
        if columns.first().is_none_or(|first| first[0] == b'#') {
            continue;
        }
        let rule = match dialect {
            Dialect::Netlify => netlify(&columns),
            Dialect::Pages => pages(&columns),
        };
        match rule {
            Ok(rule) => reader.take(number, line.len(), &rule, take),
            Err(message) => take(number, Line::Refused(message)),
        }
    }
}

fn columns(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|column| !column.is_empty())
}

fn sources_with_scheme(text: &[u8]) -> HashSet<&[u8]> {
    let lines = text.split(|&byte| byte == b'\n');
    let sources = lines.filter_map(|line| columns(line).next());
    sources.filter(|source| scheme(source).is_some()).collect()
}

/// A rule as it is written.
struct RedirectRule<'a> {
    from: &'a [u8],
    /// FieldNames and values; a value `:name` is a placeholder.
    parameters: Vec<(&'a [u8], &'a [u8])>,
    to: &'a [u8],
    status: &'a [u8],
    keeps_query: bool,
}

fn netlify<'a>(columns: &[&'a [u8]]) -> Result<RedirectRule<'a>, String> {
    let (from, rest) = (columns[0], &columns[1..]);
    let is_target = |column: &&[u8]| column[0] == b'/' || scheme(column).is_some();
    let Some(at) = rest.iter().position(is_target) else {
        return Err(format!(
            "{} has no target; write one that begins with `/`, http:// or https://",
            shown(from)
        ));
    };
    let parameters = rest[..at].iter().map(|column| {
        let equals = column.iter().position(|&byte| byte == b'=').filter(|&at| at > 0);
        let equals = equals.ok_or_else(|| {
            format!(
                "`{}` stands before the target and is no parameter such as id=:id",
                shown(column)
            )
        })?;
        Ok((&column[..equals], &column[equals + 1..]))
    });
    let parameters = parameters.collect::<Result<Vec<_>, String>>()?;
    let (to, rest) = (rest[at], &rest[at + 1..]);
    let (status, conditions) = match rest.split_first() {
        Some((status, conditions)) if status[0].is_ascii_digit() => {
            (status.strip_suffix(b"!").unwrap_or(status), conditions)
        }
        _ => (&b"301"[..], rest),
    };
    if let Some(condition) = conditions.first() {
        let name = condition.split(|&byte| byte == b'=').next().unwrap_or_default();
        return Err(match name.len() < condition.len() {
            true => format!(
                "{}= is not supported yet; leave out the rule: without its condition it would answer every visitor",
                shown(name)
            ),
            false => format!("`{}` is one column too many", shown(condition)),
        });
    }
    if from.contains(&b'?') {
        return Err(
            "a `?` in the source; write parameters behind it: /path id=7 /target".to_owned()
        );
    }
    // Its documentation says so of these, and of rules that match no parameter.
    let keeps_query = parameters.is_empty() && matches!(status, b"301" | b"302");
    Ok(RedirectRule { from, parameters, to, status: redirecting(status)?, keeps_query })
}

fn pages<'a>(columns: &[&'a [u8]]) -> Result<RedirectRule<'a>, String> {
    let (from, to, status) = match *columns {
        [from, to] => (from, to, &b"302"[..]),
        [from, to, status] => (from, to, status),
        _ => {
            return Err(format!(
                "the line has {} columns, and Pages ignores it; write source, target and status",
                columns.len()
            ));
        }
    };
    let from = &from[..from.iter().position(|&byte| byte == b'#').unwrap_or(from.len())];
    if from.first() != Some(&b'/') {
        return Err(format!("the source `{}` is no path, and Pages ignores it", shown(from)));
    }
    if from.contains(&b'?') {
        return Err(format!(
            "the source `{}` has a query, and Pages matches none; write it as native or CSV",
            shown(from)
        ));
    }
    let within = |pair: &[u8]| matches!(pair, [before, b':', letter] if *before != b'/' && letter.is_ascii_alphabetic());
    if from.windows(3).any(within) {
        return Err(format!(
            "`{}` has a placeholder that is not a whole segment, which a key cannot have",
            shown(from)
        ));
    }
    // A target's own query takes the place of the visitor's.
    let keeps_query = !to.contains(&b'?');
    Ok(RedirectRule { from, parameters: Vec::new(), to, status: redirecting(status)?, keeps_query })
}

fn redirecting(status: &[u8]) -> Result<&[u8], String> {
    match status {
        b"200" => {
            Err("status 200 shows another page under the same address; carom only redirects"
                .to_owned())
        }
        b"404" => Err("status 404 shows a page of an error; carom only redirects".to_owned()),
        _ => Ok(status),
    }
}

/// What follows `http://` or `https://`.
fn scheme(text: &[u8]) -> Option<&[u8]> {
    [&b"https://"[..], b"http://"].iter().find_map(|scheme| {
        let given = text.get(..scheme.len())?;
        given.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    })
}

struct RedirectsReader<'a> {
    dialect: Dialect,
    base: Option<&'a str>,
    /// Netlify: sources that name their scheme.
    with_scheme: HashSet<&'a [u8]>,
    /// Keys that rows were made of.
    keys: HashSet<Vec<u8>>,
    /// Rules whose source names a scheme, without it.
    schemeless: HashSet<Vec<u8>>,
    order: Order,
    static_rules: usize,
    dynamic_rules: usize,
}

impl Default for RedirectsReader<'_> {
    fn default() -> Self {
        RedirectsReader {
            dialect: Dialect::Netlify,
            base: None,
            with_scheme: HashSet::new(),
            keys: HashSet::new(),
            schemeless: HashSet::new(),
            order: Order::default(),
            static_rules: 0,
            dynamic_rules: 0,
        }
    }
}

impl RedirectsReader<'_> {
    fn take(
        &mut self,
        number: u32,
        size: usize,
        rule: &RedirectRule<'_>,
        take: &mut dyn FnMut(u32, Line<'_>),
    ) {
        let target = match absolute(rule.to, self.base) {
            Ok(target) => target,
            Err(message) => return take(number, Line::Refused(message)),
        };
        let target = with_parameters(&target, &rule.parameters);
        let source = match scheme(rule.from) {
            None => rule.from,
            Some(rest) => {
                // One rule for each scheme is one key here.
                let twin = [rest, b" ", &*target, b" ", rule.status].concat();
                if self.with_scheme.len() > 1 && !self.schemeless.insert(twin) {
                    return;
                }
                rest
            }
        };
        let query = query(&rule.parameters);
        let keys = match self.dialect {
            Dialect::Netlify => either_slash(source),
            Dialect::Pages => (source.to_vec(), None),
        };
        let key = [&keys.0, &*query].concat();
        let changed = self.changed(number, size, rule, &key);
        let settings = if rule.keeps_query { KEEP } else { &[] };
        let mut emit = |key: &[u8], target: &[u8]| {
            let row = Row { key, target, status: Some(rule.status), settings };
            take(number, changed.clone().map_or(Line::Link(row), |what| Line::Changed(row, what)));
        };
        emit(&key, &target);
        let is_new = self.keys.insert(key);
        let Some(second) = keys.1.filter(|_| is_new) else { return };
        let second = [&second, &*query].concat();
        // A rule of its own stands before this one and answers instead.
        if self.keys.insert(second.clone()) {
            let is_prefix = keys.0.ends_with(b"/*");
            emit(&second, &if is_prefix { without_splat(&target) } else { target });
        }
    }

    /// In what the rule means something else here.
    fn changed(
        &mut self,
        number: u32,
        size: usize,
        rule: &RedirectRule<'_>,
        key: &[u8],
    ) -> Option<String> {
        let whose = match self.dialect {
            Dialect::Netlify => "Netlify",
            Dialect::Pages => "Pages",
        };
        if let Some(earlier) = self.order.pass(key, number) {
            return Some(format!(
                "{whose} takes line {earlier}, which comes first; here the more exact key answers"
            ));
        }
        if self.dialect == Dialect::Pages {
            let is_dynamic = rule.from.iter().any(|byte| matches!(byte, b'*' | b':'));
            let (count, most) = match is_dynamic {
                true => (&mut self.dynamic_rules, PAGES_DYNAMIC_MAX),
                false => (&mut self.static_rules, PAGES_STATIC_MAX),
            };
            *count += 1;
            let over = *count > most || size > PAGES_LINE_CHARS_MAX;
            return over.then(|| {
                "Pages leaves this rule out, as it is over a limit; here it answers".to_owned()
            });
        }
        let host = scheme(rule.from)?;
        let other = match rule.from.len() - host.len() {
            7 => [b"https://", host].concat(),
            _ => [b"http://", host].concat(),
        };
        (!self.with_scheme.contains(&other[..]))
            .then(|| "here it answers over http and https".to_owned())
    }
}

/// The source, and what else Netlify lets it match: a path with or without a
/// slash at its end, and `/a` for `/a/*`.
fn either_slash(source: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    if let Some(above) = source.strip_suffix(b"/*") {
        let above = above.contains(&b'/').then(|| above.to_vec());
        return (source.to_vec(), above);
    }
    let bare = source.strip_suffix(b"/").unwrap_or(source);
    if !bare.contains(&b'/') {
        return (source.to_vec(), None);
    }
    (bare.to_vec(), Some([bare, b"/"].concat()))
}

/// The query of a key: `*` for a placeholder.
fn query(parameters: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut query = Vec::new();
    for (name, value) in parameters {
        query.push(if query.is_empty() { b'?' } else { b'&' });
        query.extend_from_slice(name);
        query.push(b'=');
        query.extend_from_slice(if placeholder(value).is_some() { b"*" } else { value });
    }
    query
}

/// The name of a value that is `:name`.
fn placeholder(value: &[u8]) -> Option<&[u8]> {
    let name = value.strip_prefix(b":")?;
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

/// The target with `{query:NAME}` for each placeholder of a parameter.
fn with_parameters<'a>(target: &'a [u8], parameters: &[(&[u8], &[u8])]) -> Cow<'a, [u8]> {
    if parameters.is_empty() {
        return Cow::Borrowed(target);
    }
    let mut out = Vec::with_capacity(target.len());
    let mut rest = target;
    while let Some((&byte, behind)) = rest.split_first() {
        let length = if byte == b':' { name_length(behind) } else { 0 };
        let (name, after) = behind.split_at(length);
        let known = parameters.iter().find(|(_, value)| placeholder(value) == Some(name));
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
fn without_splat(target: &[u8]) -> Cow<'_, [u8]> {
    const SPLAT: &[u8] = b":splat";
    let mut out = Vec::with_capacity(target.len());
    let mut rest = target;
    while let Some(at) = memchr::memmem::find(rest, SPLAT) {
        let (before, behind) = rest.split_at(at);
        out.extend_from_slice(before);
        rest = &behind[SPLAT.len()..];
        if name_length(&[b"s", rest].concat()) > 1 {
            out.extend_from_slice(SPLAT);
        }
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
