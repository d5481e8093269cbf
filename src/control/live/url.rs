//! URLs as people name them where a link is looked for.

/// Host (empty for any), path and query.
pub fn split(url: &str) -> Option<(&str, &str, Option<&str>)> {
    let url = url.split('#').next().unwrap_or_default();
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let (rest, is_url) = (rest.unwrap_or(url), rest.is_some());
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    match rest.find('/') {
        Some(at) => Some((&rest[..at], &rest[at..], query)),
        None => is_url.then_some((rest, "/", query)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let check = |url: &str, want| assert_eq!(split(url), want, "{url}");
        check("/a?b=c#d", Some(("", "/a", Some("b=c"))));
        check("h.example/a", Some(("h.example", "/a", None)));
        check("http://h.example:80", Some(("h.example:80", "/", None)));
        check("https://h.example/a?b", Some(("h.example", "/a", Some("b"))));
        check("a", None);
        check("", None);
    }
}
