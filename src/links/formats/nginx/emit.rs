//! From redirects to rows.

use super::super::region::Region;
use super::super::row::{Line, Row};
use super::super::value::{Known, SentTarget, behind_fragment, target};
use super::beside::Beside;
use super::claims::{Claim, Claims};
use super::paths::Paths;
use super::redirect::{NginxRedirect, Part};
use super::tree::{ConfigLine, Texts};
use crate::links::bytes::shown;
use crate::links::link::Setting;

/// What nginx answers otherwise that one message names.
const NAMED_MAX: usize = 12;

/// Hands rows over, and says where they stand.
pub(super) struct Emit<'e> {
    pub(super) take: &'e mut dyn FnMut(u32, Line<'_>),
    pub(super) base: Option<&'e str>,
    /// The names of files, as far as they are known.
    pub(super) names: Vec<Option<String>>,
    /// The file that rows are said to be of.
    pub(super) file: usize,
    /// What nginx looks at in each server.
    pub(super) claims: Claims,
    pub(super) beside: Beside<'e>,
}

impl Emit<'_> {
    /// Goes on in a file.
    pub(super) fn within(&mut self, texts: &Texts<'_>, file: usize) {
        self.know(texts);
        self.go_to(file);
    }

    /// Notes the names of files that were read since.
    pub(super) fn know(&mut self, texts: &Texts<'_>) {
        let unknown = &texts.files[self.names.len()..];
        self.names.extend(unknown.iter().map(|text| text.name.clone()));
    }

    fn go_to(&mut self, file: usize) {
        if self.file != file {
            self.file = file;
            (self.take)(0, Line::Within(self.names[file].as_deref()));
        }
    }

    pub(super) fn refuse(&mut self, place: ConfigLine, message: String) {
        self.go_to(place.file);
        (self.take)(place.line, Line::Refused(message));
    }

    pub(super) fn other(&mut self, place: ConfigLine, what: String) {
        self.go_to(place.file);
        (self.take)(place.line, Line::Other(what));
    }

    /// Hands a redirect over that no map is for.
    pub(super) fn found(&mut self, found: &NginxRedirect, paths: Result<Paths, String>) {
        match paths {
            Ok(paths) => {
                self.redirect(found.place, &paths, &found.context.hosts, found, &found.value);
            }
            Err(message) => self.refuse(found.place, near(message, found, &found.value)),
        }
    }

    /// Hands a redirect over: a row for each host and key.
    pub(super) fn redirect(
        &mut self,
        place: ConfigLine,
        paths: &Paths,
        hosts: &[Vec<u8>],
        found: &NginxRedirect,
        value: &[u8],
    ) {
        self.go_to(place.file);
        let any: &[Vec<u8>] = &[Vec::new()];
        for host in if hosts.is_empty() { any } else { hosts } {
            for at in 0..paths.keys.len() {
                let whole = [Part { settings: Vec::new(), value: value.to_vec() }];
                let parts = if found.parts.is_empty() { &whole[..] } else { &found.parts };
                for part in parts {
                    if let Err(message) = self.row(place, (paths, at), host, found, part) {
                        return self.refuse(place, message);
                    }
                }
            }
        }
    }

    /// Hands one row over; else why there is none.
    fn row(
        &mut self,
        place: ConfigLine,
        (paths, at): (&Paths, usize),
        host: &[u8],
        found: &NginxRedirect,
        part: &Part,
    ) -> Result<(), String> {
        let value = &part.value[..];
        let filled = &paths.keys[at];
        let key = [host, &filled.key[..]].concat();
        let key = asked(key, &found.context.query);
        let slash = key.iter().position(|&byte| byte == b'/').unwrap_or(key.len());
        let path = path_of(&key);
        let uri = match path.strip_suffix(b"*") {
            Some(start) => [start, b":splat"].concat(),
            None => path.to_vec(),
        };
        let known = Known {
            host: &key[..slash],
            uri: &uri,
            captures: paths.shape.as_ref().map(|shape| (shape, &*filled.fills)),
            base: self.base,
        };
        if path.ends_with(b"*") && key.len() > slash + path.len() {
            return Err(format!(
                "no key asks for a parameter at all paths; the nearest line is `/path{} …`",
                shown(&key[slash + path.len()..])
            ));
        }
        if !self.beside.is_asked(known.host, found) {
            return Err(format!(
                "nginx takes another server for {}; leave it out",
                shown(known.host)
            ));
        }
        if let Some(what) = self.beside.of_any_host(&known, found, value) {
            self.other(place, what.to_owned());
            return Ok(());
        }
        // A 410 has no target.
        let made = match value.is_empty() {
            true => None,
            false => Some(target(value, &known)?),
        };
        let keeps = made.as_ref().is_some_and(|made| made.keeps_query || found.keeps_query);
        let is_own =
            made.as_ref().is_some_and(|made| self.beside.is_own(made, &known, keeps, found));
        if is_own && (found.context.http_only || self.beside.has_tls(known.host)) {
            self.other(place, Beside::OWN_HOST.to_owned());
            return Ok(());
        }
        if found.context.http_only {
            return Err(
                "no key can ask whether it came over http; leave the condition out".to_owned()
            );
        }
        self.hand_over(place, &key, (paths, host), (found, part), (made, is_own));
        Ok(())
    }

    fn hand_over(
        &mut self,
        place: ConfigLine,
        key: &[u8],
        (paths, host): (&Paths, &[u8]),
        (found, part): (&NginxRedirect, &Part),
        (made, is_own): (Option<SentTarget>, bool),
    ) {
        let path = path_of(key);
        let nocase = paths.any_case && path.len() > 1 && path != b"/*";
        let keeps = made.as_ref().is_some_and(|made| made.keeps_query || found.keeps_query);
        let mut settings = Vec::new();
        if keeps {
            settings.push(Setting { name: b"query", value: b"keep" });
        }
        if nocase {
            settings.push(Setting { name: b"nocase", value: b"" });
        }
        let of_part = part.settings.iter();
        settings.extend(
            of_part.map(|(name, value)| Setting { name: name.as_bytes(), value: value.as_bytes() }),
        );
        let mut changes = self.changes(key, paths.any_case, found, place);
        changes.extend(paths.changed.clone().into_iter().chain(found.context.changed.clone()));
        changes.extend(made.as_ref().and_then(|made| of_target(made, found, nocase)));
        changes
            .extend(made.as_ref().and_then(|made| behind_fragment(&made.target, keeps, "nginx")));
        changes.extend(is_own.then(|| Beside::LOOP.to_owned()));
        changes.extend(self.beside.changed(key, host, found));
        let row = Row {
            key,
            target: made.as_ref().map_or(&[], |made| &made.target),
            status: Some(&found.status),
            settings: &settings,
        };
        let line = match changes.is_empty() {
            true => Line::Link(row),
            false => Line::Changed(row, changes.join("; ")),
        };
        (self.take)(place.line, line);
    }

    /// What nginx looks at before it changes.
    fn changes(
        &self,
        key: &[u8],
        any_case: bool,
        found: &NginxRedirect,
        place: ConfigLine,
    ) -> Vec<String> {
        let region = Region::of_key(key, any_case);
        let named = self.beside.name_of(&found.context, &region.host);
        let before =
            self.claims.before(found.context.server, &found.stand(), &region, named.as_deref());
        let (taken, others): (Vec<&Claim>, Vec<&Claim>) =
            before.into_iter().partition(|claim| claim.is_taken);
        let mut changes = Vec::new();
        let text = self.claims.text_before(found.context.server, &found.stand(), &region);
        if let Some(text) = text {
            changes.push(format!(
                "nginx takes line {} in any case first; here the key in its own case answers",
                text.line
            ));
        }
        if let Some(first) = taken.first() {
            changes.push(format!(
                "nginx takes {}, which comes first; here the more exact key answers",
                self.line(first, place)
            ));
        }
        if !others.is_empty() {
            let named = others.iter().take(NAMED_MAX);
            let named: Vec<String> = named
                .map(|claim| format!("{} ({})", claim.what, self.line(claim, place)))
                .collect();
            let more = match others.len().saturating_sub(NAMED_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            changes.push(format!(
                "nginx answers by {}{more}; here this link answers there, too",
                named.join(", ")
            ));
        }
        changes
    }

    fn line(&self, claim: &Claim, place: ConfigLine) -> String {
        let line = claim.place.line;
        match self.names.get(claim.place.file) {
            Some(Some(name)) if claim.place.file != place.file => format!("{name}:{line}"),
            _ => format!("line {line}"),
        }
    }
}

/// The path of a key.
fn path_of(key: &[u8]) -> &[u8] {
    let slash = key.iter().position(|&byte| byte == b'/').unwrap_or(key.len());
    let path = &key[slash..];
    &path[..path.iter().position(|&byte| byte == b'?').unwrap_or(path.len())]
}

/// A key with the parameters that are asked for, too.
fn asked(mut key: Vec<u8>, query: &[u8]) -> Vec<u8> {
    if key.contains(&b'?') && !query.is_empty() {
        key.push(b'&');
        key.extend_from_slice(&query[1..]);
    } else {
        key.extend_from_slice(query);
    }
    key
}

/// In what a target is something else.
fn of_target(made: &SentTarget, found: &NginxRedirect, nocase: bool) -> Option<String> {
    let keeps = made.keeps_query || found.keeps_query;
    let twice = (made.keeps_query && found.keeps_query)
        .then_some("nginx sends the visitor's query twice; here it is sent once");
    let spelled = (nocase && made.spelled)
        .then_some("what it sends has the spelling of the key here, not the visitor's");
    let both = (keeps && made.target.contains(&b'?'))
        .then_some("a parameter that target and visitor both have is sent once here");
    made.changed.or(twice).or(spelled).or(both).map(str::to_owned)
}

/// A refusal with the line that comes nearest.
pub(super) fn near(message: String, found: &NginxRedirect, value: &[u8]) -> String {
    match message.split_once("the nearest key is ") {
        None => message,
        Some((before, key)) => {
            let status = String::from_utf8_lossy(&found.status).into_owned();
            let value = super::super::value::loose(value, key);
            format!("{before}the nearest line is `{key} {value} {status}`")
        }
    }
}
