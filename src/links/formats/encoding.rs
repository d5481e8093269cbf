//! Files as editors and spreadsheets save them: with a byte order mark, in UTF-16, with
//! the line ends of an old Mac.

use std::borrow::Cow;

use memchr::memchr;

const UTF_8: &[u8] = b"\xef\xbb\xbf";
const UTF_16_LITTLE: &[u8] = b"\xff\xfe";
const UTF_16_BIG: &[u8] = b"\xfe\xff";
const ZIP: &[u8] = b"PK\x03\x04";
/// What a compound file begins with ([MS-CFB] §2.2).
const OLD_WORKBOOK: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Bytes of a file by which its format is told where they are in another encoding.
const HEAD_BYTES: usize = 64 * 1024;

/// The text of a file in UTF-8 (or as it is), without a byte order mark, its lines ended by LF.
///
/// # Errors
///
/// It is in an encoding that is not read, with what to do.
pub(super) fn decoded(text: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    let of_utf_16 = |text: &[u8], unit: fn([u8; 2]) -> u16| {
        let text = utf_16(text, unit).map_err(|at| {
            format!("the file is UTF-16, and broken at byte {at}; save it as UTF-8 (nothing of it was read)")
        })?;
        // Unlike the text this is made of, it is there already.
        Ok(Cow::Owned(with_line_feeds(Cow::Owned(text)).into_owned()))
    };
    if let Some(text) = text.strip_prefix(UTF_16_LITTLE) {
        return of_utf_16(text, u16::from_le_bytes);
    }
    if let Some(text) = text.strip_prefix(UTF_16_BIG) {
        return of_utf_16(text, u16::from_be_bytes);
    }
    if text.starts_with(ZIP) {
        return Err(
            "the file is a zip archive; if it is an .xlsx workbook, read it with --format xlsx"
                .to_owned(),
        );
    }
    if text.starts_with(OLD_WORKBOOK) {
        return Err(
            "the file is an old Excel workbook (.xls), or one with a password; save it as .xlsx or CSV"
                .to_owned(),
        );
    }
    // No text that somebody wrote begins so: it is UTF-16 without its mark, or none at all.
    if text.first() == Some(&0) || text.get(1) == Some(&0) {
        return Err(
            "the file is no text, or UTF-16 without a byte order mark; save it as UTF-8 (nothing of it was read)"
                .to_owned(),
        );
    }
    Ok(with_line_feeds(Cow::Borrowed(text.strip_prefix(UTF_8).unwrap_or(text))))
}

/// The same of a file's beginning, to tell its format. What cannot be decoded stays.
pub(super) fn head(text: &[u8]) -> Cow<'_, [u8]> {
    let is_other = text.starts_with(UTF_16_LITTLE)
        || text.starts_with(UTF_16_BIG)
        || memchr(b'\n', &text[..text.len().min(HEAD_BYTES)]).is_none();
    let mut head = if is_other { &text[..text.len().min(HEAD_BYTES)] } else { text };
    // Half a pair of surrogates stands at the end once in a while.
    for _ in 0..2 {
        match decoded(head) {
            Ok(text) => return text,
            Err(_) => head = &head[..head.len().saturating_sub(2)],
        }
    }
    Cow::Borrowed(text)
}

/// About how many bytes [`decoded`] takes beside the text.
pub(super) fn decoded_bytes(text: &[u8]) -> u64 {
    let size = text.len() as u64;
    if text.starts_with(UTF_16_LITTLE) || text.starts_with(UTF_16_BIG) {
        return size / 2 * 3;
    }
    if is_mac(text) { size } else { 0 }
}

/// Whether lines end with CR alone.
fn is_mac(text: &[u8]) -> bool {
    memchr(b'\n', text).is_none() && memchr(b'\r', text).is_some()
}

fn with_line_feeds(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if !is_mac(&text) {
        return text;
    }
    let mut text = text.into_owned();
    text.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
    Cow::Owned(text)
}

/// UTF-8 of UTF-16, or at which byte that is broken.
fn utf_16(text: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u8>, usize> {
    let (pairs, rest) = text.as_chunks::<2>();
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut at = UTF_16_LITTLE.len();
    for letter in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let letter = letter.map_err(|_| at)?;
        at += 2 * letter.len_utf16();
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    if rest.is_empty() { Ok(out) } else { Err(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16_of(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn encodings_are_told_by_their_marks() {
        let check = |bytes: &[u8], want: &str| {
            assert_eq!(decoded(bytes).unwrap(), want.as_bytes(), "{bytes:?}");
            assert_eq!(head(bytes), want.as_bytes(), "{bytes:?}");
        };
        check(b"a\n", "a\n");
        check(b"\xef\xbb\xbfa\r\nb", "a\r\nb");
        check(b"a\rb\r", "a\nb\n");
        check(b"a\rb\nc", "a\rb\nc");
        check(&utf_16_of("a\tü😀\r\n", u16::to_le_bytes), "a\tü😀\r\n");
        check(&utf_16_of("a\rü", u16::to_be_bytes), "a\nü");
        check(b"", "");
    }

    #[test]
    fn what_cannot_be_read_says_what_to_do() {
        let check = |bytes: &[u8], want: &str| {
            let said = decoded(bytes).unwrap_err();
            assert!(said.contains(want), "{said}");
        };
        check(b"\xff\xfea\0\n", "broken at byte 4");
        check(b"\xff\xfe\x00\xd8a\0", "broken at byte 2");
        check(b"a\0,\0", "without a byte order mark");
        check(b"\0a\0,", "without a byte order mark; save it as UTF-8");
        check(b"PK\x03\x04\x14", "read it with --format xlsx");
        check(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "save it as .xlsx or CSV");
    }

    #[test]
    fn a_head_is_cut_where_it_must_be() {
        let text = "/ä,x😀".repeat(HEAD_BYTES);
        let bytes = utf_16_of(&text, u16::to_le_bytes);
        let head = head(&bytes);
        assert!(text.as_bytes().starts_with(&head) && head.len() > HEAD_BYTES / 2);
        assert!(decoded_bytes(&bytes) > text.len() as u64);
        assert_eq!((decoded_bytes(b"a\nb"), decoded_bytes(b"a\rb")), (0, 3));
    }
}
