//! What the caller hands over: link files, and what their formats need beside them.

use core::fmt;

use super::columns::Columns;
use super::dates::ZoneName;
use super::defaults::Defaults;
use super::name::Format;
use crate::links::targets::Schemes;
use crate::rules::Rule;

/// One link file, read by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name in messages.
    pub name: &'a str,
    /// All its bytes.
    pub text: &'a [u8],
    /// How it is written.
    pub format: Format,
    /// What its format may need to know beside it.
    pub help: Help<'a>,
}

impl<'a> Source<'a> {
    /// A file that needs nothing but itself.
    pub fn new(name: &'a str, text: &'a [u8], format: Format) -> Source<'a> {
        Source { name, text, format, help: Help::default() }
    }
}

/// What a format needs to know that is not in its file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Help<'a> {
    /// `https://host`, before targets that are only a path.
    pub base: Option<&'a str>,
    /// Which columns of a table of values mean what.
    pub columns: Option<&'a Columns>,
    /// Before the path of every key that has no host: `/go`.
    pub prefix: Option<&'a str>,
    /// The host of every key that has none.
    pub host: Option<&'a str>,
    /// Where times in a table are meant that say no time zone of their own.
    pub zone: Option<&'a ZoneName>,
    /// Which sheet of a workbook; without it the first.
    pub sheet: Option<&'a str>,
    /// Finds the files that this one includes.
    pub include: Option<Include<'a>>,
    /// What its links say where they do not say it themselves.
    pub defaults: Option<&'a Defaults>,
    /// Which schemes its targets may have beside http and https.
    pub schemes: Option<&'a Schemes>,
    /// What is known of addresses; `None` where that shows only later.
    pub places: Option<&'a PlaceNames>,
}

/// What a server knows of addresses, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceNames {
    /// Whether it knows their countries.
    pub countries: bool,
    /// The names of its lists.
    pub lists: Vec<String>,
}

impl PlaceNames {
    /// Checks that it knows what a rule asks for.
    ///
    /// # Errors
    /// What it does not, and how it would.
    pub fn check(&self, rule: &Rule<'_>) -> Result<(), String> {
        for condition in rule.conditions() {
            if condition.asks_country() && !self.countries {
                return Err(
                    "Country= needs to be told where addresses are; give a file of them with --geo"
                        .to_owned(),
                );
            }
            let is_known = |name: &[u8]| self.lists.iter().any(|known| known.as_bytes() == name);
            if let Some(name) = condition.lists().find(|name| !is_known(name)) {
                let name = String::from_utf8_lossy(name);
                return Err(format!(
                    "there is no list {name}; give it with --list {name}=FILE{}",
                    match &self.lists[..] {
                        [] => String::new(),
                        known => format!(", or write one of {}", known.join(", ")),
                    }
                ));
            }
        }
        Ok(())
    }
}

/// The files that an `include` names: their names in messages and their bytes, in
/// order; or why they cannot be had, as a sentence.
pub type Included = Result<Vec<(String, Vec<u8>)>, String>;

/// Finds the files of an `include`, given its pattern as it is written.
#[derive(Clone, Copy)]
pub struct Include<'a>(pub &'a dyn Fn(&str) -> Included);

impl fmt::Debug for Include<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Include")
    }
}
