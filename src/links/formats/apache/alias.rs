//! `Redirect`, `RedirectMatch` and their kin (mod_alias).

use super::lines::Node;
use crate::links::bytes::shown;

/// A redirect as it is written.
#[derive(Clone, Debug)]
pub(super) struct Alias {
    pub(super) line: u32,
    pub(super) from: AliasFrom,
    /// Empty where it has none.
    pub(super) to: Vec<u8>,
    pub(super) status: Vec<u8>,
}

/// What a redirect is for.
#[derive(Clone, Debug)]
pub(super) enum AliasFrom {
    /// A path and what is below it.
    Path(Vec<u8>),
    Expression(Vec<u8>),
    /// All of the `<Location>` around it.
    Location,
}

impl Alias {
    /// Of a directive; `in_location`: whether it stands in one.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(super) fn of(node: &Node, in_location: bool) -> Result<Alias, String> {
        let words = node.words();
        let (status, rest) = match &node.name[..] {
            b"redirectpermanent" => (Some(b"301".to_vec()), &words[..]),
            b"redirecttemp" => (Some(b"302".to_vec()), &words[..]),
            _ => match words.split_first() {
                Some((first, rest)) if status(first).is_some() => (status(first), rest),
                _ => (None, &words[..]),
            },
        };
        let is_match = node.name == b"redirectmatch";
        let status = status.unwrap_or_else(|| b"302".to_vec());
        let sends = status[0] == b'3';
        let from = |text: &Vec<u8>| match is_match {
            true => AliasFrom::Expression(text.clone()),
            false => AliasFrom::Path(text.clone()),
        };
        let (from, to) = match rest {
            [path, to] if sends => (from(path), to.clone()),
            [path] if !sends => (from(path), Vec::new()),
            [to] if in_location && !is_match => (AliasFrom::Location, to.clone()),
            [] if in_location && !sends => (AliasFrom::Location, Vec::new()),
            [_, _] => {
                return Err(format!(
                    "the status {} has no target; leave the target out",
                    shown(&status)
                ));
            }
            _ => return Err("write it as Redirect [status] /path https://host/path".to_owned()),
        };
        if !sends && status != b"410" {
            return Err(format!("the status {} is no redirect; leave it out", shown(&status)));
        }
        if let AliasFrom::Path(path) = &from {
            check_path(path)?;
        }
        Ok(Alias { line: node.line, from, to, status })
    }
}

fn check_path(path: &[u8]) -> Result<(), String> {
    if path.first() != Some(&b'/') {
        return Err(format!("`{0}` matches no path; write /{0}", shown(path)));
    }
    if path.contains(&b'?') {
        return Err(format!(
            "Apache compares `{}` with paths without their query, so it matches nothing; leave it \
             out, or write it as a native line",
            shown(path)
        ));
    }
    Ok(())
}

/// The status that a first word says.
fn status(word: &[u8]) -> Option<Vec<u8>> {
    let known: &[u8] = match &word.to_ascii_lowercase()[..] {
        b"permanent" => b"301",
        b"temp" => b"302",
        b"seeother" => b"303",
        b"gone" => b"410",
        digits if digits.len() == 3 && digits.iter().all(u8::is_ascii_digit) => word,
        _ => return None,
    };
    Some(known.to_vec())
}
