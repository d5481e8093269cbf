use super::pages::{DYNAMIC_MAX, LINE_CHARS_MAX, LINE_CHARS_PROMISED, STATIC_MAX};
use super::*;

fn rows(dialect: Dialect, text: &str) -> Vec<String> {
    let help = Help { base: Some("https://b.example"), ..Help::default() };
    crate::links::formats::row::written(|take| read(text.as_bytes(), dialect, &help, take))
}

/// What the last line of `text` comes to: rows without its number, `!part` for a
/// refusal that has this part, `~row` for one that has changed.
fn check_in(dialect: Dialect, text: &str, want: &[&str]) {
    let number = format!("{} ", text.split('\n').count());
    let rows = rows(dialect, text);
    let rows: Vec<_> = rows.iter().filter_map(|row| row.strip_prefix(&number)).collect();
    let same = rows.len() == want.len()
        && rows.iter().zip(want).all(|(row, want)| match want.as_bytes()[0] {
            b'!' => row.starts_with('!') && row.contains(&want[1..]),
            b'~' => row.split_once(" ~").is_some_and(|(row, _)| row == &want[1..]),
            _ => row == want,
        });
    assert!(same, "{text}: {rows:?}");
}

fn check(text: &str, want: &[&str]) {
    check_in(Dialect::Netlify, text, want);
}

fn pages(text: &str, want: &[&str]) {
    check_in(Dialect::Pages, text, want);
}

#[test]
fn a_slash_at_the_end_makes_no_difference_to_netlify() {
    check("/a https://x/", &["/a|https://x/|301|query=keep", "/a/|https://x/|301|query=keep"]);
    check("/a/ https://x/", &["/a|https://x/|301|query=keep", "/a/|https://x/|301|query=keep"]);
    check("/ https://x/", &["/|https://x/|301|query=keep"]);
    check(
        "/a /b",
        &["/a|https://b.example/b|301|query=keep", "/a/|https://b.example/b|301|query=keep"],
    );
}

#[test]
fn what_is_there_twice_is_one_rule() {
    check("/a https://x/\n/a/ https://x/", &[]);
    check("/a/* https://x/:splat 302\n/a/* https://x/:splat 302!", &[]);
    check("/a https://x/\n/a/ https://x/ 302", &["/a|https://x/|302|query=keep"]);
}

#[test]
fn a_splat_of_netlify_may_be_nothing() {
    let want = &["/a/*|https://x/:splat|301|query=keep", "/a|https://x/|301|query=keep"];
    check("/a/* https://x/:splat", want);
    check("/* https://x/:splat", &["/*|https://x/:splat|301|query=keep"]);
    check("/a/* https://x/:splatter", &["!:splatter in the target is :splat with `ter` behind it"]);
    check("/a https://y/\n/a/* https://x/", &["/a/*|https://x/|301|query=keep"]);
    check("/x-* /y-:splat", &["/x-*|https://b.example/y-:splat|301|query=keep"]);
}

#[test]
fn statuses_of_netlify() {
    check("/ https://x/ 302", &["/|https://x/|302|query=keep"]);
    check("/ https://x/ 301!", &["/|https://x/|301|query=keep"]);
    check("/ https://x/ 307", &["/|https://x/|307"]);
    check("/* /index.html 200", &["!carom only redirects"]);
    check("/* /index.html 200!", &["!carom only redirects"]);
    check("/en/* /en/404.html 404", &["!carom only redirects"]);
}

#[test]
fn what_netlify_looks_at_before_a_rule_is_said() {
    let rest = "/* https://new/:splat 301";
    let row = "/*|https://new/:splat|301|query=keep";
    check(&format!("/app/* /index.html 200\n{rest}"), &[&format!("~{row}")]);
    check(&format!("/app/* /index.html 200\n/other https://x/\n{rest}"), &[&format!("~{row}")]);
    check(&format!("/app/*\n{rest}"), &[row]);
    let both = ["/app|https://x/|301|query=keep", "/app/|https://x/|301|query=keep"];
    let changed = both.map(|row| format!("~{row}"));
    let changed = changed.each_ref().map(String::as_str);
    check("/app/* /index.html 200\n/app https://x/", &changed);
    check("/app/x /index.html 200\n/app https://x/", &both);
    check("/app /de 302 Role=me\n/app https://x/", &changed);
    check("/app https://x/\n/app /de 302 Role=me", &["!Role= is nothing"]);
    let said = rows(Dialect::Netlify, &format!("/app/* /i 200\n{rest}")).pop().unwrap();
    assert!(said.ends_with("~Netlify looks at line 1 first, which is no link here"), "{said}");
}

#[test]
fn placeholders_and_parameters_of_netlify() {
    let want =
        &["/n/:y/:m|https://x/:m-:y|301|query=keep", "/n/:y/:m/|https://x/:m-:y|301|query=keep"];
    check("/n/:y/:m https://x/:m-:y", want);
    check("/n/:y/:ye https://x/", &["!:ye begins with :y, which Netlify takes for that"]);
    check("/n/:y https://x/:year", &["!:year in the target is :y with `ear` behind it"]);
    let want = &["~/s?id=*|https://x/{query:id}|301", "~/s/?id=*|https://x/{query:id}|301"];
    check("/s id=:id https://x/:id 301", want);
    check("/s id=:other https://x/:other", want);
    let want = &["~/s?id=7&t=*|https://x/{query:t}|302", "~/s/?id=7&t=*|https://x/{query:t}|302"];
    check("/s id=7 t=:t https://x/:t 302", want);
    check("/s id https://x/", &["!`id` stands before the target"]);
    check("/s?id=7 https://x/", &["!write parameters behind it"]);
    check("/s id=:a t=:a https://x/:a", &["!:a is there twice"]);
    for odd in ["id=a=b", "id=a%20b", "id=*", "id=:a-b", "7=a"] {
        check(&format!("/s {odd} https://x/"), &["!is none that Netlify's programs read alike"]);
    }
}

#[test]
fn parameters_that_are_there_twice_are_told_of() {
    let rows = rows(Dialect::Netlify, "/s id=:id /item/:id");
    assert!(rows[0].contains("~of a parameter that is there twice Netlify takes the last"));
}

#[test]
fn conditions_of_netlify() {
    check("/ /anz 302 Country=au,nz", &["~/|https://b.example/anz|302|query=keep|Country=au,nz"]);
    check(
        "/c /china 302! Language=zh Country=us",
        &[
            "~/c|https://b.example/china|302|query=keep|Language=zh|Country=us",
            "~/c/|https://b.example/china|302|query=keep|Language=zh|Country=us",
        ],
    );
    check("/a/* /x Country=eu", &["!Netlify knows no country EU"]);
    check("/admin/* /admin/:splat 200! Role=admin", &["!Role= is nothing that can be asked here"]);
    check(
        "/* /preview/:splat Cookie=is_logged_in",
        &["!Cookie= is nothing that can be asked here"],
    );
    check("/* /preview/:splat country=de", &["!country= is nothing that can be asked here"]);
    check("/a /b 301 302", &["!`302` is one column too many"]);
    check("/a /b 200 Country=de", &["!carom only redirects"]);
    let said = rows(Dialect::Netlify, "/ /de 302 Language=de").pop().unwrap();
    assert!(said.contains("~Netlify asks the cookies nf_country and nf_lang first"), "{said}");
}

/// All rows of `text`, without what is said of them.
fn in_order(text: &str) -> Vec<String> {
    let rows = rows(Dialect::Netlify, text);
    rows.iter().map(|row| row.split(" ~").next().unwrap().to_owned()).collect()
}

#[test]
fn rules_of_one_source_are_lines_of_a_key() {
    let want = [
        "1 /a/*|https://x/de/:splat|302|query=keep|Language=de",
        "2 /a/*|https://x/:splat|302|query=keep",
        "1 /a|https://x/de/|302|query=keep|Language=de",
        "2 /a|https://x/|302|query=keep",
        "3 /b|https://x/b|301|query=keep",
        "3 /b/|https://x/b|301|query=keep",
    ];
    let lines =
        "/a/* https://x/de/:splat 302 Language=de\n/a/* https://x/:splat 302\n/b https://x/b";
    assert_eq!(in_order(lines), want);
    // With another slash at the end, and with a comment between them.
    let lines = "/a https://x/de 302 Language=de\n\n# others\n/a/ https://x/ 302";
    let want = [
        "1 /a|https://x/de|302|query=keep|Language=de",
        "4 /a|https://x/|302|query=keep",
        "1 /a/|https://x/de|302|query=keep|Language=de",
        "4 /a/|https://x/|302|query=keep",
    ];
    assert_eq!(in_order(lines), want);
    // For both schemes they are one.
    let lines = "http://h.example/ https://x/de 302 Language=de\nhttps://h.example/ https://x/de 302 Language=de";
    assert_eq!(in_order(lines), ["1 h.example/|https://x/de|302|query=keep|Language=de"]);
    // One that is refused ends them.
    let lines = "/ https://x/de 302 Language=de\n/ https://x/me Role=me\n/ https://x/";
    let rows = rows(Dialect::Netlify, lines);
    assert!(rows[2].contains("~Netlify looks at line 2 first"), "{rows:#?}");
}

#[test]
fn hosts_of_netlify() {
    let both =
        "http://h.example/* https://x/:splat 301!\nhttps://h.example/* https://x/:splat 301!";
    assert_eq!(rows(Dialect::Netlify, both), ["1 h.example/*|https://x/:splat|301|query=keep"]);
    let one =
        &["~h.example/a|https://x/|301|query=keep", "~h.example/a/|https://x/|301|query=keep"];
    check("https://H.example/a https://x/", one);
    // One host is not enough for the other scheme.
    check("http://h.example/a https://y/\nhttps://h.example/a https://x/", &one[..1]);
    check("https://h.example https://x/", &["~h.example/|https://x/|301|query=keep"]);
    check("https://*.example/a https://x/", &["!Netlify matches no `*` in a host"]);
}

#[test]
fn a_path_stays_on_the_host_that_was_asked() {
    let want = &[
        "~h.example/a|https://h.example/b|301|query=keep",
        "~h.example/a/|https://h.example/b|301|query=keep",
    ];
    check("https://h.example/a /b", want);
    let both = rows(Dialect::Netlify, "http://h.example/a /b\nhttps://h.example/a /b");
    assert!(both.len() == 2 && both[0].starts_with("1 h.example/a|https://h.example/b|"));
    assert!(both[0].ends_with("keeps the visitor's http or https; here it is https"), "{both:?}");
}

#[test]
fn what_leads_to_itself() {
    for rule in [
        "/a /a/",
        "/a/* /a/:splat",
        "/a https://b.example/a",
        "http://h.example/* https://h.example/:splat 301!",
        "http://h.example https://H.example/",
        "https://h.example/a /a",
    ] {
        check(rule, &["!it leads to its own address"]);
    }
    check(
        "http://h.example/a https://h.example/b",
        &[
            "~h.example/a|https://h.example/b|301|query=keep",
            "~h.example/a/|https://h.example/b|301|query=keep",
        ],
    );
}

#[test]
fn sources_without_a_slash() {
    check(
        "news /c",
        &[
            "~/news|https://b.example/c|301|query=keep",
            "~/news/|https://b.example/c|301|query=keep",
        ],
    );
    check(
        "h.example/a /c",
        &["!`h.example/a` could be a host or a path; write https://h.example/a"],
    );
    check("/a//b /c", &["!no request that browsers send fits `/a//b` in Netlify"]);
    check("/.netlify/x /c", &["!refuses sources below /.netlify"]);
    pages("news /c", &["/news|https://b.example/c|302|query=keep"]);
    pages("h.example/a /c", &["/h.example/a|https://b.example/c|302|query=keep"]);
}

#[test]
fn lines_of_netlify() {
    check("# c", &[]);
    check("  # c", &[]);
    check("/ https://x/ # 301", &["/|https://x/|301|query=keep"]);
    check("/ https://x/ 301 # c", &["/|https://x/|301|query=keep"]);
    check("/a", &["!/a has no target"]);
    check("/a 301", &["!/a has no target"]);
    check("/a b", &["!/a has no target"]);
    check("\t/\thttps://x/\r", &["/|https://x/|301|query=keep"]);
}

#[test]
fn the_first_rule_that_fits_answers() {
    check(
        "/a/* https://x/\n/a/b https://y/",
        &["~/a/b|https://y/|301|query=keep", "~/a/b/|https://y/|301|query=keep"],
    );
    check(
        "/a/b https://y/\n/a/* https://x/",
        &["/a/*|https://x/|301|query=keep", "/a|https://x/|301|query=keep"],
    );
    check(
        "/a/:x/b https://x/\n/a/b/:y https://y/",
        &["~/a/b/:y|https://y/|301|query=keep", "~/a/b/:y/|https://y/|301|query=keep"],
    );
    // Also what is only the second key of a rule.
    check(
        "/:x https://x/\n/a/* https://y/",
        &["~/a/*|https://y/|301|query=keep", "~/a|https://y/|301|query=keep"],
    );
    // Refused by whoever reads the rows, and nothing else of it is taken.
    check("/a https://x/\n/a/ https://y/", &["/a|https://y/|301|query=keep"]);
}

#[test]
fn pages_takes_paths_as_they_stand() {
    pages("/a https://x/", &["/a|https://x/|302|query=keep"]);
    pages("/a/ /b 301", &["/a/|https://b.example/b|301|query=keep"]);
    pages("/a/* https://x/:splat", &["/a/*|https://x/:splat|302|query=keep"]);
    pages("/a/:id https://x/:id", &["/a/:id|https://x/:id|302|query=keep"]);
    pages("/a#part https://x/", &["/a|https://x/|302|query=keep"]);
    pages("/a https://x/?y=1", &["/a|https://x/?y=1|302"]);
    pages("/a https://x/#part 308", &["/a|https://x/#part|308|query=keep"]);
    pages("# c", &[]);
}

#[test]
fn what_pages_cuts_off() {
    pages("/a https://x/ 301 # c", &["/a|https://x/|301|query=keep"]);
    pages("/a https://x/ #c d e", &["/a|https://x/|302|query=keep"]);
    pages("/a?b=1 https://x/", &["/a|https://x/|302|query=keep"]);
    pages("/a?b#c https://x/?", &["/a|https://x/?|302|query=keep"]);
    pages("/a\u{a0}https://x/", &["/a|https://x/|302|query=keep"]);
}

#[test]
fn what_pages_does_not_take() {
    pages("/a", &["!the line has 1 columns"]);
    pages("/a /b 301 x", &["!the line has 4 columns"]);
    pages("/a id=:id /b", &["!targets that begin neither with https:// nor"]);
    pages("/a http://x/", &["!targets that begin neither with https:// nor"]);
    pages("/a /b 3o1", &["!ignores the status `3o1`"]);
    pages("https://h.example/a /b", &["!is no path"]);
    pages("/a-:b /c", &["!not a whole segment"]);
    pages("/:a/:ab /c", &["!:ab begins with :a, which Pages takes for that"]);
    pages("/a /b 200", &["!carom only redirects"]);
    for loops in ["/* /index.html", "/a/ /b/index", "/a/* /index.html 301"] {
        pages(loops, &["!Pages takes it for a loop"]);
    }
    // Also the source of a rule that carom refuses is taken.
    pages("/a /b 200\n/a /c", &["!Pages ignores it, as line 1 has the source /a already"]);
    pages("/a https://x?y 200\n/a /c", &["!as line 1 has the source"]);
    pages("/a http://x/\n/a https://x/", &["/a|https://x/|302|query=keep"]);
    // What it looks at first, and no link is.
    pages("/a/* /c 200\n/a/b /d", &["~/a/b|https://b.example/d|302|query=keep"]);
    pages("/a-:x /c\n/a-b /d", &["~/a-b|https://b.example/d|302|query=keep"]);
    pages("/a/* /c 404\n/a/b /d", &["/a/b|https://b.example/d|302|query=keep"]);
    pages("/a/* /c 200\n/b /d", &["/b|https://b.example/d|302|query=keep"]);
    pages("/a https://x?y", &["!Pages puts the slash that is missing"]);
    pages("/a /index.html", &["/a|https://b.example/index.html|302|query=keep"]);
    pages("/* https://x/index.html", &["/*|https://x/index.html|302|query=keep"]);
}

/// How many rows of `text` go beyond a limit.
fn over(text: &str) -> usize {
    rows(Dialect::Pages, text).iter().filter(|row| row.contains("over a limit")).count()
}

#[test]
fn limits_of_pages() {
    let line = |length: usize| format!("/a https://x/{}", "y".repeat(length - 13));
    assert_eq!(rows(Dialect::Pages, &line(LINE_CHARS_PROMISED)).join(" ").find('~'), None);
    let long = rows(Dialect::Pages, &line(LINE_CHARS_PROMISED + 1));
    assert!(long[0].contains("~Cloudflare promises to read lines of up to 1000"), "{long:?}");
    assert_eq!(over(&line(LINE_CHARS_MAX)), 0);
    assert_eq!(over(&line(LINE_CHARS_MAX + 1)), 1);

    let statics: String = (0..=STATIC_MAX).map(|n| format!("/{n} https://x/\n")).collect();
    assert_eq!(over(&statics), 1);
    // Dynamic ones are counted apart, and those behind them with them.
    assert_eq!(over(&format!("{statics}/a/* https://x/\n/b https://x/\n")), 1);
    let many: String = (0..=DYNAMIC_MAX).map(|n| format!("/{n}/* https://x/\n")).collect();
    assert_eq!(over(&many), 1);
    let behind: String = (0..DYNAMIC_MAX).map(|n| format!("/b{n} https://x/\n")).collect();
    assert_eq!(over(&format!("/a/* https://x/\n{behind}/c https://x/\n")), 2);
}
