//! The link of a table that has a key, for whoever changes links by their keys.

use super::entries::{Entry, FORK, PATTERN, PREFIX};
use super::hash::hash_of;
use super::key::pattern;
use super::key::{Key, KeyScratch, parse_name};
use super::listed::Listed;
use super::table::Table;

/// Whether an entry has this key, whose host has this number; that of a key without
/// a query may be a fork.
pub(super) fn has_key(entry: &Entry<'_>, host: u32, key: &Key<'_>) -> bool {
    let kind = if key.prefix { PREFIX } else { 0 };
    match key.pattern {
        false => entry.is(host, kind, key.path, key.query),
        true => {
            entry.host() == host
                && entry.has(PATTERN)
                && entry.has(PREFIX) == key.prefix
                && pattern::is_same(entry.path(), key.path)
        }
    }
}

impl Listed<'_> {
    /// What its key is called where links are changed by their keys: its canonical text,
    /// and ` nocase` if it matches in any case.
    pub fn name(&self) -> String {
        self.key().name()
    }
}

impl Table {
    /// The link with this key, written as in the native format, with ` nocase` behind
    /// one that matches in any case; `None` if there is none.
    pub fn link(&self, name: &str) -> Option<Listed<'_>> {
        let (mut scratch, mut folded) = (KeyScratch::default(), Vec::new());
        let key = parse_name(name, &mut scratch, &mut folded).ok()?;
        let host = self.hosts.of_key(&key)?;
        let reference = self.reference(hash_of(host, &key), host, &key)?;
        Listed::of(self.entries.get(reference)?, &self.hosts)
    }

    /// The reference of the link with this key, whose host has this number. `hash` is of
    /// all of it.
    pub(super) fn reference(&self, hash: u64, host: u32, key: &Key<'_>) -> Option<u32> {
        let references = self.index.references(hash);
        let mut entries = references.filter_map(|at| Some((at, self.entries.get(at)?)));
        let (reference, entry) = entries.find(|(_, entry)| has_key(entry, host, key))?;
        match entry.has(FORK) {
            true => Some(entry.fork().0).filter(|&plain| plain != 0),
            false => Some(reference),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, OnBadLine, Source, load};

    #[test]
    fn links_are_found_by_their_keys() {
        let text = "/a https://a/\n/A/b https://b/ 301 nocase\nh.example/c/* 410\n\
                    /q?x=1&b=2 https://q/\n/q https://plain/\n/only?x=1 https://only/\n\
                    /p/:year https://p/\n";
        let source = Source::new("f", text.as_bytes(), Format::Native);
        let table = load(&[source], OnBadLine::Refuse).table.unwrap();
        let check = |name: &str, want: Option<&str>| {
            let link = table.link(name).map(|link| link.to_string());
            assert_eq!(link.as_deref(), want, "{name}");
        };
        check("/a", Some("/a https://a/"));
        check("/%61", Some("/a https://a/"));
        check("/a nocase", None);
        check("/A/B nocase", Some("/a/b https://b/ 301 nocase"));
        check("/a/b", None);
        check("H.example/c/*", Some("h.example/c/* 410"));
        check("/c/*", None);
        check("/q?b=2&x=1", Some("/q?b=2&x=1 https://q/"));
        check("/q", Some("/q https://plain/"));
        check("/only", None);
        check("/p/:month", Some("/p/:year https://p/"));
        check("nonsense", None);
    }
}
