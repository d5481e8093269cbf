//! Conditions of a line: who is asked for, in few bytes behind the line's options.
//!
//! | bytes | field |
//! |---|---|
//! | 1 | what is looked at, its place in [`Kind::ALL`]; bit 7: the condition is `!=` |
//! | 1 + n | `Query.NAME` alone: size, name |
//! | 2 | size of what follows |
//! | n | values, as their kind has them |

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::from_utf8;

use super::asked::Asked;
use super::bytes::{cut, cut_slice};
use super::hours::{Days, Hours};
use super::network::Network;
use super::zone::{Civil, Zones};
use super::{query, referer};
use crate::limits::{CONDITION_VALUES_MAX, LIST_NAME_BYTES_MAX};
use crate::visitor::{Country, Devices, check_range, is_language, is_list_name};
use crate::words::visible;

const NOT: u8 = 0x80;
/// Any value there is.
const ANY: &[u8] = b"*";
/// The members of the European Union, beside countries.
const EU: [u8; 2] = *b"EU";

/// What a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Country,
    Language,
    Device,
    Ip,
    Net,
    Query,
    Referer,
    Time,
    Day,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Country,
        Self::Language,
        Self::Device,
        Self::Ip,
        Self::Net,
        Self::Query,
        Self::Referer,
        Self::Time,
        Self::Day,
    ];
    const NAMES: [&str; 9] =
        ["Country", "Language", "Device", "IP", "Net", "Query", "Referer", "Time", "Day"];

    fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// What a column `Name=value` or `Name!=value` is as a condition: its kind, the parameter of
/// `Query.NAME`, and whether it is `!=`.
struct Head<'t> {
    kind: Kind,
    parameter: &'t [u8],
    not: bool,
}

impl<'t> Head<'t> {
    fn parse(name: &'t [u8]) -> Option<Self> {
        let (name, not) = match name.strip_suffix(b"!") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (word, parameter) = match name.strip_prefix(b"Query.") {
            Some(parameter) if !parameter.is_empty() => (&b"Query"[..], parameter),
            Some(_) => return None,
            None => (name, &[][..]),
        };
        let kind = Kind::ALL.into_iter().find(|kind| kind.name().as_bytes() == word)?;
        let is_whole = (kind == Kind::Query) != parameter.is_empty();
        is_whole.then_some(Self { kind, parameter, not })
    }
}

/// Whether a setting of this name is a condition.
pub fn is_condition(name: &[u8]) -> bool {
    Head::parse(name).is_some()
}

/// What is meant by a name that is no condition but nearly is, as it is written.
pub fn meant(name: &[u8]) -> Option<&'static str> {
    let name = name.strip_suffix(b"!").unwrap_or(name);
    if name.len() >= 5 && name[..5].eq_ignore_ascii_case(b"query") && name != b"query" {
        return Some("Query.NAME");
    }
    let mut names = Kind::NAMES.into_iter().filter(|&known| known != "Query");
    names.find(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// Appends the condition that a setting is.
///
/// # Errors
/// What is wrong, as a sentence with its remedy; `out` then holds rubbish.
pub fn parse(name: &[u8], value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let Some(head) = Head::parse(name) else {
        let name = visible(&String::from_utf8_lossy(name)).to_string();
        return Err(format!("{name}= is no condition; write {}", Kind::NAMES.join(", ")));
    };
    out.push(head.kind as u8 | if head.not { NOT } else { 0 });
    if head.kind == Kind::Query {
        let size = u8::try_from(head.parameter.len())
            .map_err(|_| "the name of a parameter has at most 255 bytes; shorten it".to_owned())?;
        out.push(size);
        out.extend_from_slice(head.parameter);
    }
    let at = out.len();
    out.extend([0; 2]);
    let mut values: Vec<&[u8]> = value.split(|&byte| byte == b',').collect();
    if values.iter().any(|value| value.is_empty()) {
        let name = head.kind.name();
        return Err(format!("{name}= has an empty value; write values with a comma between them"));
    }
    if values.len() > CONDITION_VALUES_MAX {
        return Err(format!(
            "{}= has {} values; at most {CONDITION_VALUES_MAX} are allowed: use a list \
             (Net=NAME), or several lines",
            head.kind.name(),
            values.len()
        ));
    }
    values.sort_unstable();
    values.dedup();
    store(head.kind, value, &values, out)?;
    let size = u16::try_from(out.len() - at - 2)
        .map_err(|_| format!("{}= is too long; use several lines", head.kind.name()))?;
    out[at..at + 2].copy_from_slice(&size.to_le_bytes());
    Ok(())
}

/// Appends values, in the one way in which equal ones are equal bytes.
fn store(kind: Kind, whole: &[u8], values: &[&[u8]], out: &mut Vec<u8>) -> Result<(), String> {
    match kind {
        Kind::Country => {
            let mut countries = Vec::new();
            for value in values {
                countries.push(match value {
                    eu if eu.eq_ignore_ascii_case(&EU) => EU,
                    value => Country::parse(value)?.0,
                });
            }
            countries.sort_unstable();
            countries.dedup();
            out.extend(countries.iter().flatten());
        }
        Kind::Device => {
            let mut devices = Devices::NONE;
            for value in values {
                devices = devices | Devices::parse(value)?;
            }
            devices.store(out);
        }
        Kind::Time => Hours::parse(whole)?.store(out),
        Kind::Day => Days::parse(whole)?.store(out),
        Kind::Language => texts(values, out, |value| {
            check_range(value)?;
            Ok(value.to_ascii_lowercase())
        })?,
        Kind::Net => texts(values, out, |value| list_name(value).map(<[u8]>::to_vec))?,
        Kind::Ip => texts(values, out, |value| match value.strip_prefix(b"@") {
            Some(name) => list_name(name).map(|name| [b"@", name].concat()),
            None => Network::parse(value).map(|network| network.store().to_vec()),
        })?,
        Kind::Query => texts(values, out, |value| Ok(value.to_vec()))?,
        Kind::Referer => texts(values, out, referer::checked)?,
    }
    Ok(())
}

/// Appends texts, each behind its size.
fn texts(
    values: &[&[u8]],
    out: &mut Vec<u8>,
    check: impl Fn(&[u8]) -> Result<Vec<u8>, String>,
) -> Result<(), String> {
    let mut texts = Vec::new();
    for value in values {
        texts.push(check(value)?);
    }
    texts.sort_unstable();
    texts.dedup();
    for text in texts {
        let size = u8::try_from(text.len())
            .map_err(|_| "a value has at most 255 bytes; shorten it".to_owned())?;
        out.push(size);
        out.extend(text);
    }
    Ok(())
}

fn list_name(name: &[u8]) -> Result<&[u8], String> {
    if is_list_name(name) {
        return Ok(name);
    }
    Err(format!(
        "`{}` is no name of a list; names have up to {LIST_NAME_BYTES_MAX} letters a to z, digits and `-`",
        visible(&String::from_utf8_lossy(name))
    ))
}

/// A condition where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition<'a> {
    kind: Kind,
    not: bool,
    parameter: &'a [u8],
    values: &'a [u8],
}

impl<'a> Condition<'a> {
    /// Takes the next one from stored bytes; `None` at their end, or where a crafted file
    /// has none.
    #[inline]
    pub fn read(rest: &mut &'a [u8]) -> Option<Self> {
        let (&head, behind) = rest.split_first()?;
        *rest = behind;
        let kind = *Kind::ALL.get(usize::from(head & !NOT))?;
        let parameter = match kind {
            Kind::Query => {
                let [size] = cut(rest);
                cut_slice(rest, usize::from(size))
            }
            _ => &[],
        };
        let size = usize::from(u16::from_le_bytes(cut(rest)));
        Some(Self { kind, not: head & NOT != 0, parameter, values: cut_slice(rest, size) })
    }

    /// Whether it holds for who asks. `zone` is that of its line.
    pub fn holds(&self, asked: &Asked<'_>, zones: &mut Zones, zone: &[u8]) -> bool {
        self.any(asked, zones, zone) != self.not
    }

    /// Whether one of its values does.
    fn any(&self, asked: &Asked<'_>, zones: &mut Zones, zone: &[u8]) -> bool {
        match self.kind {
            Kind::Country => {
                let own = asked.place.country;
                let is = |code: &[u8; 2]| *code == own.0 || *code == EU && own.is_in_eu();
                self.values.as_chunks().0.iter().any(is)
            }
            Kind::Device => Devices::read(self.values).has(asked.device()),
            Kind::Language => asked
                .language()
                .is_some_and(|tag| self.texts().any(|range| is_language(range, tag))),
            Kind::Ip => self.texts().any(|value| match value.strip_prefix(b"@") {
                Some(name) => asked.is_on(name),
                None => Network::read(value).is_some_and(|network| network.has(&asked.address)),
            }),
            Kind::Net => self.texts().any(|name| asked.is_on(name)),
            Kind::Query => {
                let sent = asked.query.unwrap_or_default();
                query::values(sent, self.parameter)
                    .any(|value| self.texts().any(|own| own == ANY || query::is_same(own, value)))
            }
            Kind::Referer => referer::host(asked.referer).is_some_and(|host| {
                self.texts().any(|own| own == ANY || referer::is_in(host, own))
            }),
            Kind::Time => {
                let Civil { minute_of_day, .. } = zones.civil(zone, asked.unix_us);
                Hours::read(self.values).holds(minute_of_day)
            }
            Kind::Day => {
                let Civil { weekday, .. } = zones.civil(zone, asked.unix_us);
                Days::read(self.values).holds(weekday)
            }
        }
    }

    fn texts(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.values;
        core::iter::from_fn(move || {
            let (&size, behind) = rest.split_first()?;
            rest = behind;
            Some(cut_slice(&mut rest, usize::from(size)))
        })
    }

    /// Whether it is about the hour or the day.
    pub fn is_of_hours(&self) -> bool {
        matches!(self.kind, Kind::Time | Kind::Day)
    }

    /// Whether it needs to be known where addresses are.
    pub fn asks_country(&self) -> bool {
        self.kind == Kind::Country
    }

    /// The lists that it asks for.
    pub fn lists(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (kind, texts) = (self.kind, self.texts());
        let of_ip = matches!(kind, Kind::Ip);
        let has_texts = of_ip || kind == Kind::Net;
        texts
            .filter(move |_| has_texts)
            .filter_map(move |text| if of_ip { text.strip_prefix(b"@") } else { Some(text) })
    }

    /// What it looks at and what that is for who asks, for people.
    pub fn seen(&self, asked: &Asked<'_>, zones: &mut Zones, zone: &[u8]) -> String {
        let text = |bytes: &[u8]| visible(&String::from_utf8_lossy(bytes)).to_string();
        match self.kind {
            Kind::Country => format!("the country is {}", asked.place.country),
            Kind::Device => format!("the device is {}", asked.device()),
            Kind::Language => match asked.language() {
                Some(tag) => format!("the language is {}", text(tag)),
                None => "no language is asked for".to_owned(),
            },
            Kind::Ip => format!("the address is {}", address(&asked.address)),
            Kind::Net => {
                let names = asked.list_names.iter();
                let on: Vec<_> =
                    names.map(|name| &**name).filter(|n| asked.is_on(n.as_bytes())).collect();
                match on.as_slice() {
                    [] => "the address is on no list".to_owned(),
                    on => format!("the address is on {}", on.join(", ")),
                }
            }
            Kind::Query => {
                let sent = asked.query.unwrap_or_default();
                let values: Vec<_> = query::values(sent, self.parameter).map(text).collect();
                match values.as_slice() {
                    [] => format!("there is no parameter {}", text(self.parameter)),
                    values => format!("{} is {}", text(self.parameter), values.join(", ")),
                }
            }
            Kind::Referer => match referer::host(asked.referer) {
                Some(host) => format!("the referer is on {}", text(host)),
                None => "there is no referer".to_owned(),
            },
            Kind::Time | Kind::Day => {
                let Civil { weekday, minute_of_day } = zones.civil(zone, asked.unix_us);
                let zone = if zone.is_empty() { "UTC".into() } else { text(zone) };
                let (hour, minute) = (minute_of_day / 60, minute_of_day % 60);
                format!("it is {} {hour:02}:{minute:02} in {zone}", Days::name(weekday))
            }
        }
    }
}

impl fmt::Display for Condition<'_> {
    /// As it stands in a link file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if self.kind == Kind::Query {
            write!(f, ".{}", String::from_utf8_lossy(self.parameter))?;
        }
        f.write_str(if self.not { "!=" } else { "=" })?;
        match self.kind {
            Kind::Country => {
                for (at, code) in self.values.as_chunks::<2>().0.iter().enumerate() {
                    let comma = if at > 0 { "," } else { "" };
                    write!(f, "{comma}{}", from_utf8(code).unwrap_or("ZZ"))?;
                }
                Ok(())
            }
            Kind::Device => write!(f, "{}", Devices::read(self.values)),
            Kind::Time => write!(f, "{}", Hours::read(self.values)),
            Kind::Day => write!(f, "{}", Days::read(self.values)),
            _ => {
                for (at, text) in self.texts().enumerate() {
                    let comma = if at > 0 { "," } else { "" };
                    match Network::read(text).filter(|_| self.kind == Kind::Ip) {
                        Some(network) => write!(f, "{comma}{}", network.text())?,
                        None => write!(f, "{comma}{}", String::from_utf8_lossy(text))?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// An address as people write it.
pub fn address(address: &[u8; 16]) -> IpAddr {
    let v6 = Ipv6Addr::from(*address);
    v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), |v4: Ipv4Addr| IpAddr::V4(v4))
}
