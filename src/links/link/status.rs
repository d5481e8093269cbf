//! What a link answers with.

use crate::links::bytes::shown;

/// The status of a link (RFC 9110 §15.4, §15.5.11): one of the five redirects
/// that carry a `Location`, or 410 for what is gone for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// 301: permanent; a client may change POST to GET.
    MovedPermanently,
    /// 302: temporary; a client may change POST to GET. The default.
    Found,
    /// 303: see another resource, with GET.
    SeeOther,
    /// 307: temporary, same method.
    TemporaryRedirect,
    /// 308: permanent, same method.
    PermanentRedirect,
    /// 410: there is no target.
    Gone,
}

/// The statuses a link file may name, for messages.
pub(in crate::links) const ALLOWED: &str = "301, 302, 303, 307, 308, or 410 with no target";

impl Status {
    /// All of them, in the order of their codes.
    pub const ALL: [Status; 6] = [
        Status::MovedPermanently,
        Status::Found,
        Status::SeeOther,
        Status::TemporaryRedirect,
        Status::PermanentRedirect,
        Status::Gone,
    ];

    /// The status with this HTTP code; `None` for codes no link can have.
    pub fn from_code(code: u16) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.code() == code)
    }

    /// Its HTTP code.
    #[inline]
    pub const fn code(self) -> u16 {
        match self {
            Status::MovedPermanently => 301,
            Status::Found => 302,
            Status::SeeOther => 303,
            Status::TemporaryRedirect => 307,
            Status::PermanentRedirect => 308,
            Status::Gone => 410,
        }
    }

    /// The status that a column of a link file names.
    ///
    /// # Errors
    /// A sentence that says what may stand there.
    pub(in crate::links) fn parse(text: &[u8]) -> Result<Status, String> {
        let code = match text {
            b"301" => 301,
            b"302" => 302,
            b"303" => 303,
            b"307" => 307,
            b"308" => 308,
            b"410" => 410,
            _ => 0,
        };
        if let Some(status) = Status::from_code(code) {
            return Ok(status);
        }
        let name = shown(text);
        Err(match text.strip_suffix(b"!") {
            Some(plain) if Status::parse(plain).is_ok() => format!(
                "status {name}: leave out the `!`; a link always answers, there is nothing to force"
            ),
            _ if text.len() == 3 && text.iter().all(u8::is_ascii_digit) => {
                format!("status {name} is not one a link can have; write {ALLOWED}")
            }
            _ => format!(
                "`{name}` is not a status; write {ALLOWED} (a space in a target is written %20)"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_both_ways() {
        for status in Status::ALL {
            assert_eq!(Status::from_code(status.code()), Some(status));
            assert_eq!(Status::parse(status.code().to_string().as_bytes()), Ok(status));
        }
        for code in [0, 200, 300, 304, 305, 404, 411] {
            assert_eq!(Status::from_code(code), None);
        }
    }

    #[test]
    fn refusals_say_what_is_allowed() {
        let refused = |text: &str| Status::parse(text.as_bytes()).unwrap_err();
        for text in ["200", "404", "304", "000"] {
            let message = refused(text);
            assert!(message.contains(ALLOWED) && message.contains("not one a link can have"));
        }
        assert!(refused("301!").contains("leave out the `!`"));
        assert!(refused("200!").contains(ALLOWED));
        assert!(refused("302.0").contains("not a status"));
        assert!(refused("file").contains("%20"));
    }
}
