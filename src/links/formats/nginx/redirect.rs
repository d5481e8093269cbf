//! Redirects, and for which requests they are.

use super::super::region::Region;
use super::location::{Location, Stand, Step};
use super::paths::{Paths, of_location};
use super::servers::Server;
use super::tree::ConfigLine;
use crate::links::bytes::shown;

/// Which requests something is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    /// Its server, counted through the file.
    pub(super) server: Option<usize>,
    /// Hosts, as keys name them; none: any.
    pub(super) hosts: Vec<Vec<u8>>,
    /// Whether an `if` has left some of them out.
    pub(super) leaves_hosts: bool,
    /// The locations around it.
    pub(super) chain: Vec<Step>,
    /// `?name=value` that is asked for.
    pub(super) query: Vec<u8>,
    /// What else an `if` compares, which only a path can answer.
    pub(super) paths: Option<Paths>,
    /// Variables of maps that an `if` asks for.
    pub(super) wants: Vec<Want>,
    /// Only where it came over http.
    pub(super) http_only: bool,
    /// Why nothing here can be taken.
    pub(super) never: Option<String>,
    /// What an `if` asks that a key does not say, as a sentence.
    pub(super) changed: Option<String>,
    /// Whether its server, as the default one, is asked for other hosts, too.
    pub(super) answers_others: bool,
    /// Whether an `if` is around it.
    pub(super) in_condition: bool,
}

/// What an `if` wants of the variable of a map.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) name: Vec<u8>,
    pub(super) test: Test,
}

/// When an `if` is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// Neither empty nor `0`.
    Set,
    Is(Vec<u8>),
    IsNot(Vec<u8>),
}

impl Test {
    /// Whether it is true of a value.
    pub(super) fn holds(&self, value: &[u8]) -> bool {
        match self {
            Test::Set => !value.is_empty() && value != b"0",
            Test::Is(wanted) => value == wanted,
            Test::IsNot(unwanted) => value != unwanted,
        }
    }
}

/// One of several targets, and for whom it is.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) settings: Vec<(&'static str, String)>,
    pub(super) value: Vec<u8>,
}

/// A redirect, or a 410.
#[derive(Clone, Debug)]
pub(super) struct NginxRedirect {
    pub(super) context: Context,
    /// Counted through the file.
    pub(super) turn: usize,
    /// The expression of a `rewrite`.
    pub(super) rewrite: Option<Vec<u8>>,
    pub(super) status: Vec<u8>,
    pub(super) value: Vec<u8>,
    /// What it sends to whom, if that is not the same for all; then `value` is not sent.
    pub(super) parts: Vec<Part>,
    /// A `rewrite` passes the visitor's query on.
    pub(super) keeps_query: bool,
    pub(super) place: ConfigLine,
}

impl NginxRedirect {
    /// Where it stands among others.
    pub(super) fn stand(&self) -> Stand<'_> {
        Stand { chain: &self.context.chain, turn: self.turn }
    }

    /// Whether the conditions around it are true of a value of its map.
    pub(super) fn wants(&self, value: &[u8]) -> bool {
        self.context.wants.iter().all(|want| want.test.holds(value))
    }

    /// Whether no condition compares its map with a value.
    pub(super) fn asks_no_value(&self) -> bool {
        self.context.wants.iter().all(|want| want.test == Test::Set)
    }

    /// Whether the value of a map is no part of what it sends.
    pub(super) fn is_fixed(&self, variable: &[u8]) -> bool {
        !super::super::value::variables(&self.value).any(|name| name == variable)
    }

    /// The keys it answers.
    ///
    /// # Errors
    /// Why it has none, as a sentence.
    pub(super) fn paths(&self) -> Result<Paths, String> {
        let around = self.context.around()?;
        let Some(expression) = &self.rewrite else { return Ok(around) };
        if matches!(&expression[..], b"^" | b"^.*$" | b"^.*" | b".*" | b"^/" | b"") {
            return Ok(around);
        }
        let inner = Paths::matched(expression, false, Default::default())?;
        inner.narrowed(around, &format!("`{}`", shown(expression)))
    }
}

impl Context {
    /// Regions with the hosts that a condition has picked, if one has.
    pub(super) fn at_hosts(&self, regions: Vec<Region>, servers: &[Server]) -> Vec<Region> {
        let whole = self.server.and_then(|at| servers.get(at)).map(|server| &server.hosts[..]);
        if whole.unwrap_or_default() == self.hosts {
            return regions;
        }
        let at_host = |region: &Region| {
            self.hosts.iter().map(|host| Region { host: host.clone(), ..region.clone() }).collect()
        };
        regions.iter().flat_map(|region| -> Vec<Region> { at_host(region) }).collect()
    }

    /// What its locations and conditions are for.
    ///
    /// # Errors
    /// Why no keys can say it, as a sentence.
    pub(super) fn around(&self) -> Result<Paths, String> {
        let everything = Paths::of(b"/*".to_vec());
        let location = match self.chain.split_last() {
            None => everything,
            Some((last, outer)) => {
                let inner = keys_of(&last.location)?;
                let outer = outer.last().map(|step| &step.location);
                match (outer, &last.location) {
                    (Some(Location::Regex { expression, .. }), _) => {
                        return Err(format!(
                            "it stands in a location within that of the expression `{}`; write its links one by one",
                            shown(expression)
                        ));
                    }
                    // What has a path lies within what is around it, or nginx does not start.
                    (Some(outer), Location::Regex { expression, .. }) => {
                        let what = format!("`{}`", shown(expression));
                        inner.some_within(&of_location(outer), &what)?
                    }
                    _ => inner,
                }
            }
        };
        match &self.paths {
            Some(paths) => paths.clone().narrowed(location, "the condition"),
            None => Ok(location),
        }
    }
}

fn keys_of(location: &Location) -> Result<Paths, String> {
    match location {
        Location::Exact(path) => Paths::of_text(path),
        Location::Prefix { path, .. } => Paths::under(path),
        Location::Regex { expression, any_case } => {
            Paths::matched(expression, *any_case, Default::default())
        }
    }
}
