//! Which columns of a table of values mean what, as an operator says it.

use core::str::FromStr;

use super::cells::{Field, SETTINGS, spell};

/// `key=Slug,target=URL,status=3`: what columns mean, by name or by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// As they were written.
    text: String,
    wishes: Vec<(Field, WhichColumn)>,
}

/// Which column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WhichColumn {
    /// The one with this name, [spelled](spell).
    Named(String),
    /// The one with this number, counted from 0.
    Numbered(usize),
}

/// What can be written, for messages.
fn needed() -> String {
    let settings = SETTINGS.map(|(_, name)| name).join(", ");
    format!(
        "write key=COLUMN,target=COLUMN, and as you need them status, host, options, {settings}"
    )
}

impl Columns {
    /// As they were written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Field and place, in the order they were written.
    pub(super) fn wishes(&self) -> impl Iterator<Item = (Field, &WhichColumn)> {
        self.wishes.iter().map(|(field, place)| (*field, place))
    }

    /// Whether columns go by number alone, so that there is no header row.
    pub(super) fn are_numbered(&self) -> bool {
        self.wishes.iter().all(|(_, place)| matches!(place, WhichColumn::Numbered(_)))
    }
}

fn field(name: &str) -> Option<Field> {
    let others = [
        (Field::Key, "key"),
        (Field::Target, "target"),
        (Field::Status, "status"),
        (Field::Host, "host"),
        (Field::Options, "options"),
    ];
    others.into_iter().chain(SETTINGS).find(|(_, known)| *known == name).map(|(field, _)| field)
}

impl FromStr for Columns {
    type Err = String;

    fn from_str(text: &str) -> Result<Columns, String> {
        let mut wishes: Vec<(Field, WhichColumn)> = Vec::new();
        for part in text.split(',') {
            let (name, column) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` names no column; {}", needed()))?;
            let field = field(name.trim())
                .ok_or_else(|| format!("`{name}` is not what a column can mean; {}", needed()))?;
            if wishes.iter().any(|(other, _)| *other == field) {
                return Err(format!("`{}` is there twice; name one column for it", name.trim()));
            }
            let column = column.trim();
            let place = match column.parse::<usize>() {
                Ok(0) => return Err("columns are counted from 1".to_owned()),
                Ok(number) => WhichColumn::Numbered(number - 1),
                Err(_) if column.is_empty() => return Err(format!("`{part}` names no column")),
                Err(_) => WhichColumn::Named(spell(column)),
            };
            wishes.push((field, place));
        }
        let has = |wanted| wishes.iter().any(|(field, _)| *field == wanted);
        if !has(Field::Key) || !has(Field::Target) {
            return Err(format!("the columns of key and target are needed; {}", needed()));
        }
        Ok(Columns { text: text.to_owned(), wishes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_by_name_and_number() {
        let columns: Columns = "key=Short_Code, target = 2 ,tag=Campaign".parse().unwrap();
        let wishes: Vec<_> = columns.wishes().collect();
        assert_eq!(wishes[0], (Field::Key, &WhichColumn::Named("short code".into())));
        assert_eq!(wishes[1], (Field::Target, &WhichColumn::Numbered(1)));
        assert_eq!(wishes[2], (Field::Tag, &WhichColumn::Named("campaign".into())));
        assert!(!columns.are_numbered());
        assert_eq!(columns.as_str().parse(), Ok(columns.clone()));
        assert!("key=1,target=2".parse::<Columns>().unwrap().are_numbered());
    }

    #[test]
    fn what_cannot_be_meant() {
        let check = |text: &str, want: &str| {
            let message = text.parse::<Columns>().unwrap_err();
            assert!(message.contains(want), "{text}: {message}");
        };
        check("", "names no column");
        check("key", "`key` names no column; write key=COLUMN");
        check("key=1", "key and target are needed");
        check("key=1,target=0", "counted from 1");
        check("key=1,target=", "`target=` names no column");
        check("key=1,key=2,target=3", "`key` is there twice");
        check("slug=1,target=2", "`slug` is not what a column can mean");
    }
}
