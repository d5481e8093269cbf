//! How much memory tables may take, so that links that are too many are refused before
//! there is none left.

use core::fmt;

use crate::words::mebibytes;

/// The memory that one more table may take, beside those that are there.
#[derive(Clone, Copy, Debug)]
pub struct TableRoom {
    /// Of all tables together, with what it takes to read them, bytes.
    max: u64,
    /// What is taken, bytes.
    taken: u64,
    /// How many copies of its index there are of a table that is served, beside its own.
    copies: usize,
}

/// A table would take more than there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// What it takes at least, bytes.
    needed: u64,
    taken: u64,
    max: u64,
}

impl TableRoom {
    /// For links that are only looked at: as much as there is.
    pub const UNBOUNDED: TableRoom = TableRoom { max: u64::MAX, taken: 0, copies: 0 };

    /// All of `max` bytes, where a table that is served has so many copies of its index.
    #[must_use]
    pub fn new(max: u64, copies: usize) -> TableRoom {
        TableRoom { max, taken: 0, copies }
    }

    /// What is left when these bytes are taken.
    #[must_use]
    pub fn beside(self, bytes: u64) -> TableRoom {
        TableRoom { taken: self.taken.saturating_add(bytes), ..self }
    }

    /// How many copies of its index there are of a table that is served, beside its own.
    #[must_use]
    pub fn copies(&self) -> usize {
        self.copies
    }

    /// How much is left, bytes.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.max.saturating_sub(self.taken)
    }

    /// Whether so many bytes can be taken.
    ///
    /// # Errors
    ///
    /// How much there would have to be.
    pub fn check(&self, needed: u64) -> Result<(), TooLarge> {
        let TableRoom { max, taken, .. } = *self;
        if needed <= self.left() { Ok(()) } else { Err(TooLarge { needed, taken, max }) }
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TooLarge { needed, taken, max } = *self;
        write!(f, "these links need {} of memory or more", mebibytes(needed))?;
        if taken > 0 {
            write!(f, ", beside {} that files and other links take", mebibytes(taken))?;
        }
        write!(
            f,
            ", and all together may take {} (--max-table-memory); raise it, leave links out, or \
             serve a table made with `carom links compile`, which needs less",
            mebibytes(max)
        )
    }
}

impl std::error::Error for TooLarge {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_it_is_said() {
        let room = TableRoom::new(8 << 20, 3);
        assert!(room.check(8 << 20).is_ok());
        let said = room.check((8 << 20) + 1).unwrap_err().to_string();
        assert!(said.starts_with("these links need 8.1 MiB of memory or more, and all"), "{said}");
        let said = room.beside(6 << 20).check(3 << 20).unwrap_err().to_string();
        assert!(said.contains("need 3.0 MiB of memory or more, beside 6.0 MiB that"), "{said}");
        assert!(said.contains("may take 8.0 MiB (--max-table-memory); raise it"), "{said}");
        assert_eq!(room.beside(u64::MAX).beside(1).left(), 0);
        assert!(TableRoom::UNBOUNDED.check(u64::MAX).is_ok());
    }
}
