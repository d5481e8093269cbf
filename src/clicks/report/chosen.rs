//! Which columns somebody wants.

use std::fmt;

use super::columns::{COLUMNS, COLUMNS_BEFORE_LINKS, Column, Presence, Spelled, Values};

/// Columns that were named, or the usual ones and those.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChosenColumns {
    named: Vec<&'static Column>,
    /// What comes before them.
    before: Before,
}

/// Columns that come before those that were named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Before {
    /// The usual ones.
    #[default]
    Usual,
    /// Those that were usual before segments told of links.
    OnceUsual,
    /// None: those that were named are all.
    Nothing,
}

impl Before {
    fn columns(self) -> impl Iterator<Item = &'static Column> {
        let columns = match self {
            Self::Usual => COLUMNS,
            Self::OnceUsual => &COLUMNS[..COLUMNS_BEFORE_LINKS],
            Self::Nothing => &[],
        };
        columns.iter().filter(|column| column.presence != Presence::Asked)
    }

    fn has(self, column: &Column) -> bool {
        self.columns().any(|other| other == column)
    }
}

impl ChosenColumns {
    /// Reads names with commas between them. A `+` before the first says that the usual
    /// columns come first; to name one of those then says nothing more.
    ///
    /// # Errors
    ///
    /// A sentence that says which names there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (before, names) = match text.strip_prefix('+') {
            Some(more) => (Before::Usual, more),
            None => (Before::Nothing, text),
        };
        let mut chosen = Self { named: Vec::new(), before };
        for name in names.split(',') {
            let Some(column) = COLUMNS.iter().find(|column| column.name == name) else {
                let names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
                return Err(format!("there is no column `{name}`; there are {}", names.join(", ")));
            };
            if chosen.named.contains(&column) {
                return Err(format!("the column {name} would be there twice"));
            }
            chosen.named.push(column);
        }
        Ok(chosen)
    }

    /// The same where these are the usual columns, names with commas between them.
    ///
    /// # Panics
    ///
    /// If there are no such columns.
    #[must_use]
    pub fn beside(&self, usual: &str) -> Self {
        let mut chosen = Self::parse(usual).expect("there are such columns");
        if self.before == Before::Nothing {
            return self.clone();
        }
        let is_new = |column: &&&Column| !chosen.named.contains(*column);
        let more: Vec<_> = self.named.iter().filter(is_new).copied().collect();
        chosen.named.extend(more);
        chosen
    }

    /// What the same words chose before segments told of links: the usual columns were
    /// fewer.
    #[must_use]
    pub fn once(&self) -> Self {
        let before = match self.before {
            Before::Usual => Before::OnceUsual,
            before => before,
        };
        Self { named: self.named.clone(), before }
    }

    /// Whether click ids are among them.
    #[must_use]
    pub fn has_ids(&self) -> bool {
        self.in_tables().any(|column| matches!(column.values, Values::Text(Spelled::Id(_))))
    }

    /// The columns of a table: the same in each of its rows, and in each of its files.
    pub fn in_tables(&self) -> impl Iterator<Item = &'static Column> {
        let more = self.named.iter().copied().filter(|column| !self.before.has(column));
        self.before.columns().chain(more)
    }

    /// The fields of a row of JSON, which leaves out those of them that are empty.
    pub fn in_objects(&self) -> impl Iterator<Item = &'static Column> {
        let (usual, named) = match self.before {
            Before::Nothing => (&[][..], &*self.named),
            Before::Usual | Before::OnceUsual => (COLUMNS, &[][..]),
        };
        usual.iter().chain(named.iter().copied())
    }

    /// The columns of a table as its sink is registered with them, whatever is usual when
    /// they are read: behind a `+`, those beside the ones that were usual before segments
    /// told of links. Nothing for those alone.
    #[must_use]
    pub fn to_register(&self) -> String {
        let passed = match self.before {
            Before::Nothing => 0,
            Before::Usual | Before::OnceUsual => COLUMNS_BEFORE_LINKS,
        };
        self.joined(self.in_tables().skip(passed))
    }

    fn joined(&self, columns: impl Iterator<Item = &'static Column>) -> String {
        let names: Vec<_> = columns.map(|column| column.name).collect();
        let plus = if self.before == Before::Nothing || names.is_empty() { "" } else { "+" };
        format!("{plus}{}", names.join(","))
    }
}

/// As [`parse`](ChosenColumns::parse) reads it; nothing for the usual ones.
impl fmt::Display for ChosenColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined(self.named.iter().copied()))
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
    fn the_usual_ones_end_with_those_that_came_later() {
        let usual: Vec<_> = ChosenColumns::default().in_tables().map(|it| it.name).collect();
        assert_eq!(usual.len(), 21);
        assert_eq!((usual[0], &usual[17..]), ("time", &["cut", "key", "target", "via"][..]));
        let once: Vec<_> = ChosenColumns::default().once().in_tables().map(|it| it.name).collect();
        assert_eq!(once, usual[..COLUMNS_BEFORE_LINKS]);
        assert_eq!(ChosenColumns::default().to_string(), "");
        assert_eq!(ChosenColumns::default().in_objects().count(), COLUMNS.len());
    }
    #[test]
    fn usual_ones_are_there_once() {
        check("+key,target,via", "…");
        check("+via,country,time", "… country");
    }
    #[test]
    fn others_may_be_usual() {
        let check = |text: &str, want: &str| {
            assert_eq!(ChosenColumns::parse(text).unwrap().beside("time,key").to_string(), want);
        };
        check("+key,country", "time,key,country");
        check("country,time", "country,time");
        assert_eq!(ChosenColumns::default().beside("time,key").to_string(), "time,key");
    }
    #[test]
    fn sinks_are_registered_with_the_same_whatever_is_usual() {
        let check = |chosen: ChosenColumns, now: &str, once: &str| {
            assert_eq!((&*chosen.to_register(), &*chosen.once().to_register()), (now, once));
        };
        let parse = |text| ChosenColumns::parse(text).unwrap();
        check(ChosenColumns::default(), "+key,target,via", "");
        check(parse("+key,target,via"), "+key,target,via", "+key,target,via");
        check(parse("+country,key"), "+key,target,via,country", "+country,key");
        check(parse("time,key"), "time,key", "time,key");
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
        refuse("+country,country", "twice");
    }
}
