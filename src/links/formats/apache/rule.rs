//! `RewriteRule`: a pattern, what is sent, and flags.

use super::condition::Condition;
use super::flags::{Flags, flags};
use crate::links::bytes::shown;

/// A rule as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    pub(super) line: u32,
    pub(super) pattern: Vec<u8>,
    pub(super) substitution: Vec<u8>,
    pub(super) conditions: Vec<Condition>,
    pub(super) flags: Flags,
    /// What is wrong with it or its conditions.
    pub(super) wrong: Option<String>,
}

impl Rule {
    /// Of the words of a directive, under these conditions.
    pub(super) fn of(line: u32, words: &[Vec<u8>], conditions: Vec<Condition>) -> Rule {
        let mut rule = Rule { line, conditions, ..Rule::default() };
        let [pattern, substitution, rest @ ..] = words else {
            rule.wrong = Some("a rule has a pattern and a target: RewriteRule ^… https://…".into());
            return rule;
        };
        rule.pattern = pattern.clone();
        rule.substitution = substitution.clone();
        match flags(rest) {
            Ok(flags) => flags.iter().for_each(|flag| rule.flags.take(flag)),
            Err(message) => rule.wrong = Some(message),
        }
        rule
    }

    /// Whether what is sent is an absolute URL.
    pub(super) fn is_absolute(&self) -> bool {
        let text = &self.substitution;
        [&b"http://"[..], b"https://"].iter().any(|scheme| text.starts_with(scheme))
    }

    /// Whether Apache takes a `?` that a map brings.
    pub(super) fn allows_query(&self) -> bool {
        self.flags.allows_query || self.substitution.contains(&b'?')
    }

    /// Whether it is a look into a map with nothing before it.
    pub(super) fn begins_with_map(&self) -> bool {
        self.substitution.starts_with(b"${")
    }

    /// The status that it answers.
    ///
    /// # Errors
    /// Why it is no redirect, as a sentence.
    pub(super) fn status(&self) -> Result<Vec<u8>, String> {
        if let Some(wrong) = self.wrong.as_ref().or(self.flags.unknown.as_ref()) {
            return Err(wrong.clone());
        }
        if self.flags.forbidden {
            return Err("[F] is no redirect, and carom forbids nothing; leave the rule out".into());
        }
        if self.flags.gone {
            return Ok(b"410".to_vec());
        }
        let is_own = self.substitution == b"-";
        match &self.flags.redirect {
            Some(status) if status == b"410" => Ok(status.clone()),
            Some(status) if !is_own => match &status[..] {
                b"" => Ok(b"302".to_vec()),
                [b'3', _, _] => Ok(status.clone()),
                _ => Err(format!("[R={}] is no redirect; leave the rule out", shown(status))),
            },
            None if self.is_absolute() || self.begins_with_map() => Ok(b"302".to_vec()),
            _ if is_own => Err("it only stops the rules behind it; leave it out".to_owned()),
            _ => Err(format!(
                "it has no [R], so Apache serves {} itself without a redirect; leave it out, or write [R=302,L]",
                shown(&self.substitution)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(substitution: &str, flags: &str, want: &str) {
        let mut words = vec![b"^a$".to_vec(), substitution.as_bytes().to_vec()];
        words.extend((!flags.is_empty()).then(|| flags.as_bytes().to_vec()));
        let got = Rule::of(1, &words, Vec::new()).status();
        let got = got.map_or_else(|message| message, |status| shown(&status));
        assert!(got.contains(want), "{substitution} {flags}: {got}");
    }

    #[test]
    fn statuses_of_rules() {
        check("/b", "[R]", "302");
        check("/b", "[R=301,L]", "301");
        check("/b", "[r=permanent, l]", "301");
        check("https://x/", "", "302");
        check("/b", "[L]", "it has no [R]");
        check("-", "[G]", "410");
        check("-", "[R=410]", "410");
        check("-", "[F]", "forbids nothing");
        check("-", "[L]", "only stops");
        check("/b", "[R=404]", "is no redirect");
        check("/b", "R=301", "is no list of flags");
        check("/b", "[R,N]", "the flag `N`");
        check("/b", "[R,C]", "[C] makes the next rule");
    }
}
