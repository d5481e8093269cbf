//! A redirect in one key: what is sent, and whether it goes anywhere.

use super::super::regex::{Fill, Shape};
use super::super::region::Region;
use super::super::value::{Known, target};
use super::asked::LastCaptures;
use super::keys::{KeyFills, as_target};
use super::query::Captured;
use super::substitution::Piece;

/// A row, before it is known what comes before it.
#[derive(Clone, Debug, Default)]
pub(super) struct MadeRow {
    /// The file of a map; none for the configuration itself.
    pub(super) file: Option<String>,
    pub(super) line: u32,
    pub(super) server: usize,
    pub(super) key: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) status: Vec<u8>,
    pub(super) keeps_query: bool,
    pub(super) any_case: bool,
    pub(super) said: Vec<String>,
    /// Whether it goes to https of the address that was asked.
    pub(super) is_upgrade: bool,
}

/// What a directive came to.
#[derive(Debug)]
pub(super) enum Made {
    Row(Box<MadeRow>),
    /// What Apache answers and carom does not.
    Claim {
        line: u32,
        regions: Vec<Region>,
    },
    Refused(u32, String),
    /// A line of a map.
    RefusedIn(String, u32, String),
    Other(u32, String),
    /// A redirect to https of its own host, of a server.
    Upgrade {
        line: u32,
        server: usize,
        host: Vec<u8>,
    },
}

/// What a row is made of.
pub(super) struct Parts<'p> {
    pub(super) pieces: &'p [Piece],
    pub(super) keys: &'p KeyFills,
    /// Empty for any; with its own captures.
    pub(super) host: &'p [u8],
    pub(super) host_fills: &'p [Fill],
    pub(super) last: &'p LastCaptures,
    /// Before a target that is a path.
    pub(super) base: Option<&'p str>,
    /// Before one that is neither that nor absolute.
    pub(super) directory: Option<&'p [u8]>,
    /// Whether a query of the target, though empty, is sent as it stands.
    pub(super) is_alias: bool,
    pub(super) adds_query: bool,
    pub(super) drops_query: bool,
    pub(super) any_case: bool,
}

/// A host in the place of one that is not known.
const SOME_HOST: &[u8] = b"carom.invalid";

const PARTIAL: &str = "what its expression matches is only a part of the path, which no target can say; let it end with $";
const FRAGMENT: &str = "Apache puts what follows, and the visitor's query, behind the `#`; here the query stands before it";

impl Parts<'_> {
    /// What is sent, whether with the visitor's query, and what is said of it.
    ///
    /// # Errors
    /// What no target can say, as a sentence.
    pub(super) fn row(&self) -> Result<MadeRow, String> {
        let (mut value, shape, fills) = self.value()?;
        let mark = value.iter().position(|&byte| byte == b'?');
        let keeps = match mark {
            None => !self.drops_query,
            Some(_) if self.is_alias => false,
            Some(at) if at + 1 == value.len() => {
                value.pop();
                self.adds_query
            }
            Some(_) => self.adds_query,
        };
        let starts: [&[u8]; 5] = [b"http://", b"https://", b"/", b"${uri}", b"${scheme}"];
        let is_captured = value.starts_with(b"${m0}") && fills[0].text.starts_with(b"/");
        if !is_captured && !starts.iter().any(|start| value.starts_with(start)) {
            let directory = self.directory.ok_or(
                "its target is neither a URL nor a path with a slash in front; write one of them",
            )?;
            value.splice(..0, directory.iter().copied());
        }
        let path = &self.keys.key;
        let uri = as_target(path);
        let mut host = self.host;
        if host.is_empty() && value.starts_with(b"https://${host}") {
            host = SOME_HOST;
        }
        let known =
            |host| Known { host, uri: &uri, captures: Some((&shape, &fills)), base: self.base };
        let mut made = target(&value, &known(host))?;
        let keeps = keeps || made.keeps_query;
        let own = [b"https://", host, &uri].concat();
        let is_upgrade = keeps && !host.is_empty() && made.target == own;
        if !is_upgrade && host != self.host {
            made = target(&value, &known(b""))?;
        }
        let mut said: Vec<String> = made.changed.map(str::to_owned).into_iter().collect();
        if self.any_case && made.spelled {
            said.push(
                "what is sent has the spelling of the key, not that of the visitor".to_owned(),
            );
        }
        if keeps && made.target.contains(&b'?') {
            said.push("a parameter that target and visitor both have is sent once here".to_owned());
        }
        if made.target.contains(&b'#') && (keeps || made.target.ends_with(b":splat")) {
            said.push(FRAGMENT.to_owned());
        }
        let query = value.iter().position(|&byte| byte == b'?');
        if query
            .is_some_and(|at| value[at..].windows(3).any(|part| part == b"${m" || part == b"${a"))
        {
            said.push(
                "Apache puts what was captured into the query as it stands; here it is encoded"
                    .to_owned(),
            );
        }
        Ok(MadeRow {
            key: [self.host, path].concat(),
            target: made.target,
            keeps_query: keeps,
            said,
            is_upgrade,
            ..MadeRow::default()
        })
    }

    /// A key that answers 410.
    pub(super) fn gone(&self) -> MadeRow {
        MadeRow { key: [self.host, &self.keys.key].concat(), ..MadeRow::default() }
    }

    /// The value in the spelling of nginx, which the targets of carom are made of, and
    /// what its captures are.
    fn value(&self) -> Result<(Vec<u8>, Shape, Vec<Fill>), String> {
        let (mut value, mut shape, mut fills) = (Vec::new(), Shape::default(), Vec::new());
        let mut capture = |value: &mut Vec<u8>, fill: Option<&Fill>| {
            // What was not captured is nothing.
            let Some(fill) = fill.filter(|fill| !fill.text.is_empty()) else { return };
            let name = format!("m{}", fills.len()).into_bytes();
            value.extend_from_slice(&[b"${", &name[..], b"}"].concat());
            shape.names.push(name);
            fills.push(fill.clone());
        };
        for piece in self.pieces {
            match piece {
                Piece::Text(text) => push_text(text, &mut value),
                Piece::Rule(0) if self.keys.is_partial[0] => return Err(PARTIAL.to_owned()),
                Piece::Rule(at) => capture(&mut value, self.keys.rule.get(*at)),
                Piece::Variable(name) => {
                    value.extend_from_slice(&[b"${", name.as_bytes(), b"}"].concat());
                }
                Piece::Condition(at) => match self.last {
                    LastCaptures::None => {}
                    LastCaptures::Host => capture(&mut value, self.host_fills.get(*at)),
                    LastCaptures::Path if *at == 0 && self.keys.is_partial[1] => {
                        return Err(PARTIAL.to_owned());
                    }
                    LastCaptures::Path => capture(&mut value, self.keys.condition.get(*at)),
                    LastCaptures::Query(_) if *at == 0 => {
                        return Err("%0 of a query cannot be told in a target".to_owned());
                    }
                    LastCaptures::Query(captured) => match captured.get(at - 1) {
                        Some(Captured::Parameter(name)) => {
                            value.extend_from_slice(&[b"${arg_", &name[..], b"}"].concat());
                        }
                        Some(Captured::Text(text)) => push_text(text, &mut value),
                        None => {}
                    },
                },
                Piece::Map(call) => {
                    return Err(format!(
                        "the map `{}` stands within a text that cannot be told; write its links",
                        String::from_utf8_lossy(&call.name)
                    ));
                }
            }
        }
        Ok((value, shape, fills))
    }
}

/// Text that means itself, also where a target would have a placeholder.
fn push_text(text: &[u8], value: &mut Vec<u8>) {
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'$' => value.extend_from_slice(b"%24"),
            b':' if text.get(at + 1).is_some_and(u8::is_ascii_alphabetic) => {
                value.extend_from_slice(b"%3A");
            }
            _ => value.push(byte),
        }
    }
}
