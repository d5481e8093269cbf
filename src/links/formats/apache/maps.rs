//! `RewriteMap … txt:`: a file of keys and values, and the rules that look into it.

use super::super::source::{Help, Include};
use super::keys::{KeyFills, as_target};
use super::substitution::{MapCall, Piece, map_key, map_value};
use crate::links::bytes::shown;

/// A line of a map's file.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) line: u32,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// A map's file, by its name in messages.
#[derive(Clone, Debug)]
pub(super) struct MapFile {
    pub(super) name: String,
    pub(super) entries: Vec<Entry>,
}

/// Asks for the file of a map.
///
/// # Errors
/// Why it cannot be had, as a sentence.
pub(super) fn file(source: &[u8], help: &Help<'_>) -> Result<MapFile, String> {
    let Some(path) = source.strip_prefix(b"txt:") else {
        return Err(format!(
            "the map `{}` is none that can be read; write its keys and values as a txt: map",
            shown(source)
        ));
    };
    let path = core::str::from_utf8(path).map_err(|_| "the map's path is not UTF-8".to_owned())?;
    let Some(Include(find)) = help.include else {
        return Err(format!("the map {path} is not at hand; give its lines as a file"));
    };
    let files = find(path).map_err(|why| format!("the map {path}: {why}"))?;
    let [(name, text)] = &files[..] else {
        return Err(format!("the map {path} is no single file"));
    };
    let lines = (1..).zip(text.split(|&byte| byte == b'\n'));
    let entries = lines.filter_map(|(line, text)| {
        // A line that begins with white space is a comment, too.
        if text.first().is_none_or(|byte| byte.is_ascii_whitespace() || *byte == b'#') {
            return None;
        }
        let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (key, value) = (words.next()?, words.next().unwrap_or_default());
        Some(Entry { line, key: key.to_vec(), value: value.to_vec() })
    });
    Ok(MapFile { name: name.clone(), entries: entries.collect() })
}

impl Entry {
    /// What it is of the rule that looks for it: its keys with what it says in their place;
    /// nothing if the rule never asks for it.
    ///
    /// # Errors
    /// Why that is no key, as a sentence.
    pub(super) fn of(&self, call: &MapCall, keys: &KeyFills) -> Result<Option<KeyFills>, String> {
        let (lead, looked) = match &call.key[..] {
            [looked] => (&b""[..], looked),
            [Piece::Text(lead), looked] => (&lead[..], looked),
            _ => return Err(unclear(call)),
        };
        let asked = match looked {
            Piece::Rule(at) => keys.rule.get(*at).map(|fill| fill.text.clone()),
            Piece::Condition(at) => keys.condition.get(*at).map(|fill| fill.text.clone()),
            Piece::Variable("uri") => Some(as_target(&keys.key)),
            _ => None,
        };
        let asked = [lead, &asked.ok_or_else(|| unclear(call))?].concat();
        let own = map_key(&self.key)?;
        if let Some(before) = asked.strip_suffix(b":splat") {
            let Some(rest) = own.strip_prefix(before) else { return Ok(None) };
            return Ok(Some(bound(keys, b":splat", rest)));
        }
        let colon = asked.iter().rposition(|&byte| byte == b':');
        let name = colon.filter(|&at| {
            let name = &asked[at..];
            name.len() > 1 && keys.key.split(|&byte| byte == b'/').any(|part| part == name)
        });
        let Some(at) = name else { return Ok((asked == own).then(|| keys.clone())) };
        let Some(rest) = own.strip_prefix(&asked[..at]) else { return Ok(None) };
        let is_segment = !rest.is_empty() && !rest.contains(&b'/');
        Ok(is_segment.then(|| bound(keys, &asked[at..], rest)))
    }

    /// Its value as it is sent.
    pub(super) fn value(&self, escapes: bool) -> Vec<u8> {
        map_value(&self.value, escapes)
    }
}

fn unclear(call: &MapCall) -> String {
    format!(
        "what `${{{}}}` looks up is no single part of the path; write its links one by one",
        shown(&call.asked)
    )
}

/// The same with `text` for a placeholder, or for what follows.
fn bound(keys: &KeyFills, placeholder: &[u8], text: &[u8]) -> KeyFills {
    let key = match placeholder {
        b":splat" => [keys.key.strip_suffix(b"*").unwrap_or(&keys.key), text].concat(),
        name => {
            let parts = keys.key.split(|&byte| byte == b'/');
            let parts: Vec<&[u8]> =
                parts.map(|part| if part == name { text } else { part }).collect();
            parts.join(&b'/')
        }
    };
    let mut bound = KeyFills { key, ..keys.clone() };
    for fill in bound.rule.iter_mut().chain(&mut bound.condition) {
        if let Some(before) = fill.text.strip_suffix(placeholder) {
            fill.text = [before, text].concat();
        } else if let Some(at) = memchr::memmem::find(&fill.text, placeholder)
            && fill.text.get(at + placeholder.len()) == Some(&b'/')
        {
            fill.text.splice(at..at + placeholder.len(), text.iter().copied());
        }
    }
    bound
}
