//! haproxy maps (its configuration manual, `map` converters): a key, white space,
//! and a value that is the rest of the line. A line that begins with `#` is a
//! comment; behind a value it is not. Which converter a map is for is not in it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use memchr::memchr_iter;

use super::name::HaproxyMatch;
use super::paths::absolute;
use super::regex;
use super::rivals::Rivals;
use super::row::{Line, Row};
use super::source::Help;
use crate::links::bytes::shown;

pub(super) fn read(
    text: &[u8],
    how: HaproxyMatch,
    help: &Help<'_>,
    take: &mut dyn FnMut(u32, Line<'_>),
) {
    let (mut rivals, mut ends) = (Rivals::new(true), Ends::default());
    let folders = if how == HaproxyMatch::Beg { folders(text) } else { HashSet::new() };
    for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        // haproxy takes an indented `#` for a key, which no request has.
        let line = line.trim_ascii();
        if line.is_empty() || line[0] == b'#' {
            continue;
        }
        let (key, value) = columns(line);
        let rule = match rule(key, value, how, help) {
            Ok(rule) => rule,
            Err(message) => {
                take(number, Line::Refused(message));
                continue;
            }
        };
        let mut said = rule.said;
        // These two go through a list from its beginning, as expressions do.
        let of_ends = match how {
            HaproxyMatch::Dom | HaproxyMatch::End => ends.pass(key, number),
            _ => None,
        };
        // What is below `/a` is of the longer `/a/`, if that is in the map, too.
        let keys = rule.keys.iter().filter(|below| match below.strip_suffix(b"*") {
            Some(folder) => key.ends_with(b"/") || !folders.contains(folder),
            None => true,
        });
        for key in keys {
            // Keys of the others are looked up, the longest first.
            let earlier = match how {
                HaproxyMatch::Reg => rivals.pass(key, number),
                _ => of_ends,
            };
            if let Some(earlier) = earlier {
                let first = format!(
                    "haproxy takes line {earlier}, which comes first; here the more exact key answers"
                );
                if !said.contains(&first) {
                    said.push(first);
                }
            }
            let row = Row { key, target: &rule.target, status: rule.status, settings: &[] };
            take(
                number,
                match &*said {
                    [] => Line::Link(row),
                    said => Line::Changed(row, said.join("; ")),
                },
            );
        }
    }
}

/// Key and value.
fn columns(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    (&line[..end], line[end..].trim_ascii())
}

/// The keys that end with a slash.
fn folders(text: &[u8]) -> HashSet<&[u8]> {
    let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    lines.map(|line| columns(line).0).filter(|key| key.ends_with(b"/")).collect()
}

/// Ends of hosts, each with the first line it stands on.
#[derive(Default)]
struct Ends(HashMap<Vec<u8>, u32>);

impl Ends {
    /// The line of an earlier end that fits every host that this one fits, and notes this
    /// one for those to come.
    fn pass(&mut self, key: &[u8], line: u32) -> Option<u32> {
        let name = key.strip_prefix(b".").unwrap_or(key);
        let name = name.strip_suffix(b".").unwrap_or(name).to_ascii_lowercase();
        let shorter = memchr_iter(b'.', &name).filter_map(|at| self.0.get(&name[at + 1..]));
        let earlier = shorter.min().copied();
        self.0.entry(name).or_insert(line);
        earlier
    }
}

struct MapLine<'a> {
    keys: Vec<Vec<u8>>,
    target: Cow<'a, [u8]>,
    status: Option<&'a [u8]>,
    /// In what it means something else here, as sentences.
    said: Vec<String>,
}

fn rule<'a>(
    key: &[u8],
    value: &'a [u8],
    how: HaproxyMatch,
    help: &Help<'_>,
) -> Result<MapLine<'a>, String> {
    if value.is_empty() {
        return Err(format!("{} has no value; write a URL behind it", shown(key)));
    }
    let end = value.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(value.len());
    let (target, rest) = (&value[..end], value[end..].trim_ascii());
    let (status, behind) = match rest {
        [] => (None, None),
        [b'#', ..] => (
            None,
            Some("to haproxy the comment behind the value is part of it; here it is left out"),
        ),
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9'] => (
            Some(rest),
            Some(
                "to haproxy the number behind the URL is part of the value; here it is the status",
            ),
        ),
        _ => {
            return Err(format!(
                "`{}` stands behind the URL, and haproxy would send it as part of it; leave it out",
                shown(rest)
            ));
        }
    };
    let target = absolute(target, help.base)?;
    let (keys, changed) = keys(key, how)?;
    let mut said: Vec<String> = behind.map(str::to_owned).into_iter().chain(changed).collect();
    if how != HaproxyMatch::Reg && !is_canonical(key) {
        said.push(
            "haproxy compares the key as it is written; here hosts are so in small letters, and paths in one spelling"
                .to_owned(),
        );
    }
    Ok(MapLine { keys, target, status, said })
}

/// Whether a key is in the spelling in which keys are compared here.
fn is_canonical(key: &[u8]) -> bool {
    let at = key.iter().position(|&byte| byte == b'/').unwrap_or(key.len());
    let (host, path) = key.split_at(at);
    let is_dots = |segment: &[u8]| matches!(segment, b"." | b"..");
    !host.iter().any(u8::is_ascii_uppercase)
        && !host.ends_with(b".")
        && memchr::memmem::find(path, b"//").is_none()
        && !path.split(|&byte| byte == b'/').any(is_dots)
}

/// The keys of a regular expression.
fn expression_keys(key: &[u8]) -> Result<(Vec<Vec<u8>>, Option<String>), String> {
    let is_path = key.starts_with(b"^/") || !key.starts_with(b"^");
    let shape = regex::read(key, regex::Subject { host: !is_path, raw: false })?;
    if shape.any_case {
        return Err(format!("`{}` matches in any case; write its links one by one", shown(key)));
    }
    let rooted =
        |key: &[u8]| if key.contains(&b'/') { key.to_vec() } else { [key, b"/*"].concat() };
    let keys = shape.keys.iter().map(|filled| rooted(&filled.key)).collect();
    Ok((keys, shape.changed))
}

fn keys(key: &[u8], how: HaproxyMatch) -> Result<(Vec<Vec<u8>>, Option<String>), String> {
    if how == HaproxyMatch::Reg {
        return expression_keys(key);
    }
    if key.contains(&b'*') || super::paths::no_placeholder(key).is_err() {
        return Err(format!(
            "`{}` has a `*` or a `/:` that stands for itself, which a key cannot say",
            shown(key)
        ));
    }
    let has_path = key.contains(&b'/');
    match how {
        // A word without a dot is no host; the loader says what it could be.
        HaproxyMatch::Str if has_path || !key.contains(&b'.') => {
            let query = "haproxy compares the query as it stands; here its parameters may come in any order, with others between them";
            Ok((vec![key.to_vec()], key.contains(&b'?').then(|| query.to_owned())))
        }
        HaproxyMatch::Str => Ok((vec![[key, b"/*"].concat()], None)),
        HaproxyMatch::Beg if key.contains(&b'?') => Err(format!(
            "`{}` is the beginning of a query, which no key can be; write whole keys",
            shown(key)
        )),
        HaproxyMatch::Beg if !has_path => Err(format!(
            "`{}` is the beginning of a host, which no key can be; write whole hosts",
            shown(key)
        )),
        HaproxyMatch::Beg if key.ends_with(b"/") => Ok((vec![[key, b"*"].concat()], None)),
        HaproxyMatch::Beg => Ok((
            vec![key.to_vec(), [key, b"/*"].concat()],
            Some(format!(
                "haproxy matches all that begins with {0}, also {0}x; here it is {0} and what is below it",
                shown(key)
            )),
        )),
        HaproxyMatch::Dom | HaproxyMatch::End if has_path => Err(format!(
            "`{}` is a part of a path, which no key can be; write whole keys, or read the map as haproxy or haproxy-beg",
            shown(key)
        )),
        HaproxyMatch::Dom | HaproxyMatch::Reg => {
            let name = key.strip_prefix(b".").unwrap_or(key);
            let name = name.strip_suffix(b".").unwrap_or(name);
            Ok((
                vec![[name, b"/*"].concat(), [b"*.", name, b"/*"].concat()],
                Some(format!(
                    "haproxy matches {0} between any two dots of a host; here it is {0} and its subdomains",
                    shown(name)
                )),
            ))
        }
        HaproxyMatch::End => match key.strip_prefix(b".") {
            Some(name) => Ok((vec![[b"*.", name, b"/*"].concat()], None)),
            None => Ok((
                vec![[key, b"/*"].concat(), [b"*.", key, b"/*"].concat()],
                Some(format!(
                    "haproxy matches all hosts that end with {0}, also x{0}; here it is {0} and its subdomains",
                    shown(key)
                )),
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(how: HaproxyMatch, text: &str) -> Vec<String> {
        let help = Help { base: Some("https://b.example"), ..Help::default() };
        super::super::row::written(|take| read(text.as_bytes(), how, &help, take))
    }

    /// What a line comes to, without its number and without what has changed.
    fn check(how: HaproxyMatch, line: &str, want: &[&str]) {
        let rows = rows(how, line);
        let same = rows.len() == want.len()
            && rows.iter().zip(want).all(|(row, want)| {
                let row = row.strip_prefix("1 ").expect("the first line");
                match want.strip_prefix(['!', '~']) {
                    Some(part) if want.starts_with('!') => {
                        row.starts_with('!') && row.contains(part)
                    }
                    Some(part) => row.split_once(" ~").is_some_and(|(row, _)| row == part),
                    None => row == *want,
                }
            });
        assert!(same, "{line}: {rows:?}");
    }

    use HaproxyMatch::*;

    #[test]
    fn lines() {
        let text = "# a comment\n\n  /a\t https://x/  \r\n/b https://y/\n   # x\n";
        assert_eq!(rows(Str, text), ["3 /a|https://x/|-", "4 /b|https://y/|-"]);
        check(Str, "/a", &["!/a has no value"]);
        check(Str, "/a /new", &["/a|https://b.example/new|-"]);
        check(Str, "/a https://x/#part", &["/a|https://x/#part|-"]);
    }

    #[test]
    fn what_stands_behind_a_value() {
        check(Str, "/a https://x/ # why", &["~/a|https://x/|-"]);
        check(Str, "/a https://x/ 301", &["~/a|https://x/|301"]);
        check(Str, "/a https://x/ and more", &["!`and more` stands behind the URL"]);
    }

    #[test]
    fn the_same_text() {
        check(Str, "a.example https://x/", &["a.example/*|https://x/|-"]);
        check(Str, "a.example/p https://x/", &["a.example/p|https://x/|-"]);
        check(Str, "/p?a=1 https://x/", &["~/p?a=1|https://x/|-"]);
        check(Str, "deal https://x/", &["deal|https://x/|-"]);
        check(Str, "/a/* https://x/", &["!stands for itself"]);
        check(Str, "/:a https://x/", &["!stands for itself"]);
    }

    #[test]
    fn what_is_compared_as_it_is_written() {
        for key in ["A.example", "a.example.", "a.example/b//c", "/a/../b"] {
            let rows = rows(Str, &format!("{key} https://x/"));
            assert!(rows[0].contains("~haproxy compares the key as it is written"), "{rows:?}");
        }
        assert!(!rows(Str, "/A/b. https://x/")[0].contains('~'));
    }

    #[test]
    fn beginnings() {
        check(Beg, "/a https://x/", &["~/a|https://x/|-", "~/a/*|https://x/|-"]);
        check(Beg, "/a/ https://x/", &["/a/*|https://x/|-"]);
        check(Beg, "/ https://x/", &["/*|https://x/|-"]);
        let both = rows(Beg, "/a/ https://y/\n/a https://x/\n");
        assert!(both[0] == "1 /a/*|https://y/|-" && both[1].starts_with("2 /a|https://x/|- ~"));
        assert_eq!(both.len(), 2, "the longer one answers what is below: {both:?}");
        check(Beg, "h.example/a/ https://x/", &["h.example/a/*|https://x/|-"]);
        check(Beg, "www. https://x/", &["!the beginning of a host"]);
        check(Beg, "/a?b https://x/", &["!the beginning of a query"]);
    }

    #[test]
    fn domains_and_ends() {
        let both = &["~a.example/*|https://x/|-", "~*.a.example/*|https://x/|-"];
        check(Dom, "a.example https://x/", both);
        check(Dom, ".a.example https://x/", both);
        check(End, "a.example https://x/", both);
        check(End, ".a.example https://x/", &["*.a.example/*|https://x/|-"]);
        check(Dom, "/a https://x/", &["!is a part of a path"]);
        check(End, "/a.html https://x/", &["!is a part of a path"]);
    }

    #[test]
    fn the_first_end_that_fits_answers() {
        let first = "haproxy takes line 1, which comes first; here the more exact key answers";
        let text = ".example.com https://x/all\n.pay.example.com https://x/pay\n";
        let wanted = [
            "1 *.example.com/*|https://x/all|-".to_owned(),
            format!("2 *.pay.example.com/*|https://x/pay|- ~{first}"),
        ];
        assert_eq!(rows(End, text), wanted);
        let rows = |text: &str| rows(Dom, text);
        let covered = rows("example.com https://x/all\nPay.example.com https://x/pay\n");
        assert!(covered[2].ends_with(first) && covered[3].ends_with(first), "{covered:?}");
        assert!(covered[2].contains("between any two dots of a host; here it is"), "{covered:?}");
        let other = rows("pay.example.com https://x/pay\nexample.com https://x/all\n");
        assert!(other.iter().all(|row| !row.contains(first)), "{other:?}");
    }

    #[test]
    fn expressions() {
        check(Reg, "^/a/ https://x/", &["/a/*|https://x/|-"]);
        check(Reg, r"^a\.example$ https://x/", &["a.example/*|https://x/|-"]);
        check(Reg, "^/(a|b)$ https://x/", &["/a|https://x/|-", "/b|https://x/|-"]);
        let rows = rows(Reg, "^/a/ https://x/\n^/a/b$ https://y/\n");
        assert!(rows[1].contains("~haproxy takes line 1, which comes first"), "{rows:?}");
    }
}
