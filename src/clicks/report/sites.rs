//! The site that a referer is a page of.

/// Its host, in small letters, without `www.`, without a port; `None` where there is no
/// referer, and `(other)` where it is no address of a page.
#[must_use]
pub fn referer_site(referer: &[u8]) -> Option<String> {
    if referer.is_empty() {
        return None;
    }
    Some(host(&String::from_utf8_lossy(referer)).unwrap_or_else(|| OTHER.to_owned()))
}

/// A referer that has no host.
const OTHER: &str = "(other)";

fn host(referer: &str) -> Option<String> {
    let (scheme, rest) = referer.split_once("://")?;
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if scheme.is_empty() || !scheme.bytes().all(is_scheme) {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.find(']') {
        Some(end) if host.starts_with('[') => &host[..=end],
        _ => host.split(':').next()?,
    };
    let host = host.trim_end_matches('.').to_lowercase();
    let site = host.strip_prefix("www.").filter(|site| !site.is_empty()).unwrap_or(&host);
    (!site.is_empty()).then(|| site.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(referer: &str, site: &str) {
        assert_eq!(referer_site(referer.as_bytes()).as_deref(), Some(site), "{referer}");
    }

    #[test]
    fn hosts_of_pages() {
        check("https://news.example/front-page", "news.example");
        check("https://www.News.Example", "news.example");
        check("http://user:word@shop.example:8080/x?y=http://other.example/", "shop.example");
        check("https://shop.example.?q#f", "shop.example");
        check("https://www./", "www");
        check("http://[2001:db8::1]:80/", "[2001:db8::1]");
        check("android-app://com.example.mail/", "com.example.mail");
        check("https://bücher.example/", "bücher.example");
    }
    #[test]
    fn what_is_no_page() {
        check("news.example/front-page", "(other)");
        check("https://", "(other)");
        check("<script>://x/", "(other)");
        assert_eq!(referer_site(b""), None);
    }
    #[test]
    fn hostile_ones_stay_in_their_place() {
        check("https://<script>alert(1)</script>/", "<script>alert(1)<");
        assert_eq!(referer_site(b"https://a\xffb/").as_deref(), Some("a\u{fffd}b"));
    }
}
