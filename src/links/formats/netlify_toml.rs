//! `netlify.toml`: its `[[redirects]]`, which mean what the lines of `_redirects` do.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::redirects::{self, Dialect};
use super::row::Line;
use super::source::Help;
use crate::links::bytes::shown;

/// Keys that mean the same; of those in a redirect the first one counts.
const FROM: [&str; 2] = ["from", "origin"];
const TO: [&str; 2] = ["to", "destination"];
const QUERY: [&str; 3] = ["query", "params", "parameters"];
/// Keys of a redirect that mean nothing where nothing is served.
const IDLE: [&str; 2] = ["headers", "edge_handler"];

pub(super) fn read(text: &[u8], help: &Help<'_>, take: &mut dyn FnMut(u32, Line<'_>)) {
    let line_at = |at: usize| memchr::memchr_iter(b'\n', &text[..at.min(text.len())]).count() + 1;
    let Ok(document) = core::str::from_utf8(text) else {
        return take(1, Line::Refused("the file is not UTF-8; save it as UTF-8".to_owned()));
    };
    let table = match DeTable::parse(document) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            let line = error.span().map_or(1, |span| line_at(span.start));
            let message =
                format!("not readable as TOML: {} (nothing of it was read)", error.message());
            return take(line as u32, Line::Refused(message));
        }
    };
    // The lines of `_redirects` that they are, each where its source stands.
    let mut lines: Vec<(usize, Vec<u8>)> = Vec::new();
    for (name, value) in &table {
        let line = line_at(name.span().start);
        if name.get_ref() != "redirects" {
            take(line as u32, Line::Other(format!("[{}]", name.get_ref())));
            continue;
        }
        let Some(list) = value.get_ref().as_array() else {
            let message = "redirects are written as [[redirects]]".to_owned();
            take(line as u32, Line::Refused(message));
            continue;
        };
        for item in list {
            let place = item.get_ref().as_table();
            let place = place.and_then(|table| FROM.iter().find_map(|name| table.get(*name)));
            let line = line_at(place.map_or(item.span(), Spanned::span).start);
            match item.get_ref().as_table().ok_or("not a table".to_owned()).and_then(columns) {
                Ok(columns) => lines.push((line, columns.join(&b' '))),
                Err(message) => take(line as u32, Line::Refused(message)),
            }
        }
    }
    // Several may stand on one line, in a list.
    lines.sort_by_key(|(line, _)| *line);
    let mut written = Vec::new();
    let mut places = Vec::new();
    for (line, columns) in &lines {
        written.extend_from_slice(columns);
        written.push(b'\n');
        places.push(*line as u32);
    }
    redirects::read(&written, Dialect::Netlify, help, &mut |at, row| {
        let line = places.get(at.saturating_sub(1) as usize).copied().unwrap_or(at);
        take(line, placed(row, &places));
    });
}

/// The same, with lines of the file where a message names those that were written.
fn placed<'r>(row: Line<'r>, places: &[u32]) -> Line<'r> {
    let place = |message: String| {
        let ways = ["takes line ", "looks at line "];
        let found = ways.iter().find_map(|way| Some(message.find(way)? + way.len()));
        let Some(at) = found else { return message };
        let (before, rest) = message.split_at(at);
        let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        let known = rest[..end].parse::<usize>().ok().and_then(|at| places.get(at.checked_sub(1)?));
        match known {
            Some(line) => format!("{before}{line}{}", &rest[end..]),
            None => message,
        }
    };
    match row {
        Line::Changed(row, what) => Line::Changed(row, place(what)),
        other => other,
    }
}

/// The value under the first of these names that a table has.
fn first_of<'t>(table: &'t DeTable<'_>, names: &[&'t str]) -> Option<(&'t str, &'t DeValue<'t>)> {
    names.iter().find_map(|name| Some((*name, table.get(*name)?.get_ref())))
}

/// The columns of a redirect, as `_redirects` has them.
fn columns(table: &DeTable<'_>) -> Result<Vec<Vec<u8>>, String> {
    let text = |names: [&str; 2]| match first_of(table, &names) {
        None => Ok(None),
        Some((name, DeValue::String(text))) if text.contains(char::is_whitespace) => {
            Err(format!("`{name}` has white space in it; write %20"))
        }
        Some((_, DeValue::String(text))) => Ok(Some(text.as_bytes().to_vec())),
        Some((name, _)) => Err(format!("`{name}` is no text; write it in quotes")),
    };
    let from = text(FROM)?.ok_or("a redirect has no `from`; write from = \"/path\"")?;
    let to = text(TO)?.ok_or("a redirect has no `to`; write to = \"https://…\"")?;
    if from.is_empty() || from.starts_with(b"#") {
        return Err(format!("`{}` is no path; write /path", shown(&from)));
    }
    let is_target = |start: &&[u8]| to.starts_with(start);
    if ![&b"/"[..], b"http://", b"https://"].iter().any(is_target) {
        return Err(format!("`{}` is no URL and no path; write https://…", shown(&to)));
    }
    let mut columns = vec![from];
    let status = match table.get("status").map(Spanned::get_ref) {
        None => "301".to_owned(),
        Some(DeValue::Integer(number)) => {
            i64::from_str_radix(number.as_str(), number.radix()).unwrap_or_default().to_string()
        }
        Some(DeValue::String(text)) => text.trim_end_matches('!').to_owned(),
        Some(_) => return Err("`status` is no number".to_owned()),
    };
    match first_of(table, &QUERY) {
        None => {}
        Some((_, DeValue::Table(parameters))) => {
            for (name, value) in parameters {
                let value = value.get_ref().as_str().ok_or("a parameter is no text")?;
                let column = format!("{}={value}", name.get_ref());
                if column.contains(char::is_whitespace) {
                    return Err("a parameter has white space in it; write +".to_owned());
                }
                columns.push(column.into_bytes());
            }
        }
        Some((name, _)) => return Err(format!("`{name}` is no table of parameters")),
    }
    let (mut force, mut conditions) = (false, Vec::new());
    for (name, value) in table {
        let name = name.get_ref().as_ref();
        match (name, value.get_ref()) {
            ("status", _) => {}
            ("force", DeValue::Boolean(is_on)) => force = *is_on,
            ("conditions", DeValue::Table(wishes)) => {
                for (name, value) in wishes {
                    conditions.push(condition(name.get_ref(), value.get_ref())?);
                }
            }
            _ if [&FROM[..], &TO, &QUERY, &IDLE].concat().contains(&name) => {}
            _ => {
                return Err(format!(
                    "`{}` is not understood; leave it out",
                    shown(name.as_bytes())
                ));
            }
        }
    }
    columns.push(to);
    columns.push(format!("{status}{}", if force { "!" } else { "" }).into_bytes());
    columns.extend(conditions.into_iter().map(String::into_bytes));
    Ok(columns)
}

/// A condition, as `_redirects` has it: its values are a text or a list of them.
fn condition(name: &str, value: &DeValue<'_>) -> Result<String, String> {
    let values = match value {
        DeValue::Array(values) => values.iter().map(|value| value.get_ref().as_str()).collect(),
        value => value.as_str().map(|value| vec![value]),
    };
    let values =
        values.map(|values| values.join(",")).filter(|it| !it.contains(char::is_whitespace));
    let name = shown(name.as_bytes());
    values.map(|values| format!("{name}={values}")).ok_or_else(|| {
        format!("the condition `{name}` is no list of texts; write {name} = [\"…\"]")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::formats::row::written;

    fn check(text: &str, want: &[&str]) {
        let help = Help { base: Some("https://b"), ..Help::default() };
        let rows = written(|take| read(text.as_bytes(), &help, take));
        let same = rows.len() == want.len()
            && rows.iter().zip(want).all(|(row, want)| match want.split_once('!') {
                Some((line, part)) => {
                    let said = row.strip_prefix(line).and_then(|row| row.strip_prefix('!'));
                    said.is_some_and(|said| said.contains(part))
                }
                None => row.starts_with(want),
            });
        assert!(same, "{text}: {rows:#?}");
    }

    #[test]
    fn redirects_of_toml() {
        check(
            "[build]\ncommand = \"x\"\n\n[[redirects]]\n  from = \"/a/*\"\n  to = \"/b/:splat\"\n  status = 302\n  force = true\n",
            &[
                "1 -",
                "5 /a/*|https://b/b/:splat|302|query=keep",
                "5 /a|https://b/b/|302|query=keep",
            ],
        );
        check(
            "redirects = [{from=\"/s\", to=\"https://x/:id\", query={id=\":id\"}}]",
            &["1 /s?id=*|https://x/{query:id}|301 ~", "1 /s/?id=*|https://x/{query:id}|301 ~"],
        );
        let of = |more: &str, want: &[&str]| {
            check(&format!("[[redirects]]\nfrom=\"/a\"\nto=\"/b\"\n{more}"), want);
        };
        of(
            "conditions={Country=[\"de\",\"AT\"],Language=\"de\"}",
            &[
                "2 /a|https://b/b|301|query=keep|Country=de,AT|Language=de ~",
                "2 /a/|https://b/b|301|query=keep|Country=de,AT|Language=de ~",
            ],
        );
        of("conditions={Role=[\"admin\"]}", &["2 !Role= is nothing that can be asked here"]);
        of("conditions={Country=7}", &["2 !the condition `Country` is no list of texts"]);
        of("status=200", &["2 !only redirects"]);
        of("signed=\"X\"", &["2 !`signed` is not understood"]);
        check("[[redirects]]\nto=\"/b\"", &["1 !a redirect has no `from`"]);
        check("[[redirects]]\nfrom=\"/a\"", &["2 !a redirect has no `to`"]);
        check("[[redirects]]\nfrom=\"/a b\"\nto=\"/b\"", &["2 !white space"]);
        check(
            "[[redirects]]\nfrom=\"/a/*\"\nto=\"/b\"\nstatus=200\n[[redirects]]\nfrom=\"/*\"\nto=\"/d\"",
            &[
                "2 !only redirects",
                "6 /*|https://b/d|301|query=keep ~Netlify looks at line 2 first",
            ],
        );
        check(
            "[[redirects]]\norigin=\"/a\"\ndestination=\"/b\"",
            &["2 /a|https://b/b|301", "2 /a/|"],
        );
        of("status=\"302!\"", &["2 /a|https://b/b|302", "2 /a/|https://b/b|302"]);
        of("status=0x12d", &["2 /a|https://b/b|301", "2 /a/|https://b/b|301"]);
        of("status=[301]", &["2 !`status` is no number"]);
        of(
            "params={k=\"v\"}\nquery={id=\"7\"}",
            &["2 /a?id=7|https://b/b|301", "2 /a/?id=7|https://b/b|301"],
        );
        check("a = \n", &["1 !not readable as TOML"]);
        check(
            "[[redirects]]\nfrom=\"/a/*\"\nto=\"/b\"\n[[redirects]]\nfrom=\"/a/c\"\nto=\"/d\"",
            &[
                "2 /a/*|https://b/b|301",
                "2 /a|https://b/b|301",
                "5 /a/c|https://b/d|301|query=keep ~Netlify takes line 2,",
                "5 /a/c/|https://b/d|301|query=keep ~Netlify takes line 2,",
            ],
        );
    }
}
