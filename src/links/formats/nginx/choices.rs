//! Variables whose value is told by who asks: `geo`, `split_clients`, and a `map` of
//! `$http_accept_language`. A redirect that sends one is several lines of its key.

use std::collections::HashMap;

use super::redirect::{NginxRedirect, Part};
use super::tree::{ConfigLine, LANGUAGES, Node};
use crate::limits::CONDITION_VALUES_MAX;
use crate::links::bytes::shown;
use crate::links::formats::value::{filled, variables};

/// Hundredths of a percent in the whole.
const WHOLE: u32 = 10_000;

const SPLIT: &str = "the shares are those of nginx, but it gives each of them to other visitors";
const LANGUAGE: &str = "nginx compares how Accept-Language begins; here the language that the visitor likes best, by whole tags";

/// Such a variable.
#[derive(Debug)]
struct Choice {
    /// Its values in the order in which they are tried; or why they cannot be had.
    parts: Result<Vec<Part>, String>,
    /// In what it is something else here.
    changed: Option<&'static str>,
    place: ConfigLine,
    is_used: bool,
}

/// All of a configuration, by their names.
#[derive(Debug, Default)]
pub(super) struct Choices(HashMap<Vec<u8>, Choice>);

impl Choices {
    pub(super) fn collect(&mut self, nodes: &[Node]) {
        for node in nodes {
            let (name, parts, changed) = match (node.name(), &node.words[1..]) {
                (b"geo", [name]) => (name, geo(node), None),
                (b"geo", [address, name]) if address == b"$remote_addr" => (name, geo(node), None),
                (b"geo", [address, name]) => (name, Err(no_address(address)), None),
                (b"split_clients", [by, name]) => (name, split(by, node), Some(SPLIT)),
                (b"map", [source, name]) if source == LANGUAGES && node.block.is_some() => {
                    (name, languages(node), Some(LANGUAGE))
                }
                _ => {
                    self.collect(node.nodes());
                    continue;
                }
            };
            let name = name.strip_prefix(b"$").unwrap_or(name).to_vec();
            let choice = Choice { parts, changed, place: node.place, is_used: false };
            self.0.insert(name, choice);
        }
    }

    /// Makes lines of a redirect that sends one of them.
    ///
    /// # Errors
    /// Why it cannot be taken, as a sentence.
    pub(super) fn spread(&mut self, found: &mut NginxRedirect) -> Result<(), String> {
        let mut names: Vec<_> =
            variables(&found.value).filter(|name| self.0.contains_key(*name)).collect();
        names.dedup();
        let name = match names[..] {
            [] => return Ok(()),
            [name] => name.to_vec(),
            [_, other, ..] => {
                let other = shown(other);
                return Err(format!("${other} is told by who asks, too; send one such variable"));
            }
        };
        let Some(choice) = self.0.get_mut(&name) else { return Ok(()) };
        choice.is_used = true;
        let shown_name = shown(&name);
        let parts = choice.parts.clone().map_err(|why| format!("${shown_name}: {why}"))?;
        for part in parts {
            let value = filled(&found.value, &name, &part.value);
            if value.is_empty() {
                return Err(format!(
                    "${shown_name} can be empty, and then nothing is sent; give it a default"
                ));
            }
            found.parts.push(Part { value, ..part });
        }
        let changes = [found.context.changed.take(), choice.changed.map(str::to_owned)];
        let changes: Vec<_> = changes.into_iter().flatten().collect();
        found.context.changed = (!changes.is_empty()).then(|| changes.join("; "));
        Ok(())
    }

    /// Where those stand that no redirect sends, or those that one does.
    pub(super) fn places(&self, used: bool) -> impl Iterator<Item = ConfigLine> {
        self.0.values().filter(move |choice| choice.is_used == used).map(|choice| choice.place)
    }
}

fn no_address(address: &[u8]) -> String {
    format!("it is told by `{}`; only the address of the visitor can be asked here", shown(address))
}

/// The values of a `geo`: the longest networks first, as nginx takes the longest.
fn geo(node: &Node) -> Result<Vec<Part>, String> {
    let mut default = Vec::new();
    let mut networks: Vec<(u32, &[u8], String)> = Vec::new();
    for entry in node.nodes() {
        match &entry.words[..] {
            [word, value] if word == b"default" => default.clone_from(value),
            [word, ..] if word[0].is_ascii_alphabetic() && !word.contains(&b':') => {
                return Err(format!("`{}` is not understood; write its networks", shown(word)));
            }
            [network, value] => {
                let network = shown(network);
                let whole = if network.contains(':') { 128 } else { 32 };
                let length = network.split_once('/').map(|(_, length)| length.parse());
                let length = length
                    .unwrap_or(Ok(whole))
                    .map_err(|_| format!("`{network}` is no network; write one as 192.0.2.0/24"))?;
                networks.push((length, value, network));
            }
            words => return Err(format!("`{}` is not understood", shown(&words.join(&b' ')))),
        }
    }
    networks.sort_by(|(length, value, _), (other, other_value, _)| {
        other.cmp(length).then_with(|| value.cmp(other_value))
    });
    let mut parts = Vec::<Part>::new();
    for of_one in networks.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        for some in of_one.chunks(CONDITION_VALUES_MAX) {
            let names: Vec<_> = some.iter().map(|(_, _, network)| &**network).collect();
            let settings = vec![("IP", names.join(","))];
            parts.push(Part { settings, value: some[0].1.to_vec() });
        }
    }
    parts.push(Part { settings: Vec::new(), value: default });
    Ok(parts)
}

/// The values of a `split_clients`, with their shares as weights.
fn split(by: &[u8], node: &Node) -> Result<Vec<Part>, String> {
    let mut names: Vec<_> = variables(by).collect();
    names.sort_unstable();
    let sticky = match names[..] {
        [b"http_user_agent", b"remote_addr"] => "visitor".to_owned(),
        [b"remote_addr" | b"binary_remote_addr"] => "ip".to_owned(),
        [b"request_id"] => "off".to_owned(),
        [name] if name.starts_with(b"arg_") => format!("query:{}", shown(&name[4..])),
        _ => {
            return Err(format!(
                "it splits by `{}`; here by address and user agent (sticky=visitor), address (ip), \
                 a parameter (query:NAME), or anew each time (off)",
                shown(by)
            ));
        }
    };
    let mut left = WHOLE;
    let mut parts = Vec::new();
    for entry in node.nodes() {
        let [share, value] = &entry.words[..] else {
            return Err(format!("`{}` is not understood", shown(&entry.words.join(&b' '))));
        };
        let weight = match &share[..] {
            b"*" => left,
            share => hundredths(share).filter(|share| *share <= left).ok_or_else(|| {
                format!("`{}` is no share of what is left; write one as 50%", shown(share))
            })?,
        };
        left -= weight;
        let settings = vec![("weight", weight.to_string()), ("sticky", sticky.clone())];
        parts.push(Part { settings, value: value.clone() });
    }
    if left > 0 {
        return Err("its shares do not add up to 100%; write `*` for the rest".to_owned());
    }
    Ok(parts)
}

/// `0.5%`, in hundredths of a percent.
fn hundredths(share: &[u8]) -> Option<u32> {
    let number = share.strip_suffix(b"%")?;
    let at = number.iter().position(|&byte| byte == b'.').unwrap_or(number.len());
    let (whole, part) = (&number[..at], number.get(at + 1..).unwrap_or_default());
    let is_good = (1..=3).contains(&whole.len()) && part.len() <= 2;
    let digits = whole.iter().chain(part).chain(&b"00"[part.len().min(2)..]);
    let add =
        |sum: u32, digit: &u8| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0'));
    digits.copied().try_fold(0, |sum, digit| add(sum, &digit)).filter(|_| is_good)
}

/// The values of a `map` of languages: expressions such as `~*^de`.
fn languages(node: &Node) -> Result<Vec<Part>, String> {
    let mut default = Vec::new();
    let mut parts = Vec::new();
    for entry in node.nodes() {
        let [pattern, value] = &entry.words[..] else {
            return Err(format!("`{}` is not understood", shown(&entry.words.join(&b' '))));
        };
        if pattern == b"default" {
            default.clone_from(value);
            continue;
        }
        let tag = pattern.strip_prefix(b"~*^").or_else(|| pattern.strip_prefix(b"~^"));
        let tag = tag.map(|tag| tag.strip_suffix(b".*").unwrap_or(tag));
        let is_tag = |tag: &&[u8]| {
            !tag.is_empty() && tag.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        };
        let tag = tag.filter(is_tag).ok_or_else(|| {
            format!("`{}` asks for no language that can be named; write ~*^de", shown(pattern))
        })?;
        parts.push(Part { settings: vec![("Language", shown(tag))], value: value.clone() });
    }
    parts.push(Part { settings: Vec::new(), value: default });
    Ok(parts)
}
