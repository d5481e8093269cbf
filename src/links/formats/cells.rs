//! What the formats that are tables of values share: cells by what they mean.

pub(super) use super::fields::{Field, SETTINGS};
pub(super) use super::headers::{FieldNames, PLAIN, named, spell};

const FIELDS: usize = Field::ALL.len();

/// One of something for each field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Each<T>([T; FIELDS]);

impl<T> Each<T> {
    pub(super) fn at(&self, field: Field) -> &T {
        &self.0[field as usize]
    }

    pub(super) fn put(&mut self, field: Field, value: T) {
        self.0[field as usize] = value;
    }

    /// Every field there is.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field> + use<T> {
        Field::ALL.into_iter()
    }
}

impl<T: Copy + Default> Default for Each<T> {
    fn default() -> Each<T> {
        Each([T::default(); FIELDS])
    }
}

/// The trimmed cells of a row; empty where there is none.
pub(super) type Cells<'a> = Each<&'a [u8]>;

impl<'a> Cells<'a> {
    pub(super) fn get(&self, field: Field) -> &'a [u8] {
        self.at(field)
    }
}

/// Without the white space around it, which includes the no-break space that
/// spreadsheets like to add.
pub(super) fn trim(cell: &[u8]) -> &[u8] {
    const NO_BREAK_SPACE: &[u8] = "\u{a0}".as_bytes();
    let mut cell = cell.trim_ascii();
    while let Some(rest) = cell.strip_prefix(NO_BREAK_SPACE).or(cell.strip_suffix(NO_BREAK_SPACE)) {
        cell = rest.trim_ascii();
    }
    cell
}

/// A key of a host (possibly none) and a path with or without its slash.
pub(super) fn joined(host: &[u8], path: &[u8]) -> Vec<u8> {
    let mut key = host.strip_suffix(b"/").unwrap_or(host).to_vec();
    if path.first() != Some(&b'/') {
        key.push(b'/');
    }
    key.extend_from_slice(path);
    key
}
