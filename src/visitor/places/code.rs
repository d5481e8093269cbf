//! Countries as files write them.

use crate::visitor::country::Country;

/// The country that a file means by a code; `None`: it is no code. What stands for no
/// country at all, such as EU for somewhere in Europe, is not known.
pub fn country(code: &str) -> Option<Country> {
    match code.as_bytes() {
        b"" | b"-" | b"--" => Some(Country::UNKNOWN),
        [first, second] if first.is_ascii_alphabetic() && second.is_ascii_digit() => {
            Some(Country::UNKNOWN)
        }
        [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
            Some(match [first.to_ascii_uppercase(), second.to_ascii_uppercase()] {
                [b'E', b'U'] | [b'A', b'P'] => Country::UNKNOWN,
                [b'U', b'K'] => Country(*b"GB"),
                code => Country(code),
            })
        }
        _ => None,
    }
}
