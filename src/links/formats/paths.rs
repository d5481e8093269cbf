//! What formats share of paths: targets that are only a path, and keys that are
//! meant as they stand.

use std::borrow::Cow;

use crate::links::bytes::{push_escape, shown};
use crate::links::targets::CheckedTarget;

/// Checks a base for targets that are only a path: `https://host`, with or
/// without a slash behind it, which is left out.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn base(text: &str) -> Result<String, String> {
    CheckedTarget::parse(text.as_bytes()).map_err(|problem| problem.to_string())?;
    let base = text.strip_suffix('/').unwrap_or(text);
    let authority = base.split_once("://").map_or(base, |(_, rest)| rest);
    if authority.contains(['/', '?', '#']) {
        return Err("a base has no path; write https://host alone".to_owned());
    }
    Ok(base.to_owned())
}

/// `target`, behind `base` if it is only a path.
pub(super) fn absolute<'a>(target: &'a [u8], base: Option<&str>) -> Result<Cow<'a, [u8]>, String> {
    if target.first() != Some(&b'/') {
        return Ok(Cow::Borrowed(target));
    }
    if target.starts_with(b"//") {
        return Err(format!("the target `{0}` has no scheme; write https:{0}", shown(target)));
    }
    match base {
        Some(base) => Ok(Cow::Owned([base.as_bytes(), target].concat())),
        None => Err(format!(
            "the target `{}` is only a path; say of which host with --base https://host",
            shown(target)
        )),
    }
}

/// Appends to a key what a decoded path holds, so that it means itself.
pub(super) fn push_literal(text: &[u8], key: &mut Vec<u8>) -> Result<(), String> {
    for &byte in text {
        match byte {
            b'*' => {
                return Err(format!(
                    "`{}` has a `*` that stands for itself, which a key cannot say",
                    shown(text)
                ));
            }
            b'%' | b'?' | b'#' => push_escape(byte, key),
            b' ' => key.extend_from_slice(b"%20"),
            _ => key.push(byte),
        }
    }
    no_placeholder(key)
}

/// Refuses a segment that begins with a colon and a letter: a key means a
/// placeholder by it, and most formats do not.
pub(super) fn no_placeholder(key: &[u8]) -> Result<(), String> {
    let named =
        |window: &[u8]| matches!(window, [b'/', b':', letter] if letter.is_ascii_alphabetic());
    if key.windows(3).any(named) {
        return Err(format!(
            "`{}` has a segment that begins with a colon, which a key means a placeholder by",
            shown(key)
        ));
    }
    Ok(())
}

/// Refuses the spelling of a path that never matches there, but would here.
///
/// # Errors
/// What it is, and how to write it.
pub(super) fn plain_path(path: &[u8], whose: &str) -> Result<(), String> {
    let is_dots = |segment: &[u8]| matches!(segment, b"." | b"..");
    let is_odd = memchr::memmem::find(path, b"//").is_some()
        || path.contains(&b'\\')
        || path.split(|&byte| byte == b'/').any(is_dots);
    if is_odd {
        return Err(format!(
            "no request that browsers send fits `{}` in {whose}; write the path with single slashes, \
             without dots for a segment and without `\\`",
            shown(path)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases() {
        let check = |text: &str, want: Result<&str, &str>| match (base(text), want) {
            (Ok(base), Ok(want)) => assert_eq!(base, want),
            (Err(said), Err(want)) => assert!(said.contains(want), "{text}: {said}"),
            (got, _) => panic!("{text}: {got:?}"),
        };
        check("https://a.example", Ok("https://a.example"));
        check("http://a.example:8080/", Ok("http://a.example:8080"));
        check("https://a.example/x", Err("a base has no path"));
        check("https://a.example?x", Err("a base has no path"));
        check("a.example", Err("is not absolute"));
        check("https://", Err("host"));
    }

    #[test]
    fn targets_that_are_only_a_path() {
        let check = |target: &str, base, want: &str| {
            let got = absolute(target.as_bytes(), base);
            let got = got.map(|target| String::from_utf8_lossy(&target).into_owned());
            let got = got.unwrap_or_else(|message| message);
            assert!(got.starts_with(want), "{target}: {got}");
        };
        check("https://a/x", None, "https://a/x");
        check("/x?y", Some("https://b"), "https://b/x?y");
        check("/x", None, "the target `/x` is only a path; say of which host with --base");
        check("//a/x", Some("https://b"), "the target `//a/x` has no scheme; write https://a/x");
        check("x", Some("https://b"), "x");
    }

    #[test]
    fn decoded_paths_mean_themselves() {
        let check = |text: &str, want: &str| {
            let mut key = Vec::new();
            let got = push_literal(text.as_bytes(), &mut key);
            let key = String::from_utf8(key).unwrap();
            let got = got.map_or_else(|message| message, |()| key);
            assert!(got.contains(want), "{text}: {got}");
        };
        check("/a b%41?c#d", "/a%20b%2541%3Fc%23d");
        check("/a:b/:1", "/a:b/:1");
        check("/a/*", "a `*` that stands for itself");
        check("/a/:b", "means a placeholder by");
    }
}
