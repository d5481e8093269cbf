use super::*;

fn check(text: &str, want: &str) {
    let mut scratch = KeyScratch::default();
    let key = Key::parse(text.as_bytes(), &mut scratch).expect(text);
    assert_eq!(key.to_string(), want, "{text}");
    assert_eq!(key.id(), fnv1a(&[want.as_bytes()]), "{text}");
    // Canonical text is a key itself, and the same one.
    let mut again = KeyScratch::default();
    assert_eq!(Key::parse(want.as_bytes(), &mut again).as_ref(), Ok(&key));
}

fn bad(text: &str, want: KeyProblem) {
    let mut scratch = KeyScratch::default();
    let got = Key::parse(text.as_bytes(), &mut scratch).expect_err(text);
    assert_eq!(got, want, "{text}");
    assert!(got.to_string().len() > 20);
}

#[test]
fn paths() {
    check("/go/summer-deal", "/go/summer-deal");
    check("/", "/");
    check("/a//b/../c%7e", "/a/c~");
    check("/é", "/%C3%A9");
    check("/a:b", "/a:b");
    check("/a/:1", "/a/:1");
    check("/x y", "/x%20y");
}

#[test]
fn hosts() {
    check("Go.Example.com/d", "go.example.com/d");
    check("go.example.com./d", "go.example.com/d");
    check("https://www.Direct.gov.uk/A", "www.direct.gov.uk/A");
    check("HTTP://a.example", "a.example/");
    check("http://a.example?x=1", "a.example/?x=1");
    check("http://a.example:80/x", "a.example/x");
    check("https://a.example:443/x", "a.example/x");
    check("http://a.example:/x", "a.example/x");
    check("a.example:80/x", "a.example/x");
    check("[2001:DB8::1]/x", "[2001:db8::1]/x");
    check("http://[::1]:80/", "[::1]/");
    check("*.Example.com./x", "*.example.com/x");
    check("http://*.example.com:80", "*.example.com/");
    check("*.localhost/*", "*.localhost/*");
    check("a.example/to/http://b", "a.example/to/http:/b");
    check("a.example/to?url=http://b/", "a.example/to?url=http://b/");
}

#[test]
fn prefixes() {
    check("/*", "/*");
    check("/amz/*", "/amz/*");
    check("/a/../b//*", "/b/*");
    check("a.example/*", "a.example/*");
    check("http://a.example/x/*", "a.example/x/*");
    check("/x/*?a=1", "/x/*?a=1");
    check("/x/*?", "/x/*");
    check("/a%2a", "/a%2A");
}

#[test]
fn queries() {
    check("/old/page?id=7", "/old/page?id=7");
    check("/x?k=2&id=7", "/x?id=7&k=2");
    check("/x?", "/x");
    check("/x?&", "/x");
    check("/x?flag", "/x?flag=");
    check("/x?u=https://a/?b", "/x?u=https://a/?b");
    check("/x?a=%2a", "/x?a=%2A");
    check("/x?id=*", "/x?id=*");
    check("/x?k=2&id=*&%6a=*", "/x?id=*&j=*&k=2");
    check("/x?1&2&3&4&5&6&7&8", "/x?1=&2=&3=&4=&5=&6=&7=&8=");
}

#[test]
fn placeholders() {
    let check = |text: &str, want: &str, literal: &str, id: &str| {
        let mut scratch = KeyScratch::default();
        let key = Key::parse(text.as_bytes(), &mut scratch).expect(text);
        assert_eq!((key.to_string().as_str(), key.pattern), (want, true), "{text}");
        assert_eq!(key.literal(), literal.as_bytes(), "{text}");
        assert_eq!(key.id(), fnv1a(&[id.as_bytes()]), "{text}");
    };
    check("/blog/:year/:slug", "/blog/:year/:slug", "/blog/", "/blog/:/:");
    check("/blog/:y/:s", "/blog/:y/:s", "/blog/", "/blog/:/:");
    check("/docs/Preset-*", "/docs/Preset-*", "/docs/", "/docs/Preset-*");
    check("/a/59-:id(int)-*", "/a/59-:id(int)-*", "/a/", "/a/59-:(int)-*");
    check("/a/:b(any).html", "/a/:b(any).html", "/a/", "/a/:.html");
    check("A.example//:a/../:B/x/*", "a.example/:B/x/*", "/", "a.example/:/x/*");
}

#[test]
fn any_case() {
    let check = |text: &str, want: &str| {
        let (mut scratch, mut folded) = (KeyScratch::default(), Vec::new());
        let spelled = Key::parse(text.as_bytes(), &mut scratch).expect(text);
        let key = spelled.in_any_case(&mut folded);
        assert_eq!((key.to_string().as_str(), key.loose.nocase), (want, true), "{text}");
        assert_eq!(key.id(), fnv1a(&[want.as_bytes()]), "{text}");
    };
    check("/Go/Summer-Deal", "/go/summer-deal");
    check("A.example/Amz/*", "a.example/amz/*");
    check("/Old?ID=A%c3%89", "/old?ID=A%C3%89");
    check("/%c3%89/%41", "/%C3%89/a");
}

#[test]
fn refused() {
    use KeyProblem as P;
    bad("", P::Empty);
    bad("summer-deal", P::NoPath("summer-deal".into()));
    bad("a.example?x=1", P::NoPath("a.example?x=1".into()));
    bad("//a.example/x", P::TwoSlashes);
    bad("ftp://a.example/x", P::Scheme("ftp".into()));
    bad("http:///x", P::Host(HostProblem::Empty));
    bad("a b/x", P::Host(HostProblem::Byte(b' ')));
    bad("ü.example/x", P::Host(HostProblem::NotAscii));
    bad("*/x", P::StarInHost);
    bad("a.*.example/x", P::StarInHost);
    bad("*a.example/x", P::StarInHost);
    bad("*.*.example/x", P::StarInHost);
    bad("*.192.0.2.1/x", P::StarInHost);
    bad("*./x", P::Host(HostProblem::Empty));
    bad(&format!("*.{}b/x", "a.".repeat(126)), P::Host(HostProblem::TooLong(255)));
    bad("http://u@a.example/x", P::Userinfo);
    bad("a.example:8080/x", P::Port("8080".into()));
    bad("http://a.example:8080/x", P::Port("8080".into()));
    bad("/x#top", P::Fragment);
    bad("/x?a=1#top", P::Fragment);
    bad("/*/a", P::Star);
    bad("/a/*.html", P::Star);
    bad("/a/*/*", P::Star);
    bad("/a/.*", P::Star);
    bad("/a/b/..*", P::Star);
    bad("/a/**", P::Star);
    bad("/a/:b*", P::PlaceholdersMeet);
    bad("/a-*?x=1", P::PlaceholderWithQuery);
    bad("/x?a=**", P::StarInQuery);
    bad("/x?a=1*", P::StarInQuery);
    bad("/x?*", P::StarInQuery);
    bad("/x?a=*&b=x*", P::StarInQuery);
    bad("/x?a=*&a=1", P::RepeatedParameter("a".into()));
    bad("/news/:year(4)/:a:b", P::PlaceholdersMeet);
    bad("/news/:year(number)", P::PlaceholderType("year(number)".into()));
    bad("/:a?x=1", P::PlaceholderWithQuery);
    bad("/:a/*?x=1", P::PlaceholderWithQuery);
    bad("/a\nb", P::Control(b'\n', 3));
    bad("/a?b=\x01", P::Control(1, 6));
    bad("/x?1&2&3&4&5&6&7&8&9", P::TooManyParameters);
    bad("/x?a=1&b&a=2", P::RepeatedParameter("a".into()));
    bad("/x?a=1&%61=2", P::RepeatedParameter("a".into()));
}

#[test]
fn limits() {
    let path = |size: usize| format!("/{}", "x".repeat(size - 1));
    check(&path(KEY_PATH_BYTES_MAX), &path(KEY_PATH_BYTES_MAX));
    bad(&path(KEY_PATH_BYTES_MAX + 1), KeyProblem::PathTooLong(KEY_PATH_BYTES_MAX + 1));
    let prefix = |depth: usize| format!("{}/*", "/a".repeat(depth - 1));
    check(&prefix(PREFIX_DEPTH_MAX), &prefix(PREFIX_DEPTH_MAX));
    bad(&prefix(PREFIX_DEPTH_MAX + 1), KeyProblem::TooDeep(PREFIX_DEPTH_MAX + 1));
    let query = |size: usize| format!("/x?a={}", "y".repeat(size - 2));
    check(&query(KEY_QUERY_BYTES_MAX), &query(KEY_QUERY_BYTES_MAX));
    bad(&query(KEY_QUERY_BYTES_MAX + 1), KeyProblem::QueryTooLong(KEY_QUERY_BYTES_MAX + 1));
}

/// Ids are written into click logs: they must never change.
#[test]
fn ids_are_forever() {
    let id = |text: &str| Key::parse(text.as_bytes(), &mut KeyScratch::default()).unwrap().id();
    assert_eq!(id("/go/summer-deal"), 0xe014_47c5_e8ea_a6a1);
    assert_eq!(id("go.example.com/amz/*"), 0xd9ad_a644_ce84_2e52);
    assert_eq!(id("/old/page?id=7"), 0x07c5_bf7b_47df_2c2d);
    assert_eq!(id("/blog/:year/:slug"), 0x3fb6_1641_97da_27da);
    assert_eq!(id("*.example.com/d"), 0xab1b_111d_8d7f_3a01);
    assert_eq!(id("/old/page?id=*"), 0x07c5_a27b_47de_fae6);
}
