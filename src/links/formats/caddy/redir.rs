//! A `redir` of a site, as it stands.

use super::rule::{Matcher, Matchers, everything, of_path};
use super::tokens::Node;
use crate::links::formats::claimed::of_pattern;
use crate::links::formats::region::Region;

/// A `redir`, and what sorts it.
pub(super) struct Redir<'n> {
    pub(super) line: u32,
    /// What it asks for, or why no key does.
    pub(super) matcher: Result<Matcher, String>,
    /// Its one path; empty where it has none, or several.
    pub(super) path: &'n str,
    pub(super) is_matched: bool,
    pub(super) to: &'n str,
    pub(super) code: Option<&'n str>,
}

impl<'n> Redir<'n> {
    /// Reads one.
    ///
    /// # Errors
    /// What Caddy does not take, as a sentence.
    pub(super) fn read(node: &'n Node, matchers: &Matchers<'n>) -> Result<Redir<'n>, String> {
        let words = &node.words[1..];
        let is_matcher = |word: &String| word == "*" || word.starts_with(['/', '@']);
        let (word, rest) = match words {
            [first, rest @ ..] if is_matcher(first) && !rest.is_empty() => (Some(&**first), rest),
            [first] if first.starts_with('/') => {
                return Err(format!(
                    "Caddy could take `{first}` for a matcher; write redir * {first}"
                ));
            }
            _ => (None, words),
        };
        let (to, code) = match rest {
            [to] => (to, None),
            [to, code] => (to, Some(&**code)),
            _ => return Err("write it as redir [matcher] https://host/path [permanent]".to_owned()),
        };
        let word = word.filter(|word| *word != "*");
        let (matcher, path) = match word {
            None => (Ok(everything()), ""),
            Some(name) if name.starts_with('@') => {
                let known = matchers.get(name).ok_or_else(|| format!("no matcher is `{name}`"))?;
                (known.matcher.clone(), known.path)
            }
            Some(path) => (of_path(path), path),
        };
        Ok(Redir { line: node.line, matcher, path, is_matched: word.is_some(), to, code })
    }

    /// What it is for, in its site.
    pub(super) fn regions(&self) -> Vec<Region> {
        match self.path.strip_suffix('*') {
            Some(lead) if !lead.contains(['*', '?', '[', '\\']) => {
                return vec![Region::below(lead.as_bytes().to_vec(), true)];
            }
            _ if !self.path.is_empty() => return of_pattern(self.path, true),
            _ => {}
        }
        match &self.matcher {
            Ok(matcher) if matcher.said.is_empty() => {
                let keys = matcher.shape.keys.iter();
                keys.map(|filled| Region::of_key(&filled.key, matcher.any_case)).collect()
            }
            _ => vec![Region::below(Vec::new(), false)],
        }
    }
}
