//! The names of the formats.

use core::str::FromStr;

/// How a link file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `[host]/path target [status]`, one link a line.
    Native,
    /// `map`, `location`, `return` and `rewrite` of nginx.
    Nginx,
    /// Redirects and rewrite rules of Apache's servers.
    Apache,
    /// The same of a directory: `.htaccess`.
    Htaccess,
    /// A Caddyfile.
    Caddy,
    /// A haproxy map, and the converter it is written for.
    Haproxy(HaproxyMatch),
    /// Netlify's `_redirects`.
    Netlify,
    /// Netlify's `netlify.toml`.
    NetlifyToml,
    /// `vercel.json`.
    Vercel,
    /// `firebase.json`.
    Firebase,
    /// `_redirects` of Cloudflare Pages.
    Pages,
    /// Cloudflare's bulk redirects: comma-separated values without a header row.
    Cloudflare,
    /// The pairs of an AWS CloudFront KeyValueStore, in JSON.
    Cloudfront,
    /// The website configuration of an S3 bucket, in JSON or XML.
    S3,
    /// Short URLs that Shlink exports.
    Shlink,
    /// Short URLs that YOURLS exports.
    Yourls,
    /// Links that Bitly exports.
    Bitly,
    /// Links that Dub exports.
    Dub,
    /// Redirects that the WordPress plugin Redirection exports as JSON.
    Redirection,
    /// Comma-separated values under a header row.
    Csv,
    /// The same with tabs.
    Tsv,
    /// A JSON object a line.
    Ndjson,
    /// A sheet of an Excel workbook, read as CSV is. It needs the feature `xlsx`.
    Xlsx,
}

/// How haproxy compares what it looks up with the keys of a map; the map itself
/// does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HaproxyMatch {
    /// `map`, `map_str`: the same text.
    Str,
    /// `map_beg`: begins with the key.
    Beg,
    /// `map_dom`: the key, between dots.
    Dom,
    /// `map_end`: ends with the key.
    End,
    /// `map_reg`: a regular expression.
    Reg,
}

const NAMED: [(&str, Format); 27] = [
    ("native", Format::Native),
    ("nginx", Format::Nginx),
    ("apache", Format::Apache),
    ("htaccess", Format::Htaccess),
    ("caddy", Format::Caddy),
    ("haproxy", Format::Haproxy(HaproxyMatch::Str)),
    ("haproxy-beg", Format::Haproxy(HaproxyMatch::Beg)),
    ("haproxy-dom", Format::Haproxy(HaproxyMatch::Dom)),
    ("haproxy-end", Format::Haproxy(HaproxyMatch::End)),
    ("haproxy-reg", Format::Haproxy(HaproxyMatch::Reg)),
    ("netlify", Format::Netlify),
    ("netlify-toml", Format::NetlifyToml),
    ("pages", Format::Pages),
    ("vercel", Format::Vercel),
    ("firebase", Format::Firebase),
    ("cloudflare", Format::Cloudflare),
    ("cloudfront", Format::Cloudfront),
    ("s3", Format::S3),
    ("shlink", Format::Shlink),
    ("yourls", Format::Yourls),
    ("bitly", Format::Bitly),
    ("dub", Format::Dub),
    ("redirection", Format::Redirection),
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("ndjson", Format::Ndjson),
    ("xlsx", Format::Xlsx),
];

impl Format {
    /// All of them with the names by which a person picks one.
    pub const ALL: &[(&str, Format)] = &NAMED;

    /// The name by which a person picks it.
    pub fn name(self) -> &'static str {
        let found = NAMED.iter().find(|(_, format)| *format == self);
        found.expect("every format has a name").0
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Format, String> {
        let found = NAMED.iter().find(|(known, _)| *known == name);
        found.map(|(_, format)| *format).ok_or_else(|| {
            let names = NAMED.map(|(name, _)| name);
            format!("`{name}` is not a format; write one of {}", names.join(" | "))
        })
    }
}
