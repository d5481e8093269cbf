//! Which format a file seems to have, by its name and how it begins.

use memchr::memchr;
use serde_json::{Map, Value};

use super::cells::spell;
use super::name::Format;
use super::{apache, cloudflare, csv, encoding, exports, nginx};

/// Words that a file of nginx begins with: what redirects, and what usually stands before.
const NGINX: &str = "map location server http rewrite return if geo include \
    user worker_processes worker_rlimit_nofile worker_cpu_affinity error_log pid events load_module daemon stream \
    upstream gzip limit_req_zone limit_conn_zone log_format access_log proxy_cache_path server_tokens sendfile split_clients \
    map_hash_bucket_size map_hash_max_size server_names_hash_bucket_size default_type set_real_ip_from real_ip_header \
    ssl_protocols ssl_certificate server_name";

/// How far a document is looked at to tell what it is.
const HEAD_BYTES: usize = 64 * 1024;

/// Names in the website configuration of an S3 bucket.
const S3: &[&str] = &["RoutingRules", "RedirectAllRequestsTo", "HttpRedirectCode"];

impl Format {
    /// The format that a file of this name with this content seems to have. With
    /// `has_columns` its columns were named, so it is a plain table of values.
    ///
    /// Where neither says anything it is [native](Format::Native). A haproxy map
    /// looks native, and most are.
    pub fn detect(file_name: &str, text: &[u8], has_columns: bool) -> Format {
        let text = &*encoding::head(text);
        let name = file_name.rsplit('/').next().unwrap_or(file_name);
        match name {
            "_redirects" => return Format::Netlify,
            "Caddyfile" => return Format::Caddy,
            "nginx.conf" => return Format::Nginx,
            "netlify.toml" => return Format::NetlifyToml,
            "vercel.json" if !has_columns => return Format::Vercel,
            "firebase.json" if !has_columns => return Format::Firebase,
            _ => {}
        }
        if name.to_ascii_lowercase().split(['.', '_', '-']).any(|part| part == "htaccess") {
            return Format::Htaccess;
        }
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("csv") if has_columns => Format::Csv,
            Some("csv") => csv_of(text),
            Some("tsv" | "tab") => Format::Tsv,
            Some("xlsx" | "xlsm") => Format::Xlsx,
            Some("json" | "ndjson" | "jsonl") if has_columns => Format::Ndjson,
            Some("json" | "ndjson" | "jsonl") => json_of(text),
            Some("conf" | "map") if is_nginx(text) => Format::Nginx,
            Some("caddyfile" | "caddy") => Format::Caddy,
            Some("xml") => Format::S3,
            Some("conf") if apache::begins(text) => Format::Apache,
            _ if nginx::is_list(text) => Format::Nginx,
            _ => Format::Native,
        }
    }
}

/// The format of a file whose name ends with `.csv`.
fn csv_of(text: &[u8]) -> Format {
    let mut found = Format::Csv;
    let is_known = |row: &csv::Row| {
        let exports = [&exports::SHLINK, &exports::YOURLS, &exports::BITLY, &exports::DUB];
        exports.into_iter().any(|export| export.has_header(row)) || cloudflare::fits(row)
    };
    csv::records(text, csv::told_from(text, &is_known), |_, record| {
        found = match record {
            Ok(record) if exports::SHLINK.has_header(record) => Format::Shlink,
            Ok(record) if exports::YOURLS.has_header(record) => Format::Yourls,
            Ok(record) if exports::BITLY.has_header(record) => Format::Bitly,
            Ok(record) if exports::DUB.has_header(record) => Format::Dub,
            Ok(record) if cloudflare::fits(record) => Format::Cloudflare,
            _ => Format::Csv,
        };
        false
    });
    found
}

/// The format of a file whose name ends with `.json`, `.ndjson` or `.jsonl`.
fn json_of(text: &[u8]) -> Format {
    let text = text.trim_ascii_start();
    let first = &text[..memchr(b'\n', text).unwrap_or(text.len())];
    let head = &text[..text.len().min(HEAD_BYTES)];
    let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    let is_redirection = || has(b"\"redirects\"") && has(b"\"action_type\"");
    match serde_json::from_slice::<Map<String, Value>>(first) {
        Ok(object) if object.contains_key("data") => Format::Cloudfront,
        Ok(object) if S3.iter().any(|name| object.contains_key(*name)) => Format::S3,
        Ok(object) => {
            let names: Vec<String> = object.keys().map(|name| spell(name)).collect();
            let is_of = |export: &exports::Export| export.is_marked(&names);
            match (is_of(&exports::SHLINK), is_of(&exports::DUB)) {
                (true, _) => Format::Shlink,
                (_, true) => Format::Dub,
                // The answer of an API, on one line.
                _ if has(b"\"links\"") && has(b"\"long_url\"") => Format::Bitly,
                _ if has(b"\"shortUrls\"") => Format::Shlink,
                _ if object.contains_key("redirects") && is_redirection() => Format::Redirection,
                _ => Format::Ndjson,
            }
        }
        // An object over several lines is a whole document.
        Err(_) if S3.iter().any(|name| memchr::memmem::find(text, name.as_bytes()).is_some()) => {
            Format::S3
        }
        Err(_) if is_redirection() => Format::Redirection,
        Err(_) if has(b"\"long_url\"") => Format::Bitly,
        Err(_) if has(b"\"shortCode\"") => Format::Shlink,
        Err(_) if first.starts_with(b"{") && has(b"\"data\"") => Format::Cloudfront,
        Err(_) => Format::Ndjson,
    }
}

fn is_nginx(text: &[u8]) -> bool {
    let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.into_iter().find(|line| !line.is_empty() && line[0] != b'#');
    let word =
        first.and_then(|line| line.split(|&byte| matches!(byte, b' ' | b'\t' | b'{')).next());
    word.is_some_and(|word| NGINX.split_whitespace().any(|known| known.as_bytes() == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, want: Format) {
        assert_eq!(Format::detect(name, text.as_bytes(), false), want, "{name}: {text:?}");
    }

    #[test]
    fn names_come_first() {
        check("a.csv", "", Format::Csv);
        check("dir.csv/links.txt", "", Format::Native);
        check("A.CSV", "", Format::Csv);
        check("ü.x", "", Format::Native);
        check("csv", "", Format::Native);
        check("A.XLSX", "PK", Format::Xlsx);
        check("site/_redirects", "/a /b", Format::Netlify);
        check("_redirects.txt", "/a /b", Format::Native);
        check("a.tsv", "from\tto", Format::Tsv);
        check("a.jsonl", r#"{"key":"/a","target":"https://b/"}"#, Format::Ndjson);
        check("a.ndjson", "", Format::Ndjson);
        check("a.json", r#"{"key":"/a","target":"https://b/"}"#, Format::Ndjson);
        assert_eq!(Format::detect("a.csv", b"keyword,url", true), Format::Csv);
        assert_eq!(Format::detect("a.json", b"{\"data\":[]}", true), Format::Ndjson);
    }

    #[test]
    fn then_what_is_in_them() {
        check("a.map", "/a https://b/\n", Format::Native);
        check("a.map", "# x\n\n  map $uri $to {\n", Format::Nginx);
        check("a.conf", "location = /a {\n", Format::Nginx);
        check("a.conf", "server{", Format::Nginx);
        for begin in [
            "worker_processes auto;",
            "user  www-data;",
            "events {",
            "error_log /var/log/nginx/error.log;",
            "upstream app {",
            "gzip on;",
            "limit_req_zone $binary_remote_addr zone=a:10m rate=1r/s;",
            "load_module modules/a.so;",
            "pid /run/nginx.pid;",
        ] {
            check("a.conf", begin, Format::Nginx);
        }
        check("etc/nginx.conf", "thread_pool a threads=4;", Format::Nginx);
        check("a.conf", "/worker_processes https://b/", Format::Native);
        check("a.txt", "map $uri $to {\n", Format::Native);
        check("etc/Caddyfile", "", Format::Caddy);
        check("site.caddyfile", "", Format::Caddy);
        check("web.xml", "", Format::S3);
        check("web.json", "{\n\"RoutingRules\":[", Format::S3);
        check("web.json", "{\"RedirectAllRequestsTo\":{}}", Format::S3);
        check("a.json", "{\n\"links\": [\n{\"long_url\":", Format::Bitly);
        check("a.json", "{\"links\":[{\"long_url\":\"\"}]}", Format::Bitly);
        check("a.json", "{\"shortUrls\":{}}", Format::Shlink);
        check("a.json", "{\n\"redirects\":[{\n\"action_type\":\"url\"}]}", Format::Redirection);
        check("a.json", r#"{"redirects":[{"action_type":"url"}]}"#, Format::Redirection);
        check("a.json", "{\n\"x\":1}", Format::Ndjson);
        check("netlify.toml", "", Format::NetlifyToml);
        check("site/vercel.json", "", Format::Vercel);
        check("firebase.json", "", Format::Firebase);
        check(".htaccess", "", Format::Htaccess);
        check("old.htaccess", "", Format::Htaccess);
        check("site.conf", "# x\n<VirtualHost *:80>\n", Format::Apache);
        check("site.conf", "Redirect /a https://b/\n", Format::Apache);
        check("a.json", "{\n \"data\" : [", Format::Cloudfront);
        check("a.json", r#"{"data":[{"key":"a","value":"b"}]}"#, Format::Cloudfront);
        check("a.ndjson", r#"{"shortCode":"a","longUrl":"https://b/"}"#, Format::Shlink);
        check("a.csv", "\u{feff}createdAt,title,shortUrl,domain,shortCode,longUrl", Format::Shlink);
        check("a.csv", "Short code,Long URL\n", Format::Shlink);
        check("a.csv", "keyword,url,title,timestamp,ip,clicks\n", Format::Yourls);
        check("a.csv", "Link,Long URL,Title\n", Format::Bitly);
        check("a.csv", "bitlink,long_url\n", Format::Bitly);
        check("a.csv", "Short link,Destination URL,Clicks,Created at\n", Format::Dub);
        check("a.jsonl", r#"{"shortLink":"https://d.sh/a","url":"https://b/"}"#, Format::Dub);
        check("a.csv", "short url,long url\n", Format::Csv);
        check("a.csv", "from,to\n", Format::Csv);
        check("a.csv", "example.com/a,https://b.example/,301,,,\n", Format::Cloudflare);
        check("a.csv", "https://a.example/a,https://b.example/\n", Format::Cloudflare);
        check("a.csv", "/a,https://b.example/\n", Format::Csv);
        check("a.csv", "a.example/a,https://b.example/,maybe\n", Format::Csv);
    }
}
