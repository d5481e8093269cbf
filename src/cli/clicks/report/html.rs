//! Text in a page: nothing that somebody else wrote is markup.

use crate::words::visible;

/// Text for an element or for an attribute in quotes. What is hidden in it is written as
/// `\u{1b}`, so that it neither does anything nor turns the direction of what follows.
pub(super) fn escaped(text: &str) -> String {
    let text = visible(text);
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A number with a space between thousands, as people read it.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            // It is narrow, and no line breaks there.
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// How much `part` is of `all`, for people.
pub(super) fn share(part: u64, all: u64) -> String {
    if all == 0 {
        return String::new();
    }
    let tenths = u128::from(part) * 1000 / u128::from(all);
    match tenths {
        0 if part > 0 => "< 0.1 %".to_owned(),
        _ => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        let text = "<script>alert('a')</script>&amp;\" onload=\"x";
        let want = "&lt;script&gt;alert(&#39;a&#39;)&lt;/script&gt;&amp;amp;&quot; onload=&quot;x";
        assert_eq!(escaped(text), want);
        assert_eq!(escaped("a\x1b[2J\0\n\u{202e}é"), "a\\u{1b}[2J\\u{0}\\n\\u{202e}é");
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(share(0, 0), "");
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(1, 9_999), "< 0.1 %");
        assert_eq!(share(u64::MAX, u64::MAX), "100.0 %");
    }
}
