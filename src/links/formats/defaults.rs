//! What links say that do not say it themselves: `--default`, and `!default` lines of
//! native files.

use core::fmt;
use core::str::FromStr;

use super::setting::setting;
use crate::links::bytes::shown;
use crate::links::key::Loose;
use crate::links::link::{Options, Setting, Status};
use crate::links::targets::Schemes;
use crate::rules::is_of_rules;

/// What a `!default` line begins with.
pub(super) const WORD: &[u8] = b"!default";

/// Those that would say the same of every link, or need something beside them.
const NEVER: [&[u8]; 2] = [b"id", b"else"];
/// Those that say nothing of a link that is gone.
const OF_REDIRECTS: [&[u8]; 4] = [b"query", b"referrer", b"from", b"until"];

type Text = Box<[u8]>;

/// A status and options for links that do not say them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    status: Option<Status>,
    /// Names and values.
    settings: Vec<(Text, Text)>,
}

impl FromStr for Defaults {
    type Err = String;

    /// Reads `status=301 nocase query=keep slash=ignore`.
    fn from_str(text: &str) -> Result<Defaults, String> {
        let columns = text.split_ascii_whitespace().map(str::as_bytes);
        Defaults::parse(columns)
    }
}

impl Defaults {
    /// Reads its columns.
    ///
    /// # Errors
    /// The first thing that is wrong, as a sentence with its remedy.
    pub(super) fn parse<'a>(columns: impl Iterator<Item = &'a [u8]>) -> Result<Defaults, String> {
        let mut settings = Vec::new();
        for column in columns {
            settings.push(setting(column).ok_or_else(|| {
                format!(
                    "`{}` is no default; write name=value, as in status=301 nocase query=keep",
                    shown(column)
                )
            })?);
        }
        let mut status = None;
        let (statuses, settings): (Vec<_>, Vec<_>) =
            settings.into_iter().partition(|setting| setting.name == b"status");
        for setting in &statuses {
            let parsed = Status::parse(setting.value)?;
            if parsed == Status::Gone {
                return Err("410 cannot be a default; write it in the line of a link".to_owned());
            }
            if status.replace(parsed).is_some() {
                return Err("status= is there twice; write it once".to_owned());
            }
        }
        let is_never = |it: &&Setting<'_>| NEVER.contains(&it.name) || is_of_rules(it.name);
        if let Some(never) = settings.iter().find(is_never) {
            let name = shown(never.name);
            return Err(format!("{name}= cannot be a default; write it in the line of a link"));
        }
        Options::parse(&settings, &Schemes::NONE)?;
        let owned = |setting: Setting<'_>| (setting.name.into(), setting.value.into());
        Ok(Defaults { status, settings: settings.into_iter().map(owned).collect() })
    }

    /// What holds where these stand behind others: each that they do not say is that of
    /// the others.
    pub(in crate::links) fn over(mut self, others: &Defaults) -> Defaults {
        self.status = self.status.or(others.status);
        let says = |name: &[u8]| self.settings.iter().any(|(own, _)| **own == *name);
        let others = others.settings.iter().filter(|(name, _)| !says(name));
        let others: Vec<_> = others.cloned().collect();
        self.settings.extend(others);
        self
    }

    /// The status of a link that says none.
    pub(in crate::links) fn status(&self) -> Status {
        self.status.unwrap_or(Status::Found)
    }

    /// The status that they say, if they do.
    pub(in crate::links) fn told_status(&self) -> Option<Status> {
        self.status
    }

    /// What keys take no notice of that do not say it themselves.
    pub(in crate::links) fn loose(&self) -> Loose {
        let settings = self.settings.iter().map(|(name, value)| Setting { name, value });
        let settings: Vec<_> = settings.collect();
        // They were checked when they were read.
        Options::parse(&settings, &Schemes::NONE).map_or(Loose::NOTHING, |options| options.loose)
    }

    /// The settings of a link that says these itself, and whether it is gone.
    pub(in crate::links) fn with<'a>(
        &'a self,
        own: &[Setting<'a>],
        is_gone: bool,
        out: &mut Vec<Setting<'a>>,
    ) {
        out.clear();
        out.extend_from_slice(own);
        for (name, value) in &self.settings {
            let is_own = own.iter().any(|setting| *setting.name == **name);
            let says_nothing = is_gone && OF_REDIRECTS.contains(&&**name);
            if !(is_own || says_nothing) {
                out.push(Setting { name, value });
            }
        }
    }
}

impl fmt::Display for Defaults {
    /// As [`from_str`](Self::from_str) reads them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map(|status| format!("status={}", status.code()));
        let settings = self.settings.iter().map(|(name, value)| {
            let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
            if value.is_empty() { name.into_owned() } else { format!("{name}={value}") }
        });
        let all: Vec<String> = status.into_iter().chain(settings).collect();
        f.write_str(&all.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_a_default() {
        let check = |text: &str, want: Result<&str, &str>| match (text.parse::<Defaults>(), want) {
            (Ok(got), Ok(want)) => assert_eq!(got.to_string(), want, "{text}"),
            (Err(got), Err(want)) => assert!(got.contains(want), "{text}: {got}"),
            (got, _) => panic!("{text}: {got:?}"),
        };
        check("", Ok(""));
        check(" nocase  status=301 query=keep ", Ok("status=301 nocase query=keep"));
        check("slash=ignore punctuation=ignore", Ok("slash=ignore punctuation=ignore"));
        check("301", Err("`301` is no default; write name=value"));
        check("status=410", Err("410 cannot be a default"));
        check("status=200", Err("is not one a link can have"));
        check("status=301 status=302", Err("status= is there twice"));
        check("id=7", Err("id= cannot be a default"));
        check("else=https://a/", Err("else= cannot be a default"));
        check("query=all", Err("query=all is not known"));
        check("colour=red", Err("colour= is not an option of a link"));
    }

    #[test]
    fn nearer_ones_count() {
        let parsed = |text: &str| text.parse::<Defaults>().unwrap();
        let both = parsed("status=301 cache=5").over(&parsed("status=308 nocase cache=6"));
        assert_eq!(both.to_string(), "status=301 cache=5 nocase");
        let mut room = Vec::new();
        let own = [Setting { name: b"cache", value: b"1" }];
        both.with(&own, false, &mut room);
        assert_eq!(room, [own[0], Setting { name: b"nocase", value: b"" }]);
        let gone = parsed("query=keep tag=x");
        gone.with(&[], true, &mut room);
        assert_eq!(room, [Setting { name: b"tag", value: b"x" }]);
    }
}
