//! The `Date` field (RFC 9110 §6.6.1), as IMF-fixdate (§5.6.7).

use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};

/// Bytes of an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub const DATE_BYTES: usize = 29;

/// The IMF-fixdate of a Unix time in seconds. A time outside the years that
/// the format can show is shown as the epoch.
pub fn imf_fixdate(unix_seconds: i64) -> [u8; DATE_BYTES] {
    let timestamp = Timestamp::from_second(unix_seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&timestamp).unwrap_or_default();
    let mut date = *b"Thu, 01 Jan 1970 00:00:00 GMT";
    if text.len() == DATE_BYTES {
        date.copy_from_slice(text.as_bytes());
    }
    date
}

#[cfg(test)]
mod tests {
    use super::imf_fixdate;

    #[test]
    fn rfc_9110_example() {
        assert_eq!(&imf_fixdate(784_111_777), b"Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn epoch() {
        assert_eq!(&imf_fixdate(0), b"Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
