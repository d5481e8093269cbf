//! `_redirects` files of Netlify and of Cloudflare Pages: `from to status`, the
//! first rule that fits answers. Netlify's also have parameters before the target
//! and conditions behind it.

mod netlify;
mod pages;
mod placeholders;
mod rule;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::claimed::Claimed;
use super::paths::absolute;
use super::region::Region;
use super::rivals::Rivals;
use super::row::{Line, Row};
use super::source::Help;
use crate::links::link::Setting;
use pages::PagesFile;
use placeholders::{query, with_parameters, without_splat};
use rule::{RedirectRule, columns, split_scheme};

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Netlify: a slash at the end makes no difference, and `/a/*` matches `/a`.
    Netlify,
    /// Cloudflare Pages: paths as they stand.
    Pages,
}

pub(super) fn read<'a>(
    text: &'a [u8],
    dialect: Dialect,
    help: &Help<'a>,
    take: &mut dyn FnMut(u32, Line<'_>),
) {
    let mut reader = RedirectsReader {
        dialect,
        base: help.base,
        schemes: HashSet::new(),
        outdone: HashSet::new(),
        keys: HashMap::new(),
        rivals: Rivals::new(false),
        claimed: Claimed::default(),
        together: Vec::new(),
    };
    if dialect == Dialect::Netlify {
        reader.schemes = with_schemes(text);
    }
    if !reader.schemes.is_empty() {
        reader.rivals = Rivals::new(true);
        // What is said of a rule for one host is found behind it.
        reader.lines(text, &mut |_, _| {});
        reader.keys.clear();
        reader.claimed = Claimed::default();
        reader.outdone = core::mem::replace(&mut reader.rivals, Rivals::new(true)).outdone();
    }
    reader.lines(text, take);
}

/// Rules of one scheme, so that each can find whether there is one for the other.
fn with_schemes(text: &[u8]) -> HashSet<Vec<u8>> {
    let lines = text.split(|&byte| byte == b'\n').map(columns);
    let lines =
        lines.filter(|columns| columns.first().is_some_and(|it| split_scheme(it).is_some()));
    let rules = lines.filter_map(|columns| netlify::rule(&columns).ok());
    rules.map(|rule| spelled(&rule.from, &rule)).collect()
}

/// A rule as if it had this source.
fn spelled(from: &[u8], rule: &RedirectRule<'_>) -> Vec<u8> {
    let conditions = rule.conditions.iter().flat_map(|it| [b" ", it.name, b"=", it.value]);
    let conditions = conditions.collect::<Vec<_>>().concat();
    [from, &query(&rule.parameters), b" ", rule.to, b" ", rule.status, &conditions].concat()
}

struct RedirectsReader<'a> {
    dialect: Dialect,
    base: Option<&'a str>,
    /// Netlify: rules whose source names its scheme.
    schemes: HashSet<Vec<u8>>,
    /// Lines of rules for one host that later ones for any host answer before.
    outdone: HashSet<u32>,
    /// Keys that rows were made of, with the target and status of each.
    keys: HashMap<Vec<u8>, (&'a [u8], &'a [u8])>,
    rivals: Rivals,
    /// What rules that are refused are for, which their program has.
    claimed: Claimed,
    /// Netlify: rules of one source that stand together, until the last has come.
    together: Vec<(u32, RedirectRule<'a>)>,
}

impl<'a> RedirectsReader<'a> {
    fn lines(&mut self, text: &'a [u8], take: &mut dyn FnMut(u32, Line<'_>)) {
        let mut pages_file = PagesFile::default();
        for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
            if self.dialect == Dialect::Netlify {
                self.line(number, &columns(line), take);
                continue;
            }
            let written = match pages::rule(number, line, &mut pages_file) {
                None => continue,
                Some(rule) => rule.and_then(|rule| self.pages(number, rule, take)),
            };
            if let Err(message) = written {
                self.claimed.add(&pages_file.claimed(), number);
                take(number, Line::Refused(message));
            }
        }
        self.done(take);
    }

    /// A line of Netlify's.
    fn line(&mut self, number: u32, columns: &[&'a [u8]], take: &mut dyn FnMut(u32, Line<'_>)) {
        if columns.is_empty() {
            return;
        }
        match netlify::rule(columns) {
            Ok(rule) => {
                if self.together.last().is_some_and(|(_, last)| asked(last) != asked(&rule)) {
                    self.done(take);
                }
                self.together.push((number, rule));
            }
            Err(message) => {
                self.done(take);
                self.claim(netlify::claimed(columns), number);
                take(number, Line::Refused(message));
            }
        }
    }

    /// Takes the rules of one source. Where one has conditions they are the lines of a key,
    /// and those of a second key stand together, too.
    fn done(&mut self, take: &mut dyn FnMut(u32, Line<'_>)) {
        let together = core::mem::take(&mut self.together);
        let are_lines = together.iter().any(|(_, rule)| !rule.conditions.is_empty());
        let mut keys = Keys { are_lines, ..Keys::default() };
        for (number, rule) in together {
            if let Err(message) = self.netlify(number, rule, &mut keys, take) {
                take(number, Line::Refused(message));
            }
        }
        for (key, target, number, rule) in keys.second {
            give(&key, &target, number, &rule, take);
        }
    }

    fn netlify(
        &mut self,
        number: u32,
        mut rule: RedirectRule<'a>,
        keys: &mut Keys<'a>,
        take: &mut dyn FnMut(u32, Line<'_>),
    ) -> Result<(), String> {
        let (source, base) = self.source(&rule);
        let target = absolute(rule.to, base.as_deref()).inspect_err(|_| {
            self.claim(Some(source.clone()), number);
        })?;
        if leads_to_itself(&source, &target, self.base) {
            return Err(
                "it leads to its own address: a slash at the end makes no difference to Netlify, and a key \
                 here answers over http and https; leave it out"
                    .to_owned(),
            );
        }
        rule.said.extend(self.scheme(&rule));
        if self.outdone.contains(&number) {
            rule.said.push(
                "to Netlify it comes before the rules below it; here more exact keys of any host answer first"
                    .to_owned(),
            );
        }
        let query = query(&rule.parameters);
        let (first, second) = either_slash(&source);
        let key = [&first, &*query].concat();
        // The same again: for the other scheme, with another slash at the end.
        let is_again = match keys.are_lines {
            true => !keys.lines.insert(spelled(&key, &rule)),
            false => self.keys.get(&key) == Some(&(rule.to, rule.status)),
        };
        if is_again {
            return Ok(());
        }
        let target = with_parameters(target, &rule.parameters);
        // A rule of its own stands before this one and answers instead.
        let second = second.map(|second| [&second, &*query].concat());
        let is_free =
            |second: &Vec<u8>| !self.keys.contains_key(&key) && !self.keys.contains_key(second);
        let is_first =
            *keys.second_is_free.get_or_insert_with(|| second.as_ref().is_some_and(is_free));
        let second = second.filter(|it| if keys.are_lines { is_first } else { is_free(it) });
        for key in [Some(&key), second.as_ref()].into_iter().flatten() {
            self.keys.entry(key.clone()).or_insert((rule.to, rule.status));
            self.first(key, number, &mut rule.said);
        }
        let is_prefix = first.ends_with(b"/*");
        give(&key, &target, number, &rule, take);
        if let Some(second) = second {
            let above = if is_prefix { without_splat(&target) } else { target.into_owned() };
            if keys.are_lines {
                keys.second.push((second, above, number, rule));
            } else {
                give(&second, &above, number, &rule, take);
            }
        }
        Ok(())
    }

    /// The source without a scheme, and what a target that is a path goes behind: it stays
    /// on the host that was asked.
    fn source(&self, rule: &RedirectRule<'_>) -> (Vec<u8>, Option<Cow<'a, str>>) {
        let Some((_, source)) = split_scheme(&rule.from) else {
            return (rule.from.clone(), self.base.map(Cow::Borrowed));
        };
        let host = source.split(|&byte| byte == b'/').next().unwrap_or_default();
        (source.to_vec(), Some(format!("https://{}", String::from_utf8_lossy(host)).into()))
    }

    fn pages(
        &mut self,
        number: u32,
        mut rule: RedirectRule<'_>,
        take: &mut dyn FnMut(u32, Line<'_>),
    ) -> Result<(), String> {
        let target = absolute(rule.to, self.base)?;
        let key = core::mem::take(&mut rule.from);
        // What is over a limit is not there for others.
        if rule.said.is_empty() {
            self.first(&key, number, &mut rule.said);
        }
        give(&key, &target, number, &rule, take);
        Ok(())
    }

    /// Notes a rule that is refused, and that Netlify has.
    fn claim(&mut self, source: Option<Vec<u8>>, number: u32) {
        let Some(source) = source else { return };
        let source = split_scheme(&source).map_or(&source[..], |(_, rest)| rest);
        let (first, second) = either_slash(source);
        let keys = [Some(first), second].into_iter().flatten();
        let regions: Vec<Region> = keys.map(|key| Region::of_key(&key, false)).collect();
        self.claimed.add(&regions, number);
    }

    /// Says so if an earlier rule answers there what this key does here.
    fn first(&mut self, key: &[u8], number: u32, said: &mut Vec<String>) {
        let whose = match self.dialect {
            Dialect::Netlify => "Netlify",
            Dialect::Pages => "Pages",
        };
        if let Some(earlier) = self.rivals.pass(key, number) {
            let first = format!(
                "{whose} takes line {earlier}, which comes first; here the more exact key answers"
            );
            if !said.contains(&first) {
                said.push(first);
            }
        } else if let Some(line) = self.claimed.before(&Region::of_key(key, false)) {
            let first = format!("{whose} looks at line {line} first, which is no link here");
            if !said.contains(&first) {
                said.push(first);
            }
        }
    }

    /// What becomes of the scheme of a source.
    fn scheme(&self, rule: &RedirectRule<'_>) -> Option<String> {
        let (scheme, rest) = split_scheme(&rule.from)?;
        let other: &[u8] = if scheme == b"http://" { b"https://" } else { b"http://" };
        if !self.schemes.contains(&spelled(&[other, rest].concat(), rule)) {
            return Some("here it answers over http and https".to_owned());
        }
        (rule.to[0] == b'/').then(|| {
            "to Netlify a target that is a path keeps the visitor's http or https; here it is https"
                .to_owned()
        })
    }
}

/// What a rule is asked by, in whichever scheme and with or without a slash at the end.
fn asked(rule: &RedirectRule<'_>) -> Vec<u8> {
    let source = split_scheme(&rule.from).map_or(&rule.from[..], |(_, rest)| rest);
    [&*either_slash(source).0, b"?", &query(&rule.parameters)].concat()
}

/// What the rules of one source have between them.
#[derive(Default)]
struct Keys<'a> {
    /// They are lines of a key: the first that fits the visitor answers.
    are_lines: bool,
    /// Those that there are.
    lines: HashSet<Vec<u8>>,
    /// Whether no rule before them has the second key.
    second_is_free: Option<bool>,
    /// Their rows for it, which come behind all those for the first.
    second: Vec<(Vec<u8>, Vec<u8>, u32, RedirectRule<'a>)>,
}

fn give(
    key: &[u8],
    target: &[u8],
    number: u32,
    rule: &RedirectRule<'_>,
    take: &mut dyn FnMut(u32, Line<'_>),
) {
    let kept = rule.keeps_query.then_some(Setting { name: b"query", value: b"keep" });
    let settings: Vec<_> = kept.into_iter().chain(rule.conditions.iter().copied()).collect();
    let row = Row { key, target, status: Some(rule.status), settings: &settings };
    take(
        number,
        match &*rule.said {
            [] => Line::Link(row),
            said => Line::Changed(row, said.join("; ")),
        },
    );
}

/// Whether a target is the address of its own source, which may have no host.
fn leads_to_itself(source: &[u8], target: &[u8], base: Option<&str>) -> bool {
    let Some((_, target)) = split_scheme(target) else { return false };
    let own = match source.first() {
        Some(b'/') => {
            let base = base.and_then(|base| split_scheme(base.as_bytes()));
            let Some((_, host)) = base else { return false };
            [host, source].concat()
        }
        _ => source.to_vec(),
    };
    let bare = |url: &[u8]| {
        let url = url.strip_suffix(b"/").unwrap_or(url);
        let at = url.iter().position(|&byte| byte == b'/').unwrap_or(url.len());
        [&*url[..at].to_ascii_lowercase(), &url[at..]].concat()
    };
    let own = match own.strip_suffix(b"*") {
        Some(above) => [above, b":splat"].concat(),
        None => own,
    };
    bare(&own) == bare(target)
}

/// The source, and what else Netlify lets it match: a path with or without a
/// slash at its end, and `/a` for `/a/*`.
fn either_slash(source: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    if let Some(above) = source.strip_suffix(b"/*") {
        let above = above.contains(&b'/').then(|| above.to_vec());
        return (source.to_vec(), above);
    }
    let bare = source.strip_suffix(b"/").unwrap_or(source);
    // A `*` within the last segment takes a slash behind it as well.
    if !bare.contains(&b'/') || source.ends_with(b"*") {
        return (source.to_vec(), None);
    }
    (bare.to_vec(), Some([bare, b"/"].concat()))
}

#[cfg(test)]
mod tests;
