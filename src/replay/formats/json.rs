//! Lines that are JSON objects.

use std::borrow::Cow;

use memchr::memmem;
use serde_json::{Map, Value};

use crate::replay::logged::hex_byte;

/// An object of a line.
pub type Object = Map<String, Value>;

/// The object at the end of a line, behind what syslog puts in front. nginx writes
/// `\xNN` where its `log_format` does not say `escape=json`, which is no JSON: such a byte
/// is read as `%NN`, which means the same in a target.
pub fn object(line: &[u8]) -> Option<Object> {
    let line = line.trim_ascii_end();
    if line.last() != Some(&b'}') {
        return None;
    }
    let begin = memmem::find(line, b"{\"").or_else(|| memmem::find(line, b"{ \""))?;
    let (front, text) = line.split_at(begin);
    if front.contains(&b'"') {
        return None;
    }
    serde_json::from_slice(text).ok().or_else(|| serde_json::from_slice(&percent(text)?).ok())
}

/// Each `\xNN` as `%NN`; `None` if there is none.
fn percent(text: &[u8]) -> Option<Vec<u8>> {
    let mut written = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memmem::find(rest, b"\\x") {
        let is_byte = hex_byte(&rest[at + 2..]).is_some();
        written.extend_from_slice(&rest[..at]);
        written.extend_from_slice(if is_byte { b"%" } else { b"\\\\x" });
        rest = &rest[at + 2..];
    }
    let has_some = !written.is_empty();
    written.extend_from_slice(rest);
    has_some.then_some(written)
}

/// The first of these names that has a text that says something.
pub fn first<'a>(object: &'a Object, names: &[&str]) -> Option<&'a str> {
    let texts = names.iter().filter_map(|&name| object.get(name)?.as_str());
    texts.into_iter().find(|text| !matches!(*text, "" | "-"))
}

/// A text that outlives the object that it is from; empty where there is none.
pub fn bytes(text: Option<&str>) -> Cow<'static, [u8]> {
    Cow::Owned(text.unwrap_or_default().as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects() {
        let check = |line: &str, wanted: Option<&str>| {
            let object = object(line.as_bytes());
            let got = object.as_ref().map(|object| first(object, &["b", "a"]).unwrap_or("none"));
            assert_eq!(got, wanted, "{line}");
        };
        check(r#"{"a":"x"}"#, Some("x"));
        check(r#"{ "a": "x", "b": "-" } "#, Some("x"));
        check(r#"{"a":"x","b":"y"}"#, Some("y"));
        check(r#"{"a":7}"#, Some("none"));
        check(r#"<190>Nov 27 08:00:01 web nginx: {"a":"x"}"#, Some("x"));
        check(r#"{"a":"\xC3\xa9 \x22"}"#, Some("%C3%a9 %22"));
        check(r#"{"a":"\xg0"}"#, Some(r"\xg0"));
        for wrong in [
            "",
            "{",
            "}",
            "{}",
            r#"{"a":}"#,
            r#"{"a":"x"#,
            r#"["a"]"#,
            "}{\"",
            r#""GET /" {"a":"x"}"#,
        ] {
            check(wrong, None);
        }
        check(&format!("{}{}", r#"{"a":"#.repeat(1000), "}".repeat(1000)), None);
    }
}
