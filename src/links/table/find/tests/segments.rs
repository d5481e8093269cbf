//! Keys with text beside placeholders, types and `*` inside a segment, many with one
//! beginning, and `/*` keys with parameters.

use std::fmt::Write as _;

use super::{answer, check, links};

#[test]
fn stars_inside_a_segment() {
    check(
        "/docs/preset-* https://preset/:splat\n/docs/* https://docs/:splat\n/articles/59-* https://a59\n/articles/5* https://a5/:splat\n/go* https://go/:splat\n/a%2a https://star\n/a/b%2A* https://star-rest/:splat\n",
        &[
            ("/docs/preset-", "preset/"),
            ("/docs/preset-a", "preset/a"),
            ("/docs/preset-a/b", "preset/a/b"),
            ("/docs/preset", "docs/preset"),
            ("/articles/59-x", "a59"),
            ("/articles/591", "a5/91"),
            ("/articles/6", "-"),
            ("/go", "go/"),
            ("/going/on", "go/ing/on"),
            // The sign itself, however it is sent.
            ("/a*", "star"),
            ("/a%2a", "star"),
            ("/ab", "-"),
            ("/a/b*c*d", "star-rest/c*d"),
            ("/docs/*", "docs/*"),
        ],
    );
}

#[test]
fn placeholders_inside_a_segment() {
    check(
        "/:x.html https://html/:x\n/news/:year-:month https://n/:year/:month\n/a/59-:slug(any) https://s/:slug\n/wiki/Talk:x https://talk\n/p/:id(int) https://int/:id\n/p/:w(word) https://word/:w\n/p/:x https://any/:x\n/p/:id(int)-:rest(any)/* https://r/:id/:rest/:splat\n/Case/:a-X-:b https://case/:a/:b nocase\n",
        &[
            ("/index.html", "html/index"),
            ("/a.html.html", "html/a.html"),
            ("/.html", "-"),
            ("/index.htm", "-"),
            ("/news/2024-11", "n/2024/11"),
            ("/news/2024-11-5", "n/2024/11-5"),
            ("/news/-11", "-"),
            ("/a/59-x", "s/x"),
            ("/a/59-", "-"),
            ("/wiki/Talk:x", "talk"),
            ("/wiki/Talk:y", "-"),
            ("/p/12", "int/12"),
            ("/p/a-1_B", "word/a-1_B"),
            ("/p/a.b", "any/a.b"),
            ("/p/7-x/y/z", "r/7/x/y/z"),
            ("/p/7-x", "word/7-x"),
            ("/case/1-x-2", "case/1/2"),
            ("/CASE/1-X-B-x-C", "case/1/B-x-C"),
        ],
    );
}

#[test]
fn the_key_that_says_most_wins() {
    let keys = [
        ("/a/:x/c", "text"),
        ("/a/bb-:x(any)/:y", "more"),
        ("/a/b:x(any)/:y", "less"),
        ("/a/b*", "star"),
        ("/a/:x(int)/:y", "int"),
        ("/a/:x(word)/:y", "word"),
        ("/a/:x/:y", "any"),
        ("/a/:x/*", "rest"),
        ("/a/*", "prefix"),
    ];
    let cases = [
        ("/a/bb-1/c", "text"),
        ("/a/bb-1/d", "more"),
        ("/a/bc/d", "less"),
        ("/a/b/d", "star"),
        ("/a/1/d", "int"),
        ("/a/x/d", "word"),
        ("/a/x.y/d", "any"),
        ("/a/x.y/d/e", "rest"),
        ("/a/x", "prefix"),
    ];
    let mut lines = keys.map(|(key, name)| format!("{key} https://{name}\n"));
    for _ in 0..keys.len() {
        lines.rotate_left(1);
        check(&lines.concat(), &cases);
        let mut reversed = lines.clone();
        reversed.reverse();
        check(&reversed.concat(), &cases);
    }
}

#[test]
fn many_keys_with_one_beginning() {
    let mut text = String::new();
    for n in 0..5_000 {
        writeln!(text, "/:lang/page-{n} https://t{n}/:lang\n/shop/{n}-* https://s{n}/:splat")
            .unwrap();
    }
    let links = links(&text);
    for n in (0..5_000).step_by(7) {
        assert_eq!(answer(&links, &format!("/de/page-{n}")), format!("t{n}/de"));
        assert_eq!(answer(&links, &format!("/shop/{n}-x/y")), format!("s{n}/x/y"));
    }
    assert_eq!(answer(&links, "/de/page-5000"), "-");
    // What a look-up costs: one probe for all pages, and one for each length of a number.
    assert_eq!(links.table().counts().placeholder_shapes, 1 + 4);
}

#[test]
fn prefixes_with_parameters() {
    check(
        "/x/*?a=1 https://one/:splat\n/x/*?a=* https://some\n/x/* https://none/:splat\n/y/*?a=1 https://y\n/* https://root\n/x/z https://exact\n*.example/x/*?b=2 https://below\n",
        &[
            ("/x/q?a=1", "one/q"),
            ("/x/q?a=2&c", "some"),
            ("/x/q", "none/q"),
            ("/y/q?a=1", "y"),
            ("/y/q?a=2", "root"),
            ("/x/z?a=1", "exact"),
            ("w.example/x/q?b=2", "below"),
            ("w.example/x/q?a=1", "one/q"),
        ],
    );
}
