//! What Netlify's and Cloudflare Pages' rules share: columns, and what a line comes to.

use crate::links::link::Setting;

/// A rule as its program reads it.
pub(super) struct RedirectRule<'a> {
    /// A path with its slash in front, or a URL.
    pub(super) from: Vec<u8>,
    /// Names and values; a value `:name` is a placeholder.
    pub(super) parameters: Vec<(&'a [u8], &'a [u8])>,
    pub(super) to: &'a [u8],
    pub(super) status: &'a [u8],
    pub(super) keeps_query: bool,
    /// For whom it is.
    pub(super) conditions: Vec<Setting<'a>>,
    /// In what it means something else here, as sentences.
    pub(super) said: Vec<String>,
}

/// The columns of a line, without a comment behind them.
pub(super) fn columns(line: &[u8]) -> Vec<&[u8]> {
    let text = match core::str::from_utf8(line) {
        Ok(text) => text,
        // The loader refuses what is not UTF-8, and says so.
        Err(_) => return of_bytes(line),
    };
    let columns = text.split(is_space).filter(|column| !column.is_empty());
    columns.map(str::as_bytes).take_while(|column| column[0] != b'#').collect()
}

fn of_bytes(line: &[u8]) -> Vec<&[u8]> {
    let columns = line.split(u8::is_ascii_whitespace).filter(|column| !column.is_empty());
    columns.take_while(|column| column[0] != b'#').collect()
}

/// What both programs, which are JavaScript, take for white space.
pub(super) fn is_space(letter: char) -> bool {
    letter == '\u{feff}' || (letter.is_whitespace() && letter != '\u{85}')
}

/// A status that redirects.
///
/// # Errors
/// It does something else there.
pub(super) fn redirecting(status: &[u8]) -> Result<&[u8], String> {
    match status {
        b"200" => {
            Err("status 200 shows another page under the same address; carom only redirects"
                .to_owned())
        }
        b"404" => Err("status 404 shows a page of an error; carom only redirects".to_owned()),
        _ => Ok(status),
    }
}

/// `http://` or `https://` as it is written, and what follows.
pub(super) fn split_scheme(text: &[u8]) -> Option<(&[u8], &[u8])> {
    [&b"https://"[..], b"http://"].iter().find_map(|scheme| {
        let given = text.get(..scheme.len())?;
        given.eq_ignore_ascii_case(scheme).then(|| text.split_at(scheme.len()))
    })
}
