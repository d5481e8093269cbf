//! The pairs of an AWS CloudFront KeyValueStore, in the JSON from which one is
//! made: `{"data":[{"key":"/a","value":"https://b.example/"}]}`.
//!
//! What key and value mean is up to the function that reads them. Here a key is a
//! path with or without its slash, or a host with a path; a value is a URL, or
//! JSON text of an object with a URL and a status.

use memchr::memchr_iter;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::cells::spell;
use super::paths;
use super::row::{Line, Row};
use super::source::Help;
use crate::links::bytes::shown;

/// The names that the fields of a value may have, spelled.
const URL: &[&str] =
    &["url", "target", "to", "location", "redirect", "redirect to", "redirect url", "destination"];
const STATUS: &[&str] = &["status", "status code", "code", "sc"];

#[derive(Deserialize)]
struct Store<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Pair {
    key: String,
    value: String,
}

pub(super) fn read(text: &[u8], help: &Help<'_>, take: &mut impl FnMut(u32, Line<'_>)) {
    let store = core::str::from_utf8(text)
        .map_err(|error| (line_at(text, error.valid_up_to()), "the file is not UTF-8".to_owned()))
        .and_then(|text| {
            serde_json::from_str::<Store<'_>>(text).map_err(|error| {
                let message = format!(
                    "not a KeyValueStore's file, {{\"data\":[{{\"key\":…,\"value\":…}}]}}: {error} (nothing of it was read)"
                );
                (error.line().max(1) as u32, message)
            })
        });
    let store = match store {
        Ok(store) => store,
        Err((line, message)) => return take(line, Line::Refused(message)),
    };
    let (mut at, mut line) = (0, 1);
    for item in store.data {
        // Each is a piece of the text, so that is where it stands.
        let place = item.get().as_ptr() as usize - text.as_ptr() as usize;
        line += memchr_iter(b'\n', &text[at..place]).count() as u32;
        at = place;
        match serde_json::from_str::<Pair>(item.get()) {
            Ok(pair) => pair_row(&pair, help, &mut |written| take(line, written)),
            Err(error) => {
                let text = error.to_string();
                let what = text.rfind(" at line ").map_or(&*text, |at| &text[..at]);
                take(line, Line::Refused(format!("not a pair of key and value: {what}")));
            }
        }
    }
}

fn line_at(text: &[u8], at: usize) -> u32 {
    memchr_iter(b'\n', &text[..at]).count() as u32 + 1
}

fn pair_row(pair: &Pair, help: &Help<'_>, give: &mut dyn FnMut(Line<'_>)) {
    let mut said = Vec::new();
    let key = pair.key.trim();
    let key = match key.split_once('/') {
        // `go.example.com/a`, `https://go.example.com/a`
        Some((first, _)) if first.is_empty() || first.contains('.') || first.ends_with(':') => {
            key.to_owned()
        }
        _ => {
            said.push(format!("the key is taken as the path /{}", shown(key.as_bytes())));
            format!("/{key}")
        }
    };
    let value = match PairValue::of(pair.value.trim(), &mut said) {
        Ok(value) => value,
        Err(message) => return give(Line::Refused(message)),
    };
    let target = match paths::absolute(value.url.as_bytes(), help.base) {
        Ok(target) => target,
        Err(message) => return give(Line::Refused(message)),
    };
    let status = value.status.as_deref().map(str::as_bytes);
    let row = Row { key: key.as_bytes(), target: &target, status, settings: &[] };
    give(if said.is_empty() { Line::Link(row) } else { Line::Changed(row, said.join("; ")) });
}

/// What a value says.
#[derive(Default)]
struct PairValue {
    url: String,
    status: Option<String>,
}

impl PairValue {
    fn of(value: &str, said: &mut Vec<String>) -> Result<PairValue, String> {
        if !value.starts_with('{') {
            return Ok(PairValue { url: value.to_owned(), status: None });
        }
        let object: Map<String, Value> = serde_json::from_str(value)
            .map_err(|_| "the value begins like JSON and is none; write a URL".to_owned())?;
        let mut answer = PairValue::default();
        for (name, value) in &object {
            let spelled = spell(name);
            let text = match value {
                Value::String(text) => Some(text.trim().to_owned()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            match text {
                Some(text) if URL.contains(&&*spelled) && answer.url.is_empty() => {
                    answer.url = text;
                }
                Some(text) if STATUS.contains(&&*spelled) && answer.status.is_none() => {
                    answer.status = Some(text);
                }
                _ => said.push(format!("`{}` is left out", shown(name.as_bytes()))),
            }
        }
        if answer.url.is_empty() && answer.status.as_deref() != Some("410") {
            return Err(format!("the value has no URL; name it one of {}", URL.join(" | ")));
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
