use super::TargetProblem;
use crate::limits::{TARGET_BYTES_MAX, TARGET_MACROS_MAX};
use crate::links::key::host::HostProblem;
use crate::links::targets::*;

fn problem(target: &str) -> TargetProblem {
    CheckedTarget::parse(target.as_bytes()).expect_err(target)
}

#[test]
fn good_targets() {
    for target in [
        "https://store.example/p/123?ref=aff_01",
        "http://a",
        "HTTPS://A.example:443/",
        "http://a.example:/x",
        "http://192.0.2.1:8080?x",
        "http://[2001:db8::1]:65535#top",
        "https://xn--bcher-kva.example/%E2%82%AC?q=a+b;c&d",
        "https://a.example/!$&'()*+,;=:@~-._/?/?:@#frag/?ment",
        "https://a.example/:splatter",
    ] {
        let checked = CheckedTarget::parse(target.as_bytes()).expect(target);
        assert_eq!(checked.bytes(), target.as_bytes());
        assert!(!checked.has_splat(), "{target}");
    }
    for target in
        ["https://a/:splat", "https://a?u=:splat", "https://a#:splat", "https://a/x:splat.html"]
    {
        assert!(CheckedTarget::parse(target.as_bytes()).unwrap().has_splat(), "{target}");
    }
}

#[test]
fn every_problem() {
    use TargetProblem as P;
    let long = format!("https://a/{}", "x".repeat(TARGET_BYTES_MAX));
    let check = |target: &str, want: P| assert_eq!(problem(target), want);
    check("", P::Empty);
    check(&long, P::TooLong(long.len()));
    let ids = format!("https://a/{}", "{clickid}".repeat(400));
    check(&ids, P::TooLongWithIds(10 + 400 * 26));
    assert!(CheckedTarget::parse(&ids.as_bytes()[..10 + 9 * 300]).is_ok());
    check("/new", P::Relative("/new".into()));
    check("store.example/x", P::Relative("store.example/x".into()));
    check("store:8080/x", P::Relative("store:8080/x".into()));
    check("//a/x", P::Relative("//a/x".into()));
    check(":splat", P::Relative(":splat".into()));
    check("https:/a", P::Scheme("https".into()));
    check("javascript:alert(1)", P::Scheme("javascript".into()));
    check("ftp://a/", P::Scheme("ftp".into()));
    check("https:///x", P::Host(HostProblem::Empty));
    check("https://:80/x", P::Host(HostProblem::Empty));
    check("https://bücher.example/", P::Host(HostProblem::NotAscii));
    check("https://a\\b/", P::Host(HostProblem::Byte(b'\\')));
    check("https://u:p@a/", P::Userinfo);
    check("https://a:0/", P::Port("0".into()));
    check("https://a:65536/", P::Port("65536".into()));
    check("https://a:+80/", P::Port("+80".into()));
    check("https://a:8o/", P::Port("8o".into()));
    check("https://a/b c", P::Character(' ', 12));
    check("https://a/é", P::Character('é', 11));
    check("https://a/\r\nX: y", P::Character('\r', 11));
    check("https://a/\0", P::Character('\0', 11));
    check("https://a/#x#y", P::Character('#', 13));
    for character in "\"<>\\^`|[]\u{7f}".chars() {
        check(&format!("https://a/?{character}"), P::Character(character, 12));
    }
    check("https://a/%", P::Percent(11));
    check("https://a/%4x", P::Percent(11));
    check("https://a/?c={click}", P::Macro("{click}".into(), 14));
    check("https://a/?c={CLICKID}", P::Macro("{CLICKID}".into(), 14));
    check("https://a/?c={clickid", P::Macro("{".into(), 14));
    check("https://a/?c={clickid}}", P::Macro("}".into(), 23));
    check("https://a/?c={{clickid}", P::Macro("{{clickid}".into(), 14));
    check("https://a/{}", P::Macro("{}".into(), 11));
    check("https://a/{query:}", P::Macro("{query:}".into(), 11));
    check("https://a/{query: }", P::Macro("{query: }".into(), 11));
    check("https://a/{query:a%2}", P::Macro("{query:a%2}".into(), 11));
    check("https://a/{slug:x}", P::Macro("{slug:x}".into(), 11));
    check("https://a/?c=%{clickid}", P::Percent(14));
    check("https://a/?c=%4{clickid}", P::Percent(14));
    check("https://{clickid}/", P::MacroInHost("{clickid}".into()));
    check("https://a:{clickid}/", P::MacroInHost("{clickid}".into()));
    check("https://{host}/", P::MacroInHost("{host}".into()));
    check("https://a.{query:x}", P::MacroInHost("{query:x}".into()));
    check("https://{x}/", P::Macro("{x}".into(), 9));
    check("{clickid}://a/", P::Relative("{clickid}://a/".into()));
    check("http{slug}://a/", P::Relative("http{slug}://a/".into()));
    check("https:{slug}//a/", P::Scheme("https".into()));
    let most = "{ip}".repeat(TARGET_MACROS_MAX);
    check(&format!("https://a/{most}{{ts}}"), P::TooManyMacros(TARGET_MACROS_MAX + 1));
    CheckedTarget::parse(format!("https://a/{most}{{clickid}}:splat").as_bytes()).unwrap();
    check("https://:splat/x", P::SplatInHost);
    check("https://a:splat/x", P::SplatInHost);
    check("https://:year/x", P::NameInHost("year".into()));
    check("https://a.:year.example:80/x", P::NameInHost("year".into()));
    assert_eq!(CheckedTarget::parse(b"https://a/\xff"), Err(P::NotUtf8(0xff, 11)));
}

#[test]
fn remedies() {
    let check = |target: &str, want: &str| {
        let message = problem(target).to_string();
        assert!(message.contains(want), "{message}");
    };
    check("https://a/b c", "write %20 for the space at column 12");
    check("https://a/é", "write %C3%A9 for the `é` at column 11");
    check("https://a/\"", "write %22 for the `\"`");
    check("https://a/\n", "remove the control character \\n");
    check("https://a/%", "write %25");
    check(
        "https://a/{x}",
        "`{x}` at column 11 of the target is no macro; write {clickid}, {slug},",
    );
    check("https://a/{x}", "{host} or {ts}, or %7B for the `{` where it is meant as it stands");
    check("https://a/}", "or %7D where it is meant");
    check("https://{clickid}.a/", "move it behind the host's `/`");
    check("/new", "write https://host/path");
    check("ftp://a/", "write http:// or https://");
    check("https://ü/", "xn--");
}

#[test]
fn schemes_of_apps() {
    let schemes = "myapp,com.example.app".parse::<Schemes>().unwrap();
    let check = |target: &str, want: Result<(), TargetProblem>| {
        let checked = CheckedTarget::parse_allowing(target.as_bytes(), &schemes);
        assert_eq!(checked.map(|_| ()), want, "{target}");
    };
    use TargetProblem as P;
    check("myapp://open/x?a=:splat#f", Ok(()));
    check("MyApp:///x/{slug}", Ok(()));
    check("com.example.app://x", Ok(()));
    check("https://a/", Ok(()));
    check("myapp:open", Err(P::Scheme("myapp".into())));
    check("other://x", Err(P::Scheme("other".into())));
    check("javascript://x%0Aalert(1)", Err(P::Scheme("javascript".into())));
    check("myapp://:splat/x", Err(P::SplatInHost));
    check("myapp://:id/x", Err(P::NameInHost("id".into())));
    check("myapp://{host}/x", Err(P::MacroInHost("{host}".into())));
    check("myapp://me@x/", Err(P::Userinfo));
    check("myapp://a b", Err(P::Character(' ', 10)));
    check("myapp://a/\r\nX:y", Err(P::Character('\r', 11)));
}
