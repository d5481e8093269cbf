//! How things are said to people.

mod hidden;

use core::fmt::Display;

pub use hidden::{is_hidden, push_json, shown, visible, visible_cell, visible_json, visible_lines};

/// A number and what it counts, which is named in the singular.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    let ending = match what {
        _ if count == N::from(1) => "",
        what if what.ends_with('x') || what.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{count} {what}{ending}")
}

/// So many bytes, for people: never less than there are.
pub fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// Numbers and what they are of, which is named in the singular: `key 2`, `keys 0, 1`.
pub fn numbered(what: &str, numbers: impl IntoIterator<Item = impl Display>) -> String {
    let numbers: Vec<_> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("{what}{} {}", if numbers.len() == 1 { "" } else { "s" }, numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many() {
        assert_eq!(counted(0_u64, "click"), "0 clicks");
        assert_eq!(counted(1_usize, "bad line"), "1 bad line");
        assert_eq!(counted(2_usize, "prefix"), "2 prefixes");
        assert_eq!(counted(1_u64, "batch"), "1 batch");
        assert_eq!(counted(2_500_u64, "batch"), "2500 batches");
        assert_eq!(counted(1_u64, "more distinct request"), "1 more distinct request");
        assert_eq!(counted(3_usize, "more changed link"), "3 more changed links");
        assert_eq!(mebibytes(0), "0.0 MiB");
        assert_eq!(mebibytes(1), "0.1 MiB");
        assert_eq!(mebibytes(2500 << 20), "2500.0 MiB");
        assert_eq!(numbered("key", [2]), "key 2");
        assert_eq!(numbered("key", [0, 1]), "keys 0, 1");
    }
}
