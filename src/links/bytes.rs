//! Which bytes may stand where in a URL (RFC 3986 appendix A), and
//! percent-encoding (§2.1).

pub(super) use crate::words::shown;

/// Stands for itself anywhere and is never encoded (RFC 3986 §2.3).
pub(super) const UNRESERVED: u8 = 1;
/// May stand in a path: `pchar` without its `%`, and `/`.
pub(super) const PATH: u8 = 2;
/// May stand in a query or a fragment: [`PATH`] and `?`.
pub(super) const QUERY: u8 = 4;
/// May stand in one name or value of a query: [`QUERY`] without what some
/// server takes for the end of a parameter (`&` `;`), the end of its name
/// (`=`) or a space (`+`), and without `*`, which our keys do not allow raw.
pub(super) const PARAMETER: u8 = 8;
/// May stand in a host name: letters, digits, `-`, `.`, and `_`, which is not
/// in RFC 952 but in plenty of names that are served.
pub(super) const HOST: u8 = 16;

/// May stand in a parameter that a visitor sent and that is passed on: [`QUERY`]
/// without what some server takes for its end.
pub(super) const PASSED_ON: u8 = 32;

/// May stand in a path that is [normalised](super::normalise()): [`PATH`] without `*`,
/// which in keys stands for something else.
pub(super) const NORMAL: u8 = 64;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let b = byte as u8;
        let unreserved = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        let sub_delim = matches!(
            b,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        );
        let path = unreserved || sub_delim || matches!(b, b':' | b'@' | b'/');
        let query = path || b == b'?';
        if unreserved {
            table[byte] |= UNRESERVED;
        }
        if path {
            table[byte] |= PATH;
        }
        if path && b != b'*' {
            table[byte] |= NORMAL;
        }
        if query {
            table[byte] |= QUERY;
        }
        if query && !matches!(b, b'&' | b';' | b'=' | b'+' | b'*') {
            table[byte] |= PARAMETER;
        }
        if query && !matches!(b, b'&' | b';') {
            table[byte] |= PASSED_ON;
        }
        if unreserved && b != b'~' {
            table[byte] |= HOST;
        }
        byte += 1;
    }
    table
}

/// Whether `byte` belongs to `class`, one of the constants above.
#[inline]
pub(super) fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// The byte that `%XX` at the start of `text` stands for; `None` when `text`
/// does not start with a `%` and two hex digits.
#[inline]
pub(super) fn escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else {
        return None;
    };
    let digit = |byte: u8| (byte as char).to_digit(16);
    Some((digit(*high)? << 4 | digit(*low)?) as u8)
}

/// Appends `byte` as `%XX` with upper-case digits (RFC 3986 §6.2.2.1).
#[inline]
pub(super) fn push_escape(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

/// Appends `text`, encoding every byte outside `class`. An escape that is
/// already there stays as it is; a lone `%` becomes `%25`.
pub(super) fn push_encoded(mut text: &[u8], class: u8, out: &mut Vec<u8>) {
    while let Some((&byte, rest)) = text.split_first() {
        if is(byte, class) || escape(text).is_some() {
            out.push(byte);
        } else {
            push_escape(byte, out);
        }
        text = rest;
    }
}

/// The same for what comes from a [normalised](super::normalise()) path; what stands in a
/// path gets its `*` back.
pub(super) fn push_of_path(text: &[u8], class: u8, out: &mut Vec<u8>) {
    if class != PATH {
        return push_encoded(text, class, out);
    }
    let mut done = 0;
    for at in memchr::memmem::find_iter(text, b"%2A") {
        push_encoded(&text[done..at], class, out);
        out.push(b'*');
        done = at + 3;
    }
    push_encoded(&text[done..], class, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_rfc_3986() {
        let of = |class| (0..=255).filter(move |&b| is(b, class)).map(char::from);
        assert_eq!(
            of(PATH).collect::<String>(),
            "!$&'()*+,-./0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
        );
        assert_eq!(of(QUERY).filter(|c| !is(*c as u8, PATH)).collect::<String>(), "?");
        assert_eq!(of(QUERY).filter(|c| !is(*c as u8, PARAMETER)).collect::<String>(), "&*+;=");
        assert_eq!(of(UNRESERVED).filter(|c| !c.is_alphanumeric()).collect::<String>(), "-._~");
    }

    #[test]
    fn escapes_stay_and_lone_percents_are_encoded() {
        let mut out = Vec::new();
        push_encoded(b"a%2fb%zz c?\xff%", PATH, &mut out);
        assert_eq!(out, b"a%2fb%25zz%20c%3F%FF%25");
    }
}
