//! What the WordPress plugin Redirection exports as JSON: its redirects, which it tries in the
//! order of their positions. The first that fits answers.

mod item;

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::claimed::of_pattern;
use super::json::{Document, Fields, by_lines, of_source, part, redirects};
use super::ordered::{Ordered, emit};
use super::region::Region;
use super::row::Line;
use super::source::Help;
use crate::links::bytes::shown;
use item::{Flags, Item};

const WHAT: &str =
    "an export of Redirection, {\"redirects\":[{\"url\":…,\"action_type\":…,\"action_data\":…}]}";

#[derive(Deserialize)]
struct Group {
    id: i64,
    #[serde(default)]
    name: String,
    enabled: Option<bool>,
    status: Option<String>,
}

/// A redirect with what comes of it, by which it is sorted.
type Placed = ((i64, i64), Vec<Ordered>);

pub(super) fn read(text: &[u8], help: &Help<'_>, take: &mut dyn FnMut(u32, Line<'_>)) {
    let (mut document, mut fields) = match Document::read::<Fields<'_>>(text, WHAT) {
        Ok(read) => read,
        Err((line, message)) => return take(line, Line::Refused(message)),
    };
    let off = match groups(&mut fields) {
        Ok(off) => off,
        Err(message) => return take(1, Line::Refused(message)),
    };
    let list = match redirects(&mut fields, WHAT) {
        Ok(list) => list,
        Err(message) => return take(1, Line::Refused(message)),
    };
    let flags = flags_of_site(&fields);
    let mut placed: Vec<Placed> = Vec::new();
    for (line, shares, raw) in by_lines(&mut document, list) {
        let item = match part::<Item>(raw, "a redirect") {
            Ok(item) => item,
            Err(message) => {
                placed.push(((i64::MAX, 0), vec![Ordered::Refused(line, message)]));
                continue;
            }
        };
        let off_there = item.off(&off);
        let made = match off_there {
            Some(why) => vec![Ordered::Other(line, why)],
            None => match item.rules(line, &flags, help) {
                Ok(rules) => rules.into_iter().map(Ordered::Rule).collect(),
                Err(message) => {
                    let message = if shares { of_source(raw, message) } else { message };
                    let claim = Ordered::Claim(line, claimed(&item, &flags));
                    vec![claim, Ordered::Refused(line, message)]
                }
            },
        };
        placed.push((item.place(), made));
    }
    placed.sort_by_key(|(place, _)| *place);
    let mut all: Vec<Ordered> = placed.into_iter().flat_map(|(_, made)| made).collect();
    for (name, value) in &fields {
        all.push(Ordered::Other(Document::of(text).line(value), shown(name.as_bytes())));
    }
    emit("Redirection", &all, take);
}

/// The groups that are switched off, by their numbers, with their names.
fn groups(fields: &mut Fields<'_>) -> Result<HashMap<i64, String>, String> {
    let Some(list) = fields.remove("groups") else { return Ok(HashMap::new()) };
    let groups: Vec<Group> = part(list, "a list of groups")?;
    let is_off =
        |group: &Group| group.enabled == Some(false) || group.status.as_deref() == Some("disabled");
    Ok(groups.into_iter().filter(is_off).map(|group| (group.id, group.name)).collect())
}

/// How sources match that do not say it themselves, as the settings of the site say.
fn flags_of_site(fields: &Fields<'_>) -> Flags {
    let settings = fields.get("settings").and_then(|raw| serde_json::from_str(raw.get()).ok());
    Flags::default().over(&settings.unwrap_or(Value::Null))
}

/// About what a redirect is for that no key says.
fn claimed(item: &Item, flags: &Flags) -> Vec<Region> {
    let flags = item.flags(flags);
    let url = item.url.trim();
    match (flags.regex, url.strip_prefix('^')) {
        (true, Some(rest)) if !url.contains('|') => {
            of_pattern(rest.trim_end_matches('$'), flags.any_case)
        }
        (true, _) => vec![Region::below(Vec::new(), flags.any_case)],
        (false, _) => of_pattern(url, flags.any_case),
    }
}

#[cfg(test)]
mod tests;
