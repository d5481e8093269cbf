//! A line of Cloudflare Pages' `_redirects`: `from to [status]`, read as its own parser
//! does, which passes over much without a word to visitors.

use std::collections::HashMap;

use super::super::paths::plain_path;
use super::placeholders;
use super::rule::{RedirectRule, columns, is_space, redirecting, split_scheme};
use crate::links::bytes::shown;
use crate::links::formats::claimed::of_pattern;
use crate::links::formats::region::Region;

/// What Pages reads of a file.
pub(super) const STATIC_MAX: usize = 2000;
pub(super) const DYNAMIC_MAX: usize = 100;
/// What its parser reads of a line, and what its documentation says that it does.
pub(super) const LINE_CHARS_MAX: usize = 2000;
pub(super) const LINE_CHARS_PROMISED: usize = 1000;

const OVER: &str = "Pages leaves this rule out, as it is over a limit; here it answers";

/// What Pages remembers of a file.
#[derive(Default)]
pub(super) struct PagesFile {
    /// Lines by their sources, also of rules that carom refuses.
    seen: HashMap<Vec<u8>, u32>,
    static_rules: usize,
    dynamic_rules: usize,
    /// Its parser goes on to no further line.
    has_ended: bool,
    /// What the rule that was read last is for, if Pages has it.
    source: Option<Vec<u8>>,
}

impl PagesFile {
    /// What the rule that was read last, and is refused, is for, if Pages has it.
    pub(super) fn claimed(&mut self) -> Vec<Region> {
        match self.source.take() {
            None => Vec::new(),
            // What stands before a placeholder within a segment begins what it is for.
            Some(source) if in_segments(&source).is_err() => {
                of_pattern(&String::from_utf8_lossy(&source), false)
            }
            Some(source) => vec![Region::of_key(&source, false)],
        }
    }

    /// What is said of a rule, if it is over a limit.
    fn count(&mut self, from: &[u8]) -> Option<String> {
        // Behind the first dynamic rule the others count as dynamic, too.
        if self.dynamic_rules == 0 && !is_dynamic(from) {
            self.static_rules += 1;
            return (self.static_rules > STATIC_MAX).then(|| OVER.to_owned());
        }
        self.dynamic_rules += 1;
        self.has_ended |= self.dynamic_rules > DYNAMIC_MAX;
        self.has_ended.then(|| OVER.to_owned())
    }
}

fn is_dynamic(from: &[u8]) -> bool {
    let named = |pair: &[u8]| pair[0] == b':' && pair[1].is_ascii_alphabetic();
    from.contains(&b'*') || from.windows(2).any(named)
}

/// Reads a line; `None` where it is empty or a comment.
///
/// # Errors
/// Why it cannot be taken, and what to do.
pub(super) fn rule<'a>(
    number: u32,
    line: &'a [u8],
    file: &mut PagesFile,
) -> Option<Result<RedirectRule<'a>, String>> {
    let columns = columns(line);
    if columns.is_empty() {
        return None;
    }
    let chars = chars(line);
    let rule = match chars > LINE_CHARS_MAX {
        // Its parser does not count it.
        true => read(number, &columns, &mut PagesFile::default()),
        false => read(number, &columns, file),
    };
    Some(rule.map(|mut rule| {
        if chars > LINE_CHARS_MAX {
            rule.said = vec![OVER.to_owned()];
        } else if chars > LINE_CHARS_PROMISED && rule.said.is_empty() {
            rule.said.push(format!(
                "Cloudflare promises to read lines of up to {LINE_CHARS_PROMISED} characters, and its parser reads \
                 up to {LINE_CHARS_MAX}; here it answers"
            ));
        }
        rule
    }))
}

/// How long JavaScript finds the line, without what is white around it.
fn chars(line: &[u8]) -> usize {
    let text = String::from_utf8_lossy(line);
    text.trim_matches(is_space).chars().map(char::len_utf16).sum()
}

fn read<'a>(
    number: u32,
    columns: &[&'a [u8]],
    file: &mut PagesFile,
) -> Result<RedirectRule<'a>, String> {
    let (from, to, status) = match *columns {
        [from, to] => (from, to, &b"302"[..]),
        [from, to, status] => (from, to, status),
        _ => {
            return Err(format!(
                "the line has {} columns, and Pages ignores it; write source, target and status",
                columns.len()
            ));
        }
    };
    file.source = None;
    let from = source(from)?;
    let said = file.count(&from);
    target(to)?;
    if !matches!(status, b"200" | b"301" | b"302" | b"303" | b"307" | b"308") {
        return Err(format!(
            "Pages ignores the status `{}`; write 301, 302, 303, 307 or 308",
            shown(status)
        ));
    }
    let is_folder = from.ends_with(b"/*") || from.ends_with(b"/");
    if is_folder && to[0] == b'/' && (to.ends_with(b"/index") || to.ends_with(b"/index.html")) {
        return Err(format!(
            "Pages takes it for a loop and ignores it, as {} leads to itself there; leave it out, or \
             name another target",
            shown(to)
        ));
    }
    if let Some(first) = file.seen.get(&from) {
        return Err(format!(
            "Pages ignores it, as line {first} has the source {} already; remove one of them",
            shown(&from)
        ));
    }
    file.seen.insert(from.clone(), number);
    file.source = said.is_none().then(|| from.clone());
    let status = redirecting(status)?;
    with_slash(to)?;
    in_segments(&from)?;
    plain_path(&from, "Pages")?;
    let rule = RedirectRule {
        from,
        parameters: Vec::new(),
        to,
        status,
        conditions: Vec::new(),
        keeps_query: keeps_query(to),
        said: said.into_iter().collect(),
    };
    placeholders::check(&rule, "Pages")?;
    Ok(rule)
}

/// The path of a source. Its query and fragment are cut off, as there.
fn source(from: &[u8]) -> Result<Vec<u8>, String> {
    if split_scheme(from).is_some() {
        return Err(format!("the source `{}` is no path, and Pages ignores it", shown(from)));
    }
    let end = from.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(from.len());
    let from = &from[..end];
    Ok(match from.first() {
        Some(b'/') => from.to_vec(),
        _ => [b"/", from].concat(),
    })
}

/// Refuses targets that Pages ignores.
fn target(to: &[u8]) -> Result<(), String> {
    if to[0] != b'/' && !to.starts_with(b"https://") {
        return Err(format!(
            "Pages ignores targets that begin neither with https:// nor with `/`, such as `{}`; \
             write https:// if it should answer",
            shown(to)
        ));
    }
    Ok(())
}

/// Refuses targets that Pages spoils.
fn with_slash(to: &[u8]) -> Result<(), String> {
    if let Some(rest) = to.strip_prefix(b"https://") {
        let mark = rest.iter().find(|byte| matches!(byte, b'/' | b'?' | b'#'));
        if mark.is_some_and(|&mark| mark != b'/') {
            return Err(format!(
                "Pages puts the slash that is missing behind the host of `{}` at its end; write it",
                shown(to)
            ));
        }
    }
    Ok(())
}

fn in_segments(from: &[u8]) -> Result<(), String> {
    let within = |pair: &[u8]| matches!(pair, [before, b':', letter] if *before != b'/' && letter.is_ascii_alphabetic());
    if from.windows(3).any(within) {
        return Err(format!(
            "`{}` has a placeholder that is not a whole segment, which a key cannot have",
            shown(from)
        ));
    }
    Ok(())
}

/// A target's own query takes the place of the visitor's, if it is not empty.
fn keeps_query(to: &[u8]) -> bool {
    let end = to.iter().position(|&byte| byte == b'#').unwrap_or(to.len());
    let query = to[..end].iter().position(|&byte| byte == b'?');
    query.is_none_or(|at| at + 1 == end)
}
