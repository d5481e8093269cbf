//! Hosts: of keys, of targets, and as requests name them (RFC 3986 §3.2.2).

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use std::io::Write as _;

use crate::limits::HOST_BYTES_MAX;
use crate::links::bytes::{HOST, is, shown};

/// Longest label of a host name (RFC 1035 §2.3.4), bytes.
const LABEL_BYTES_MAX: usize = 63;

/// Why a host in a link file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostProblem {
    /// There is none.
    Empty,
    /// It has this many bytes.
    TooLong(usize),
    /// It holds letters outside ASCII.
    NotAscii,
    /// It holds this byte, which no host name has.
    Byte(u8),
    /// Two dots in a row, or a dot at its start.
    EmptyLabel,
    /// The part between two dots is longer than 63 bytes.
    LabelTooLong,
    /// It ends in a number and is not an IPv4 address.
    Ipv4(String),
    /// It is in brackets and not an IPv6 address.
    Ipv6(String),
}

impl fmt::Display for HostProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostProblem::Empty => write!(f, "the host is empty"),
            HostProblem::TooLong(size) => {
                write!(f, "the host has {size} bytes; a host name has at most {HOST_BYTES_MAX}")
            }
            HostProblem::NotAscii => {
                write!(f, "the host has letters outside ASCII; write its ASCII form (xn--…)")
            }
            HostProblem::Byte(b'%') => write!(f, "the host has a `%`; write the host unescaped"),
            HostProblem::Byte(byte) => write!(
                f,
                "the host has a `{}`; a host name has letters, digits, `-`, `.` and `_`",
                byte.escape_ascii()
            ),
            HostProblem::EmptyLabel => write!(f, "the host has a dot too many"),
            HostProblem::LabelTooLong => write!(
                f,
                "a part of the host is longer than {LABEL_BYTES_MAX} bytes, which DNS does not allow"
            ),
            HostProblem::Ipv4(host) => {
                write!(f, "`{host}` ends in a number but is not an IPv4 address such as 192.0.2.1")
            }
            HostProblem::Ipv6(host) => {
                write!(f, "`{host}` is not an IPv6 address in brackets such as [2001:db8::1]")
            }
        }
    }
}

/// Cuts a port off: the host (with its brackets if it is IPv6), and what
/// follows the colon if there is one.
pub(in crate::links) fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    let from = match authority.first() {
        Some(b'[') => memchr::memchr(b']', authority).unwrap_or(0),
        _ => 0,
    };
    match memchr::memchr(b':', &authority[from..]) {
        Some(at) => (&authority[..from + at], Some(&authority[from + at + 1..])),
        None => (authority, None),
    }
}

/// Checks the host of a key or a target, without its port.
///
/// # Errors
/// What is wrong with it.
pub(in crate::links) fn validate(host: &[u8]) -> Result<(), HostProblem> {
    if host.first() == Some(&b'[') {
        let address = ipv6(host).map(|_| ());
        return address.ok_or_else(|| HostProblem::Ipv6(shown(host)));
    }
    let name = host.strip_suffix(b".").unwrap_or(host);
    if name.is_empty() {
        return Err(HostProblem::Empty);
    }
    if let Some(&byte) = name.iter().find(|&&byte| !is(byte, HOST)) {
        return Err(match byte.is_ascii() {
            true => HostProblem::Byte(byte),
            false => HostProblem::NotAscii,
        });
    }
    if name.len() > HOST_BYTES_MAX {
        return Err(HostProblem::TooLong(name.len()));
    }
    let mut last: &[u8] = &[];
    for label in name.split(|&byte| byte == b'.') {
        match label.len() {
            0 => return Err(HostProblem::EmptyLabel),
            1..=LABEL_BYTES_MAX => last = label,
            _ => return Err(HostProblem::LabelTooLong),
        }
    }
    // No top-level domain is a number, and browsers read such a host as IPv4.
    if last.iter().all(u8::is_ascii_digit) && ipv4(name).is_none() {
        return Err(HostProblem::Ipv4(shown(name)));
    }
    Ok(())
}

/// Writes the canonical form of a key's host into `out`: lower case, no
/// trailing dot, IPv6 as RFC 5952 writes it.
///
/// # Errors
/// What [`validate`] finds; `out` is then empty.
pub(in crate::links) fn canonical(host: &[u8], out: &mut Vec<u8>) -> Result<(), HostProblem> {
    out.clear();
    validate(host)?;
    if let Some(address) = ipv6(host) {
        out.extend_from_slice(format!("[{address}]").as_bytes());
    } else {
        let name = host.strip_suffix(b".").unwrap_or(host);
        out.extend(name.iter().map(u8::to_ascii_lowercase));
    }
    Ok(())
}

/// The form by which a request's host is looked up, written into `buffer`:
/// `raw` is a `Host` field's value or an authority as it was sent, possibly
/// with a port. `None` when no key can have this host.
pub(in crate::links) fn of_request<'a>(
    raw: &[u8],
    buffer: &'a mut [u8; HOST_BYTES_MAX],
) -> Option<&'a [u8]> {
    let (host, _port) = split_port(raw);
    if host.first() == Some(&b'[') {
        let address = ipv6(host)?;
        let mut rest = &mut buffer[..];
        write!(rest, "[{address}]").ok()?;
        let size = HOST_BYTES_MAX - rest.len();
        return Some(&buffer[..size]);
    }
    let host = host.strip_suffix(b".").unwrap_or(host);
    if host.is_empty() {
        return None;
    }
    let name = buffer.get_mut(..host.len())?;
    name.copy_from_slice(host);
    name.make_ascii_lowercase();
    Some(name)
}

/// Whether it is an IPv4 address, which has no subdomains.
pub(in crate::links) fn is_ipv4(host: &[u8]) -> bool {
    ipv4(host).is_some()
}

fn ipv4(name: &[u8]) -> Option<Ipv4Addr> {
    core::str::from_utf8(name).ok()?.parse().ok()
}

fn ipv6(host: &[u8]) -> Option<Ipv6Addr> {
    let address = host.strip_prefix(b"[")?.strip_suffix(b"]")?;
    core::str::from_utf8(address).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(host: &str) -> Result<String, HostProblem> {
        let mut out = Vec::new();
        canonical(host.as_bytes(), &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn hosts_of_keys() {
        let good = |host: &str, want: &str| assert_eq!(key(host), Ok(want.into()));
        good("Go.Example.COM.", "go.example.com");
        good("xn--bcher-kva.example", "xn--bcher-kva.example");
        good("localhost", "localhost");
        good("my_host.a-b.example", "my_host.a-b.example");
        good("192.0.2.1", "192.0.2.1");
        good("[2001:DB8:0::1]", "[2001:db8::1]");
        good(&format!("{}.example", "a".repeat(63)), &format!("{}.example", "a".repeat(63)));
    }

    #[test]
    fn refused_hosts() {
        let bad = |host: &str, want: HostProblem| assert_eq!(key(host), Err(want), "{host}");
        bad("", HostProblem::Empty);
        bad(".", HostProblem::Empty);
        bad("bücher.example", HostProblem::NotAscii);
        bad("a b", HostProblem::Byte(b' '));
        bad("a\r\n", HostProblem::Byte(b'\r'));
        bad("a%41", HostProblem::Byte(b'%'));
        bad("*.example", HostProblem::Byte(b'*'));
        bad("a..b", HostProblem::EmptyLabel);
        bad(".a", HostProblem::EmptyLabel);
        bad(&"a".repeat(64), HostProblem::LabelTooLong);
        bad(&"a.".repeat(130), HostProblem::TooLong(259));
        bad("1.2.3.400", HostProblem::Ipv4("1.2.3.400".into()));
        bad("a.1", HostProblem::Ipv4("a.1".into()));
        bad("[::1", HostProblem::Ipv6("[::1".into()));
        bad("[v1.x]", HostProblem::Ipv6("[v1.x]".into()));
        bad("[fe80::1%25eth0]", HostProblem::Ipv6("[fe80::1%25eth0]".into()));
    }

    #[test]
    fn every_problem_is_a_sentence() {
        for host in ["", "ü", "a b", "a%", "a..b", "1.2.3.400", "[x]"] {
            assert!(key(host).unwrap_err().to_string().len() > 15);
        }
        assert!(HostProblem::NotAscii.to_string().contains("xn--"));
        assert!(HostProblem::Byte(b'\r').to_string().contains("`\\r`"));
    }

    #[test]
    fn hosts_of_requests() {
        let check = |raw: &str, want: Option<&str>| {
            let mut buffer = [0; HOST_BYTES_MAX];
            assert_eq!(of_request(raw.as_bytes(), &mut buffer), want.map(str::as_bytes), "{raw}");
        };
        check("Example.COM", Some("example.com"));
        check("example.com:8080", Some("example.com"));
        check("example.com.:80", Some("example.com"));
        check("example.com:", Some("example.com"));
        check("[::1]:80", Some("[::1]"));
        check("[2001:DB8:0::1]", Some("[2001:db8::1]"));
        check("[broken", None);
        check("", None);
        check(":80", None);
        check(&"a".repeat(253), Some(&"a".repeat(253)));
        check(&"a".repeat(254), None);
    }
}
