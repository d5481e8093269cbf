//! Which link answers: one case a line.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::limits::{
    KEY_PARAMETERS_MAX, PREFIX_DEPTH_MAX, QUERY_COMBINATIONS_MAX, QUERY_SHAPES_MAX,
    REQUEST_PARAMETERS_MAX,
};
use crate::links::*;

mod loose;
mod segments;

fn links(text: &str) -> Links {
    let source = Source::new("links.txt", text.as_bytes(), Format::Native);
    let loaded = load(&[source], OnBadLine::Refuse);
    Links::replicate(&Arc::new(loaded.table.unwrap_or_else(|| panic!("{}", loaded.report))))
}

/// The answer to `[host]/path[?query]`: the host in the target (our links are
/// named by it) with what `:splat` came to, or "-".
fn answer(links: &Links, request: &str) -> String {
    let (host, rest) = request.split_at(request.find('/').unwrap());
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query.as_bytes())),
        None => (rest, None),
    };
    let (mut room, mut scratch, mut out) = (Vec::new(), LookupScratch::default(), Vec::new());
    let path = normalise(path.as_bytes(), &mut room);
    let ask = links.ask(host.as_bytes(), path);
    links.prefetch_slot(&ask);
    links.prefetch_entry(&ask);
    let Some(hit) = links.find(&ask, path, query, &mut scratch) else {
        return "-".to_owned();
    };
    assert!(if hit.exact { hit.splat_start == path.len() } else { hit.splat_start <= path.len() });
    if hit.status == Status::Gone {
        assert_eq!(hit.target.plain(), Some(&b""[..]));
        return "gone".to_owned();
    }
    let visit = Visit { captured: hit.captured(path), ..Visit::default() };
    hit.target.write(&visit, &mut out).unwrap();
    String::from_utf8(out).unwrap().strip_prefix("https://").unwrap().to_owned()
}

fn check(text: &str, cases: &[(&str, &str)]) {
    let links = links(text);
    for (request, want) in cases {
        assert_eq!(answer(&links, request), *want, "{request} among\n{text}");
    }
}

#[test]
fn exact_paths() {
    check(
        "/go/x https://a\n/ https://b\n/X 410\n/caf%C3%A9 https://c",
        &[
            ("/go/x", "a"),
            ("any.example/go/x", "a"),
            ("/go/x?utm=1", "a"),
            ("//go/./y/../x", "a"),
            ("/go/%78", "a"),
            ("/go/x/", "-"),
            ("/go/X", "-"),
            ("/", "b"),
            ("/?x", "b"),
            ("/X", "gone"),
            ("/café", "c"),
            ("/caf%c3%a9", "c"),
            ("/nothing", "-"),
        ],
    );
    check("# none", &[("/", "-"), ("a.example/x?y", "-")]);
}

#[test]
fn hosts() {
    check(
        "a.example/x https://a\nB.Example/x https://b\n/x https://any\n/y https://y\na.example/z 410\n[2001:db8::1]/x https://six",
        &[
            ("a.example/x", "a"),
            ("A.EXAMPLE:8080/x", "a"),
            ("a.example./x", "a"),
            ("b.example/x", "b"),
            ("c.example/x", "any"),
            ("/x", "any"),
            ("a.example/y", "y"),
            ("a.example/z", "gone"),
            ("b.example/z", "-"),
            ("[2001:0db8:0::1]:80/x", "six"),
            ("[bad/x", "any"),
        ],
    );
}

#[test]
fn prefixes() {
    check(
        "/* https://p0/:splat\n/amz/* https://p1/:splat\n/amz/deep/er/* https://p3/:splat\n/amz/x https://x\n",
        &[
            ("/", "p0/"),
            ("/amz", "p0/amz"),
            ("/amz/", "p1/"),
            ("/amz/B01/y", "p1/B01/y"),
            ("/amz/x", "x"),
            ("/amz/x/", "p1/x/"),
            ("/amz/deep/y", "p1/deep/y"),
            ("/amz/deep/er", "p1/deep/er"),
            ("/amz/deep/er/y/z", "p3/y/z"),
            ("/amz//deep/./er/%7e?q", "p3/~"),
            ("/other/a/b/c/d/e", "p0/other/a/b/c/d/e"),
        ],
    );
}

#[test]
fn prefixes_of_hosts() {
    check(
        "a.example/* https://p-a0\n/x/* https://p-any1\na.example/y/* https://p-a1\n/y/* https://p-any-y\n/y/z/* https://p-any2\na.example/e https://e\n",
        &[
            // The longest wins, and at equal length that of the own host.
            ("a.example/x/1", "p-any1"),
            ("a.example/y/1", "p-a1"),
            ("b.example/y/1", "p-any-y"),
            ("a.example/y/z/1", "p-any2"),
            ("a.example/q", "p-a0"),
            ("b.example/q", "-"),
            ("a.example/e", "e"),
            ("b.example/e", "-"),
        ],
    );
}

#[test]
fn any_exact_path_comes_before_any_prefix() {
    check(
        "a.example/x/* https://p-own\n/x/y https://any\n",
        &[("a.example/x/y", "any"), ("a.example/x/z", "p-own")],
    );
}

#[test]
fn queries() {
    check(
        "/old?id=7 https://seven\n/old?id=8 https://eight\n/old?id=7&k=2 https://both\n/old https://plain\n/old?q=a+b https://space\n",
        &[
            ("/old", "plain"),
            ("/old?", "plain"),
            ("/old?id=7", "seven"),
            ("/old?id=8&utm=x", "eight"),
            ("/old?utm=x&id=%37&&", "seven"),
            ("/old?k=2&id=7", "both"),
            ("/old?k=3&id=7", "seven"),
            ("/old?k=2", "plain"),
            ("/old?id=9", "plain"),
            ("/old?ID=7", "plain"),
            ("/old?id=77", "plain"),
            ("/old?q=a%20b", "space"),
            ("/old?q=a+b", "space"),
            ("/old?q=a%2Bb", "plain"),
            // A repeated parameter is tried in every place it has.
            ("/old?id=1&id=8", "eight"),
            ("/old?id=1&k=1&id=7&k=2", "both"),
        ],
    );
}

#[test]
fn parameters_with_any_value() {
    check(
        "/x?id=* https://any\n/x?id=7 https://seven\n/x?id=*&k=* https://any-any\n/x?id=*&k=2 https://any-two\n/x?id=7&k=* https://seven-any\n/x?star=%2A https://star\n/x https://plain\n/y?id=* https://y nocase\na.example/x?z=* https://own\n",
        &[
            ("/x?id=7", "seven"),
            ("/x?id=8", "any"),
            ("/x?id", "any"),
            ("/x?id=*", "any"),
            ("/x?id=1&id=2&u=x", "any"),
            ("/x?id=1&id=7", "seven"),
            ("/x?ID=7", "plain"),
            // More parameters, then more values that are said, then the alphabet.
            ("/x?id=7&k=1", "seven-any"),
            ("/x?id=7&k=2", "seven-any"),
            ("/x?id=8&k=2", "any-two"),
            ("/x?id=8&k=1", "any-any"),
            ("/x?k=2", "plain"),
            ("/x?star=*", "star"),
            ("/x?star=x", "plain"),
            ("/Y?id=A", "y"),
            ("/Y?i=A", "-"),
            ("a.example/x?z", "own"),
            ("a.example/x?id=7&k=1", "seven-any"),
        ],
    );
}

/// Of several links of one shape that a request satisfies, the one whose first
/// parameter (by name) comes first in the request.
#[test]
fn repeated_parameters_are_tried_in_order() {
    check(
        "/x?a=1&b=2 https://one\n/x?a=2&b=1 https://two\n",
        &[
            ("/x?a=1&a=2&b=1&b=2", "one"),
            ("/x?b=1&b=2&a=1&a=2", "one"),
            ("/x?a=2&a=1&b=1&b=2", "two"),
            ("/x?b=2&a=2&b=1&a=1", "two"),
        ],
    );
}

#[test]
fn queries_without_a_plain_link() {
    check(
        "/old?id=7 https://seven\na.example/old?id=7 https://a-seven\na.example/old?flag https://flag\n/old/* https://p/:splat\n/* https://p0\n",
        &[
            ("/old?id=7", "seven"),
            ("/old?id=8", "p0"),
            ("/old", "p0"),
            ("a.example/old?id=7", "a-seven"),
            ("a.example/old?flag", "flag"),
            ("a.example/old?flag=", "flag"),
            ("a.example/old?flag=1", "p0"),
            ("b.example/old?id=7", "seven"),
            ("/old/?id=7", "p/"),
        ],
    );
}

#[test]
fn an_own_link_comes_before_a_better_query_of_any_host() {
    check("a.example/x https://own\n/x?id=1 https://any\n", &[("a.example/x?id=1", "own")]);
}

#[test]
fn shapes_of_equal_size_go_by_the_alphabet() {
    let (a, b) = ("/x?a=1 https://a\n", "/x?b=1 https://b\n");
    check(&[a, b].concat(), &[("/x?b=1&a=1", "a")]);
    check(&[b, a].concat(), &[("/x?b=1&a=1", "a")]);
}

#[test]
fn any_case() {
    check(
        "/Go/X https://a nocase\n/go/exact https://folded nocase\n/Go/Exact https://spelled\n/%C3%89 https://e nocase\n/y https://y\n",
        &[
            ("/go/x", "a"),
            ("/GO/X", "a"),
            ("any.example/Go//%58", "a"),
            ("/go/x/", "-"),
            // The spelling that is written wins.
            ("/Go/Exact", "spelled"),
            ("/go/exact", "folded"),
            ("/GO/EXACT", "folded"),
            // What an escape stands for has no case.
            ("/%c3%89", "e"),
            ("/é", "-"),
            ("/y", "y"),
            ("/Y", "-"),
        ],
    );
}

#[test]
fn any_case_of_hosts() {
    check(
        "a.example/x https://own-any-case nocase\n/X https://any\n/x https://any-any-case nocase\nb.example/Y https://own\nb.example/y https://own-any-case nocase\n/y https://any\n",
        &[
            ("A.example/X", "own-any-case"),
            ("c.example/X", "any"),
            ("c.example/x", "any-any-case"),
            ("/x", "any-any-case"),
            ("b.example/Y", "own"),
            ("b.example/y", "own-any-case"),
            ("a.example/y", "any"),
            ("a.example/Y", "-"),
        ],
    );
}

#[test]
fn hosts_that_stand_for_others() {
    check(
        "*.example.com/x https://below\n*.shop.example.com/x https://longer\na.shop.example.com/x https://own\n/x https://any\n*.example.com/* https://below/:splat\n/y https://any\n/Z https://any\n*.Shop.Example.com./z https://z nocase\n",
        &[
            ("www.example.com/x", "below"),
            ("A.B.Example.com.:80/x", "below"),
            ("example.com/x", "any"),
            ("notexample.com/x", "any"),
            ("shop.example.com/x", "below"),
            ("b.shop.example.com/x", "longer"),
            ("a.shop.example.com/x", "own"),
            ("x.a.shop.example.com/x", "longer"),
            ("/x", "any"),
            // Any exact path comes before any prefix.
            ("www.example.com/y", "any"),
            ("www.example.com/w", "below/w"),
            ("example.com/w", "-"),
            ("b.shop.example.com/Z", "z"),
            ("a.shop.example.com/Z", "z"),
            ("www.example.com/Z", "any"),
            ("[::1]/x", "any"),
            ("*.example.com/x", "below"),
        ],
    );
}

#[test]
fn prefixes_of_hosts_that_stand_for_others() {
    check(
        "a.b.example/p/* https://own\n*.b.example/p/* https://longer\n*.example/p/* https://below\n/p/* https://any\n*.example/p/q/* https://deep\n*.b.example/?k=1 https://query\n",
        &[
            ("a.b.example/p/1", "own"),
            ("c.b.example/p/1", "longer"),
            ("b.example/p/1", "below"),
            ("c.example/p/1", "below"),
            ("example/p/1", "any"),
            ("a.b.example/p/q/1", "deep"),
            ("a.b.example/?k=1", "query"),
        ],
    );
}

#[test]
fn any_case_of_prefixes() {
    check(
        "/Shop/* https://folded/:splat nocase\n/SHOP/* https://spelled/:splat\n/shop/Shoes/* https://longer/:splat nocase\na.example/shop/* https://own/:splat nocase\n/* https://rest/:splat\n",
        &[
            ("/shop/A%2fB", "folded/A%2FB"),
            ("/Shop/", "folded/"),
            ("/SHOP/A", "spelled/A"),
            ("/SHOP/SHOES/A", "longer/A"),
            // At equal length the own host's, however it is spelled.
            ("a.example/SHOP/A", "own/A"),
            ("a.example/SHOP/SHOES/A", "longer/A"),
            ("/shop", "rest/shop"),
        ],
    );
}

#[test]
fn any_case_of_keys_with_a_query() {
    check(
        "/Old?ID=a https://id nocase\n/old https://plain nocase\n/OLD https://spelled\n",
        &[
            ("/oLd?ID=a&x", "id"),
            ("/old?id=a", "plain"),
            ("/old?ID=A", "plain"),
            ("/OLD?ID=a", "spelled"),
        ],
    );
}

#[test]
fn many_queries_under_one_path() {
    let mut text = String::new();
    for n in 0..5_000 {
        writeln!(text, "/p?agency={n}&service={} https://t{n}", n * 7).unwrap();
    }
    let links = links(&text);
    for n in (0..5_000).step_by(17) {
        let request = format!("/p?x=y&service={}&agency={n}", n * 7);
        assert_eq!(answer(&links, &request), format!("t{n}"));
    }
    assert_eq!(links.table().counts().query_shapes, 1);
    assert_eq!(answer(&links, "/p?agency=1&service=8"), "-");
}

#[test]
fn bounds_of_a_request() {
    let filler = "x=y&".repeat(REQUEST_PARAMETERS_MAX - 1);
    let mut text = "/x?a=1&b=1 https://hit\n".to_owned();
    writeln!(text, "/deep{}/* https://p", "/d".repeat(PREFIX_DEPTH_MAX - 2)).unwrap();
    let links = links(&text);
    assert_eq!(answer(&links, &format!("/x?{}a=1&b=1", &filler[4..])), "hit");
    assert_eq!(answer(&links, &format!("/x?{filler}a=1&b=1")), "-");
    // The first combination and QUERY_COMBINATIONS_MAX more, then no further.
    let repeated = |count: usize| format!("/x?{}b=1&a=1", "b=0&".repeat(count));
    assert_eq!(answer(&links, &repeated(REQUEST_PARAMETERS_MAX - 2)), "hit");
    let product = |count: usize| format!("/x?{}b=1&{}a=1", "b=0&".repeat(count), "a=0&".repeat(7));
    const { assert!(QUERY_COMBINATIONS_MAX == 64 && REQUEST_PARAMETERS_MAX == 64) }
    assert_eq!(answer(&links, &product(7)), "hit");
    assert_eq!(answer(&links, &product(9)), "-");
    let deep = "/d".repeat(PREFIX_DEPTH_MAX - 2);
    assert_eq!(answer(&links, &format!("/deep{deep}/x/y/z")), "p");
    assert_eq!(answer(&links, &format!("/{}", "x/".repeat(4_000))), "-");
}

#[test]
fn every_allowed_shape_works() {
    let mut text = String::new();
    for n in 0..QUERY_SHAPES_MAX {
        writeln!(text, "/x?name{n}=1 https://t{n}").unwrap();
    }
    let widest: Vec<String> = (0..KEY_PARAMETERS_MAX).map(|n| format!("w{n}={n}")).collect();
    writeln!(text, "/wide?{} https://wide", widest.join("&")).unwrap();
    let links = links(&text);
    for n in 0..QUERY_SHAPES_MAX {
        assert_eq!(answer(&links, &format!("/x?z&name{n}=1")), format!("t{n}"));
    }
    assert_eq!(answer(&links, &format!("/wide?{}", widest.join("&a=b&"))), "wide");
    assert_eq!(answer(&links, &format!("/wide?{}", widest[1..].join("&"))), "-");
}

#[test]
fn ids_do_not_depend_on_the_table() {
    let key = "a.example/x?k=1";
    let id = Key::parse(key.as_bytes(), &mut KeyScratch::default()).unwrap().id();
    for text in [
        "a.example/x?k=1 https://a\n",
        "/y https://b\nA.example//x?k=1 https://c 301\n",
        "a.example/X?k=1 https://d nocase\n",
    ] {
        let links = links(text);
        let ask = links.ask(b"a.example", b"/x");
        let hit = links.find(&ask, b"/x", Some(b"k=1"), &mut LookupScratch::default()).unwrap();
        assert_eq!(hit.id, id);
    }
}

#[test]
fn shards_share_the_table() {
    let table = Arc::clone(links("/x https://a\n").table());
    let table = Arc::new(Arc::into_inner(table).unwrap().with_generation(7));
    let (one, two) = (Links::replicate(&table), Links::replicate(&table));
    assert!(Arc::ptr_eq(one.table(), two.table()));
    assert_eq!((two.table().generation(), two.table().len()), (7, 1));
    assert_eq!(answer(&one, "/x"), answer(&two, "/x"));
}
