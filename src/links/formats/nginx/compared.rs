//! What a map compares its keys with: `map $source $variable`.

/// What a map compares its keys with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// Something of the request's address.
    Address {
        /// Whether it begins with `http://` or `https://`.
        scheme: bool,
        host: bool,
        path: bool,
        /// Whether the path is as it was sent, with its query.
        raw: bool,
    },
    /// `$arg_name`
    Argument(Vec<u8>),
    /// Anything else.
    Other,
}

impl Compared {
    pub(super) fn of(source: &[u8]) -> Compared {
        if let Some(name) = source.strip_prefix(b"$arg_") {
            let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            if is_name && !name.is_empty() {
                return Compared::Argument(name.to_vec());
            }
        }
        let braces: Vec<u8> =
            source.iter().copied().filter(|b| !matches!(b, b'{' | b'}')).collect();
        let mut rest = &braces[..];
        let mut eat = |texts: &[&[u8]]| {
            let found = texts.iter().find_map(|text| rest.strip_prefix(*text));
            rest = found.unwrap_or(rest);
            found.is_some()
        };
        let scheme = eat(&[b"$scheme://"]);
        let host = eat(&[b"$http_host", b"$host"]);
        let raw = eat(&[b"$request_uri"]);
        let path = raw || eat(&[b"$uri", b"$document_uri"]);
        let query = path && eat(&[b"$is_args$args", b"?$args", b"$is_args$query_string"]);
        if !rest.is_empty() || !(host || path) || (scheme && !host) {
            return Compared::Other;
        }
        Compared::Address { scheme, host, path, raw: raw || query }
    }
}
