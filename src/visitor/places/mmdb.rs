//! MMDB files (MaxMind DB): all their networks, one after the other.
//!
//! What a network says is decoded once for each record, as many networks share one. The
//! country is `country.iso_code`, else `registered_country.iso_code` (MaxMind, DB-IP), else
//! `country_code` (ip-location-db), else `country` where that is two letters.

use std::collections::HashMap;
use std::net::IpAddr;

use maxminddb::{LookupResult, MaxMindDbError, Reader, WithinOptions};
use serde::Deserialize;

use super::address::Range;
use super::code::country;
use super::problems::{PlacesProblems, shown};
use super::sink::{Sink, Wanted, too_many};
use crate::limits::{MMDB_NETWORKS_MAX, MMDB_SHARED_MAX};
use crate::pace;
use crate::visitor::country::Country;

/// What stands before the metadata, which is the last of a file.
pub const MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// How far before the end it may stand (MaxMind DB file format 2.0).
const MARK_BYTES_MAX: usize = 128 * 1024;
/// What a network, and a record, takes, about.
const NETWORK_NS: u32 = 60;
const RECORD_NS: u32 = 1_000;

/// Whether these bytes are such a file.
pub fn is_mmdb(bytes: &[u8]) -> bool {
    let end = &bytes[bytes.len().saturating_sub(MARK_BYTES_MAX)..];
    memchr::memmem::rfind(end, MARK).is_some()
}

/// What a record says of the country.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Record<'a> {
    #[serde(borrow)]
    country: Option<Said<'a>>,
    #[serde(borrow)]
    registered_country: Option<Said<'a>>,
    #[serde(borrow)]
    country_code: Option<&'a str>,
}

/// A country, in the ways in which databases say it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said<'a> {
    Code(&'a str),
    Map {
        #[serde(borrow, default)]
        iso_code: Option<&'a str>,
    },
}

impl<'a> Said<'a> {
    fn iso_code(&self) -> Option<&'a str> {
        match *self {
            Said::Map { iso_code } => iso_code,
            Said::Code(_) => None,
        }
    }

    /// A name in place of two letters is passed over.
    fn code(&self) -> Option<&'a str> {
        match *self {
            Said::Code(code) => Some(code).filter(|code| code.len() == 2),
            Said::Map { .. } => None,
        }
    }
}

impl Record<'_> {
    fn code(&self) -> Option<&str> {
        let [country, registered] = [&self.country, &self.registered_country];
        let iso_code = |said: &Option<Said<'_>>| said.as_ref().and_then(Said::iso_code).is_some();
        match (country, registered, self.country_code) {
            (Some(said), ..) if iso_code(country) => said.iso_code(),
            (_, Some(said), _) if iso_code(registered) => said.iso_code(),
            (.., Some(code)) => Some(code),
            (said, ..) => said.as_ref().and_then(Said::code),
        }
    }
}

/// Reads all networks.
///
/// # Errors
///
/// What is wrong first, with the network.
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), PlacesProblems> {
    read_networks(bytes, sink).map_err(|what| PlacesProblems::whole(sink.name, what))
}

fn read_networks(bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
    let database = Reader::from_source(bytes).map_err(|error| damaged(&error))?;
    // A tree has one network more than nodes, those without data counted. One that has far
    // more goes in circles.
    let nodes = database.metadata().node_count as usize;
    let networks_max = (nodes + 1).saturating_mul(MMDB_SHARED_MAX).min(MMDB_NETWORKS_MAX);
    let options = WithinOptions::default().include_networks_without_data();
    let networks = database.networks(options).map_err(|error| damaged(&error))?;
    let mut known: HashMap<usize, Country> = HashMap::new();
    for (count, network) in networks.enumerate() {
        pace::done(NETWORK_NS);
        if count == networks_max {
            return Err(format!(
                "its tree has more than {networks_max} networks; take a database of countries \
                 alone, or fetch it again if it is one"
            ));
        }
        let network = network.map_err(|error| damaged(&error))?;
        let Some(record) = network.offset() else { continue };
        let country = match (sink.wanted, known.get(&record)) {
            (Wanted::Addresses, _) => Country::UNKNOWN,
            (_, Some(&country)) => country,
            (_, None) => {
                let country = country_of(&network)?;
                known.insert(record, country);
                country
            }
        };
        if sink.wanted == Wanted::Countries && country == Country::UNKNOWN {
            continue;
        }
        for range in ranges_of(&network)? {
            put(range, country, sink)?;
        }
    }
    Ok(())
}

fn put(range: Range, country: Country, sink: &mut Sink<'_>) -> Result<(), String> {
    let before = sink.claims.len();
    sink.claims.push_next(range, country, sink.file);
    match sink.room.checked_sub(sink.claims.len() - before) {
        Some(room) => sink.room = room,
        None => return Err(too_many()),
    }
    Ok(())
}

/// The addresses of a network: in a tree of IPv6, those of IPv4 begin with 96 zeros.
fn ranges_of(
    network: &LookupResult<'_, &[u8]>,
) -> Result<impl Iterator<Item = Range> + use<>, String> {
    let network = network.network().map_err(|error| damaged(&error))?;
    let prefix = u32::from(network.prefix());
    let (range, v4) = match network.ip() {
        IpAddr::V4(first) => {
            let first = u32::from(first);
            (Range::V4(first, first | u32::MAX.checked_shr(prefix).unwrap_or(0)), None)
        }
        IpAddr::V6(first) => {
            let first = u128::from(first);
            let last = first | u128::MAX.checked_shr(prefix).unwrap_or(0);
            let holds_v4 = first == 0 && prefix <= 96;
            (Range::v6(first, last), holds_v4.then_some(Range::V4(0, u32::MAX)))
        }
    };
    Ok([Some(range), v4].into_iter().flatten())
}

fn country_of(network: &LookupResult<'_, &[u8]>) -> Result<Country, String> {
    pace::done(RECORD_NS);
    let at = || network.network().map_or_else(|_| "a network".to_owned(), |it| it.to_string());
    let record = network.decode::<Record<'_>>().map_err(|error| {
        format!(
            "{}: {}; take a database of countries, or fetch it again",
            at(),
            shown(&error.to_string())
        )
    })?;
    let record = record.unwrap_or_default();
    let Some(code) = record.code() else { return Ok(Country::UNKNOWN) };
    country(code).ok_or_else(|| {
        format!("{}: `{}` is no country; take a database of countries", at(), shown(code))
    })
}

fn damaged(error: &MaxMindDbError) -> String {
    format!("this MMDB file is damaged: {}; fetch it again", shown(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::ranges::Claims;
    use super::super::tests::written::{Written, country};
    use super::*;

    /// Each node leads twice to the next, so that there are 2¹²⁰ networks, all without data.
    #[test]
    fn a_tree_with_far_too_many_networks_has_an_end() {
        let mut file = Written::new().with("1.0.0.0/24", &country("AU")).bytes();
        for node in 0..120_u32 {
            let at = 8 * node as usize;
            let side = (node + 1).to_be_bytes();
            file[at..at + 8].copy_from_slice(&[side, side].concat());
        }
        let (mut claims, wanted) = (Claims::default(), Wanted::Countries);
        let mut sink = Sink { name: "f", wanted, file: 0, claims: &mut claims, room: 100 };
        let said = read_networks(&file, &mut sink).unwrap_err();
        assert!(said.starts_with("its tree has more than 1936 networks"), "{said}");
    }
}
