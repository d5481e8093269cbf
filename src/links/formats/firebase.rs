//! `firebase.json`: the redirects of its hosting, as Firebase's own superstatic takes them:
//! globs, or expressions that are found anywhere. The first that fits answers.

mod source;
mod template;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::claimed::of_pattern;
use super::json::{Document, Fields, by_lines, is_nothing, items, lacks, of_source, part};
use super::named::Naming;
use super::ordered::{Ordered, OrderedRule, emit};
use super::paths::{plain_path, push_literal};
use super::regex::{self, Fill, Filled, Subject};
use super::region::Region;
use super::row::Line;
use super::source::Help;
use super::value::behind_fragment;
use crate::links::bytes::shown;
use source::Source;
use template::Empty;

#[derive(Deserialize)]
struct Redirect {
    source: Option<String>,
    glob: Option<String>,
    regex: Option<String>,
    destination: String,
    #[serde(rename = "type")]
    status: Option<u16>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

const WHAT: &str =
    "a firebase.json, {\"hosting\":{\"redirects\":[{\"source\":…,\"destination\":…}]}}";
const DOTS: &str =
    "to Firebase a `*` takes no segment that begins with a dot, as .well-known; here it does";
const SLASHES: &str =
    "Firebase leaves a slash at the end of what was captured out; here it is sent";
const ESCAPES: &str =
    "Firebase reads and writes the escapes of its target anew; here they are sent as they stand";
const EMPTY: &str =
    "Firebase answers nothing where nothing was captured that it could send; here it is answered";
const PARAMETERS: &str = "a parameter that target and visitor both have is sent once here";

pub(super) fn read(text: &[u8], help: &Help<'_>, take: &mut dyn FnMut(u32, Line<'_>)) {
    let mut all = Vec::new();
    match sites(text) {
        Ok((others, sites)) => {
            for site in sites {
                redirects(text, site, help, &mut all);
            }
            all.extend(others.into_iter().map(|(line, name)| Ordered::Other(line, name)));
        }
        Err((line, message)) => all.push(Ordered::Refused(line, message)),
    }
    emit("Firebase", &all, take);
}

/// What else stands in a file, by lines.
type OtherFields = Vec<(u32, String)>;

/// The sites of a file.
fn sites(text: &[u8]) -> Result<(OtherFields, Vec<&RawValue>), (u32, String)> {
    let (_, mut fields) = Document::read::<Fields<'_>>(text, WHAT)?;
    let hosting = fields.remove("hosting");
    let others =
        fields.iter().map(|(name, value)| (Document::of(text).line(value), shown(name.as_bytes())));
    let others: OtherFields = others.collect();
    let hosting = hosting.ok_or_else(|| (1, lacks(WHAT, fields.keys())))?;
    if !hosting.get().starts_with('[') {
        return Ok((others, vec![hosting]));
    }
    let line = Document::of(text).line(hosting);
    let sites = items(hosting, "a list of sites").map_err(|why| (line, why))?;
    match sites.len() {
        0 | 1 => Ok((others, sites)),
        _ => Err((
            line,
            "it has several sites, each with a host of its own, which is not in the file; give each \
             as a file of its own"
                .to_owned(),
        )),
    }
}

fn redirects(text: &[u8], site: &RawValue, help: &Help<'_>, all: &mut Vec<Ordered>) {
    let line = Document::of(text).line(site);
    let mut fields: Fields<'_> = match part(site, "a site") {
        Ok(fields) => fields,
        Err(message) => return all.push(Ordered::Refused(line, message)),
    };
    let list = fields.remove("redirects").map(|list| items(list, "a list of redirects"));
    match list {
        None => {}
        Some(Err(message)) => all.push(Ordered::Refused(line, message)),
        Some(Ok(list)) => {
            let mut document = Document::of(text);
            for (line, shares, raw) in by_lines(&mut document, list) {
                let made = part(raw, "a redirect").and_then(|redirect: Redirect| {
                    let made = rows(&redirect, line, help);
                    all.extend(made.is_err().then(|| Ordered::Claim(line, claimed(&redirect))));
                    made
                });
                match made {
                    Ok(rules) => all.extend(rules.into_iter().map(Ordered::Rule)),
                    Err(message) if shares => {
                        all.push(Ordered::Refused(line, of_source(raw, message)));
                    }
                    Err(message) => all.push(Ordered::Refused(line, message)),
                }
            }
        }
    }
    for (name, value) in &fields {
        let line = Document::of(text).line(value);
        let what = shown(name.as_bytes());
        let value: Value = serde_json::from_str(value.get()).unwrap_or_default();
        all.push(match (&**name, value == true || name == "trailingSlash") {
            ("cleanUrls" | "trailingSlash", true) => Ordered::Refused(
                line,
                format!("`{what}` redirects paths, too, and no key says it; leave it out"),
            ),
            _ => Ordered::Other(line, what),
        });
    }
}

fn rows(redirect: &Redirect, line: u32, help: &Help<'_>) -> Result<Vec<OrderedRule>, String> {
    if let Some((name, _)) = redirect.others.iter().find(|(_, value)| !is_nothing(value)) {
        return Err(format!("`{}` is not understood; leave it out", shown(name.as_bytes())));
    }
    let glob = redirect.source.as_ref().or(redirect.glob.as_ref());
    let captures = template::is_filled(&redirect.destination);
    let mut source = match (glob, &redirect.regex) {
        (Some(glob), None) if captures => named(glob)?,
        (Some(glob), None) => plain(glob)?,
        (None, Some(regex)) => expression(regex)?,
        _ => return Err("it has no source; write one: \"source\": \"/path\"".to_owned()),
    };
    template::check(&redirect.destination, &source)?;
    let says = [('?', PARAMETERS), ('%', ESCAPES)].into_iter();
    let says = says.filter(|(byte, _)| redirect.destination.contains(*byte));
    source.said.extend(says.map(|(_, what)| what.to_owned()));
    // What stands before a rest goes with it.
    let rest = source.names.iter().find(|name| name.ends_with('*'));
    let mut destination = redirect.destination.clone();
    if let Some(rest) = rest {
        let bare = rest.trim_end_matches('*');
        in_path(&destination, bare)?;
        destination = destination.replace(&format!("/:{bare}*"), &format!(":{bare}"));
        destination = destination.replace(&format!("/:{bare}"), &format!(":{bare}"));
    }
    let names: Vec<String> =
        source.names.iter().map(|name| name.trim_end_matches('*').to_owned()).collect();
    let numbers = captures && source.is_expression;
    let naming = Naming { names: &names, dollars: false, numbers, any_case: source.any_case };
    let status = redirect.status.unwrap_or(301).to_string();
    let keys = core::mem::take(&mut source.shape.keys);
    let empty = |filled: &Filled| template::may_be_empty(&redirect.destination, &source, filled);
    keys.iter()
        .filter(|filled| empty(filled) != Empty::Always)
        .map(|filled| {
            plain_path(&filled.key, "Firebase")?;
            let empty = (empty(filled) == Empty::Sometimes).then(|| EMPTY.to_owned());
            let made = naming.target(destination.as_bytes(), &source.shape, filled, help.base)?;
            let fragment = behind_fragment(&made.target, true, "Firebase");
            let said = source.said.iter().cloned();
            Ok(OrderedRule {
                line,
                key: filled.key.clone(),
                target: made.target,
                status: status.clone(),
                keeps_query: true,
                any_case: source.any_case,
                said: said.chain(made.said).chain(fragment).chain(empty).collect(),
            })
        })
        .collect()
}

/// Refuses a destination that has what `:name*` captured elsewhere than as segments of its path.
fn in_path(destination: &str, name: &str) -> Result<(), String> {
    let path = destination.find(['?', '#']).unwrap_or(destination.len());
    let named = format!(":{name}");
    let is_in_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let mut places = destination.match_indices(&named).map(|(at, _)| at);
    let is_odd = |at: usize| {
        let is_it = !destination[at + named.len()..].starts_with(is_in_name);
        is_it && (at > path || !destination[..at].ends_with('/'))
    };
    if places.any(is_odd) {
        return Err(format!(
            "the destination has :{name}* elsewhere than behind a slash of its path, where no link puts \
             several segments; leave it out there"
        ));
    }
    Ok(())
}

/// What a redirect is for that no key says.
fn claimed(redirect: &Redirect) -> Vec<Region> {
    match (redirect.source.as_ref().or(redirect.glob.as_ref()), &redirect.regex) {
        (Some(glob), _) => of_pattern(&rooted(glob), false),
        // Without a `^` it is found anywhere.
        (None, Some(regex)) => match regex.strip_prefix('^') {
            Some(rest) if !regex.contains('|') => of_pattern(rest.trim_end_matches('$'), false),
            _ => vec![Region::below(Vec::new(), false)],
        },
        (None, None) => Vec::new(),
    }
}

/// A glob as superstatic takes it: with a slash in front, and single ones.
fn rooted(glob: &str) -> String {
    let mut rooted = String::new();
    for segment in glob.split(['/', '\\']).filter(|it| !it.is_empty()) {
        rooted.push('/');
        rooted.push_str(segment);
    }
    if rooted.is_empty() || glob.ends_with(['/', '\\']) {
        rooted.push('/');
    }
    rooted
}

fn key(key: Vec<u8>, fills: Vec<Fill>) -> Filled {
    Filled { key, fills }
}

/// A glob without captures, as minimatch takes it.
fn plain(glob: &str) -> Result<Source, String> {
    let glob = rooted(glob);
    let refused = || {
        format!(
            "no key stands for the glob `{}`; write paths, /path/*, /path/** or /path{{,/**}}",
            shown(glob.as_bytes())
        )
    };
    let literal = |text: &str| {
        if text.contains(['*', '?', '[', '{', '(', '!', '+', '@', '\\']) {
            return Err(refused());
        }
        let mut key = Vec::new();
        push_literal(text.as_bytes(), &mut key)?;
        Ok(key)
    };
    let mut source = Source::default();
    let mut put = |path: Vec<u8>| source.shape.keys.push(key(path, Vec::new()));
    if let Some(above) = glob.strip_suffix("{,/**}") {
        let above = literal(above)?;
        put(above.clone());
        put([&above, &b"/*"[..]].concat());
        source.said.push(DOTS.to_owned());
    } else if let Some(above) = glob.strip_suffix("/**") {
        put([&literal(above)?, &b"/*"[..]].concat());
        source.said.push(DOTS.to_owned());
    } else if let Some(above) = glob.strip_suffix("/*") {
        let above = literal(above)?;
        put([&above, &b"/:p1"[..]].concat());
        put([&above, &b"/:p1/"[..]].concat());
        source.said.push(DOTS.to_owned());
    } else {
        let path = literal(&glob)?;
        put(path.clone());
        if !path.ends_with(b"/") {
            put([&path, &b"/"[..]].concat());
        }
    }
    Ok(source)
}

/// A glob with `:name` segments, which path-to-regexp 1 takes, in any case.
fn named(glob: &str) -> Result<Source, String> {
    let glob = rooted(glob);
    if glob.starts_with("/!") {
        return Err("a source that begins with `!` is for all others; write theirs".to_owned());
    }
    let mut source = Source { any_case: true, ..Source::default() };
    let mut path = Vec::new();
    let mut fills = Vec::new();
    let mut segments = glob[1..].split('/').peekable();
    let fill = |text: &[u8]| Fill { text: text.to_vec(), query: false };
    while let Some(segment) = segments.next() {
        let Some(name) = segment.strip_prefix(':') else {
            if segment.contains(['*', '?', '(', '{', ':', '+', '\\']) {
                return Err(format!(
                    "no key stands for `{}` in a source; write whole segments as :name",
                    shown(segment.as_bytes())
                ));
            }
            path.push(b'/');
            push_literal(segment.as_bytes(), &mut path)?;
            continue;
        };
        let bare = name.strip_suffix('*').unwrap_or(name);
        if bare.is_empty() || !bare.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_') {
            return Err(format!("`:{}` is no name; write :name", shown(name.as_bytes())));
        }
        if source.names.iter().any(|it| it.trim_end_matches('*') == bare) {
            return Err(format!("its source has `:{bare}` twice; give each a name of its own"));
        }
        source.names.push(name.to_owned());
        source.shape.names.push(Vec::new());
        if bare.len() < name.len() {
            if segments.peek().is_some() {
                return Err("`:name*` stands before the end; write it last".to_owned());
            }
            source.said.push(SLASHES.to_owned());
            let mut all = fills.clone();
            all.push(fill(b"/:splat"));
            source.shape.keys.push(key([&path, &b"/*"[..]].concat(), all));
            fills.push(fill(b""));
            if !path.is_empty() {
                source.shape.keys.push(key(path, fills));
            }
            return Ok(source);
        }
        path.extend_from_slice(b"/:");
        let own = format!("p{}", source.names.len());
        path.extend_from_slice(own.as_bytes());
        fills.push(fill(format!(":{own}").as_bytes()));
    }
    if source.names.is_empty() {
        return Err("its destination names what its source does not have; name it there".to_owned());
    }
    source.shape.keys.push(key(path.clone(), fills.clone()));
    if !path.ends_with(b"/") {
        source.shape.keys.push(key([&path, &b"/"[..]].concat(), fills));
    }
    Ok(source)
}

fn expression(regex: &str) -> Result<Source, String> {
    let mut shape = regex::read(regex.as_bytes(), Subject::default())?;
    let names = shape.names.iter().map(|name| String::from_utf8_lossy(name).into_owned());
    let names = names.collect();
    let said = shape.changed.take().into_iter().collect();
    let any_case = shape.any_case;
    Ok(Source { shape, names, any_case, is_expression: true, said })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::formats::row::written;

    fn check(redirects: &str, want: &[&str]) {
        check_file(&format!("{{\"hosting\":{{\"redirects\":[{redirects}]}}}}"), want);
    }

    fn check_file(text: &str, want: &[&str]) {
        let help = Help { base: Some("https://b"), ..Help::default() };
        let rows = written(|take| read(text.as_bytes(), &help, take));
        let same = rows.len() == want.len()
            && rows.iter().zip(want).all(|(row, want)| match want.strip_prefix('!') {
                Some(part) => row.split_once(" !").is_some_and(|(_, said)| said.contains(part)),
                None => match want.strip_prefix('~') {
                    Some(want) => row.split_once(" ~").is_some_and(|(row, _)| row.ends_with(want)),
                    None => row.ends_with(&format!(" {want}")),
                },
            });
        assert!(same, "{text}: {rows:#?}");
    }

    fn one(source: &str, destination: &str, want: &[&str]) {
        check(
            &format!(r#"{{"source":"{source}","destination":"{destination}","type":302}}"#),
            want,
        );
    }

    #[test]
    fn globs() {
        let both = ["/foo|https://b/bar|302|query=keep", "/foo/|https://b/bar|302|query=keep"];
        one("/foo", "/bar", &both);
        one("foo", "/bar", &both);
        one("/foo/", "/bar", &both[1..]);
        one("/foo/", "/bar#y", &["~/foo/|https://b/bar#y|302|query=keep"]);
        one("/foo/**", "/bar?y", &["~/foo/*|https://b/bar?y|302|query=keep"]);
        one(
            "/foo{,/**}",
            "/bar",
            &["~/foo|https://b/bar|302|query=keep", "~/foo/*|https://b/bar|302|query=keep"],
        );
        one(
            "/foo/*",
            "/bar",
            &["~/foo/:p1|https://b/bar|302|query=keep", "~/foo/:p1/|https://b/bar|302|query=keep"],
        );
        one("/@(a|b)", "/bar", &["!no key stands for the glob"]);
        one("/b/:id", "/bar", &["!has a segment that begins with a colon"]);
    }

    #[test]
    fn captures() {
        one(
            "/b/:id",
            "/c/:id",
            &[
                "/b/:p1|https://b/c/:p1|302|query=keep|nocase=",
                "/b/:p1/|https://b/c/:p1|302|query=keep|nocase=",
            ],
        );
        one(
            "/b/:id*",
            "https://x/c/:id*",
            &[
                "~/b/*|https://x/c/:splat|302|query=keep|nocase=",
                "~/b|https://x/c|302|query=keep|nocase=",
            ],
        );
        one("/b/:id*", "/c/:x/?id=:id*", &["!elsewhere than behind a slash of its path"]);
        one("/b/:id*", "/c/x?y=/:id*", &["!elsewhere than behind a slash of its path"]);
        one("/b/:id*", "/:id*/c-:id*", &["!elsewhere than behind a slash of its path"]);
        one("/b/:id", "/c/:no", &["!names :no"]);
        check(
            r#"{"regex":"^/r/(.*)$","destination":"/c/:1"}"#,
            &["~/r/*|https://b/c/:splat|301|query=keep"],
        );
        check(r#"{"regex":"/r/x","destination":"/c"}"#, &["!does not begin with ^"]);
        let later = r#",{"source":"/a/b/","destination":"/c"}"#;
        let rows = |first: &str, row| check(&format!("{first}{later}"), &["!", row]);
        rows(r#"{"source":"/a/@(b|c)/","destination":"/c"}"#, "~/a/b/|https://b/c|301|query=keep");
        rows(r#"{"regex":"b/$","destination":"/c"}"#, "~/a/b/|https://b/c|301|query=keep");
        rows(r#"{"source":"/c/@(b|c)/","destination":"/c"}"#, "/a/b/|https://b/c|301|query=keep");
    }

    #[test]
    fn files() {
        check_file(
            "{\"hosting\":{\"public\":\"p\",\n\"cleanUrls\":true}, \"functions\":{}}",
            &["!`cleanUrls` redirects", "-", "-"],
        );
        check_file(r#"{"hosting":[{},{}]}"#, &["!several sites"]);
        check_file(r#"{"functions":{}}"#, &["!an object with the keys functions"]);
        check(r#"{"destination":"/c"}"#, &["!it has no source"]);
    }
}
