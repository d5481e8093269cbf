//! The keys of a link file: what a visitor can ask for.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A link file in memory, and where its keys are.
pub struct Keys {
    text: Vec<u8>,
    starts: Vec<u64>,
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    pub host: Option<&'a str>,
    /// Path and query; `*` where any text may stand.
    pub path: &'a str,
}

/// Stands for what a `*` link leaves open.
pub const SPLAT: &str = "bench-item";

impl Keys {
    /// Reads a link file in the native format, of which only the first column
    /// counts here.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path)
            .with_context(|| format!("cannot read the link file {}", path.display()))?;
        Self::parse(text, path.to_owned())
    }

    fn parse(text: Vec<u8>, path: PathBuf) -> anyhow::Result<Self> {
        let mut starts = Vec::new();
        let mut at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        for line in text[at..].split_inclusive(|byte| *byte == b'\n') {
            let indent = line.len() - line.trim_ascii_start().len();
            if line.get(indent).is_some_and(|byte| *byte != b'#') {
                starts.push((at + indent) as u64);
            }
            at += line.len();
        }
        if starts.is_empty() {
            bail!("{} holds no links; see docs/links.md for the format", path.display());
        }
        let keys = Self { text, starts };
        for index in 0..keys.count() {
            if keys.get(index).is_none() {
                bail!(
                    "{}: link {} does not begin with a path or host/path in ASCII; \
                     `carom links check` says what is wrong",
                    path.display(),
                    index + 1
                );
            }
        }
        Ok(keys)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The key of the link at `index`; `None` where it is not one.
    pub fn get(&self, index: usize) -> Option<Key<'_>> {
        let line = self.text.get(*self.starts.get(index)? as usize..)?;
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let word = std::str::from_utf8(&line[..end]).ok().filter(|word| word.is_ascii())?;
        let slash = word.find('/')?;
        let (host, path) = word.split_at(slash);
        Some(Key { host: (!host.is_empty()).then_some(host), path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> anyhow::Result<Keys> {
        Keys::parse(text.as_bytes().to_vec(), "links.txt".into())
    }

    #[test]
    fn the_first_column_is_the_key() {
        let keys = keys(
            "\u{feff}# comment\n\n/a https://x/ 301\n  go.example/b?c=1\thttps://y/\n/* https://z/",
        )
        .unwrap();
        let all: Vec<_> = (0..keys.count()).map(|index| keys.get(index).unwrap()).collect();
        assert_eq!(
            all,
            [
                Key { host: None, path: "/a" },
                Key { host: Some("go.example"), path: "/b?c=1" },
                Key { host: None, path: "/*" },
            ]
        );
    }

    #[test]
    fn what_is_no_link_file_is_refused() {
        for text in ["", "# nothing\n", "from,to\n", "/caf\u{e9} https://x/"] {
            assert!(keys(text).is_err(), "{text}");
        }
    }
}
