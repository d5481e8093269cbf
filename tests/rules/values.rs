//! What is made of the fields of a request, as `docs/rules.md` says it.

/// The tag that the visitor likes best, in small letters.
pub fn language(sent: Option<&str>) -> Option<String> {
    let mut best: Option<(f64, String)> = None;
    for one in sent?.split(',') {
        let mut parts = one.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
        let said =
            parts.find_map(|part| part.to_ascii_lowercase().strip_prefix("q=").map(str::to_owned));
        let quality = match said {
            None => Some(1.0),
            Some(text) => text.parse().ok().filter(|quality| (0.0..=1.0).contains(quality)),
        };
        let Some(quality) = quality.filter(|&quality| quality > 0.0) else { continue };
        let is_better = best.as_ref().is_none_or(|(other, _)| quality > *other);
        if is_tag(&tag) && is_better {
            best = Some((quality, tag));
        }
    }
    best.map(|(_, tag)| tag)
}

/// Up to eight letters, then up to eight letters and digits behind each hyphen.
fn is_tag(text: &str) -> bool {
    let first = text.split('-').next().unwrap_or_default();
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.split('-').all(is_part) && first.bytes().all(|byte| byte.is_ascii_alphabetic())
}

pub fn device(platform: Option<&str>, user_agent: Option<&str>) -> &'static str {
    match platform {
        Some("\"Android\"") => return "android",
        Some("\"iOS\"") => return "ios",
        Some("\"Windows\"") => return "windows",
        Some("\"macOS\"") => return "macos",
        Some("\"Linux\"") => return "linux",
        Some("\"Chrome OS\"" | "\"Chromium OS\"") => return "chromeos",
        _ => {}
    }
    let agent = user_agent.unwrap_or_default();
    let words = [
        ("iPhone", "ios"),
        ("iPad", "ios"),
        ("iPod", "ios"),
        ("Android", "android"),
        ("Windows", "windows"),
        ("Macintosh", "macos"),
        ("CrOS", "chromeos"),
        ("Linux", "linux"),
        ("X11", "linux"),
    ];
    let found = words.into_iter().find(|(word, _)| agent.contains(word));
    match found {
        // A television set.
        Some(("Linux", _)) if agent.contains("TV") || agent.contains("Tizen") => "other",
        found => found.map_or("other", |(_, name)| name),
    }
}

/// Names and values of a query as they are meant, and the values as they were sent.
pub fn parameters(query: Option<&str>) -> Vec<(Vec<u8>, Vec<u8>, String)> {
    let pieces = query.unwrap_or_default().split('&').filter(|piece| !piece.is_empty()).take(64);
    let one = |piece: &str| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        (decoded(name), decoded(value), value.to_owned())
    };
    pieces.map(one).collect()
}

fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let escape = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], escape) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    out
}

pub fn holds_for_referer(want: &str, referer: Option<&str>) -> bool {
    let lower = referer.unwrap_or_default().to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    let want = want.to_ascii_lowercase();
    !host.is_empty() && (want == "*" || host == want || host.ends_with(&format!(".{want}")))
}

/// Whether a minute of the day is in a range of them, which may go over midnight.
pub fn is_in_time((from, to): (u32, u32), minute: u32) -> bool {
    if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
}

#[test]
fn values_are_as_documented() {
    for (sent, want) in [
        ("de", Some("de")),
        ("de,en;q=0.5", Some("de")),
        ("en;q=0.5,de", Some("de")),
        ("en,de", Some("en")),
        ("EN-us;q=0.8,de;q=0.80", Some("en-us")),
        ("*,fr;q=0.1", Some("fr")),
        ("de;q=0", None),
        ("de;q=2, fr;q=x", None),
        ("", None),
    ] {
        assert_eq!(language(Some(sent)).as_deref(), want, "{sent}");
    }
    assert_eq!(device(Some("\"macOS\""), Some("Windows")), "macos");
    assert_eq!(device(None, Some("Linux; Tizen 6.0")), "other");
    assert_eq!(device(Some("\"Unknown\""), Some("X11; CrOS")), "chromeos");
    assert!(holds_for_referer("Example.com", Some("HTTPS://u:p@www.example.COM.:80/?x")));
    assert!(!holds_for_referer("example.com", Some("https://notexample.com/")));
    assert!(!holds_for_referer("*", Some("example.com")) && !holds_for_referer("*", None));
    assert!(is_in_time((1320, 360), 0) && !is_in_time((1320, 360), 360));
    let sent = parameters(Some("a=1&&a+b=%2C&c"));
    assert_eq!(sent[1], (b"a b".to_vec(), b",".to_vec(), "%2C".to_owned()));
    assert_eq!(sent[2], (b"c".to_vec(), Vec::new(), String::new()));
}
