//! Links as lines of the native format: what is written when link files are
//! converted, and what is compared when they are.

use core::fmt;

use super::bytes::shown;
use super::formats::Setting;
use super::key::Key;
use super::status::Status;

/// A good link of a file, in its canonical spelling. [`Display`](fmt::Display)
/// gives its line in the native format, without a line end.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    key: &'a Key<'a>,
    status: Status,
    /// Empty for what is gone.
    target: &'a [u8],
    settings: &'a [Setting<'a>],
}

impl<'a> Written<'a> {
    /// A link whose parts were checked.
    ///
    /// # Errors
    /// What no line of the native format can hold, as a sentence.
    pub(super) fn new(
        key: &'a Key<'a>,
        status: Status,
        target: &'a [u8],
        settings: &'a [Setting<'a>],
    ) -> Result<Written<'a>, String> {
        let is_apart = |value: &[u8]| value.iter().any(|byte| byte.is_ascii_whitespace());
        if let Some(setting) = settings.iter().find(|setting| is_apart(setting.value)) {
            return Err(format!(
                "the white space of `{}={}` would end its column; write it without",
                shown(setting.name),
                shown(setting.value)
            ));
        }
        Ok(Written { key, status, target, settings })
    }

    /// Its key, as it is shown everywhere.
    pub fn key(&self) -> String {
        self.key.to_string()
    }

    /// What it answers with.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Where it sends; empty for what is gone.
    pub fn target(&self) -> String {
        String::from_utf8_lossy(self.target).into_owned()
    }

    /// Its settings as the native format has them, in the order of their names,
    /// without those that say what is so anyway.
    pub fn options(&self) -> String {
        let mut options: Vec<String> = self.settings.iter().filter_map(option).collect();
        options.sort_unstable();
        options.join(" ")
    }

    /// By what it is known among others: two links of a table never share it.
    pub(super) fn identity(&self) -> String {
        let case = if self.key.nocase { " nocase" } else { "" };
        format!("{}{case}", self.key)
    }

    /// All but its key.
    pub(super) fn answer(&self) -> String {
        let mut words = Vec::new();
        if !self.target.is_empty() {
            words.push(self.target());
        }
        // 410 stands where a target would.
        if self.status != Status::Found {
            words.push(self.status.code().to_string());
        }
        let options = self.options();
        words.extend((!options.is_empty()).then_some(options));
        words.join(" ")
    }
}

fn option(setting: &Setting<'_>) -> Option<String> {
    let name = String::from_utf8_lossy(setting.name);
    match (&*name, setting.value) {
        ("query", b"drop") => None,
        ("nocase", _) => Some(name.into_owned()),
        (_, value) => Some(format!("{name}={}", String::from_utf8_lossy(value))),
    }
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.answer())
    }
}
