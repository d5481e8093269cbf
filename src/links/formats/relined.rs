//! One JSON document, as the objects of one a line that its format reads: a list of them, or
//! what an API answers.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::json::{Document, Fields, READ, items, looks, part};
use super::name::Format;
use super::row::Line;

/// Objects, one a line, and where each stands in its document.
#[derive(Debug)]
pub(super) struct Relined {
    pub(super) text: Vec<u8>,
    lines: Vec<u32>,
    /// What is said of the document.
    pub(super) other: Option<String>,
}

/// What a document of several lines is as objects of one a line; nothing if it is no
/// document, or of another format.
///
/// # Errors
/// What it is, as a sentence, where that is nothing known.
pub(super) fn relined(text: &[u8], format: Format) -> Result<Option<Relined>, String> {
    if !matches!(format, Format::Ndjson | Format::Shlink | Format::Dub | Format::Bitly) {
        return Ok(None);
    }
    let bare = text.trim_ascii_start();
    let first = bare.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_list = bare.first() == Some(&b'[');
    if !is_list && bare.first() != Some(&b'{') {
        return Ok(None);
    }
    if !is_list
        && let Ok(object) = serde_json::from_slice::<Map<String, Value>>(first)
        && !object.contains_key("links")
        && !object.contains_key("shortUrls")
    {
        return Ok(None);
    }
    let list = if is_list { list(text) } else { within(text) };
    match list {
        Ok(Some((list, other))) => Ok(Some(lines(text, &list, other))),
        Ok(None) => {
            let Ok(value) = serde_json::from_slice::<Value>(text) else { return Ok(None) };
            Err(format!("the file is {}; {READ} (nothing of it was read)", looks(&value)))
        }
        Err(()) => Ok(None),
    }
}

/// Objects of a document, and what is said of it.
type Objects<'t> = Option<(Vec<&'t RawValue>, Option<String>)>;

fn list(text: &[u8]) -> Result<Objects<'_>, ()> {
    let (_, whole) = Document::read::<&RawValue>(text, "a list").map_err(|_| ())?;
    let list = items(whole, "a list").map_err(|_| ())?;
    let has_objects = list.iter().all(|item| item.get().starts_with('{'));
    Ok((has_objects && !list.is_empty()).then_some((list, None)))
}

/// What Bitly's and Shlink's API answer.
fn within(text: &[u8]) -> Result<Objects<'_>, ()> {
    let (_, fields) = Document::read::<Fields<'_>>(text, "an object").map_err(|_| ())?;
    if let Some(Ok(list)) = fields.get("links").map(|list| items(list, "a list")) {
        let pages = fields.get("pagination").and_then(|it| part::<Map<String, Value>>(it, "").ok());
        let next = pages.and_then(|it| it.get("next")?.as_str().map(|next| !next.is_empty()));
        let goes_on = next.unwrap_or(false).then(|| GOES_ON.to_owned());
        return Ok(Some((list, goes_on)));
    }
    if let Some(Ok(urls)) = fields.get("shortUrls").map(|urls| part::<Fields<'_>>(urls, "")) {
        let pages = urls.get("pagination").and_then(|it| part::<Map<String, Value>>(it, "").ok());
        let count = pages.and_then(|it| it.get("pagesCount").and_then(Value::as_u64));
        let goes_on = count.is_some_and(|count| count > 1).then(|| GOES_ON.to_owned());
        if let Some(Ok(list)) = urls.get("data").map(|list| items(list, "a list")) {
            return Ok(Some((list, goes_on)));
        }
    }
    Ok(None)
}

const GOES_ON: &str = "the list goes on with another page, which is not in the file";

fn lines(text: &[u8], list: &[&RawValue], other: Option<String>) -> Relined {
    let mut document = Document::of(text);
    let mut relined = Relined { text: Vec::new(), lines: Vec::new(), other };
    for item in list {
        relined.lines.push(document.line(item));
        // A line end in JSON is white space: in a text it would be written `\n`.
        let one =
            item.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte });
        relined.text.extend(one);
        relined.text.push(b'\n');
    }
    relined
}

impl Relined {
    /// Hands a row over with its line in the document.
    pub(super) fn place(&self, line: u32, row: Line<'_>, take: &mut dyn FnMut(u32, Line<'_>)) {
        let at = line.checked_sub(1).and_then(|at| self.lines.get(at as usize));
        take(at.copied().unwrap_or(line), row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, format: Format, want: &str) {
        let got = match relined(text.as_bytes(), format) {
            Ok(None) => "-".to_owned(),
            Ok(Some(relined)) => {
                let text = String::from_utf8(relined.text).unwrap();
                let lines = text.lines().zip(&relined.lines);
                let lines: Vec<_> = lines.map(|(text, line)| format!("{line} {text}")).collect();
                lines.join(";") + relined.other.map_or("", |_| " +")
            }
            Err(message) => format!("!{message}"),
        };
        let same = match want.strip_prefix('!') {
            Some(want) => got.starts_with('!') && got.contains(want),
            None => got == want,
        };
        assert!(same, "{text}: {got}");
    }

    #[test]
    fn documents_as_lines() {
        check("[{\"a\":1},\n\n{\"b\":\n2}]", Format::Ndjson, "1 {\"a\":1};3 {\"b\": 2}");
        check("{\n\"links\":[\n{}]}", Format::Bitly, "3 {}");
        check("{\"links\":[{}],\"pagination\":{\"next\":\"x\"}}", Format::Bitly, "1 {} +");
        let shlink = "{\"shortUrls\":{\"data\":[{}],\"pagination\":{\"pagesCount\":2}}}";
        check(shlink, Format::Shlink, "1 {} +");
        check("{\"a\":1}\n{\"a\":2}", Format::Ndjson, "-");
        check("{\"a\":1", Format::Ndjson, "-");
        check("{\n\"links\":[\n{}]}", Format::Csv, "-");
        check(
            "{\n\"a\":1,\n\"b\":2}",
            Format::Ndjson,
            "!an object with the keys a, b; carom reads",
        );
        check("[1,2]", Format::Ndjson, "!a list of 2, the first a number; carom reads");
    }
}
