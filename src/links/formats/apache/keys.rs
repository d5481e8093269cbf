//! The keys that paths and expressions of Apache are, with what was captured.

use super::super::paths::push_literal;
use super::super::regex::{self, Fill, Filled, Subject};
use super::super::region::Region;
use crate::links::bytes::shown;

/// A key, and what the captures are by it; the first is all that was matched.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyFills {
    pub(super) key: Vec<u8>,
    /// Those of the rule: `$0`, `$1` …
    pub(super) rule: Vec<Fill>,
    /// Those of a condition on the path: `%0`, `%1` …
    pub(super) condition: Vec<Fill>,
    /// Whether `$0` and `%0` are a part of the path that no target can say.
    pub(super) is_partial: [bool; 2],
}

/// Keys, and in what they match otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Matched {
    pub(super) keys: Vec<KeyFills>,
    pub(super) any_case: bool,
    pub(super) changed: Option<String>,
}

fn fill(text: &[u8]) -> Fill {
    Fill { text: text.to_vec(), query: false }
}

/// A key as a target writes it.
pub(super) fn as_target(key: &[u8]) -> Vec<u8> {
    match key.strip_suffix(b"*") {
        Some(start) => [start, b":splat"].concat(),
        None => key.to_vec(),
    }
}

impl Matched {
    /// What a path of mod_alias is: itself and what is below it; `$1` is what follows.
    pub(super) fn below(path: &[u8]) -> Result<Matched, String> {
        let mut key = Vec::new();
        push_literal(path, &mut key)?;
        // Several slashes are one to Apache, too.
        key.dedup_by(|one, other| *one == b'/' && *other == b'/');
        let rest = |key: Vec<u8>, rest: &[u8]| {
            let whole = fill(&as_target(&key));
            KeyFills { key, rule: vec![whole, fill(rest)], ..KeyFills::default() }
        };
        let keys = match key.ends_with(b"/") {
            true => vec![rest([&key, &b"*"[..]].concat(), b":splat")],
            false => {
                let all = [&key, &b"/*"[..]].concat();
                vec![rest(key, b""), rest(all, b"/:splat")]
            }
        };
        Ok(Matched { keys, ..Matched::default() })
    }

    /// Those that an expression matches. `directory`: what paths are without, where it
    /// is that of a directory; with a slash at its end.
    ///
    /// # Errors
    /// Why no keys come of it, as a sentence.
    pub(super) fn of_expression(
        expression: &[u8],
        any_case: bool,
        directory: Option<&[u8]>,
    ) -> Result<Matched, String> {
        let rooted = rooted(expression, directory)?;
        let shape = regex::read(&rooted, Subject::default())?;
        let ends: [&[u8]; 5] = [b"$", b".*", b".+", b".*)", b".+)"];
        let is_partial = !ends.iter().any(|end| expression.ends_with(end));
        let key_fills = |filled: Filled| {
            let whole = as_target(&filled.key);
            let whole = whole.get(directory.map_or(0, <[u8]>::len)..).unwrap_or_default().to_vec();
            let captured = filled.fills.into_iter();
            let rule = [Fill { text: whole, query: false }].into_iter().chain(captured).collect();
            KeyFills {
                key: filled.key,
                rule,
                is_partial: [is_partial, false],
                ..KeyFills::default()
            }
        };
        Ok(Matched {
            keys: shape.keys.into_iter().map(key_fills).collect(),
            any_case: any_case || shape.any_case,
            changed: shape.changed,
        })
    }

    /// The same keys, as those of a condition.
    pub(super) fn into_condition(mut self) -> Matched {
        for key in &mut self.keys {
            key.condition = core::mem::take(&mut key.rule);
            key.is_partial.swap(0, 1);
        }
        self
    }

    fn is_everything(&self) -> bool {
        matches!(&self.keys[..], [only] if only.key == b"/*")
    }

    /// What is of both, with what both captured.
    ///
    /// # Errors
    /// Why that is no keys, as a sentence.
    pub(super) fn and(self, other: &Matched) -> Result<Matched, String> {
        let any_case = match (self.is_everything(), other.is_everything()) {
            (true, _) => other.any_case,
            (_, true) => self.any_case,
            _ if self.any_case == other.any_case => self.any_case,
            _ => return Err("one of the two expressions looks at case; give both [NC]".to_owned()),
        };
        let mut keys: Vec<KeyFills> = Vec::new();
        for mine in &self.keys {
            for theirs in &other.keys {
                let Some(both) = both(mine, theirs, any_case)? else { continue };
                if keys.iter().all(|known| known.key != both.key) {
                    keys.push(both);
                }
            }
        }
        if keys.is_empty() {
            return Err("no path is matched by both expressions; leave it out".to_owned());
        }
        let changed = match (self.changed, &other.changed) {
            (Some(one), Some(two)) => Some(format!("{one}; {two}")),
            (one, two) => one.or(two.clone()),
        };
        Ok(Matched { keys, any_case, changed })
    }
}

/// What is matched by one key and another.
fn both(mine: &KeyFills, theirs: &KeyFills, any_case: bool) -> Result<Option<KeyFills>, String> {
    let region = |fills: &KeyFills| Region::of_key(&fills.key, any_case);
    if !region(mine).meets(&region(theirs)) {
        return Ok(None);
    }
    let (narrow, lead) = if mine.key == theirs.key {
        (mine, None)
    } else if let Some(lead) = leads(theirs, mine) {
        (mine, Some((lead, false)))
    } else if let Some(lead) = leads(mine, theirs) {
        (theirs, Some((lead, true)))
    } else {
        return Err(format!(
            "the keys {} and {} share some paths only; write its links one by one",
            shown(&mine.key),
            shown(&theirs.key)
        ));
    };
    let mut made = KeyFills {
        key: narrow.key.clone(),
        rule: mine.rule.clone(),
        is_partial: [mine.is_partial[0], theirs.is_partial[1] || mine.is_partial[1]],
        condition: match theirs.condition.is_empty() {
            true => mine.condition.clone(),
            false => theirs.condition.clone(),
        },
    };
    if let Some((lead, mine_is_wide)) = lead {
        let rest = as_target(&narrow.key[lead..]);
        let fills = if mine_is_wide { &mut made.rule } else { &mut made.condition };
        for fill in fills {
            if let Some(before) = fill.text.strip_suffix(b":splat") {
                fill.text = [before, &rest].concat();
            }
        }
    }
    Ok(Some(made))
}

/// How long the beginning is that a `/*` key shares with a narrower one.
fn leads(wide: &KeyFills, narrow: &KeyFills) -> Option<usize> {
    let lead = wide.key.strip_suffix(b"*")?;
    narrow.key.starts_with(lead).then_some(lead.len())
}

/// An expression that is compared with what is behind a directory, for the whole path; and
/// `^/?`, which is `^/` to a path.
fn rooted(expression: &[u8], directory: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let Some(directory) = directory else {
        return Ok(match expression.strip_prefix(b"^/?") {
            Some(rest) => [b"^/", rest].concat(),
            None => expression.to_vec(),
        });
    };
    let mut escaped = Vec::new();
    for &byte in directory {
        if !byte.is_ascii_alphanumeric() && !matches!(byte, b'/' | b'-' | b'_') && byte.is_ascii() {
            escaped.push(b'\\');
        }
        escaped.push(byte);
    }
    let parts = alternatives(expression);
    let mut all = Vec::new();
    for part in parts {
        if !all.is_empty() {
            all.push(b'|');
        }
        let rest = match part.strip_prefix(b"^") {
            Some(rest) => rest,
            // What may begin anywhere and takes it all.
            None if matches!(part, b"" | b".*" | b"(.*)" | b".+" | b"(.+)")
                || part.starts_with(b".*")
                || part.starts_with(b"(.*)") =>
            {
                part
            }
            None if matches!(part, b"." | b".?") => {
                if part == b"." {
                    b".+"
                } else {
                    b".*"
                }
            }
            None => part_anywhere(part)?,
        };
        if rest.starts_with(b"/") && !rest.starts_with(b"/?") {
            return Err(format!(
                "`{}` matches nothing: in a directory no path begins with a slash; leave the slash out",
                shown(expression)
            ));
        }
        let rest = rest.strip_prefix(b"/?").unwrap_or(rest);
        all.extend_from_slice(&[b"^", &escaped[..], rest].concat());
    }
    Ok(all)
}

fn part_anywhere(part: &[u8]) -> Result<&[u8], String> {
    Err(format!(
        "`{}` does not begin with ^, so Apache finds it anywhere in a path; write ^ before it",
        shown(part)
    ))
}

/// What stands between the `|` outside of groups.
fn alternatives(expression: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut depth, mut begun, mut is_class) = (Vec::new(), 0_usize, 0, false);
    let mut at = 0;
    while let Some(&byte) = expression.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => is_class = true,
            b']' => is_class = false,
            b'(' if !is_class => depth += 1,
            b')' if !is_class => depth = depth.saturating_sub(1),
            b'|' if !is_class && depth == 0 => {
                parts.push(&expression[begun..at]);
                begun = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&expression[begun..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(matched: Result<Matched, String>) -> String {
        let text = |fills: &[Fill]| {
            let texts = fills.iter().map(|fill| String::from_utf8_lossy(&fill.text).into_owned());
            texts.collect::<Vec<_>>().join(",")
        };
        let key = |it: &KeyFills| {
            format!("{}[{}][{}]", shown(&it.key), text(&it.rule), text(&it.condition))
        };
        match matched {
            Ok(matched) => matched.keys.iter().map(key).collect::<Vec<_>>().join(" "),
            Err(message) => format!("!{message}"),
        }
    }

    fn check(expression: &str, directory: Option<&str>, want: &str) {
        let directory = directory.map(str::as_bytes);
        let got = written(Matched::of_expression(expression.as_bytes(), false, directory));
        match want.strip_prefix('!') {
            Some(want) => assert!(got.contains(want), "{expression}: {got}"),
            None => assert_eq!(got, want, "{expression}"),
        }
    }

    #[test]
    fn expressions_of_servers_and_directories() {
        check("^/a$", None, "/a[/a][]");
        check("^/?a$", None, "/a[/a][]");
        check("^a$", None, "!does not begin with a slash");
        check("^a$", Some("/"), "/a[a][]");
        check("^/?a$", Some("/"), "/a[a][]");
        check("^/a$", Some("/"), "!matches nothing");
        check("^(.*)$", Some("/"), "/*[:splat,:splat][]");
        check("(.*)", Some("/x/"), "/x/*[:splat,:splat][]");
        check("^", Some("/"), "/*[:splat][]");
        check("^$", Some("/"), "/[][]");
        check("a$", Some("/"), "!does not begin with ^");
        check("^a/(.*)$", Some("/x.y/"), "/x.y/a/*[a/:splat,:splat][]");
        check("^a$|^b$", Some("/"), "/a[a][] /b[b][]");
        check("^p/([^/]+)$", Some("/"), "/p/:p1[p/:p1,:p1][]");
    }

    #[test]
    fn what_two_expressions_share() {
        let check = |rule: &str, condition: &str, want: &str| {
            let rule = Matched::of_expression(rule.as_bytes(), false, Some(b"/")).unwrap();
            let condition = Matched::of_expression(condition.as_bytes(), false, None).unwrap();
            let got = written(rule.and(&condition.into_condition()));
            assert!(got.contains(want) && !want.is_empty(), "{got}");
        };
        check("^(.*)$", "^/a/(.*)$", "/a/*[a/:splat,a/:splat][/a/:splat,:splat]");
        check("^a/b$", "^/a/(.*)$", "/a/b[a/b][/a/b,b]");
        check("^a/(.*)$", "^/a/b$", "/a/b[a/b,b][/a/b]");
        check("^a$", "^/b$", "no path is matched by both");
        check("^([^/]+)/b$", "^/a/.*$", "share some paths only");
    }
}
