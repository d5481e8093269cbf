//! Characters that do something where they are shown, and showing them so that they do
//! not: controls, such as those that move a cursor, and those that turn the direction
//! of text.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Whether a character does something instead of being seen.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || turns
}

/// Whether there may be one in a text, by the bytes that they begin with.
fn may_hide(text: &str) -> bool {
    let begins = |byte: u8| byte < b' ' || matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe2);
    // All bytes are looked at, so that many are at once.
    text.bytes().fold(false, |found, byte| found | begins(byte))
}

fn with_each<'t>(
    text: &'t str,
    is_meant: impl Fn(char) -> bool,
    put: impl Fn(&mut String, char),
) -> Cow<'t, str> {
    if !may_hide(text) || !text.chars().any(&is_meant) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_meant(character) {
            true => put(&mut shown, character),
            false => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// A word or a name, for people: what is hidden is written as `\n` or `\u{9b}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    with_each(text, is_hidden, |shown, it| shown.extend(it.escape_default()))
}

/// Lines for people: the same, but for the ends of lines and tabs.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    let is_meant = |it| is_hidden(it) && it != '\n' && it != '\t';
    with_each(text, is_meant, |shown, it| shown.extend(it.escape_default()))
}

/// A cell of a table for people or programs: the bytes of what is hidden as `\xNN`.
#[must_use]
pub fn visible_cell(text: &str) -> Cow<'_, str> {
    with_each(text, is_hidden, |shown, it| {
        for byte in it.encode_utf8(&mut [0; 4]).bytes() {
            write!(shown, "\\x{byte:02x}").expect("a string takes anything");
        }
    })
}

/// `text` for an error message: what is hidden escaped, bytes that are not
/// UTF-8 replaced, and cut when it is long, so that a message is always one
/// line of bounded length.
#[must_use]
pub fn shown(text: &[u8]) -> String {
    const CHARS_MAX: usize = 120;
    let cut = text.len() > CHARS_MAX * 4;
    let text = if cut { &text[..CHARS_MAX * 4] } else { text };
    let text = String::from_utf8_lossy(text);
    let mut out = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == CHARS_MAX {
            out.push('…');
            return out;
        }
        if is_hidden(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    if cut {
        out.push('…');
    }
    out
}

/// JSON on one line that says what is hidden as `\u009b`: the same string for whoever
/// reads it as JSON.
#[must_use]
pub fn visible_json(value: &impl Serialize) -> String {
    let mut line = Vec::new();
    push_json(value, &mut line);
    String::from_utf8(line).expect("JSON is UTF-8")
}

/// Appends the same.
///
/// # Panics
///
/// Where a value cannot be JSON, such as a map whose keys are no strings.
pub fn push_json(value: &impl Serialize, line: &mut Vec<u8>) {
    let written = value.serialize(&mut Serializer::with_formatter(line, VisibleJson));
    written.expect("memory takes all that is JSON");
}

struct VisibleJson;

impl Formatter for VisibleJson {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        if may_hide(fragment) {
            while let Some((at, hidden)) = rest.char_indices().find(|(_, it)| is_hidden(*it)) {
                // None of them is beyond what four digits say.
                write!(out, "{}\\u{:04x}", &rest[..at], u32::from(hidden))?;
                rest = &rest[at + hidden.len_utf8()..];
            }
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each that is hidden, and its neighbours that are not.
    const TEXT: &str = "a\u{1b}[1m\u{7f}\u{80}\u{9b}\u{9f}\u{a0}é\u{61b}\u{61c}\u{200d}\u{200e}\u{200f}\
                        \u{2010}\u{2029}\u{202a}\u{202e}\u{202f}\u{2065}\u{2066}\u{2069}\u{206a}\"\\x\n\t";

    #[test]
    fn nothing_hidden_is_left() {
        for shown in [visible(TEXT), visible_cell(TEXT), visible_json(&TEXT).into()] {
            assert!(!shown.chars().any(is_hidden), "{shown}");
            assert!(shown.contains("\u{a0}é\u{61b}") && shown.contains("\u{206a}"), "{shown}");
        }
        assert_eq!(TEXT.chars().filter(|it| is_hidden(*it)).count(), 14);
    }

    #[test]
    fn as_people_and_programs_know_it() {
        assert_eq!(visible("a\u{9b}b\x1b\n\u{202e}"), "a\\u{9b}b\\u{1b}\\n\\u{202e}");
        assert_eq!(visible_lines("a\tb\r\n\u{202e}\n"), "a\tb\\r\n\\u{202e}\n");
        assert_eq!(visible_cell("a\u{9b}b\x1b"), "a\\xc2\\x9bb\\x1b");
        assert_eq!(
            visible_json(&"a\u{9b}\"\x1b\x7f\u{202e}é"),
            r#""a\u009b\"\u001b\u007f\u202eé""#
        );
        assert!(matches!(visible("plain, é and “quoted”"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_stays_the_same_for_its_readers() {
        let value = serde_json::json!({ TEXT: [TEXT, 1.5, null_like()] });
        let line = visible_json(&value);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
    }

    fn null_like() -> Option<u8> {
        None
    }

    #[test]
    fn messages_stay_on_one_bounded_line() {
        assert_eq!(shown(b"/a\nb\xff"), "/a\\nb\u{fffd}");
        assert!(shown(&[b'a'; 10_000]).chars().count() < 130);
        assert!(shown("é".repeat(10_000).as_bytes()).ends_with('…'));
    }
}
