//! Parameters of a query, compared as they are meant: `%XX` decoded, `+` for a space (the
//! URL Standard's `application/x-www-form-urlencoded`).

use crate::limits::REQUEST_PARAMETERS_MAX;

/// The values of the parameters of this name, as they were sent. As everywhere, those behind
/// the first [`REQUEST_PARAMETERS_MAX`] are not looked at.
pub fn values<'q>(query: &'q [u8], name: &'q [u8]) -> impl Iterator<Item = &'q [u8]> {
    let pieces = query.split(|&byte| byte == b'&').filter(|piece| !piece.is_empty());
    pieces.take(REQUEST_PARAMETERS_MAX).filter_map(move |piece| {
        let end = memchr::memchr(b'=', piece).unwrap_or(piece.len());
        let value = piece.get(end + 1..).unwrap_or_default();
        is_same(&piece[..end], name).then_some(value)
    })
}

/// Whether two texts are the same when both are decoded.
pub fn is_same(a: &[u8], b: &[u8]) -> bool {
    a == b || decoded(a).eq(decoded(b))
}

fn decoded(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let (&byte, behind) = rest.split_first()?;
        let hex = |at: usize| behind.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (byte, hex(0), hex(1)) {
            rest = &behind[2..];
            return Some((high << 4 | low) as u8);
        }
        rest = behind;
        Some(if byte == b'+' { b' ' } else { byte })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_compared_as_they_are_meant() {
        let check = |query: &str, name: &str, want: &[&str]| {
            let values: Vec<_> = values(query.as_bytes(), name.as_bytes()).collect();
            let want: Vec<_> = want.iter().map(|value| value.as_bytes()).collect();
            assert_eq!(values, want, "{query} {name}");
        };
        check("", "a", &[]);
        check("a=1&b=2&a=3", "a", &["1", "3"]);
        check("a&b", "a", &[""]);
        check("&&a=1=2", "a", &["1=2"]);
        check("%61=1", "a", &["1"]);
        check("a+b=1", "a%20b", &["1"]);
        check("A=1", "a", &[]);
        check(&("z&".repeat(63) + "a=1&a=2"), "a", &["1"]);
        assert!(is_same(b"x%2Cy", b"x,y") && is_same(b"%zz", b"%zz"));
        assert!(!is_same(b"%4", b"%41") && !is_same(b"a", b"b"));
    }
}
