//! JSON lists of networks, as search engines and clouds publish those of theirs:
//! `{"prefixes": [{"ipv4Prefix": "192.0.2.0/24"}, {"ipv6Prefix": "2001:db8::/32"}]}`.

use serde::Deserialize;

use super::address::network;
use super::problems::PlacesProblems;
use super::sink::{Sink, Wanted, too_many};
use crate::pace;
use crate::visitor::country::Country;

/// What a network takes, about.
const NETWORK_NS: u32 = 500;

#[derive(Deserialize)]
struct Published {
    prefixes: Vec<Prefix>,
    /// Amazon has those of IPv6 apart.
    #[serde(default)]
    ipv6_prefixes: Vec<Prefix>,
}

#[derive(Deserialize)]
struct Prefix {
    #[serde(rename = "ipv4Prefix", alias = "ip_prefix")]
    v4: Option<String>,
    #[serde(rename = "ipv6Prefix", alias = "ipv6_prefix")]
    v6: Option<String>,
}

/// Whether these bytes are JSON.
pub fn is_json(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'{')
}

/// Reads all networks.
///
/// # Errors
///
/// Every bad one, with its number, or the line at which it is no JSON.
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), PlacesProblems> {
    let mut problems = PlacesProblems::new(sink.name);
    if sink.wanted == Wanted::Countries {
        problems.add(None, "this is a list of networks, which tells no country; pass it as --list");
        return problems.result(());
    }
    let published: Published = serde_json::from_slice(bytes).map_err(|error| {
        let mut problems = PlacesProblems::new(sink.name);
        problems.add(
            Some(error.line()),
            format_args!(
                "{error}; a list in JSON is {{\"prefixes\": [{{\"ipv4Prefix\": \"192.0.2.0/24\"}}]}}"
            ),
        );
        problems
    })?;
    let all = published.prefixes.iter().chain(&published.ipv6_prefixes);
    for (at, prefix) in all.enumerate() {
        pace::done(NETWORK_NS);
        for text in [&prefix.v4, &prefix.v6].into_iter().flatten() {
            match network(text) {
                Ok(_) if sink.room == 0 => {
                    problems.add(None, too_many());
                    return problems.result(());
                }
                Ok(range) => {
                    sink.room -= 1;
                    sink.claims.push(range, Country::UNKNOWN, sink.file);
                }
                Err(what) => problems.add(None, format_args!("prefix {}: {what}", at + 1)),
            }
        }
    }
    problems.result(())
}
