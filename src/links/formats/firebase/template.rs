//! Destinations, which superstatic fills as path-to-regexp 1 does.

use super::source::Source;
use crate::links::bytes::shown;
use crate::links::formats::regex::Filled;

/// Whether names in a destination are filled: only where one stands right behind a slash.
pub(super) fn is_filled(destination: &str) -> bool {
    destination.starts_with(':') || destination.contains("/:")
}

/// A name in a destination.
struct Name<'d> {
    name: &'d str,
    /// What stands between it and the one before.
    before: &'d str,
    /// The character behind it.
    behind: Option<char>,
}

fn names(destination: &str) -> Vec<Name<'_>> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let mut names = Vec::new();
    let (mut begun, mut at) = (0, 0);
    while let Some(colon) = destination[at..].find(':').map(|found| at + found) {
        let rest = &destination[colon + 1..];
        let length = rest.find(|it| !is_word(it)).unwrap_or(rest.len());
        at = colon + 1 + length;
        if length > 0 {
            let (name, before) = (&rest[..length], &destination[begun..colon]);
            names.push(Name { name, before, behind: rest[length..].chars().next() });
            begun = at;
        }
    }
    names
}

/// Checks that a destination is filled as names are here.
///
/// # Errors
/// What Firebase makes of it, as a sentence.
pub(super) fn check(destination: &str, source: &Source) -> Result<(), String> {
    let names = names(destination);
    if !is_filled(destination) {
        let literal = names.iter().find(|it| !it.name.starts_with(|it: char| it.is_ascii_digit()));
        return match literal {
            Some(Name { name, .. }) => Err(format!(
                "Firebase sends `:{name}` as it stands, as no name in the target is right behind a slash; \
                 write /:{name}, or %3A{name}"
            )),
            None => Ok(()),
        };
    }
    if let Some(odd) = destination.find(['(', ')', '\\']) {
        let odd = &destination[odd..=odd];
        return Err(format!(
            "to Firebase `{odd}` in the target is part of a pattern; leave it out"
        ));
    }
    let stars = destination.matches('*').count();
    if stars > names.iter().filter(|it| it.behind == Some('*')).count() {
        return Err("the target has a `*` that no name has; write :name*".to_owned());
    }
    for (at, Name { name, before, behind }) in names.iter().enumerate() {
        let is_number = name.starts_with(|it: char| it.is_ascii_digit());
        if is_number && !source.is_expression {
            return Err(format!(
                "Firebase takes `:{name}` in the target for a name, which its source does not have; \
                 leave it out"
            ));
        }
        if source.is_expression && *behind == Some('*') {
            return Err(format!("Firebase fills `:{name}*` only of a glob; write :{name}"));
        }
        if *behind == Some('?') {
            return Err(format!(
                "to Firebase `:{name}?` is a name that may be left out, and no query; write :{name}/?"
            ));
        }
        let is_rest = source.names.iter().any(|it| it.strip_suffix('*') == Some(name));
        if is_rest && *behind != Some('*') {
            return Err(format!("Firebase fills all of it by `:{name}*` alone; write that"));
        }
        if before.ends_with('.') || (at > 0 && !before.is_empty() && !before.contains('/')) {
            return Err(format!(
                "what Firebase fills in for `{}:{name}` depends on the text before it; write /:{name}",
                shown(before.as_bytes())
            ));
        }
    }
    Ok(())
}

/// When Firebase answers nothing by this key, as nothing was captured that it could send.
pub(super) fn may_be_empty(destination: &str, source: &Source, filled: &Filled) -> Empty {
    let mut found = Empty::Never;
    if !source.is_expression || !is_filled(destination) {
        return found;
    }
    for Name { name, .. } in names(destination) {
        let fill = source.shape.capture(name.as_bytes()).and_then(|at| filled.fills.get(at));
        match fill.map(|fill| &fill.text[..]) {
            Some(b"") => return Empty::Always,
            Some(b":splat") => found = Empty::Sometimes,
            _ => {}
        }
    }
    found
}

/// When a capture that is sent has nothing in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    Never,
    Sometimes,
    Always,
}

#[cfg(test)]
mod tests {
    use crate::links::formats::firebase::read;
    use crate::links::formats::row::written;
    use crate::links::formats::source::Help;

    /// What is made of a source, in one way of writing it, and a destination.
    fn check(source: &str, destination: &str, want: &str) {
        let name = if source.starts_with('^') { "regex" } else { "source" };
        let redirect = format!(r#"{{"{name}":"{source}","destination":"{destination}"}}"#);
        let text = format!("{{\"hosting\":{{\"redirects\":[{redirect}]}}}}");
        let help = Help { base: Some("https://b"), ..Help::default() };
        let rows = written(|take| read(text.as_bytes(), &help, take)).join("\n");
        assert!(rows.contains(want), "{text}: {rows}");
    }

    #[test]
    fn what_is_filled_otherwise_than_it_looks() {
        check("/a/:p", "https://x:8443/:p", "`:8443` in the target for a name");
        check("/a/:p", "/c/:1", "`:1` in the target for a name");
        check("/a/:p", "/c/:p?x=1", "to Firebase `:p?` is a name that may be left out");
        check("/a/:p", "/c/:p/(b)", "`(` in the target is part of a pattern");
        check("/a/:p", "/c/:p/*", "the target has a `*` that no name has");
        check("/a/:p/:q", "/c/:p-:q", "depends on the text before it; write /:q");
        check("/a/:p/:q", "/c/:p/x.:q", "depends on the text before it; write /:q");
        check("/a/:p/:p", "/c/:p", "its source has `:p` twice");
        check("/a/:p*", "/c/:p", "Firebase fills all of it by `:p*` alone");
        check("^/a/(?<p>.*)$", "/c/:p*", "Firebase fills `:p*` only of a glob");
        check("^/a/(?<p>.*)$", "/c-:p", "Firebase sends `:p` as it stands");
        check("/!a/:p", "/c/:p", "begins with `!` is for all others");
    }

    #[test]
    fn what_is_sent_otherwise_is_said() {
        check(
            "/a",
            "/c%20d",
            "1 /a|https://b/c%20d|301|query=keep ~Firebase reads and writes the escapes",
        );
        check("^/a/(.*)$", "/c/:1", "~Firebase answers nothing where nothing was captured");
        check("^/a/([^/]+)$", "/c/:1", "1 /a/:p1|https://b/c/:p1|301|query=keep");
        check("^/a(/.*)?$", "/c/:1", "1 /a/*|https://b/c//:splat|301");
        check("//a//b", "/c", "1 /a/b|https://b/c|301|query=keep");
        check("/a/./b", "/c", "no request that browsers send fits");
    }
}
