//! Schemes of targets beside http and https: those of apps, which an operator allows.

use core::fmt;
use core::str::FromStr;

/// Those that run or show what stands in the URL itself, or what is on the visitor's own
/// machine: never a place to send somebody to.
const NEVER: [&str; 6] = ["javascript", "data", "file", "vbscript", "blob", "about"];

/// Schemes that targets may have, such as `myapp`, beside http and https.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schemes {
    allowed: Vec<Box<str>>,
    all: bool,
}

impl Schemes {
    /// http and https alone.
    pub const NONE: Schemes = Schemes { allowed: Vec::new(), all: false };

    /// All that can be allowed, for lines that were checked before.
    pub(in crate::links) const CHECKED: Schemes = Schemes { allowed: Vec::new(), all: true };

    /// Whether targets may have this scheme, written in any case.
    pub(super) fn takes(&self, scheme: &[u8]) -> bool {
        let is = |name: &str| name.as_bytes().eq_ignore_ascii_case(scheme);
        let can_be = is_scheme(scheme) && !NEVER.into_iter().any(is);
        can_be && (self.all || self.allowed.iter().any(|name| is(name)))
    }
}

/// RFC 3986 §3.1.
fn is_scheme(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.first().is_some_and(u8::is_ascii_alphabetic) && text.iter().all(is_part)
}

impl FromStr for Schemes {
    type Err = String;

    /// Reads schemes with commas between them.
    fn from_str(text: &str) -> Result<Schemes, String> {
        let mut allowed = Vec::new();
        for name in text.split(',').map(str::trim) {
            let name = name.trim_end_matches("://").to_ascii_lowercase();
            if !is_scheme(name.as_bytes()) {
                return Err(format!(
                    "`{name}` is no scheme; write its name alone, as in myapp for myapp://open"
                ));
            }
            if NEVER.contains(&&*name) {
                return Err(format!("{name}: is never a target, as it sends nobody anywhere"));
            }
            if name != "http" && name != "https" {
                allowed.push(name.into());
            }
        }
        Ok(Schemes { allowed, all: false })
    }
}

impl fmt::Display for Schemes {
    /// As [`from_str`](Self::from_str) reads them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.allowed.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_allowed() {
        let check = |text: &str, want: &str| {
            let said = text.parse::<Schemes>().map(|schemes| schemes.to_string());
            assert!(said.unwrap_or_else(|error| error).contains(want), "{text}");
        };
        check("myapp", "myapp");
        check("MyApp://, com.example.app,https", "myapp,com.example.app");
        check("my app", "`my app` is no scheme");
        check("", "`` is no scheme");
        for never in NEVER {
            check(never, "is never a target");
            assert!(!Schemes::CHECKED.takes(never.as_bytes()));
        }
        let schemes = "myapp".parse::<Schemes>().unwrap();
        assert!(schemes.takes(b"MYAPP") && !schemes.takes(b"other") && !schemes.takes(b""));
        assert!(Schemes::CHECKED.takes(b"other") && !Schemes::NONE.takes(b"other"));
    }
}
