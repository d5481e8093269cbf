//! Options of a link: what stands behind its target and status as `name=value`.
//!
//! A table keeps them behind the target, in as few bytes as they take; a link
//! without options has none. Little-endian:
//!
//! | bytes | field |
//! |---|---|
//! | 2 | bits 0–1: the [rule for queries](QueryRule); bits 2–7: which of the following are there; bit 8: the [text of its key is folded](Options::folds); bit 9: its key has [rules](super::lines); bits 10–15: free |
//! | 4 | `cache`, seconds |
//! | 1 | `referrer`, its place in [`POLICIES`] |
//! | 8 | `from`, Unix microseconds |
//! | 8 | `until`, Unix microseconds |
//! | 3 + n | `else`: what is filled into it, size, URL |
//! | 1 + n | `tag`: size, text |
//! | 4 + n | rules: size, lines |
//!
//! `id` stands in the place of the link's own; `nocase`, `slash` and `punctuation` belong
//! to the key.

use core::fmt;

use super::times::{civil, rfc_3339};
use crate::limits::{CACHE_SECONDS_MAX, TAG_BYTES_MAX};
use crate::links::bytes::shown;
use crate::links::key::Loose;
use crate::links::targets::{CheckedTarget, NAMES, QueryRule, Schemes, Target};
use crate::rules::{cut, cut_slice, is_of_rules, meant};

/// The referrer policies (W3C Referrer Policy §3).
const POLICIES: [&str; 8] = [
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

/// Every option, as it is written.
pub(in crate::links) const KNOWN: [&str; 11] = [
    "query=",
    "cache=",
    "referrer=",
    "from=",
    "until=",
    "else=",
    "id=",
    "tag=",
    "nocase",
    "slash=",
    "punctuation=",
];

const CACHE: u16 = 1 << 2;
const REFERRER: u16 = 1 << 3;
const FROM: u16 = 1 << 4;
const UNTIL: u16 = 1 << 5;
const ELSE: u16 = 1 << 6;
const TAG: u16 = 1 << 7;
const FOLDS: u16 = 1 << 8;
const RULES: u16 = 1 << 9;
const QUERY_RULE: u16 = 3;

/// A `name=value` of a link, by the name it has in the native format, whatever
/// the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::links) struct Setting<'a> {
    pub(in crate::links) name: &'a [u8],
    /// Empty for a name that stands alone.
    pub(in crate::links) value: &'a [u8],
}

/// The options of one link, checked. [`Default`] is a link without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options<'a> {
    pub(in crate::links) query: QueryRule,
    /// Seconds.
    cache: Option<u32>,
    /// Its place in [`POLICIES`].
    referrer: Option<u8>,
    /// Unix microseconds.
    from: Option<i64>,
    /// Unix microseconds; the first at which it is over.
    until: Option<i64>,
    pub(in crate::links) otherwise: Option<Else<'a>>,
    pub(in crate::links) id: Option<u64>,
    pub(in crate::links) tag: &'a [u8],
    pub(in crate::links) loose: Loose,
    /// Whether the text beside its key's placeholders is in lower case, and that of paths
    /// need not be. No option, but kept with them.
    pub(in crate::links) folds: bool,
    /// What makes it the first of its key's rules, as [`RuleLines`](super::lines::RuleLines)
    /// has it; empty for a link without. No option, but kept with them.
    pub(in crate::links) rules: &'a [u8],
}

/// Where a link sends outside its time: what a checked target is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::links) struct Else<'a> {
    pub(in crate::links) blanks: u8,
    pub(in crate::links) url: &'a [u8],
}

impl<'a> Else<'a> {
    /// The same with the names of the key's placeholders in it.
    pub(in crate::links) fn with_names(self) -> Else<'a> {
        Else { blanks: self.blanks | NAMES, ..self }
    }

    pub(in crate::links) fn target(&self) -> Target<'a> {
        Target::stored(self.url, self.blanks)
    }
}

impl<'a> Options<'a> {
    /// Reads the options of a link, whose targets may have these schemes. Each may be there
    /// once. Conditions, and what else makes a rule, are passed over.
    ///
    /// # Errors
    /// The first thing that is wrong, as a sentence with its remedy.
    pub(in crate::links) fn parse(
        settings: &[Setting<'a>],
        schemes: &Schemes,
    ) -> Result<Options<'a>, String> {
        let mut options = Options::default();
        // The others are read as a rule.
        let is_own = |setting: &&Setting<'_>| !is_of_rules(setting.name);
        for (at, setting) in settings.iter().enumerate().filter(|(_, it)| is_own(it)) {
            if settings[..at].iter().any(|earlier| earlier.name == setting.name) {
                return Err(format!("{}= is there twice; write it once", shown(setting.name)));
            }
            options.take(setting, schemes)?;
        }
        let starts_late =
            options.from.zip(options.until).is_some_and(|(from, until)| from >= until);
        if starts_late {
            return Err("until= must be later than from=; exchange them".to_owned());
        }
        Ok(options)
    }

    /// The same with these rules behind them.
    pub(in crate::links) fn with_rules(self, rules: &'a [u8]) -> Options<'a> {
        Options { rules, ..self }
    }

    /// The same of a key with this id, if it is not its own, that takes no notice of `loose`.
    pub(in crate::links) fn of_key(self, id: Option<u64>, loose: Loose) -> Options<'a> {
        Options { id, loose, ..self }
    }

    /// Checks that there is a time, or a cap, beside which its `else=` is used.
    ///
    /// # Errors
    /// There is none.
    pub(in crate::links) fn check_else(&self, has_cap: bool) -> Result<(), String> {
        if self.otherwise.is_some() && self.is_always() && !has_cap {
            return Err("else= needs a from=, an until= or a cap=; outside that time, and over the cap, it is used".to_owned());
        }
        Ok(())
    }

    fn take(&mut self, setting: &Setting<'a>, schemes: &Schemes) -> Result<(), String> {
        let value = setting.value;
        match setting.name {
            b"query" => self.query = query_rule(value)?,
            b"cache" => {
                let seconds = number(value).filter(|&seconds| seconds <= CACHE_SECONDS_MAX);
                self.cache = Some(seconds.ok_or_else(|| {
                    let value = shown(value);
                    format!("cache={value} is not a number of seconds up to {CACHE_SECONDS_MAX}")
                })? as u32);
            }
            b"referrer" => self.referrer = Some(policy(value)?),
            b"from" => self.from = Some(time("from", value)?),
            b"until" => self.until = Some(time("until", value)?),
            b"else" => {
                let checked = CheckedTarget::parse_allowing(value, schemes)
                    .map_err(|problem| format!("else=: {problem}"))?;
                self.otherwise = Some(Else { blanks: checked.blanks(), url: checked.bytes() });
            }
            b"id" => {
                // 0 is what clicks have that no link answered.
                let id = number(value).filter(|&id| id > 0);
                self.id = Some(id.ok_or_else(|| {
                    format!("id={} is not a number from 1 to {}", shown(value), u64::MAX)
                })?);
            }
            b"tag" => self.tag = tag(value)?,
            b"nocase" if value.is_empty() => self.loose.nocase = true,
            // Where all the others of a file are.
            b"nocase" if value == b"no" => self.loose.nocase = false,
            b"nocase" => {
                return Err(format!(
                    "nocase stands alone; leave out `={}`, or write nocase=no",
                    shown(value)
                ));
            }
            b"slash" => self.loose.slash = is_ignored("slash", value)?,
            b"punctuation" => self.loose.punctuation = is_ignored("punctuation", value)?,
            name => {
                if let Some(meant) = meant(name) {
                    return Err(format!("{}= is written {meant}=", shown(name)));
                }
                let (name, value) = (shown(name), shown(value));
                let elsewhere = ["role", "cookie", "bot", "new"];
                if elsewhere.contains(&&*name.to_ascii_lowercase()) {
                    return Err(format!(
                        "{name}= is no condition here; leave out `{name}={value}`"
                    ));
                }
                let known = KNOWN.join(", ");
                return Err(format!("{name}= is not an option of a link; write {known}"));
            }
        }
        Ok(())
    }

    /// Whether it answers the same at any time.
    pub(in crate::links) fn is_always(&self) -> bool {
        self.from.is_none() && self.until.is_none()
    }

    /// Whether its answer may be cached.
    pub(in crate::links) fn is_cached(&self) -> bool {
        self.cache.is_some()
    }

    /// Whether its time is now, Unix microseconds.
    pub(in crate::links) fn is_at(&self, unix_us: u64) -> bool {
        let now = unix_us.cast_signed();
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// For how long its answer may be cached now, seconds: not beyond its time.
    pub(in crate::links) fn max_age(&self, unix_us: u64) -> Option<u32> {
        let left = self.until.map_or(i64::MAX, |until| until.saturating_sub(unix_us.cast_signed()));
        let left = u32::try_from(left.max(0) / 1_000_000).unwrap_or(u32::MAX);
        self.cache.map(|seconds| seconds.min(left))
    }

    /// The value of `Referrer-Policy`.
    pub(in crate::links) fn referrer(&self) -> Option<&'static str> {
        self.referrer.and_then(|place| POLICIES.get(usize::from(place)).copied())
    }

    /// The name of an option that says nothing of a link that is gone.
    pub(in crate::links) fn of_redirects(&self) -> Option<&'static str> {
        match self {
            _ if self.query != QueryRule::Drop => Some("query"),
            _ if self.referrer.is_some() => Some("referrer"),
            _ if self.from.is_some() => Some("from"),
            _ if self.until.is_some() => Some("until"),
            _ => None,
        }
    }

    /// What is filled into its other targets.
    pub(in crate::links) fn blanks(&self) -> u8 {
        self.otherwise.map_or(0, |otherwise| otherwise.blanks)
    }

    /// Writes what a table keeps of them into `out`; nothing if that is nothing.
    pub(in crate::links) fn store(&self, out: &mut Vec<u8>) {
        out.clear();
        let Options {
            query,
            cache,
            referrer,
            from,
            until,
            otherwise,
            id: _,
            tag,
            loose: _,
            folds,
            rules,
        } = self;
        let flag = |is_there: bool, flag: u16| if is_there { flag } else { 0 };
        let head = *query as u16
            | flag(cache.is_some(), CACHE)
            | flag(referrer.is_some(), REFERRER)
            | flag(from.is_some(), FROM)
            | flag(until.is_some(), UNTIL)
            | flag(otherwise.is_some(), ELSE)
            | flag(!tag.is_empty(), TAG)
            | flag(*folds, FOLDS)
            | flag(!rules.is_empty(), RULES);
        if head == 0 {
            return;
        }
        out.extend(head.to_le_bytes());
        out.extend(cache.map(u32::to_le_bytes).iter().flatten());
        out.extend(referrer);
        out.extend([from, until].into_iter().flatten().flat_map(|time| time.to_le_bytes()));
        if let Some(Else { blanks, url }) = otherwise {
            out.push(*blanks);
            out.extend((url.len() as u16).to_le_bytes());
            out.extend_from_slice(url);
        }
        if !tag.is_empty() {
            out.push(tag.len() as u8);
            out.extend_from_slice(tag);
        }
        if !rules.is_empty() {
            out.extend((rules.len() as u32).to_le_bytes());
            out.extend_from_slice(rules);
        }
    }

    /// Whether stored options are of a key that has rules.
    #[inline]
    pub(in crate::links) fn have_rules(bytes: &[u8]) -> bool {
        let mut rest = bytes;
        u16::from_le_bytes(cut(&mut rest)) & RULES != 0
    }

    /// Whether stored options say nothing of time.
    #[inline]
    pub(in crate::links) fn is_timeless(bytes: &[u8]) -> bool {
        let mut rest = bytes;
        u16::from_le_bytes(cut(&mut rest)) & (FROM | UNTIL) == 0
    }

    /// The options that begin `bytes`, as [`store`](Self::store) wrote them; of a
    /// link without any there is nothing to read.
    pub(in crate::links) fn stored(bytes: &'a [u8]) -> Options<'a> {
        let mut rest = bytes;
        Options::read(&mut rest)
    }

    /// How many of `bytes` they are; none of none.
    pub(in crate::links) fn size(bytes: &[u8]) -> usize {
        let mut rest = bytes;
        Options::read(&mut rest);
        bytes.len() - rest.len()
    }

    fn read(rest: &mut &'a [u8]) -> Options<'a> {
        let head = u16::from_le_bytes(cut(rest));
        let has = |flag: u16| head & flag != 0;
        let query = match head & QUERY_RULE {
            0 => QueryRule::Drop,
            1 => QueryRule::Keep,
            _ => QueryRule::Override,
        };
        Options {
            query,
            cache: has(CACHE).then(|| u32::from_le_bytes(cut(rest))),
            referrer: has(REFERRER).then(|| cut(rest)).map(|[place]| place),
            from: has(FROM).then(|| i64::from_le_bytes(cut(rest))),
            until: has(UNTIL).then(|| i64::from_le_bytes(cut(rest))),
            otherwise: has(ELSE).then(|| {
                let [blanks] = cut(rest);
                let size = usize::from(u16::from_le_bytes(cut(rest)));
                Else { blanks, url: cut_slice(rest, size) }
            }),
            id: None,
            tag: match has(TAG) {
                true => {
                    let [size] = cut(rest);
                    cut_slice(rest, usize::from(size))
                }
                false => &[],
            },
            loose: Loose::NOTHING,
            folds: has(FOLDS),
            rules: match has(RULES) {
                true => {
                    let size = u32::from_le_bytes(cut(rest));
                    cut_slice(rest, size as usize)
                }
                false => &[],
            },
        }
    }
}

impl fmt::Display for Options<'_> {
    /// As they stand behind a link in the native format, each after a space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        match self.query {
            QueryRule::Drop => {}
            QueryRule::Keep => f.write_str(" query=keep")?,
            QueryRule::Override => f.write_str(" query=override")?,
        }
        if let Some(seconds) = self.cache {
            write!(f, " cache={seconds}")?;
        }
        if let Some(policy) = self.referrer() {
            write!(f, " referrer={policy}")?;
        }
        if let Some(from) = self.from.and_then(civil) {
            write!(f, " from={from}Z")?;
        }
        if let Some(until) = self.until.and_then(civil) {
            write!(f, " until={until}Z")?;
        }
        if let Some(otherwise) = &self.otherwise {
            write!(f, " else={}", text(otherwise.url))?;
        }
        if let Some(id) = self.id {
            write!(f, " id={id}")?;
        }
        if !self.tag.is_empty() {
            write!(f, " tag={}", text(self.tag))?;
        }
        write!(f, "{}", self.loose)
    }
}

fn is_ignored(name: &str, value: &[u8]) -> Result<bool, String> {
    match value {
        b"ignore" => Ok(true),
        b"exact" => Ok(false),
        other => Err(format!("{name}={} is not known; write ignore or exact", shown(other))),
    }
}

fn query_rule(value: &[u8]) -> Result<QueryRule, String> {
    match value {
        b"keep" => Ok(QueryRule::Keep),
        b"drop" => Ok(QueryRule::Drop),
        b"override" => Ok(QueryRule::Override),
        other => Err(format!("query={} is not known; write keep, drop or override", shown(other))),
    }
}

fn policy(value: &[u8]) -> Result<u8, String> {
    let place = POLICIES.iter().position(|policy| policy.as_bytes() == value);
    place.map(|place| place as u8).ok_or_else(|| {
        format!("referrer={} is not a policy; write {}", shown(value), POLICIES.join(", "))
    })
}

/// Digits, and nothing else.
fn number(value: &[u8]) -> Option<u64> {
    let is_number = value.iter().all(u8::is_ascii_digit);
    is_number.then(|| core::str::from_utf8(value).ok()?.parse().ok()).flatten()
}

/// A time of RFC 3339 in Unix microseconds.
fn time(name: &str, value: &[u8]) -> Result<i64, String> {
    rfc_3339(value).ok_or_else(|| {
        format!(
            "{name}={} is not a time such as 2026-12-01T00:00:00Z or 2026-12-01T00:00:00+01:00",
            shown(value)
        )
    })
}

fn tag(value: &[u8]) -> Result<&[u8], String> {
    let text = core::str::from_utf8(value).ok();
    // A space would end it in a link file.
    let is_other = |character: char| character.is_control() || character == ' ';
    let is_printable = text.is_some_and(|text| !text.chars().any(is_other));
    match value.len() {
        1..=TAG_BYTES_MAX if is_printable => Ok(value),
        0 => Err("tag= has no label; write one behind it".to_owned()),
        1..=TAG_BYTES_MAX => Err(format!(
            "tag={} is not printable UTF-8 without spaces; write another label",
            shown(value)
        )),
        size => Err(format!("the tag has {size} bytes; at most {TAG_BYTES_MAX} are allowed")),
    }
}

#[cfg(test)]
mod tests;
