//! Times of links: RFC 3339, in every year that it can write.

use jiff::SignedDuration;
use jiff::civil::DateTime;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// RFC 3339 §5.6. `jiff::Timestamp` would end a day before the year 9999 does,
/// which is how many write "for ever", and takes more than this, such as a time
/// zone in brackets.
pub(super) fn rfc_3339(text: &[u8]) -> Option<i64> {
    let offset_at =
        19 + text.get(19..)?.iter().position(|b| !(b.is_ascii_digit() || *b == b'.'))?;
    let (local, offset) = text.split_at(offset_at);
    let is_fraction = matches!(&local[19..], [] | [b'.', _, ..]);
    if !has_shape(&local[..19], b"0000-00-00T00:00:00") || !is_fraction {
        return None;
    }
    let local: DateTime = core::str::from_utf8(local).ok()?.parse().ok()?;
    let local = i64::try_from(local.duration_since(EPOCH).as_micros());
    let minutes = match offset {
        [b'Z' | b'z'] => 0,
        [sign, offset @ ..] if has_shape(offset, b"00:00") => {
            let two =
                |at: usize| i64::from(offset[at] - b'0') * 10 + i64::from(offset[at + 1] - b'0');
            let (hours, minutes) = (two(0), two(3));
            let size = (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)?;
            match sign {
                b'+' => size,
                b'-' => -size,
                _ => return None,
            }
        }
        _ => return None,
    };
    let time = local.ok()? - minutes * 60_000_000;
    civil(time).map(|_| time)
}

/// A time, Unix microseconds, as UTC. `None` outside the years that have four
/// digits, which RFC 3339 cannot write.
pub(super) fn civil(unix_us: i64) -> Option<DateTime> {
    let time = EPOCH.checked_add(SignedDuration::from_micros(unix_us)).ok()?;
    (time.year() >= 0).then_some(time)
}

/// Whether `text` is like `shape`, in which `0` stands for any digit.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let is = |(&byte, &wanted): (&u8, &u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        wanted => byte.to_ascii_uppercase() == wanted,
    };
    text.len() == shape.len() && text.iter().zip(shape).all(is)
}
