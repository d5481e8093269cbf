//! What kind of program a `User-Agent` says it is: a few rules, the first that holds
//! decides. `docs/click-log.md` has the same in a table.

/// Words of programs that read pages for somebody else, wherever they stand. Most bots
/// have `bot` in their name, or an address that tells of them behind a `+`.
const BOTS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "+http",
    "facebookexternalhit",
    "whatsapp",
    "preview",
    "mediapartners",
    "headless",
    "lighthouse",
    "pingdom",
    "uptime",
    "monitor",
    "archiver",
    "slack-imgproxy",
    "embedly",
];

/// What has `bot` in its name and is a telephone.
const NO_BOTS: &[&str] = &["cubot"];

/// Words of libraries and of tools for programmers, where the text does not begin as
/// browsers begin.
const LIBRARIES: &[&str] = &[
    "curl",
    "wget",
    "python",
    "aiohttp",
    "httpx",
    "urllib",
    "scrapy",
    "go-http-client",
    "java",
    "apache-httpclient",
    "okhttp",
    "ktor",
    "axios",
    "node",
    "undici",
    "got ",
    "perl",
    "lwp",
    "ruby",
    "faraday",
    "guzzle",
    "php",
    "dart",
    "reqwest",
    "hyper",
    "ureq",
    "postman",
    "insomnia",
    "httpie",
    "cfnetwork",
    "winhttp",
    "libfetch",
    "apachebench",
    "wrk",
    "k6",
    "jmeter",
];

/// Such words also where it begins as a browser.
const LIBRARIES_AS_BROWSERS: &[&str] = &["powershell", "indy library"];

/// How the texts of browsers begin.
const BROWSERS: &[&str] = &["mozilla/", "opera/"];

/// Words of telephones and tablets.
const MOBILE: &[&str] =
    &["mobi", "android", "iphone", "ipad", "ipod", "tablet", "opera mini", "silk/"];

/// What a `User-Agent` says of itself: `bot`, `library`, `mobile`, `desktop` or `other`;
/// `None` for an empty one. Anybody can say anything, and a tablet that asks for pages
/// of desktops is one.
#[must_use]
pub fn agent_class(user_agent: &[u8]) -> Option<&'static str> {
    if user_agent.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(user_agent).to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let begins = BROWSERS.iter().any(|browser| text.starts_with(browser));
    Some(match begins {
        _ if has(BOTS) && !has(NO_BOTS) => "bot",
        false if has(LIBRARIES) => "library",
        true if has(LIBRARIES_AS_BROWSERS) => "library",
        true if has(MOBILE) => "mobile",
        true => "desktop",
        false => "other",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(user_agent: &str, class: &str) {
        assert_eq!(agent_class(user_agent.as_bytes()), Some(class), "{user_agent}");
    }

    const CHROME: &str = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

    #[test]
    fn desktops() {
        check(&format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}"), "desktop");
        check("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "desktop");
        check("Opera/9.80 (Windows NT 6.1; U; en) Presto/2.8.131 Version/11.11", "desktop");
    }
    #[test]
    fn telephones_and_tablets() {
        check(&format!("Mozilla/5.0 (Linux; Android 10; K) {CHROME}"), "mobile");
        let iphone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile/15E148";
        check(iphone, "mobile");
        check("Opera/9.80 (J2ME/MIDP; Opera Mini/9.80; U; en) Presto/2.5.25", "mobile");
        check(&format!("Mozilla/5.0 (Linux; Android 11; CUBOT X19) {CHROME}"), "mobile");
    }
    #[test]
    fn bots() {
        check("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot");
        check("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "bot");
        check("WhatsApp/2.23.20.0", "bot");
        check("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0.0.0 Safari/537.36", "bot");
    }
    #[test]
    fn libraries() {
        check("curl/8.7.1", "library");
        check("python-requests/2.32.3", "library");
        check("Go-http-client/2.0", "library");
        check("okhttp/4.12.0", "library");
        check("Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1", "library");
    }
    #[test]
    fn all_else() {
        check("ShopApp 3.1", "other");
        check("\u{fffd}", "other");
        assert_eq!(agent_class(b"\xff\xfe"), Some("other"));
        assert_eq!(agent_class(b""), None);
    }
}
