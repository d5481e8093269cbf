mod files;
mod model;
pub(super) mod written;

use std::net::IpAddr;

use super::{Places, PlacesBuilder};

/// The sixteen bytes of an address.
fn bytes(address: &str) -> [u8; 16] {
    match address.parse().unwrap() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// Those of files of countries, and of files of lists by their names.
fn places(countries: &[&[u8]], lists: &[(&str, &[u8])]) -> Result<Places, String> {
    let mut names: Vec<String> = lists.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.dedup();
    let mut builder = PlacesBuilder::new(names.clone())?;
    for file in countries {
        builder.countries("geo", file).map_err(|problems| problems.to_string())?;
    }
    for (name, file) in lists {
        let at = names.iter().position(|it| it == name).unwrap();
        builder.list(at, name, file).map_err(|problems| problems.to_string())?;
    }
    builder.build()
}

/// What is known of an address, in words: `DE 0 2`.
fn said(places: &Places, address: &str) -> String {
    let place = places.of(&bytes(address));
    let bits = (0..64).filter(|bit| place.lists >> bit & 1 == 1);
    let country = String::from_utf8(place.country.0.to_vec()).unwrap();
    bits.fold(country, |said, bit| format!("{said} {bit}"))
}
