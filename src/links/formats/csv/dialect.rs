//! How the cells of a table of values are parted.

/// How cells are parted and quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::links::formats) struct Dialect {
    pub(in crate::links::formats) delimiter: u8,
    /// Whether a quote is more than a character.
    pub(in crate::links::formats) has_quotes: bool,
    /// Bytes of a first line that names the delimiter, and is no row.
    pub(in crate::links::formats) rows_at: usize,
}

impl Dialect {
    /// Parted by tabs. A quote is a character as any other (IANA
    /// text/tab-separated-values).
    pub(in crate::links::formats) const TABS: Dialect =
        Dialect { delimiter: b'\t', has_quotes: false, rows_at: 0 };

    /// With quotes as RFC 4180 has them.
    pub(in crate::links::formats) const fn parted_by(delimiter: u8) -> Dialect {
        Dialect { delimiter, has_quotes: true, rows_at: 0 }
    }
}
