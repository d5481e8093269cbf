//! Why a key cannot be used.

use core::fmt;

use super::host::HostProblem;
use crate::limits::{
    KEY_PARAMETERS_MAX, KEY_PATH_BYTES_MAX, KEY_QUERY_BYTES_MAX, PLACEHOLDERS_MAX, PREFIX_DEPTH_MAX,
};

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyProblem {
    /// It is empty.
    Empty,
    /// There is no slash, so a slug cannot be told from a host.
    NoPath(String),
    /// It begins with `//`.
    TwoSlashes,
    /// It has a scheme other than `http` and `https`.
    Scheme(String),
    /// Its host.
    Host(HostProblem),
    /// Its host has a `*` that is not a first `*.` before a name.
    StarInHost,
    /// It names a user before an `@`.
    Userinfo,
    /// It has a port that is not the scheme's own.
    Port(String),
    /// It has a fragment.
    Fragment,
    /// A `*` that is not at the end of the path.
    Star,
    /// A `*` in its query that is not a whole value.
    StarInQuery,
    /// A placeholder such as `:year(number)`, with this behind the colon.
    PlaceholderType(String),
    /// Two placeholders, or one and a `*`, without text between them.
    PlaceholdersMeet,
    /// Two placeholders of this name.
    RepeatedPlaceholder(String),
    /// A placeholder with the name of what `/*` stands for.
    PlaceholderSplat,
    /// More placeholders than [`PLACEHOLDERS_MAX`].
    TooManyPlaceholders,
    /// Placeholders and a query.
    PlaceholderWithQuery,
    /// A control byte at this column, counted from 1.
    Control(u8, usize),
    /// Its path has this many bytes.
    PathTooLong(usize),
    /// Its prefix, or what stands before its placeholders, has this many slashes.
    TooDeep(usize),
    /// Its query has more parameters than [`KEY_PARAMETERS_MAX`].
    TooManyParameters,
    /// Its query names this parameter twice.
    RepeatedParameter(String),
    /// Its query has this many bytes.
    QueryTooLong(usize),
}

impl KeyProblem {
    /// What is wrong, where that is the same for every such key.
    fn sentence(&self) -> &'static str {
        match self {
            KeyProblem::Empty => "the key is empty; write /path or host/path",
            KeyProblem::TwoSlashes => {
                "the key begins with two slashes; write /path, or host/path without the slashes"
            }
            KeyProblem::StarInHost => {
                "a `*` in a key's host stands for every subdomain, as in `*.example.com/path`; leave the host out for any host"
            }
            KeyProblem::Userinfo => {
                "the key has a user name before an `@`; leave it out, no request has one"
            }
            KeyProblem::Fragment => {
                "the key has a fragment; leave out the `#` and what follows it: a fragment never reaches a server"
            }
            KeyProblem::Star => {
                "a `*` can only stand at the end of a key's path, as in `/a/*` and `/a/b-*`; write a placeholder such as `/:name.html` elsewhere, and %2A for the sign itself"
            }
            KeyProblem::StarInQuery => {
                "a `*` in a key's query is a parameter's whole value, as `id=*` for any; write %2A if it is meant as it stands"
            }
            KeyProblem::PlaceholderSplat => {
                "`:splat` is what a last `/*` stands for; end the key with `/*`, or choose another name"
            }
            KeyProblem::PlaceholdersMeet => {
                "two placeholders, or one and a `*`, stand next to each other; write the text between them, as in `:a-:b`, or `/*`"
            }
            KeyProblem::PlaceholderWithQuery => {
                "a key with placeholders, or with a `*` inside a segment, cannot have a query; leave out the `?` and what follows it"
            }
            _ => "",
        }
    }
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyProblem::Empty
            | KeyProblem::TwoSlashes
            | KeyProblem::StarInHost
            | KeyProblem::Userinfo
            | KeyProblem::Fragment
            | KeyProblem::Star
            | KeyProblem::StarInQuery
            | KeyProblem::PlaceholdersMeet
            | KeyProblem::PlaceholderSplat
            | KeyProblem::PlaceholderWithQuery => f.write_str(self.sentence()),
            KeyProblem::NoPath(key) => write!(
                f,
                "the key `{key}` has no path; write /{key} for a path, or {key}/ for the front page of a host"
            ),
            KeyProblem::Scheme(scheme) => write!(
                f,
                "the key begins with `{scheme}:`; a key is /path, host/path or http(s)://host/path"
            ),
            KeyProblem::Host(problem) => write!(f, "in the key, {problem}"),
            KeyProblem::Port(port) => write!(
                f,
                "leave out the key's port `:{port}`; the port of a request is ignored for matching"
            ),
            KeyProblem::PlaceholderType(name) => write!(
                f,
                "`:{name}` has no type that is known; write (int), (word) or (any), or %28 for the bracket"
            ),
            KeyProblem::RepeatedPlaceholder(name) => {
                write!(f, "the key has `:{name}` twice; give each placeholder a name of its own")
            }
            KeyProblem::TooManyPlaceholders => write!(
                f,
                "the key has more than {PLACEHOLDERS_MAX} placeholders; use fewer, or `/*`"
            ),
            KeyProblem::Control(byte, column) => write!(
                f,
                "remove the control character `{}` at column {column} of the key",
                byte.escape_ascii()
            ),
            KeyProblem::PathTooLong(size) => write!(
                f,
                "the key's path has {size} bytes; at most {KEY_PATH_BYTES_MAX} are allowed"
            ),
            KeyProblem::TooDeep(depth) => {
                write!(f, "the prefix has {depth} slashes; at most {PREFIX_DEPTH_MAX} are allowed")
            }
            KeyProblem::TooManyParameters => write!(
                f,
                "the key's query has more than {KEY_PARAMETERS_MAX} parameters; name only those that tell links apart"
            ),
            KeyProblem::RepeatedParameter(name) => {
                write!(f, "the key's query names `{name}` twice; name each parameter once")
            }
            KeyProblem::QueryTooLong(size) => write!(
                f,
                "the key's query has {size} bytes; at most {KEY_QUERY_BYTES_MAX} are allowed"
            ),
        }
    }
}

impl std::error::Error for KeyProblem {}
