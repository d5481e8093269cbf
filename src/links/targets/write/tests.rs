use crate::limits::{CLICK_ID_BYTES, LOCATION_BYTES_MAX, REQUEST_PARAMETERS_MAX};
use crate::links::targets::*;

fn splatted(splat: &[u8]) -> Visit<'_> {
    Visit { captured: Captured::new(splat, 0, CapturedBy::NOTHING), ..Visit::default() }
}

fn filled(target: &str, splat: &str) -> String {
    let mut out = b"Location: ".to_vec();
    let target = Target::from(CheckedTarget::parse(target.as_bytes()).unwrap());
    target.write(&splatted(splat.as_bytes()), &mut out).unwrap();
    String::from_utf8(out).unwrap().split_off(10)
}

#[test]
fn splats() {
    let check = |target: &str, splat: &str, want: &str| assert_eq!(filled(target, splat), want);
    check("https://a/x", "ignored", "https://a/x");
    check("https://a/dp/:splat", "B01/x", "https://a/dp/B01/x");
    check("https://a/dp/:splat", "", "https://a/dp/");
    check("https://a/:splat/:splat?u=:splat", "b", "https://a/b/b?u=b");
    check("https://a/:splat", "x%20y%3Fz", "https://a/x%20y%3Fz");
    check("https://a/:splat", "x?y#z", "https://a/x%3Fy%23z");
    check("https://a/:splat", "a&b=c+d;e", "https://a/a&b=c+d;e");
    check("https://a/?u=:splat", "a&b=c+d;e#f", "https://a/?u=a%26b%3Dc%2Bd%3Be%23f");
    check("https://a/?u=:splat", "a/b%26c", "https://a/?u=a/b%26c");
    check("https://a/#:splat", "a#b&c", "https://a/#a%23b%26c");
    check("https://a/:splat", "x\r\ny é", "https://a/x%0D%0Ay%20%C3%A9");
    check("https://a/:splat", "100%", "https://a/100%25");
    check("https://a/:splatter/:splat", "b", "https://a/:splatter/b");
    check("https://a?x=:splat", "b", "https://a?x=b");
}

#[test]
fn click_ids() {
    let id = b"00040c00001a00021wqgs0kr7e";
    let check = |target: &str, want: &str| {
        let checked = CheckedTarget::parse(target.as_bytes()).unwrap();
        let target = Target::from(checked);
        assert!(target.has_click_id() && target.plain().is_none());
        let (mut first, mut out) = (Vec::new(), Vec::new());
        target.write(&splatted(b"a&b"), &mut first).unwrap();
        assert_eq!(first, want.replace('@', &"0".repeat(26)).as_bytes());
        target.write_with_id(&splatted(b"a&b"), id, &mut out).unwrap();
        assert_eq!(out, want.replace('@', str::from_utf8(id).unwrap()).as_bytes());
    };
    check("https://a/?c={clickid}", "https://a/?c=@");
    check("https://a/{clickid}", "https://a/@");
    check("https://a#{clickid}", "https://a#@");
    check("https://a/{clickid}{clickid}/x?{clickid}&b#{clickid}", "https://a/@@/x?@&b#@");
    check("https://a/:splat?c={clickid}&u=:splat", "https://a/a&b?c=@&u=a%26b");
    check("https://a/:splat{clickid}:splat", "https://a/a&b@a&b");
    check("https://a/:{clickid}", "https://a/:@");
}

#[test]
fn nothing_but_click_ids_still_fits() {
    let text =
        ["https://a/", &"{clickid}".repeat((LOCATION_BYTES_MAX - 10) / CLICK_ID_BYTES)].concat();
    let target = Target::from(CheckedTarget::parse(text.as_bytes()).unwrap());
    let mut out = Vec::new();
    assert_eq!(target.write(&Visit::default(), &mut out), Ok(()));
    assert_eq!(out.len(), 10 + (text.len() - 10) / 9 * CLICK_ID_BYTES);
}

#[test]
fn a_fallback_has_no_splat() {
    let fallback = |target: &str| Fallback::new(CheckedTarget::parse(target.as_bytes()).unwrap());
    assert!(fallback("https://a/:splat").is_none());
    let kept = fallback("https://a/{clickid}").unwrap();
    assert_eq!(kept.text(), "https://a/{clickid}");
    assert!(kept.target().has_click_id());
}

#[test]
fn a_location_is_bounded() {
    let target = Target::from(CheckedTarget::parse(b"https://a/:splat").unwrap());
    let mut out = b"before".to_vec();
    let longest = vec![b'x'; LOCATION_BYTES_MAX - 10];
    assert_eq!(target.write(&splatted(&longest), &mut out), Ok(()));
    assert_eq!(out.len(), 6 + LOCATION_BYTES_MAX);
    out.truncate(6);
    let longer = vec![b'x'; LOCATION_BYTES_MAX - 9];
    assert_eq!(target.write(&splatted(&longer), &mut out), Err(TooLong));
    assert_eq!(target.write(&splatted(&[b' '; 4096]), &mut out), Err(TooLong));
    assert_eq!(out, b"before");
}

#[test]
fn plain_targets_are_known() {
    let target = |text: &'static str| Target::from(CheckedTarget::parse(text.as_bytes()).unwrap());
    assert_eq!(target("https://a/").plain(), Some(&b"https://a/"[..]));
    assert_eq!(target("https://a/:splat").plain(), None);
    assert_eq!(target("https://a/{clickid}").plain(), None);
}

/// A visit with everything in it.
const VISIT: Visit<'_> = Visit {
    path: b"/go/Summer%20deal/",
    captured: Captured::new(b"", 0, CapturedBy::NOTHING),
    query: b"id=a/b&q=x+y%26z&id=2&flag&e=%C3%A9",
    host: b"GO.example:8080",
    referer: b"https://r.example/?a=1&b#c",
    user_agent: b"curl/8 (\xe9; x)",
    ip: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1],
    unix_seconds: 1_796_083_200,
};

fn of(target: &str, visit: Visit<'_>) -> String {
    let target = Target::from(CheckedTarget::parse(target.as_bytes()).unwrap());
    assert!(target.plain().is_none() && target.is_personal());
    let mut out = Vec::new();
    target.write(&visit, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn macros() {
    let check = |target: &str, want: &str| assert_eq!(of(target, VISIT), want, "{target}");
    check("https://a/{slug}", "https://a/Summer%20deal");
    check("https://a/?s={slug}#{slug}", "https://a/?s=Summer%20deal#Summer%20deal");
    check("https://a/?i={ip}&t={ts}&h={host}", "https://a/?i=192.0.2.1&t=1796083200&h=go.example");
    check("https://a/{ip}/{ts}/{host}", "https://a/192.0.2.1/1796083200/go.example");
    check("https://a/?u={ua}", "https://a/?u=curl%2F8%20%28%E9%3B%20x%29");
    check("https://a/?r={referer}", "https://a/?r=https%3A%2F%2Fr.example%2F%3Fa%3D1%26b%23c");
    check("https://a/?x={query:id}", "https://a/?x=a%2Fb");
    check("https://a/{query:id}/y", "https://a/a%2Fb/y");
    check("https://a/#{query:q}", "https://a/#x%20y%26z");
    check("https://a/?x={query:e}&y={query:flag}&z={query:ID}", "https://a/?x=%C3%A9&y=&z=");
    check("https://a/?x={query:%69d}", "https://a/?x=a%2Fb");
    check("https://a/{ts}:{ts}?{ts}", "https://a/1796083200:1796083200?1796083200");
}

#[test]
fn whole_queries() {
    let check = |target: &str, query: &str, want: &str| {
        assert_eq!(of(target, Visit { query: query.as_bytes(), ..VISIT }), want, "{target}");
    };
    // Where a query can stand it is one.
    check("https://a/?{query}", "a=1&b=x+y%20;\"#&&c", "https://a/?a=1&b=x+y%20%3B%22%23&c");
    check("https://a/?x=1&{query}&y=2#z", "a=1", "https://a/?x=1&a=1&y=2#z");
    // Without one nothing is left over.
    check("https://a/?{query}", "", "https://a/");
    check("https://a/?{query}#z", "&&", "https://a/#z");
    check("https://a/?{query}&y=2", "", "https://a/?y=2");
    check("https://a/?x=1&{query}", "", "https://a/?x=1");
    check("https://a/?x=1&{query}&y=2", "", "https://a/?x=1&y=2");
    // Anywhere else it is a value.
    check("https://a/?q={query}", "a=1&b=%20", "https://a/?q=a%3D1%26b%3D%2520");
    check("https://a/?{query}=x", "a=1", "https://a/?a%3D1=x");
    check("https://a/&{query}", "a=1", "https://a/&a%3D1");
    check("https://a/{query}", "a=1", "https://a/a%3D1");
    check("https://a/#?{query}", "a=1", "https://a/#?a%3D1");
}

#[test]
fn what_is_not_there_is_empty() {
    let check = |target: &str, want: &str| {
        let visit = Visit { path: b"/", ip: [0; 16], ..Visit::default() };
        assert_eq!(of(target, visit), want, "{target}");
    };
    check("https://a/{slug}{query}{query:x}{ua}{referer}{host}x", "https://a/x");
    check("https://a/?i={ip}&t={ts}", "https://a/?i=%3A%3A&t=0");
}

/// Browsers take `..` for a step up, encoded or not.
#[test]
fn dots_alone_are_left_out_of_a_path() {
    let check = |target: &str, query: &str, want: &str| {
        assert_eq!(of(target, Visit { query: query.as_bytes(), ..VISIT }), want, "{target}");
    };
    check("https://a/x/{query:p}/y", "p=..", "https://a/x//y");
    check("https://a/x/{query:p}/y", "p=%2E.", "https://a/x//y");
    check("https://a/x/{query:p}{query:p}/y", "p=.", "https://a/x//y");
    check("https://a/x/{query:p}/y", "p=..a", "https://a/x/..a/y");
    check("https://a/?p={query:p}", "p=..", "https://a/?p=..");
}

#[test]
fn queries_that_are_kept() {
    let check = |rule: QueryRule, target: &str, query: &str, want: &str| {
        let target =
            Target::from(CheckedTarget::parse(target.as_bytes()).unwrap()).with_query(rule);
        assert!(target.plain().is_none());
        let mut out = b"Location: ".to_vec();
        target.write(&Visit { query: query.as_bytes(), ..VISIT }, &mut out).unwrap();
        assert_eq!(String::from_utf8_lossy(&out[10..]), want, "{target:?} {query}");
    };
    let keep = |target, query, want| check(QueryRule::Keep, target, query, want);
    keep("https://a/x", "", "https://a/x");
    keep("https://a/x", "&&", "https://a/x");
    keep("https://a/x", "a=1&&b&c=", "https://a/x?a=1&b&c=");
    keep("https://a", "a=1", "https://a?a=1");
    keep("https://a/x?", "a=1", "https://a/x?a=1");
    keep("https://a/x?b=2", "a=1", "https://a/x?b=2&a=1");
    keep("https://a/x?b=2#f?g", "a=1", "https://a/x?b=2&a=1#f?g");
    keep("https://a/x#f?g", "a=1", "https://a/x?a=1#f?g");
    keep("https://a/?ref=mine", "ref=theirs&a=1", "https://a/?ref=mine&a=1");
    keep("https://a/?ref=mine", "r%65f=theirs&Ref=x", "https://a/?ref=mine&Ref=x");
    keep("https://a/?ref=mine", "a=1;ref=theirs", "https://a/?ref=mine&a=1%3Bref=theirs");
    keep("https://a/?ref=mine", "a=x+y%2B/é\"#", "https://a/?ref=mine&a=x+y%2B/%C3%A9%22%23");
    keep("https://a/?x={query:a}", "a=1", "https://a/?x=1&a=1");
    keep(
        "https://a/?a=1&c={clickid}#f",
        "c=2&d",
        "https://a/?a=1&c=00000000000000000000000000&d#f",
    );
    let replace = |target, query, want| check(QueryRule::Override, target, query, want);
    replace("https://a/?ref=mine", "", "https://a/?ref=mine");
    replace("https://a/?ref=mine", "ref=theirs", "https://a/?ref=theirs");
    replace("https://a/?a=1&ref=mine&b=2#f", "ref=theirs", "https://a/?a=1&b=2&ref=theirs#f");
    replace("https://a/?a=1&a=2&b&a=3", "%61=9&a=8", "https://a/?b&%61=9&a=8");
    replace("https://a/?a=1&&b=2", "c", "https://a/?a=1&b=2&c");
    replace("https://a/x#f", "a=1", "https://a/x?a=1#f");
    check(QueryRule::Drop, "https://a/{ts}", "a=1", "https://a/1796083200");
}

#[test]
fn only_the_first_parameters_are_looked_at() {
    let query = format!("{}last=1", "x=1&".repeat(REQUEST_PARAMETERS_MAX));
    let visit = Visit { query: query.as_bytes(), ..VISIT };
    assert_eq!(of("https://a/?{query:last}", visit), "https://a/?");
    assert_eq!(of("https://a/?{query}", visit).matches("x=1").count(), REQUEST_PARAMETERS_MAX);
    assert!(!of("https://a/?{query}", visit).contains("last"));
}
