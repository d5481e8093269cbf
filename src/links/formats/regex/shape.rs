//! What a regular expression comes to.

/// What an expression comes to.
#[derive(Clone, Debug, Default)]
pub(in crate::links::formats) struct Shape {
    /// The keys that match what it matches.
    pub(in crate::links::formats) keys: Vec<Filled>,
    /// The names of its captures; empty for one without.
    pub(in crate::links::formats) names: Vec<Vec<u8>>,
    /// Whether it says itself that case makes no difference.
    pub(in crate::links::formats) any_case: bool,
    /// In what the keys match otherwise, as a sentence.
    pub(in crate::links::formats) changed: Option<String>,
}

/// A key, and what each capture of the expression is by it.
#[derive(Clone, Debug, Default)]
pub(in crate::links::formats) struct Filled {
    pub(in crate::links::formats) key: Vec<u8>,
    pub(in crate::links::formats) fills: Vec<Fill>,
}

/// What a capture is, as a target writes it.
#[derive(Clone, Debug, Default)]
pub(in crate::links::formats) struct Fill {
    pub(in crate::links::formats) text: Vec<u8>,
    /// Whether the visitor's query follows, with its `?`.
    pub(in crate::links::formats) query: bool,
}

/// What an expression is compared with.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::links::formats) struct Subject {
    /// Whether a host is at its beginning.
    pub(in crate::links::formats) host: bool,
    /// Whether the path is as it was sent, with its query.
    pub(in crate::links::formats) raw: bool,
}

impl Shape {
    /// The number of a capture by its name or number, counted from 0.
    pub(in crate::links::formats) fn capture(&self, name: &[u8]) -> Option<usize> {
        if let [digit @ b'1'..=b'9'] = name {
            return Some(usize::from(digit - b'1')).filter(|&at| at < self.names.len());
        }
        self.names.iter().position(|known| !known.is_empty() && known == name)
    }
}
