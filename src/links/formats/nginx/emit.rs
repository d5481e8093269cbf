//! From redirects to rows.

use super::super::order::Order;
use super::super::row::{Line, Row};
use super::server::{NginxRedirect, Paths, Turn};
use super::tree::{ConfigLine, Texts};
use super::value::{Known, target};
use crate::links::link::Setting;

/// Hands rows over, and says where they stand.
pub(super) struct Emit<'e> {
    pub(super) take: &'e mut dyn FnMut(u32, Line<'_>),
    pub(super) base: Option<&'e str>,
    /// The names of files, as far as they are known.
    pub(super) names: Vec<Option<String>>,
    /// The file that rows are said to be of.
    pub(super) file: usize,
    /// What comes first within a server, and among expressions of locations.
    pub(super) earlier: [Order; 2],
    /// Whether other servers have names.
    pub(super) others_have_names: bool,
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

    pub(super) fn other(&mut self, place: ConfigLine) {
        self.go_to(place.file);
        (self.take)(place.line, Line::Other);
    }

    /// Hands a redirect over that no map is for.
    pub(super) fn found(&mut self, found: &NginxRedirect) {
        let mut paths = match found.paths() {
            Ok(paths) => paths,
            Err(message) => return self.refuse(found.place, message),
        };
        for filled in &mut paths.keys {
            filled.key.extend_from_slice(&found.context.query);
        }
        self.redirect(found.place, &paths, &found.context.hosts, found, &found.value);
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
            for filled in &paths.keys {
                let key = [host, &filled.key[..]].concat();
                let slash = key.iter().position(|&byte| byte == b'/').unwrap_or(key.len());
                let path = &key[slash..];
                let path =
                    &path[..path.iter().position(|&byte| byte == b'?').unwrap_or(path.len())];
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
                // A 410 has no target.
                let made = match value.is_empty() {
                    true => None,
                    false => match target(value, &known) {
                        Ok(made) => Some(made),
                        Err(message) => return self.refuse(place, message),
                    },
                };
                let mut settings = Vec::new();
                let keeps = made.as_ref().is_some_and(|made| made.keeps_query || found.keeps_query);
                if keeps {
                    settings.push(Setting { name: b"query", value: b"keep" });
                }
                if paths.any_case && path.len() > 1 && path != b"/*" {
                    settings.push(Setting { name: b"nocase", value: b"" });
                }
                let row = Row {
                    key: &key,
                    target: made.as_ref().map_or(&[], |made| &made.target),
                    status: Some(&found.status),
                    settings: &settings,
                };
                let changed = self.order(&key, found, place);
                let changed = changed.or_else(|| paths.changed.clone());
                let changed = changed.or_else(|| made.as_ref()?.changed.map(str::to_owned));
                let changed = changed.or_else(|| self.servers(&key, host, found));
                let line = match changed {
                    Some(what) => Line::Changed(row, what),
                    None => Line::Link(row),
                };
                (self.take)(place.line, line);
            }
        }
    }

    /// What another redirect of the server, which nginx looks at first, changes.
    fn order(&mut self, key: &[u8], found: &NginxRedirect, place: ConfigLine) -> Option<String> {
        let [server, expressions] = &mut self.earlier;
        // Maps are asked by a redirect of the server, and know their own order.
        let earlier = match found.turn {
            _ if found.place.line != place.line || found.place.file != place.file => None,
            Turn::Server => server.pass(key, place.line),
            Turn::Expression => server.covering(key).or_else(|| expressions.pass(key, place.line)),
            Turn::Location => {
                let expression = expressions.covering(key).filter(|_| found.asks_expressions());
                server.covering(key).or(expression)
            }
        };
        earlier.map(|line| {
            format!("nginx takes line {line}, which comes first; here the more exact key answers")
        })
    }

    /// What other servers change.
    fn servers(&self, key: &[u8], host: &[u8], found: &NginxRedirect) -> Option<String> {
        if found.context.is_default {
            return Some(
                "as that of the default server, nginx takes it for hosts without a server too"
                    .to_owned(),
            );
        }
        let for_any = host.is_empty() && key.starts_with(b"/") && key != b"/*";
        (for_any && self.others_have_names).then(|| {
            "its server has no name: here it also answers hosts of the other servers that have no such key".to_owned()
        })
    }
}
