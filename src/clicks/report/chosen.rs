//! Which columns somebody wants.

use std::fmt;

use super::columns::{COLUMNS, Column, Presence, Spelled, Values};

/// Columns that were named, or the usual ones and those.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChosenColumns {
    named: Vec<&'static Column>,
    /// Whether these are all; else the usual ones come first.
    are_all: bool,
}

impl ChosenColumns {
    /// Reads names with commas between them. A `+` before the first says that the usual
    /// columns come first.
    ///
    /// # Errors
    ///
    /// A sentence that says which names there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (are_all, names) = match text.strip_prefix('+') {
            Some(more) => (false, more),
            None => (true, text),
        };
        let mut chosen = Self { named: Vec::new(), are_all };
        for name in names.split(',') {
            let Some(column) = COLUMNS.iter().find(|column| column.name == name) else {
                let names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
                return Err(format!("there is no column `{name}`; there are {}", names.join(", ")));
            };
            if chosen.in_tables().any(|other| other == column) {
                return Err(format!("the column {name} would be there twice"));
            }
            chosen.named.push(column);
        }
        Ok(chosen)
    }

    /// Whether click ids are among them.
    #[must_use]
    pub fn has_ids(&self) -> bool {
        self.in_tables().any(|column| matches!(column.values, Values::Text(Spelled::Id(_))))
    }

    /// The columns of a table: the same in each of its rows, and in each of its files.
    pub fn in_tables(&self) -> impl Iterator<Item = &'static Column> {
        let is_usual = |column: &&Column| column.presence != Presence::Asked;
        let usual = if self.are_all { &[] } else { COLUMNS };
        usual.iter().filter(is_usual).chain(self.named.iter().copied())
    }

    /// The fields of a row of JSON, which leaves out those of them that are empty.
    pub fn in_objects(&self) -> impl Iterator<Item = &'static Column> {
        let (usual, named) =
            if self.are_all { (&[][..], &*self.named) } else { (COLUMNS, &[][..]) };
        usual.iter().chain(named.iter().copied())
    }
}

/// As [`parse`](ChosenColumns::parse) reads it; nothing for the usual ones.
impl fmt::Display for ChosenColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.named.iter().map(|column| column.name).collect();
        let plus = if self.are_all || names.is_empty() { "" } else { "+" };
        write!(f, "{plus}{}", names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` must choose these columns, of which the usual ones are written `…`.
    fn check(text: &str, tables: &str) {
        let chosen = ChosenColumns::parse(text).unwrap();
        let names = |chosen: &ChosenColumns| -> Vec<_> {
            chosen.in_tables().map(|column| column.name).collect()
        };
        let usual = names(&ChosenColumns::default()).join(" ");
        assert_eq!(names(&chosen).join(" ").replace(&usual, "…"), tables);
        assert_eq!(chosen.to_string(), text);
        assert_eq!(ChosenColumns::parse(&chosen.to_string()), Ok(chosen));
    }

    fn refuse(text: &str, expected: &str) {
        let refusal = ChosenColumns::parse(text).unwrap_err();
        assert!(refusal.contains(expected), "{refusal}");
    }

    #[test]
    fn in_the_order_they_are_named() {
        check("country,time", "country time");
    }
    #[test]
    fn beside_the_usual_ones() {
        check("+reason,country", "… reason country");
    }
    #[test]
    fn the_usual_ones_are_those_of_ever() {
        let usual: Vec<_> = ChosenColumns::default().in_tables().map(|it| it.name).collect();
        assert_eq!(usual.len(), 18);
        assert_eq!((usual[0], usual[17]), ("time", "cut"));
        assert_eq!(ChosenColumns::default().to_string(), "");
        assert_eq!(ChosenColumns::default().in_objects().count(), COLUMNS.len());
    }
    #[test]
    fn no_such_column() {
        refuse("time,city", "no column `city`; there are time, shard,");
        refuse("", "no column ``");
        refuse("+", "no column ``");
    }
    #[test]
    fn twice() {
        refuse("time,time", "twice");
        refuse("+time", "twice");
    }
}
