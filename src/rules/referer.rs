//! The host of a `Referer`.

use crate::words::visible;

/// The host of a URL of http or https, as it was sent, without its port.
pub fn host(referer: &[u8]) -> Option<&[u8]> {
    let behind = |scheme: &[u8]| {
        let (begin, rest) = referer.split_at_checked(scheme.len())?;
        begin.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let rest = behind(b"https://").or_else(|| behind(b"http://"))?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\'));
    let authority = &rest[..end.unwrap_or(rest.len())];
    let user = memchr::memrchr(b'@', authority).map_or(0, |at| at + 1);
    let authority = &authority[user..];
    let host = match authority {
        [b'[', ..] => &authority[..=memchr::memchr(b']', authority)?],
        _ => &authority[..memchr::memchr(b':', authority).unwrap_or(authority.len())],
    };
    let host = host.strip_suffix(b".").unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

/// Whether `host` is `domain`, which is in lower case, or below it.
pub fn is_in(host: &[u8], domain: &[u8]) -> bool {
    let Some(before) = host.len().checked_sub(domain.len()) else { return false };
    let (above, own) = host.split_at(before);
    own.eq_ignore_ascii_case(domain) && (above.is_empty() || above.ends_with(b"."))
}

/// A value of `Referer=` as it is kept.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn checked(value: &[u8]) -> Result<Vec<u8>, String> {
    let is_good = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(byte);
    if value == b"*" || value.iter().all(is_good) && !value.starts_with(b".") {
        return Ok(value.to_ascii_lowercase());
    }
    Err(format!(
        "Referer={} is no host; write example.com, which stands for www.example.com too, or * for any",
        visible(&String::from_utf8_lossy(value))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let check = |referer: &str, want: Option<&str>| {
            assert_eq!(host(referer.as_bytes()), want.map(str::as_bytes), "{referer}");
        };
        check("https://a.example/x?y", Some("a.example"));
        check("HTTP://A.example:8080", Some("A.example"));
        check("https://user@a.example./", Some("a.example"));
        check("https://[2001:db8::1]:80/", Some("[2001:db8::1]"));
        check("android-app://com.example/", None);
        check("https://", None);
        check("https://[::1", None);
        check("", None);
    }

    #[test]
    fn domains() {
        assert!(is_in(b"a.example", b"a.example") && is_in(b"www.A.Example", b"a.example"));
        assert!(!is_in(b"ba.example", b"a.example") && !is_in(b"example", b"a.example"));
        assert_eq!(checked(b"A.Example").unwrap(), b"a.example");
        assert!(checked(b"https://a/").is_err() && checked(b".a").is_err());
    }
}
