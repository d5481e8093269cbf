//! Locations, and which of them nginx takes (`ngx_http_core_find_location`).

use std::borrow::Cow;

use crate::links::bytes::shown;

/// What a `location` matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// `= path`
    Exact(Vec<u8>),
    /// What begins with a path; `strong`: expressions are not looked at.
    Prefix { path: Vec<u8>, strong: bool },
    /// `~ expression`
    Regex { expression: Vec<u8>, any_case: bool },
}

/// A location that something stands in.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Counted through the file.
    pub(super) id: usize,
    pub(super) location: Location,
}

impl Location {
    /// Reads the words behind `location`.
    ///
    /// # Errors
    /// Why no visitor comes to it, as a sentence.
    pub(super) fn read(words: &[Vec<u8>]) -> Result<Location, String> {
        const MODIFIERS: [&[u8]; 4] = [b"^~", b"~*", b"=", b"~"];
        let (modifier, path): (&[u8], Cow<'_, [u8]>) = match words {
            [modifier, path] => (modifier, Cow::Borrowed(path)),
            [word] => {
                let modifier = MODIFIERS.into_iter().find(|modifier| word.starts_with(modifier));
                let modifier = modifier.unwrap_or_default();
                (modifier, Cow::Borrowed(&word[modifier.len()..]))
            }
            _ => return Err("a location has a path".to_owned()),
        };
        let path = path.into_owned();
        match modifier {
            b"~" | b"~*" => Ok(Location::Regex { expression: path, any_case: modifier == b"~*" }),
            _ if path.first() != Some(&b'/') => {
                Err(format!("no visitor asks for the location `{}`", shown(&path)))
            }
            b"=" => Ok(Location::Exact(path)),
            b"" | b"^~" => Ok(Location::Prefix { path, strong: modifier == b"^~" }),
            _ => Err(format!("a location has no `{}`", shown(modifier))),
        }
    }

    fn is_sure(&self) -> bool {
        matches!(self, Location::Exact(_) | Location::Regex { .. })
    }
}

/// Where something stands: the locations around it, the outermost first, and its place
/// among all that is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stand<'a> {
    pub(super) chain: &'a [Step],
    pub(super) turn: usize,
}

impl Stand<'_> {
    /// When nginx looks at it, about; [`Stand::comes_before`] says it exactly.
    pub(super) fn about(&self) -> u8 {
        match self.chain.last().map(|step| &step.location) {
            None => 0,
            Some(Location::Exact(_)) => 1,
            Some(Location::Prefix { strong: true, .. }) => 2,
            Some(Location::Regex { .. }) => 3,
            Some(Location::Prefix { strong: false, .. }) => 4,
        }
    }

    /// Whether nginx looks at it before `other`, where both match.
    pub(super) fn comes_before(&self, other: &Stand<'_>) -> bool {
        let same = self.chain.iter().zip(other.chain).take_while(|(own, its)| own.id == its.id);
        let depth = same.count();
        match (self.chain.get(depth), other.chain.get(depth)) {
            (None, None) => self.turn < other.turn,
            // The server's own come first, but of a location those of the innermost do.
            (None, Some(_)) => depth == 0,
            (Some(_), None) => depth > 0,
            (Some(own), Some(its)) => {
                let inner =
                    |chain: &[Step]| chain[depth + 1..].iter().any(|step| step.location.is_sure());
                let own_inner = inner(self.chain);
                let its_inner = inner(other.chain);
                match (&own.location, &its.location) {
                    (Location::Exact(_), _) => true,
                    (_, Location::Exact(_)) => false,
                    (Location::Regex { .. }, Location::Regex { .. }) => own.id < its.id,
                    (Location::Prefix { path, .. }, Location::Prefix { path: its, .. }) => {
                        path.len() > its.len()
                    }
                    (Location::Prefix { strong, .. }, Location::Regex { .. }) => {
                        *strong || own_inner
                    }
                    (Location::Regex { .. }, Location::Prefix { strong, .. }) => {
                        !*strong && !its_inner
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Locations as `outer>inner`, each with its number before a colon.
    fn chain(text: &str) -> Vec<Step> {
        let step = |part: &str| {
            let (id, words) = part.split_once(':').unwrap();
            let words: Vec<Vec<u8>> = words.split(' ').map(|word| word.into()).collect();
            Step { id: id.parse().unwrap(), location: Location::read(&words).unwrap() }
        };
        text.split('>').filter(|part| !part.is_empty()).map(step).collect()
    }

    /// Each comes before those behind it.
    fn check(texts: &[&str]) {
        for (at, first) in texts.iter().enumerate() {
            for (later, second) in texts.iter().enumerate() {
                let (own, its) = (chain(first), chain(second));
                let own = Stand { chain: &own, turn: at };
                let its = Stand { chain: &its, turn: later };
                assert_eq!(own.comes_before(&its), at < later, "{first} and {second}");
            }
        }
    }

    #[test]
    fn what_nginx_takes_first() {
        check(&["", "1:= /a", "2:~ ^/a", "3:~* b", "4:/a/b", "5:/a"]);
        check(&["1:^~ /a", "2:~ ^/a"]);
        check(&["1:/a/>2:= /a/b", "1:/a/>3:~ x", "9:~ y", "1:/a/>4:/a/c/", "1:/a/", "5:/"]);
        check(&["1:^~ /a/>3:~ x", "1:^~ /a/>4:/a/c/", "1:^~ /a/", "9:~ y"]);
    }
}
