//! The website configuration of an S3 bucket, in JSON (`aws s3api get-bucket-website`) or
//! XML: `RoutingRules`, whose prefixes are compared without a slash in front, and
//! `RedirectAllRequestsTo`. The first that fits answers.

use quick_xml::events::Event;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{Document, Fields, items, lacks, part};
use super::ordered::{Ordered, OrderedRule, emit};
use super::paths::push_literal;
use super::row::Line;
use super::source::Help;
use crate::links::bytes::shown;

/// A rule of either spelling.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Rule {
    #[serde(default)]
    condition: Condition,
    redirect: Redirect,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Condition {
    key_prefix_equals: Option<String>,
    http_error_code_returned_equals: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Redirect {
    host_name: Option<String>,
    protocol: Option<String>,
    replace_key_prefix_with: Option<String>,
    replace_key_with: Option<String>,
    http_redirect_code: Option<String>,
}

const WHAT: &str =
    "an S3 website configuration, {\"RoutingRules\":[{\"Condition\":…,\"Redirect\":…}]}";
const SCHEME: &str = "S3 keeps the visitor's http or https; here it is https";
const QUERY: &str = "what S3 does with the visitor's query is not documented; here it is left out";
const ANYWHERE: &str = "S3 compares the beginning of a path, and so answers what goes on behind it without a slash, too";

pub(super) fn read(text: &[u8], help: &Help<'_>, take: &mut dyn FnMut(u32, Line<'_>)) {
    let is_xml = text.trim_ascii_start().first() == Some(&b'<');
    let mut all = Vec::new();
    let found = if is_xml { of_xml(text) } else { of_json(text) };
    match found {
        Err((line, message)) => all.push(Ordered::Refused(line, message)),
        Ok(found) => {
            for (line, found) in found {
                match found {
                    Found::Other(what) => all.push(Ordered::Other(line, what)),
                    Found::Wrong(message) => all.push(Ordered::Refused(line, message)),
                    Found::Rule(rule) => match rows(&rule, line, help) {
                        Ok(rules) => all.extend(rules.into_iter().map(Ordered::Rule)),
                        Err(message) => all.push(Ordered::Refused(line, message)),
                    },
                }
            }
        }
    }
    emit("S3", &all, take);
}

/// Something in a file.
enum Found {
    Rule(Box<Rule>),
    Wrong(String),
    Other(String),
}

/// All of a file, by lines; or what is wrong with it.
type FoundLines = Result<Vec<(u32, Found)>, (u32, String)>;

fn of_json(text: &[u8]) -> FoundLines {
    let read = match text.trim_ascii_start().first() {
        // The list alone, as the console shows it.
        Some(b'[') => {
            let (_, list) = Document::read::<&RawValue>(text, WHAT)?;
            [("RoutingRules".to_owned(), list)].into()
        }
        _ => Document::read::<Fields<'_>>(text, WHAT)?.1,
    };
    let mut found = Vec::new();
    let known = ["RoutingRules", "RedirectAllRequestsTo", "IndexDocument", "ErrorDocument"];
    if !read.keys().any(|name| known.contains(&&**name)) {
        return Err((1, lacks(WHAT, read.keys())));
    }
    for (name, value) in &read {
        let line = Document::of(text).line(value);
        match &**name {
            "RoutingRules" => {
                let mut document = Document::of(text);
                for raw in items(value, "a list of rules").map_err(|why| (line, why))? {
                    let rule = part::<Rule>(raw, "a rule");
                    let rule = rule.map_or_else(Found::Wrong, |rule| Found::Rule(Box::new(rule)));
                    found.push((document.line(raw), rule));
                }
            }
            "RedirectAllRequestsTo" => {
                let all = part::<Redirect>(value, "a redirect")
                    .map(|redirect| Rule { condition: Condition::default(), redirect });
                let all = all.map_or_else(Found::Wrong, |rule| Found::Rule(Box::new(rule)));
                found.push((line, all));
            }
            name => found.push((line, Found::Other(shown(name.as_bytes())))),
        }
    }
    Ok(found)
}

/// An element that is open: its name, its text, and where it begins.
struct Element {
    name: String,
    text: String,
    line: u32,
}

fn of_xml(text: &[u8]) -> FoundLines {
    // Asked for ever later places, each of which goes on from the last.
    let (mut seen, mut lines) = (0, 1);
    let mut line_at = |at: u64| {
        let at = usize::try_from(at).unwrap_or(text.len()).clamp(seen, text.len());
        lines += memchr::memchr_iter(b'\n', &text[seen..at]).count() as u32;
        seen = at;
        lines
    };
    let text = core::str::from_utf8(text)
        .map_err(|error| (line_at(error.valid_up_to() as u64), NOT_UTF8.to_owned()))?;
    let mut reader = quick_xml::Reader::from_str(text);
    let mut rules = XmlRules::default();
    loop {
        // What stands before an event was read before.
        let line = line_at(reader.buffer_position());
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => rules.event(&event, line),
            Err(error) => {
                let why = format!("not readable as XML: {error} (nothing of it was read)");
                return Err((line_at(reader.error_position()), why));
            }
        }
    }
    if let Some(element) = rules.open.first() {
        let why = format!("<{}> is not closed (nothing of it was read)", element.name);
        return Err((element.line, why));
    }
    if rules.found.is_empty() {
        return Err((1, "not the XML of an S3 website configuration: no RoutingRule in it".into()));
    }
    Ok(rules.found)
}

/// The rules of a text in XML, as far as it was read.
#[derive(Default)]
struct XmlRules {
    open: Vec<Element>,
    rule: Rule,
    wrong: Option<String>,
    found: Vec<(u32, Found)>,
}

impl XmlRules {
    fn event(&mut self, event: &Event<'_>, line: u32) {
        match event {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                match &*name {
                    "RoutingRule" | "RedirectAllRequestsTo" => {
                        (self.rule, self.wrong) = (Rule::default(), None);
                    }
                    "IndexDocument" | "ErrorDocument" => {
                        self.found.push((line, Found::Other(name.clone())));
                    }
                    _ => {}
                }
                self.open.push(Element { name, text: String::new(), line });
            }
            Event::Text(part) => self.text(part),
            Event::CData(part) => self.text(part),
            Event::GeneralRef(name) => match quick_xml::escape::resolve_predefined_entity(name) {
                Some(text) => self.text(text),
                None => {
                    let name = shown(name.as_bytes());
                    self.wrong = Some(format!("`&{name};` is not understood; write the character"));
                }
            },
            Event::End(_) => self.end(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
    }

    fn end(&mut self) {
        let Some(element) = self.open.pop() else { return };
        let is_in = |outer: &str| self.open.iter().any(|it| it.name == outer);
        match &*element.name {
            "RoutingRule" | "RedirectAllRequestsTo" => {
                let rule = core::mem::take(&mut self.rule);
                let wrong = self.wrong.take().map(Found::Wrong);
                let made = wrong.unwrap_or(Found::Rule(Box::new(rule)));
                self.found.push((element.line, made));
            }
            _ if is_in("RoutingRule") || is_in("RedirectAllRequestsTo") => {
                let text = element.text.trim().to_owned();
                if let Err(message) = self.rule.put(&element.name, text) {
                    self.wrong.get_or_insert(message);
                }
            }
            _ => {}
        }
    }
}

const NOT_UTF8: &str = "the file is not UTF-8; save it as UTF-8";

impl Rule {
    fn put(&mut self, name: &str, text: String) -> Result<(), String> {
        let place = match name {
            "Condition" | "Redirect" => return Ok(()),
            "KeyPrefixEquals" => &mut self.condition.key_prefix_equals,
            "HttpErrorCodeReturnedEquals" => &mut self.condition.http_error_code_returned_equals,
            "HostName" => &mut self.redirect.host_name,
            "Protocol" => &mut self.redirect.protocol,
            "ReplaceKeyPrefixWith" => &mut self.redirect.replace_key_prefix_with,
            "ReplaceKeyWith" => &mut self.redirect.replace_key_with,
            "HttpRedirectCode" => &mut self.redirect.http_redirect_code,
            _ => return Err(format!("`{name}` is not understood; leave it out")),
        };
        *place = Some(text);
        Ok(())
    }
}

fn rows(rule: &Rule, line: u32, help: &Help<'_>) -> Result<Vec<OrderedRule>, String> {
    let Rule { condition, redirect } = rule;
    if let Some(code) = &condition.http_error_code_returned_equals {
        return Err(format!(
            "it answers where S3 has an error {}, which no key says; leave it out, or use --fallback",
            shown(code.as_bytes())
        ));
    }
    let mut said = vec![QUERY.to_owned()];
    let origin = match (&redirect.protocol, &redirect.host_name, help.base) {
        (Some(protocol), Some(host), _) => format!("{protocol}://{host}"),
        (None, Some(host), _) => {
            said.push(SCHEME.to_owned());
            format!("https://{host}")
        }
        (protocol, None, Some(base)) => match protocol {
            Some(protocol) => {
                format!("{protocol}://{}", base.split_once("://").map_or(base, |(_, host)| host))
            }
            None => base.to_owned(),
        },
        (_, None, None) => {
            return Err("it names no host; say which with --base https://host".to_owned());
        }
    };
    let spelled = |text: &str| {
        let mut out = Vec::new();
        push_literal(text.as_bytes(), &mut out).map(|()| out)
    };
    let prefix = condition.key_prefix_equals.as_deref().unwrap_or_default();
    let key = [&b"/"[..], &spelled(prefix)?].concat();
    let status = redirect.http_redirect_code.clone().unwrap_or_else(|| "301".to_owned());
    let status = if status.is_empty() { "301".to_owned() } else { status };
    let base = [origin.as_bytes(), b"/"].concat();
    let target = |rest: &[u8]| -> Result<Vec<u8>, String> {
        Ok(match (&redirect.replace_key_with, &redirect.replace_key_prefix_with) {
            (Some(_), Some(_)) => {
                return Err("ReplaceKeyWith and ReplaceKeyPrefixWith exclude each other".to_owned());
            }
            (Some(with), None) => [&base, with.as_bytes()].concat(),
            (None, Some(with)) => [&base, with.as_bytes(), rest].concat(),
            (None, None) => [&base, &key[1..], rest].concat(),
        })
    };
    let rule = |key: Vec<u8>, target: Vec<u8>, said: Vec<String>| OrderedRule {
        line,
        key,
        target,
        status: status.clone(),
        said,
        ..OrderedRule::default()
    };
    if key.ends_with(b"/") {
        let all = [&key, &b"*"[..]].concat();
        return Ok(vec![rule(all, target(b":splat")?, said)]);
    }
    said.push(ANYWHERE.to_owned());
    let below = [&key, &b"/*"[..]].concat();
    Ok(vec![rule(key.clone(), target(b"")?, said.clone()), rule(below, target(b"/:splat")?, said)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::formats::row::{self, written};

    fn check(text: &str, want: &[&str]) {
        let help = Help { base: Some("https://b"), ..Help::default() };
        let rows = written(|take| read(text.as_bytes(), &help, take));
        row::compare(text, &rows, want);
    }

    #[test]
    fn rules_in_json() {
        check(
            r#"{"RoutingRules":[
{"Condition":{"KeyPrefixEquals":"docs/"},"Redirect":{"HostName":"x","Protocol":"https","ReplaceKeyPrefixWith":"d/"}},
{"Condition":{"KeyPrefixEquals":"a"},"Redirect":{"ReplaceKeyWith":"z","HttpRedirectCode":"302"}},
{"Condition":{"HttpErrorCodeReturnedEquals":"404"},"Redirect":{"HostName":"x"}},
{"Redirect":{"HostName":"x","What":"y"}}],
"IndexDocument":{"Suffix":"index.html"}}"#,
            &[
                "6 -",
                "2 ~/docs/*|https://x/d/:splat|301",
                "3 ~/a|https://b/z|302",
                "3 ~/a/*|https://b/z|302",
                "4 !an error 404",
                "5 !unknown field `What`",
            ],
        );
        check(
            r#"{"RedirectAllRequestsTo":{"HostName":"x","Protocol":"http"}}"#,
            &["1 ~/*|http://x/:splat|301"],
        );
        check(r#"[{"Redirect":{"HostName":"x"}}]"#, &["1 ~/*|https://x/:splat|301"]);
        check(r#"{"Rules":[]}"#, &["1 !an object with the keys Rules"]);
        check("{", &["1 !not an S3 website configuration"]);
    }

    #[test]
    fn rules_in_xml() {
        check(
            "<?xml version=\"1.0\"?>\n<WebsiteConfiguration><RoutingRules>\n<RoutingRule>\n\
             <Condition><KeyPrefixEquals>a&amp;b/</KeyPrefixEquals></Condition>\n\
             <Redirect><HostName>x</HostName><Protocol>https</Protocol></Redirect></RoutingRule>\
             </RoutingRules></WebsiteConfiguration>",
            &["3 ~/a&b/*|https://x/a&b/:splat|301"],
        );
        check(
            "<WebsiteConfiguration><RedirectAllRequestsTo><HostName>x</HostName><Protocol>https\
             </Protocol></RedirectAllRequestsTo></WebsiteConfiguration>",
            &["1 ~/*|https://x/:splat|301"],
        );
        check(
            "<RoutingRules><RoutingRule><Redirect><X>y</X></Redirect></RoutingRule></RoutingRules>",
            &["1 !`X` is not understood"],
        );
        check("<a>\n<b></a>", &["2 !not readable as XML"]);
        check("<a></a>", &["1 !no RoutingRule in it"]);
        check("<RoutingRules><RoutingRule>", &["1 !<RoutingRules> is not closed"]);
    }
}
