//! What formats share that are one JSON document: where in it something stands, and what a
//! document holds that is not understood.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::links::bytes::shown;

/// A document, and how far its lines were counted.
pub(super) struct Document<'t> {
    text: &'t str,
    at: usize,
    line: u32,
}

/// What JSON is read, for what is none of that.
pub(super) const READ: &str = "carom reads an object a line or a list of objects, each with a key and a target (--columns \
     key=…,target=…), vercel.json, firebase.json, S3 website configurations, CloudFront key-value \
     stores, what Bitly, Dub and Shlink export, and what the WordPress plugin Redirection does";

/// A line and what is wrong there, as a sentence.
pub(super) type Wrong = (u32, String);

impl<'t> Document<'t> {
    /// Reads a document of this shape, which `what` names.
    ///
    /// # Errors
    /// Where it is no such document, and what it is.
    pub(super) fn read<T: Deserialize<'t>>(
        text: &'t [u8],
        what: &str,
    ) -> Result<(Document<'t>, T), Wrong> {
        let text = core::str::from_utf8(text).map_err(|error| {
            let lines = memchr::memchr_iter(b'\n', &text[..error.valid_up_to()]).count();
            (lines as u32 + 1, "the file is not UTF-8; save it as UTF-8".to_owned())
        })?;
        let read = serde_json::from_str(text).map_err(|error| {
            let is_json = serde_json::from_str::<Value>(text);
            let found = is_json.ok().map(|value| format!("; it is {}", looks(&value)));
            let found = found.unwrap_or_default();
            let what = format!("not {what}: {error}{found} (nothing of it was read)");
            (error.line().max(1) as u32, what)
        })?;
        Ok((Document { text, at: 0, line: 1 }, read))
    }

    /// A document that was read, counted from its beginning.
    pub(super) fn of(text: &'t [u8]) -> Document<'t> {
        Document { text: core::str::from_utf8(text).unwrap_or_default(), at: 0, line: 1 }
    }

    /// The line on which a part of it begins. Parts are asked for in their order.
    pub(super) fn line(&mut self, part: &RawValue) -> u32 {
        let at = part.get().as_ptr() as usize - self.text.as_ptr() as usize;
        let between = self.text.as_bytes().get(self.at..at).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', between).count() as u32;
        self.at = at.max(self.at);
        self.line
    }
}

/// A document that is an object, by its names.
pub(super) type Fields<'t> = BTreeMap<String, &'t RawValue>;

/// The items of a list.
///
/// # Errors
/// Why it is none, as a sentence.
pub(super) fn items<'t>(list: &'t RawValue, what: &str) -> Result<Vec<&'t RawValue>, String> {
    part(list, what)
}

/// The redirects of a document, which `what` names.
///
/// # Errors
/// Why there is no such list, as a sentence.
pub(super) fn redirects<'t>(
    fields: &mut Fields<'t>,
    what: &str,
) -> Result<Vec<&'t RawValue>, String> {
    let list = fields.remove("redirects").ok_or_else(|| lacks(what, fields.keys()))?;
    items(list, "a list of redirects")
}

/// Says that an object with these keys is not what is read here.
pub(super) fn lacks<'k>(what: &str, keys: impl Iterator<Item = &'k String>) -> String {
    let keys: Vec<_> = keys.map(|key| shown(key.as_bytes())).collect();
    format!(
        "not {what}: it is an object with the keys {} (nothing of it was read)",
        keys.join(", ")
    )
}

/// A part of this shape, which `what` names.
///
/// # Errors
/// Why it is none, as a sentence.
pub(super) fn part<'t, T: Deserialize<'t>>(part: &'t RawValue, what: &str) -> Result<T, String> {
    serde_json::from_str(part.get()).map_err(|error| {
        let text = error.to_string();
        let why = text.rfind(" at line ").map_or(&*text, |at| &text[..at]);
        format!("not {what}: {why}")
    })
}

/// Parts of a list with their lines, and whether the line holds others as well, so that it
/// does not tell them apart.
pub(super) fn by_lines<'t>(
    document: &mut Document<'_>,
    list: Vec<&'t RawValue>,
) -> Vec<(u32, bool, &'t RawValue)> {
    let lines: Vec<u32> = list.iter().map(|raw| document.line(raw)).collect();
    let beside = |at: usize| at.checked_sub(1).is_some_and(|before| lines[before] == lines[at]);
    let shares = |at: usize| beside(at) || (at + 1 < lines.len() && beside(at + 1));
    list.into_iter().enumerate().map(|(at, raw)| (lines[at], shares(at), raw)).collect()
}

/// A message, under the source of the part that it is about.
pub(super) fn of_source(raw: &RawValue, message: String) -> String {
    let fields: Map<String, Value> = serde_json::from_str(raw.get()).unwrap_or_default();
    let source =
        ["source", "glob", "regex", "url"].iter().find_map(|name| fields.get(*name)?.as_str());
    match source {
        Some(source) => format!("the redirect of {}: {message}", shown(source.as_bytes())),
        None => message,
    }
}

/// What a document looks like: its kind, and the names in it.
pub(super) fn looks(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let names: Vec<_> = object.keys().take(8).map(|name| shown(name.as_bytes())).collect();
            let more = if object.len() > names.len() { ", …" } else { "" };
            match names.is_empty() {
                true => "an empty object".to_owned(),
                false => format!("an object with the keys {}{more}", names.join(", ")),
            }
        }
        Value::Array(list) => match list.first() {
            Some(first) => format!("a list of {}, the first {}", list.len(), looks(first)),
            None => "an empty list".to_owned(),
        },
        Value::String(_) => "a text".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Null => "null".to_owned(),
    }
}

/// Whether a value says nothing.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_their_lines() {
        #[derive(Deserialize)]
        struct Shape<'t> {
            #[serde(borrow)]
            a: Vec<&'t RawValue>,
        }
        let text = b"{\n\"a\": [1,\n\n{}, 3]}";
        let (mut document, shape) = Document::read::<Shape<'_>>(text, "it").unwrap();
        let lines: Vec<_> = shape.a.iter().map(|part| document.line(part)).collect();
        assert_eq!(lines, [2, 4, 4]);
        let check = |text: &str, want: &str| {
            let wrong = Document::read::<Shape<'_>>(text.as_bytes(), "it").err().unwrap();
            assert!(wrong.1.contains(want), "{text}: {wrong:?}");
        };
        check("{\"b\":1,\"c\":2}", "missing field `a`");
        check("{\"b\":1,\"c\":2}", "it is an object with the keys b, c (nothing");
        check("[{\"b\":1}]", "a list of 1, the first an object with the keys b");
        check("{", "EOF");
    }
}
