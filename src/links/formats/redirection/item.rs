//! One redirect of Redirection, as keys and targets.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::links::bytes::shown;
use crate::links::formats::named::Naming;
use crate::links::formats::ordered::OrderedRule;
use crate::links::formats::paths::push_literal;
use crate::links::formats::regex::{self, Filled, Shape, Subject};
use crate::links::formats::source::Help;
use crate::links::formats::value::{Known, target};

const EXACT: &str =
    "Redirection answers it with these parameters alone; here others may stand beside them";
const ORDER: &str =
    "Redirection answers it with these parameters alone, in this order; here neither matters";
const PLUS: &str = "to Redirection `+` and a space are one; here only a `+` is meant";
const QUERY_CASE: &str = "Redirection looks at no case in its parameters either; here it does";
const QUERY_WITHIN: &str =
    "Redirection puts the visitor's query where :splat stands; here it is left out";
const NO_FLAGS: &str = "it says nothing of how it is compared; taken as in a new site, with the \
                        query, in its case and without another slash";

/// A redirect as it was exported.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(default)]
    pub(super) url: String,
    #[serde(default)]
    id: i64,
    #[serde(default)]
    position: i64,
    #[serde(default)]
    group_id: i64,
    enabled: Option<bool>,
    status: Option<String>,
    #[serde(default)]
    regex: Value,
    #[serde(default)]
    match_data: Value,
    match_type: Option<String>,
    action_type: Option<String>,
    action_code: Option<u16>,
    #[serde(default)]
    action_data: Value,
}

/// How a source is compared.
#[derive(Clone, Debug, Default)]
pub(super) struct Flags {
    pub(super) any_case: bool,
    pub(super) regex: bool,
    any_slash: bool,
    query: String,
    are_said: bool,
}

impl Flags {
    /// These, where `said` says nothing else.
    pub(super) fn over(&self, said: &Value) -> Flags {
        let is_set = |name: &str, usual| said.get(name).and_then(Value::as_bool).unwrap_or(usual);
        let query = said.get("flag_query").and_then(Value::as_str).unwrap_or(&self.query);
        Flags {
            any_case: is_set("flag_case", self.any_case),
            any_slash: is_set("flag_trailing", self.any_slash),
            regex: is_set("flag_regex", self.regex),
            query: query.to_owned(),
            are_said: self.are_said || said.get("flag_query").is_some(),
        }
    }
}

/// Where a redirect is for, and where it sends.
struct Sent<'i> {
    host: String,
    status: String,
    /// Empty for a 410.
    target: &'i str,
}

impl Item {
    /// By which redirects are sorted.
    pub(super) fn place(&self) -> (i64, i64) {
        (self.position, self.id)
    }

    /// Why it is switched off, if it is.
    pub(super) fn off(&self, groups: &HashMap<i64, String>) -> Option<String> {
        let url = shown(self.url.as_bytes());
        if self.enabled == Some(false) || self.status.as_deref() == Some("disabled") {
            return Some(format!("the redirect of {url}, which is disabled"));
        }
        let group = groups.get(&self.group_id)?;
        Some(format!(
            "the redirect of {url}, whose group `{}` is disabled",
            shown(group.as_bytes())
        ))
    }

    /// How its source is compared.
    pub(super) fn flags(&self, usual: &Flags) -> Flags {
        let regex = self.regex == Value::Bool(true) || self.regex.as_i64() == Some(1);
        let flags = usual.over(self.match_data.get("source").unwrap_or(&Value::Null));
        Flags { regex: flags.regex || regex, ..flags }
    }

    /// Its keys.
    ///
    /// # Errors
    /// Why no key says it, as a sentence.
    pub(super) fn rules(
        &self,
        line: u32,
        usual: &Flags,
        help: &Help<'_>,
    ) -> Result<Vec<OrderedRule>, String> {
        let sent = self.sent()?;
        let flags = self.flags(usual);
        let base = match &*sent.host {
            "" => help.base.map(str::to_owned),
            host => Some(format!("https://{host}")),
        };
        let mut said = Vec::new();
        if !flags.are_said && !flags.regex {
            said.push(NO_FLAGS.to_owned());
        }
        let usual = OrderedRule {
            line,
            status: sent.status.clone(),
            any_case: flags.any_case,
            said,
            ..OrderedRule::default()
        };
        let mut rules = match flags.regex {
            true => self.by_expression(&sent, base.as_deref(), usual)?,
            false => plain(self.url.trim(), &sent, &flags, base.as_deref(), usual)?,
        };
        for rule in &mut rules {
            rule.key.splice(0..0, sent.host.bytes());
        }
        Ok(rules)
    }

    /// What it sends, if a link can send it.
    fn sent(&self) -> Result<Sent<'_>, String> {
        let text = |name: &str| self.action_data.get(name).and_then(Value::as_str);
        let (host, target) = match self.match_type.as_deref().unwrap_or("url") {
            "url" => (String::new(), text("url").or(self.action_data.as_str()).unwrap_or_default()),
            "server" => {
                if text("url_notfrom").is_some_and(|url| !url.is_empty()) {
                    return Err(
                        "it sends visitors of other hosts elsewhere; write that as a redirect \
                                of its own"
                            .to_owned(),
                    );
                }
                let server = text("server").unwrap_or_default();
                let host = server.split_once("://").map_or(server, |(_, host)| host);
                let host = host.trim_end_matches('/');
                if host.is_empty() {
                    return Err("it names no server; write which".to_owned());
                }
                (host.to_owned(), text("url_from").unwrap_or_default())
            }
            other => {
                return Err(format!(
                    "no key can ask for its condition (`{}`), and here it would answer everybody; leave it out",
                    shown(other.as_bytes())
                ));
            }
        };
        let code = self.action_code.unwrap_or_default();
        match (self.action_type.as_deref().unwrap_or("nothing"), code) {
            ("error", 410) => Ok(Sent { host, status: "410".to_owned(), target: "" }),
            ("error", code) => Err(format!(
                "it answers with an error ({}), which no link but a 410 does; leave it out",
                if code == 0 { 404 } else { code }
            )),
            ("url", _) if target.trim().is_empty() => {
                Err("it has no target; write one, or leave it out".to_owned())
            }
            ("url", code) => {
                // What is no redirect is sent as 301.
                let code = if matches!(code, 301..=304 | 307 | 308) { code } else { 301 };
                Ok(Sent { host, status: code.to_string(), target: checked(target.trim())? })
            }
            ("nothing", _) => {
                Err("it leaves such requests alone, and no link does that; leave it out".to_owned())
            }
            ("random", _) => {
                Err("it sends to a post by chance, which no link does; leave it out".to_owned())
            }
            ("pass", _) => {
                Err("it shows the target under its own URL, and a link redirects; leave it out"
                    .to_owned())
            }
            (other, _) => {
                Err(format!("`{}` is not understood; leave it out", shown(other.as_bytes())))
            }
        }
    }

    /// By an expression, which is found in the path with its query.
    fn by_expression(
        &self,
        sent: &Sent<'_>,
        base: Option<&str>,
        usual: OrderedRule,
    ) -> Result<Vec<OrderedRule>, String> {
        let expression = self.url.trim();
        if expression.contains('%') || expression.contains(' ') || !expression.is_ascii() {
            return Err(format!(
                "Redirection compares `{}` with the decoded path, and here paths are encoded; write \
                 it as a redirect without an expression",
                shown(expression.as_bytes())
            ));
        }
        let ends = expression.ends_with('$')
            || expression.ends_with(".*")
            || expression.ends_with(".*)")
            || sent.target.is_empty();
        if !ends {
            return Err(format!(
                "Redirection puts what follows `{}` behind the target; end it with (.*)$, and the \
                 target with its number",
                shown(expression.as_bytes())
            ));
        }
        let mut shape = regex::read(expression.as_bytes(), Subject::default())?;
        let names: Vec<String> = shape.names.iter().map(|_| String::new()).collect();
        let changed = shape.changed.take();
        let any_case = usual.any_case || shape.any_case;
        let keys = core::mem::take(&mut shape.keys);
        let naming = Naming { names: &names, dollars: true, numbers: false, any_case };
        let mut rules = Vec::new();
        for filled in &keys {
            let made = match sent.target {
                "" => Default::default(),
                target => naming.target(target.as_bytes(), &shape, filled, base)?,
            };
            let mut said = usual.said.clone();
            said.extend(changed.clone());
            said.extend(made.said);
            let keeps_query = made.target.ends_with(b":splat") && filled.key.ends_with(b"*");
            if !filled.key.ends_with(b"*") {
                said.push(EXACT.to_owned());
            } else if !keeps_query && captures_rest(filled, &shape, sent.target) {
                said.push(QUERY_WITHIN.to_owned());
            }
            rules.push(OrderedRule {
                key: filled.key.clone(),
                target: made.target,
                keeps_query,
                any_case,
                said,
                ..usual.clone()
            });
        }
        Ok(rules)
    }
}

/// Whether the target has what the end of an expression captured.
fn captures_rest(filled: &Filled, shape: &Shape, target: &str) -> bool {
    let rests = filled.fills.iter().take(shape.names.len()).enumerate();
    let mut rests = rests.filter(|(_, fill)| fill.text.ends_with(b":splat"));
    rests.any(|(at, _)| target.contains(&format!("${}", at + 1)))
}

/// By a path, with its parameters.
fn plain(
    url: &str,
    sent: &Sent<'_>,
    flags: &Flags,
    base: Option<&str>,
    mut usual: OrderedRule,
) -> Result<Vec<OrderedRule>, String> {
    if url.contains("://") {
        return Err("its source has a host; write the path, and the host as its server".to_owned());
    }
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let rooted = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let mut key = Vec::new();
    push_literal(&decoded(&rooted), &mut key)?;
    if rooted.contains('+') {
        usual.said.push(PLUS.to_owned());
    }
    if flags.any_case && query.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        usual.said.push(QUERY_CASE.to_owned());
    }
    match &*flags.query {
        "ignore" => {}
        "pass" => usual.keeps_query = !sent.target.is_empty(),
        "exactorder" => usual.said.push(ORDER.to_owned()),
        "exact" | "" => usual.said.push(EXACT.to_owned()),
        other => {
            return Err(format!(
                "`{}` is not understood as how parameters are compared; leave it out",
                shown(other.as_bytes())
            ));
        }
    }
    if !sent.target.is_empty() {
        let known = Known { host: b"", uri: b"", captures: None, base };
        usual.target = target(sent.target.replace('$', "%24").as_bytes(), &known)?.target;
    }
    let mut keys = vec![key];
    if flags.any_slash && keys[0] != b"/" {
        let bare = keys[0].strip_suffix(b"/").unwrap_or(&keys[0]).to_vec();
        keys = vec![bare.clone(), [&bare, &b"/"[..]].concat()];
    }
    let query = query.replace(' ', "%20");
    let rule = |mut key: Vec<u8>| {
        if !query.is_empty() {
            key.push(b'?');
            key.extend_from_slice(query.as_bytes());
        }
        OrderedRule { key, ..usual.clone() }
    };
    Ok(keys.into_iter().map(rule).collect())
}

/// A target, if WordPress fills nothing in.
fn checked(target: &str) -> Result<&str, String> {
    const FILLED: [&str; 9] = [
        "userid",
        "userlogin",
        "userurl",
        "unixtime",
        "md5",
        "upper",
        "lower",
        "dashes",
        "underscores",
    ];
    if target.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("its target is the number of a post; write its URL".to_owned());
    }
    let is_filled = |name: &&&str| {
        target.contains(&format!("[{name}")) || target.contains(&format!("%{name}%"))
    };
    if let Some(name) = FILLED.iter().find(is_filled) {
        return Err(format!(
            "WordPress fills `{name}` into its target, which no link does; leave it out"
        ));
    }
    if target.contains("${") || target.contains('\\') {
        return Err("its target has a `${…}` or a `\\`; write what was captured as $1".to_owned());
    }
    Ok(target)
}

/// A path without its escapes.
fn decoded(path: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let escape = behind.get(..2).filter(|_| byte == b'%');
        let value = escape.and_then(|digits| core::str::from_utf8(digits).ok());
        match value.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                out.push(value);
                rest = &behind[2..];
            }
            None => {
                out.push(byte);
                rest = behind;
            }
        }
    }
    out
}
