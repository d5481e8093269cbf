//! URLs as far as tests compare them, told apart from carom's own reading of
//! them, so that the two do not share their mistakes.

use std::collections::BTreeMap;

/// An absolute URL, cut into what a request says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    pub host: String,
    /// As written; `/` if there is none.
    pub path: String,
    /// As written, without its `?`.
    pub query: Option<String>,
}

impl Url {
    pub fn cut(text: &str) -> Self {
        let (_, rest) = text.split_once("://").expect("an absolute URL");
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, rest) = rest.split_at(end);
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (rest, None),
        };
        let path = if path.is_empty() { "/" } else { path };
        Self { host: host.to_owned(), path: path.to_owned(), query }
    }

    /// The target of a request for it.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    pub fn place(&self) -> Place {
        (self.host.to_lowercase(), segments(&self.path))
    }

    pub fn parameters(&self) -> Parameters {
        parameters(self.query.as_deref().unwrap_or_default())
    }
}

/// Host and decoded segments. Paths with an equal list are one path: slashes in
/// a row are one slash, and an encoded slash is none.
pub type Place = (String, Vec<Vec<u8>>);

/// Decoded values by decoded name.
pub type Parameters = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;

pub fn segments(path: &str) -> Vec<Vec<u8>> {
    let count = path.split('/').count();
    let kept =
        path.split('/').enumerate().filter(|(at, piece)| !piece.is_empty() || at + 1 == count);
    let list: Vec<_> = kept.map(|(_, piece)| decode(piece)).collect();
    // The data has no dots to climb by; what they mean is tested elsewhere.
    assert!(!list.iter().any(|segment| segment == b"." || segment == b".."), "{path}");
    list
}

fn parameters(query: &str) -> Parameters {
    let mut all = Parameters::new();
    for piece in query.split('&').filter(|piece| !piece.is_empty()) {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let plain = |text: &str| decode(&text.replace('+', " "));
        all.entry(plain(name)).or_default().push(plain(value));
    }
    all
}

fn decode(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('%') {
        out.extend_from_slice(plain.as_bytes());
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(byte.unwrap_or(b'%'));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    out.extend_from_slice(rest.as_bytes());
    out
}
