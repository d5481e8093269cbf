//! Conditions: `if (…)`.

use super::super::value::variables;
use super::paths::Paths;
use super::redirect::{Context, Test, Want};
use crate::links::bytes::shown;
use crate::links::formats::regex::{self, Filled, Subject};

const PARAMETERS: &str = "nginx compares the query as it stands; here its parameters may come in any order, with others between them";
const NO_QUERY: &str =
    "nginx compares it with path and query; here it also answers with a query behind it";
const ANY_VALUE: &str = "nginx does not answer where the parameter is empty or 0; here it does";

/// The context within an `if`.
pub(super) fn condition(words: &[Vec<u8>], context: &Context) -> Context {
    let mut within = Context { in_condition: true, ..context.clone() };
    let joined = words[1..].join(&b' ');
    let inside = joined.strip_prefix(b"(").and_then(|inside| inside.strip_suffix(b")"));
    let inside = inside.unwrap_or(&joined).trim_ascii();
    let mut parts: Vec<&[u8]> = inside.splitn(3, |&byte| byte == b' ').collect();
    if let [_, b"=" | b"!="] = parts[..] {
        // What stood there in quotes was empty.
        parts.push(b"");
    }
    if let Err(why) = within.asks(&parts)
        && within.never.is_none()
    {
        within.never = Some(format!(
            "no key can ask `if ({})`{why}; write its links one by one",
            shown(inside)
        ));
    }
    within
}

impl Context {
    /// Notes what a condition asks; else why no key can.
    fn asks(&mut self, parts: &[&[u8]]) -> Result<(), String> {
        let no = Err(String::new());
        match *parts {
            [variable] => self.wants(variable, Test::Set),
            [b"$scheme", b"=", b"http"]
            | [b"$scheme", b"!=", b"https"]
            | [b"$https", b"=", b"" | b"off"]
            | [b"$https", b"!=", b"on"]
            | [b"$http_x_forwarded_proto", b"=", b"http"]
            | [b"$http_x_forwarded_proto", b"!=", b"https"] => {
                self.http_only = true;
                Ok(())
            }
            [b"$host" | b"$http_host", operator, host] => self.host(operator, host),
            [b"$uri" | b"$document_uri", b"=", path] => {
                self.within_paths(Paths::of_text(path).map_err(|why| format!(": {why}"))?)
            }
            [b"$request_uri", b"=", path] => self.request_uri(path),
            [variable @ (b"$uri" | b"$document_uri" | b"$request_uri"), operator, expression]
                if matches!(operator, b"~" | b"~*") =>
            {
                let raw = variable == b"$request_uri";
                let subject = Subject { raw, ..Subject::default() };
                let paths = Paths::matched(expression, operator == b"~*", subject);
                self.within_paths(paths.map_err(|why| format!(": {why}"))?)
            }
            [b"$args" | b"$query_string", b"=", query] if !query.is_empty() => {
                let query = query.strip_prefix(b"?").unwrap_or(query);
                self.parameter(query);
                self.changed = Some(PARAMETERS.to_owned());
                Ok(())
            }
            [variable, b"=", value] => match argument(variable) {
                Some(_) if value.is_empty() => no,
                Some(name) => {
                    self.parameter(&[name, b"=", &escaped(value)].concat());
                    Ok(())
                }
                None => self.wants(variable, Test::Is(value.to_vec())),
            },
            [variable, b"!=", value] => match argument(variable) {
                Some(_) if value.is_empty() => self.wants(variable, Test::Set),
                _ => self.wants(variable, Test::IsNot(value.to_vec())),
            },
            _ => no,
        }
    }

    fn host(&mut self, operator: &[u8], host: &[u8]) -> Result<(), String> {
        if matches!(operator, b"~" | b"~*") {
            return self.host_matches(host, operator == b"~*");
        }
        let host_is = host.to_ascii_lowercase();
        if host_is != host {
            return Err(": $host is in lower case".to_owned());
        }
        let below = |name: &Vec<u8>| {
            name.strip_prefix(b"*").is_some_and(|domain| host_is.ends_with(domain))
        };
        match operator {
            b"=" => {
                let known = self.hosts.iter().any(|name| *name == host_is || below(name));
                if !known && !self.hosts.is_empty() && !self.answers_others {
                    return Err(": its server is not asked for that host".to_owned());
                }
                self.hosts = vec![host_is];
                Ok(())
            }
            b"!=" if !self.hosts.is_empty() && !self.hosts.iter().any(below) => {
                self.hosts.retain(|name| *name != host_is);
                self.leaves_hosts = true;
                match self.hosts.is_empty() {
                    true => Err(": its server has no other name".to_owned()),
                    false => Ok(()),
                }
            }
            b"!=" => Err(": the other hosts are not named".to_owned()),
            _ => Err(String::new()),
        }
    }

    /// An expression of hosts is tried on those that the server has.
    fn host_matches(&mut self, expression: &[u8], any_case: bool) -> Result<(), String> {
        if self.hosts.is_empty() || self.hosts.iter().any(|name| name.starts_with(b"*")) {
            return Err(": the hosts are not named".to_owned());
        }
        let (shape, matched) = regex::of_hosts(expression, any_case, &self.hosts)
            .map_err(|why| format!(": `{}` {why}", shown(expression)))?;
        self.leaves_hosts = true;
        let [(_, fills)] = &matched[..] else {
            if matched.is_empty() || !shape.names.is_empty() {
                return Err(": it matches not one of the names of its server".to_owned());
            }
            self.hosts = matched.into_iter().map(|(host, _)| host).collect();
            return Ok(());
        };
        let filled = Filled { key: b"/*".to_vec(), fills: fills.clone() };
        let paths = Paths { keys: vec![filled], shape: Some(shape), ..Paths::default() };
        self.hosts = matched.iter().map(|(host, _)| host.clone()).collect();
        self.within_paths(paths)
    }

    fn within_paths(&mut self, paths: Paths) -> Result<(), String> {
        match self.paths.is_some() {
            true => Err(": another one is around it".to_owned()),
            false => {
                self.paths = Some(paths);
                Ok(())
            }
        }
    }

    fn request_uri(&mut self, path: &[u8]) -> Result<(), String> {
        if path.contains(&b'*') {
            return Err(": a `*` that stands for itself is no part of a key".to_owned());
        }
        let what = if path.contains(&b'?') { PARAMETERS } else { NO_QUERY };
        let changed = Some(what.to_owned());
        self.within_paths(Paths { changed, ..Paths::of(path.to_vec()) })
    }

    fn parameter(&mut self, text: &[u8]) {
        self.query.push(if self.query.is_empty() { b'?' } else { b'&' });
        self.query.extend_from_slice(text);
    }

    fn wants(&mut self, variable: &[u8], test: Test) -> Result<(), String> {
        if let (Some(name), Test::Set) = (argument(variable), &test) {
            self.parameter(&[name, b"=*"].concat());
            self.changed = Some(ANY_VALUE.to_owned());
            return Ok(());
        }
        let name = name_of(variable).ok_or_else(String::new)?;
        self.wants.push(Want { name: name.to_vec(), test });
        Ok(())
    }
}

/// The name of the parameter that `$arg_name` is.
fn argument(variable: &[u8]) -> Option<&[u8]> {
    name_of(variable)?.strip_prefix(b"arg_").filter(|name| !name.is_empty())
}

/// A value, as a key has it: nginx does not decode it.
pub(super) fn escaped(value: &[u8]) -> Vec<u8> {
    if value == b"*" { b"%2A".to_vec() } else { value.to_vec() }
}

/// The name of a variable that is all of `text`.
fn name_of(text: &[u8]) -> Option<&[u8]> {
    let mut names = variables(text);
    let name = names.next()?;
    (text.first() == Some(&b'$') && text.len() <= name.len() + 3 && names.next().is_none())
        .then_some(name)
}
