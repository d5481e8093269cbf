//! Rows in the order in which Apache looks at them, with what it would answer first.

use std::collections::{HashMap, HashSet};

use super::super::claimed::Claimed;
use super::super::region::Region;
use super::super::rivals::Rivals;
use super::super::row::{Line, Row};
use super::row::{Made, MadeRow};
use super::sent::OWN_HOST;
use super::walk::{Server, Walk};
use crate::links::bytes::shown;
use crate::links::link::Setting;

/// Most rows that look at no case, or are for many hosts, that are compared with later ones.
const WIDE_MAX: usize = 1000;

/// What comes before a row.
struct Before {
    rivals: Rivals,
    /// Whether some row looks at no case.
    folds: bool,
    /// Keys in lower case, where some row looks at no case.
    folded: HashMap<Vec<u8>, u32>,
    /// Rows that look at no case, or are for many hosts.
    wide: Vec<(Region, u32)>,
    claims: Claimed,
}

impl Before {
    fn new(made: &[Made]) -> Before {
        let rows = || made.iter().filter_map(row_of);
        Before {
            rivals: Rivals::new(rows().any(|row| !row.key.starts_with(b"/"))),
            folds: rows().any(|row| row.any_case),
            folded: HashMap::new(),
            wide: Vec::new(),
            claims: Claimed::default(),
        }
    }

    /// The line that Apache takes for what here a row answers, and whether that is no link.
    fn of(&mut self, row: &MadeRow) -> Option<(u32, bool)> {
        let lower = if self.folds { row.key.to_ascii_lowercase() } else { Vec::new() };
        let key = if self.folds { &lower } else { &row.key };
        let rival = self.rivals.pass(key, row.line);
        let folded = match self.folds {
            true => Some(*self.folded.entry(lower.clone()).or_insert(row.line)),
            false => None,
        };
        let folded = folded.filter(|line| *line != row.line);
        let region = Region::of_key(&row.key, row.any_case);
        let before = |(other, line): &&(Region, u32)| {
            *line != row.line && region.goes_before(other) && other.meets(&region)
        };
        let wide = self.wide.iter().find(before).map(|(_, line)| *line);
        let is_wide = row.any_case || row.key.starts_with(b"*");
        if is_wide && self.wide.len() < WIDE_MAX {
            self.wide.push((region.clone(), row.line));
        }
        if let Some(line) = rival.or(folded).or(wide) {
            return Some((line, false));
        }
        self.claims.before(&region).map(|line| (line, true))
    }
}

fn row_of(made: &Made) -> Option<&MadeRow> {
    match made {
        Made::Row(row) => Some(row),
        _ => None,
    }
}

/// A server, and the target and status of a row in it.
type Answer<'w> = (usize, &'w [u8], &'w [u8]);

/// Which server Apache takes for a host at a port.
struct Ports<'w> {
    servers: &'w [Server],
    /// Servers that go to https, with the hosts that do.
    upgrades: HashSet<(usize, &'w [u8])>,
    /// What is answered at a key, by the server.
    answers: HashMap<&'w [u8], Vec<Answer<'w>>>,
}

impl<'w> Ports<'w> {
    fn of(walk: &'w Walk, made: &'w [Made]) -> Ports<'w> {
        let rows: Vec<&MadeRow> = made.iter().filter_map(row_of).collect();
        let upgrade = |made: &'w Made| match made {
            Made::Upgrade { server, host, .. } => Some((*server, &host[..])),
            _ => None,
        };
        let upgrades = made.iter().filter_map(upgrade).collect();
        let mut answers: HashMap<&[u8], Vec<_>> = HashMap::new();
        if walk.servers.len() > 2 {
            for row in rows {
                let answer = (row.server, &row.target[..], &row.status[..]);
                answers.entry(&row.key).or_default().push(answer);
            }
        }
        Ports { servers: &walk.servers, upgrades, answers }
    }

    /// The host of a key as its server has it.
    fn name<'k>(&'k self, row: &'k MadeRow) -> &'k [u8] {
        let slash = row.key.iter().position(|&byte| byte == b'/').unwrap_or(row.key.len());
        let host = &row.key[..slash];
        let hosts = &self.servers[row.server].hosts;
        let wild = |name: &&Vec<u8>| name.starts_with(b"*") && host.ends_with(&name[1..]);
        match hosts.iter().any(|name| name == host) {
            true => host,
            false => hosts.iter().find(wild).map_or(host, |name| name),
        }
    }

    /// The line of the server that Apache takes in place of the row's own.
    fn taken(&self, row: &MadeRow) -> Option<u32> {
        let own = &self.servers[row.server];
        if own.ports.is_empty() || own.hosts.is_empty() {
            return None;
        }
        let host = self.name(row);
        let earlier = &self.servers[1..row.server];
        let covers = |server: &&Server| {
            own.ports.iter().all(|port| server.ports.contains(port))
                && server.hosts.iter().any(|name| {
                    name == host || name.starts_with(b"*") && host.ends_with(&name[1..])
                })
        };
        earlier.iter().find(covers).map(|server| server.line)
    }

    /// What is said of a row because its host is at another port, too.
    fn elsewhere(&self, row: &MadeRow) -> Option<String> {
        let own = &self.servers[row.server];
        if own.ports.is_empty() {
            return None;
        }
        let host = self.name(row);
        let other = (1..self.servers.len()).find(|at| {
            let server = &self.servers[*at];
            *at != row.server
                && !self.upgrades.contains(&(*at, host))
                && !self.upgrades.contains(&(*at, b""))
                && server.ports != own.ports
                && server.hosts.iter().any(|name| name == host)
        })?;
        let same = self.answers.get(&row.key[..]).into_iter().flatten();
        let mut same = same.filter(|(server, ..)| *server == other);
        let is_same =
            same.any(|(_, target, status)| *target == row.target && *status == row.status);
        (!is_same).then(|| {
            format!(
                "the VirtualHost on line {} has its host, too, at another port; here it answers at all ports",
                self.servers[other].line
            )
        })
    }

    /// What is said of rows of a server without a name, or with one for many hosts.
    fn unnamed(&self, row: &MadeRow) -> Option<String> {
        let own = &self.servers[row.server];
        if let Some(domain) = self.name(row).strip_prefix(b"*") {
            let has = |server: &&Server| server.hosts.iter().any(|name| name.ends_with(domain));
            let earlier = self.servers[1..row.server.max(1)].iter().find(has)?;
            return Some(format!(
                "Apache takes the VirtualHost on line {} for hosts that it names; here it answers them, too",
                earlier.line
            ));
        }
        if own.ports.is_empty() || !own.hosts.is_empty() || self.servers.len() < 3 {
            return None;
        }
        Some(
            "Apache takes it for hosts that no other VirtualHost has; here it answers at any"
                .into(),
        )
    }
}

/// Hands everything over.
pub(super) fn emit(walk: &Walk, made: &[Made], take: &mut dyn FnMut(u32, Line<'_>)) {
    for (line, what) in &walk.others {
        take(*line, Line::Other(what.clone()));
    }
    let ports = Ports::of(walk, made);
    let mut before = Before::new(made);
    for row in made.iter().filter_map(row_of) {
        before.of(row);
    }
    let outdone = core::mem::replace(&mut before, Before::new(made)).rivals.outdone();
    let mut file: Option<&str> = None;
    let mut known: HashMap<&[u8], &MadeRow> = HashMap::new();
    for made in made {
        match made {
            Made::Claim { line, regions } => before.claims.add(regions, *line),
            Made::Refused(line, message) => {
                within(&mut file, None, take);
                take(*line, Line::Refused(message.clone()));
            }
            Made::RefusedIn(name, line, message) => {
                within(&mut file, Some(name), take);
                take(*line, Line::Refused(message.clone()));
            }
            Made::Other(line, what) => {
                within(&mut file, None, take);
                take(*line, Line::Other(what.clone()));
            }
            Made::Upgrade { line, .. } => {
                within(&mut file, None, take);
                take(*line, Line::Other(OWN_HOST.to_owned()));
            }
            Made::Row(row) => {
                within(&mut file, row.file.as_deref(), take);
                if let Some(line) = ports.taken(row) {
                    let message = format!(
                        "Apache takes the VirtualHost on line {line} for {}; leave it out",
                        shown(ports.name(row))
                    );
                    take(row.line, Line::Refused(message));
                    continue;
                }
                // The same again, as at another port.
                let same =
                    |other: &&MadeRow| other.target == row.target && other.status == row.status;
                if known.get(&row.key[..]).is_some_and(|other| {
                    same(other) && (other.server != row.server || other.line == row.line)
                }) {
                    continue;
                }
                known.entry(&row.key).or_insert(row);
                let mut said = row.said.clone();
                said.extend(before.of(row).map(|(line, is_claim)| match is_claim {
                    true => format!("Apache looks at line {line} first, which is no link here"),
                    false => format!(
                        "Apache takes line {line}, which comes first; here the more exact key answers"
                    ),
                }));
                if outdone.contains(&row.line) {
                    said.push("Apache takes it before those of any host; here more exact keys of any host answer first".into());
                }
                said.extend(ports.elsewhere(row).or_else(|| ports.unnamed(row)));
                hand_over(row, &said, take);
            }
        }
    }
    within(&mut file, None, take);
    for (line, message) in &walk.wrong {
        take(*line, Line::Refused(message.clone()));
    }
}

fn within<'f>(
    now: &mut Option<&'f str>,
    next: Option<&'f str>,
    take: &mut dyn FnMut(u32, Line<'_>),
) {
    if *now != next {
        *now = next;
        take(0, Line::Within(next));
    }
}

fn hand_over(row: &MadeRow, said: &[String], take: &mut dyn FnMut(u32, Line<'_>)) {
    let mut settings = Vec::new();
    if row.keeps_query {
        settings.push(Setting { name: b"query", value: b"keep" });
    }
    if row.any_case {
        settings.push(Setting { name: b"nocase", value: b"" });
    }
    let link =
        Row { key: &row.key, target: &row.target, status: Some(&row.status), settings: &settings };
    take(
        row.line,
        match said {
            [] => Line::Link(link),
            said => Line::Changed(link, said.join("; ")),
        },
    );
}
