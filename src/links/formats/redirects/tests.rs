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
fn a_splat_of_netlify_may_be_nothing() {
    let want = &["/a/*|https://x/:splat|301|query=keep", "/a|https://x/|301|query=keep"];
    check("/a/* https://x/:splat", want);
    check("/* https://x/:splat", &["/*|https://x/:splat|301|query=keep"]);
    let want =
        &["/a/*|https://x/:splatter|301|query=keep", "/a|https://x/:splatter|301|query=keep"];
    check("/a/* https://x/:splatter", want);
    check("/a https://y/\n/a/* https://x/", &["/a/*|https://x/|301|query=keep"]);
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
fn placeholders_and_parameters_of_netlify() {
    let want =
        &["/n/:y/:m|https://x/:m-:y|301|query=keep", "/n/:y/:m/|https://x/:m-:y|301|query=keep"];
    check("/n/:y/:m https://x/:m-:y", want);
    let want = &["/s?id=*|https://x/{query:id}|301", "/s/?id=*|https://x/{query:id}|301"];
    check("/s id=:id https://x/:id 301", want);
    check("/s id=:other https://x/:other", want);
    let want = &["/s?id=7&t=*|https://x/{query:t}|302", "/s/?id=7&t=*|https://x/{query:t}|302"];
    check("/s id=7 t=:t https://x/:t 302", want);
    check("/s id https://x/", &["!`id` stands before the target"]);
    check("/s?id=7 https://x/", &["!write parameters behind it"]);
}

#[test]
fn conditions_of_netlify_are_refused() {
    check("/ /anz 302 Country=au,nz", &["!Country= is not supported yet"]);
    check("/ /china 302 Language=zh", &["!Language= is not supported yet"]);
    check("/admin/* /admin/:splat 200! Role=admin", &["!Role= is not supported yet"]);
    check("/* /preview/:splat Cookie=is_logged_in", &["!Cookie= is not supported yet"]);
    check("/a /b 301 302", &["!`302` is one column too many"]);
}

#[test]
fn hosts_of_netlify() {
    let both =
        "http://h.example/* https://x/:splat 301!\nhttps://h.example/* https://x/:splat 301!";
    assert_eq!(rows(Dialect::Netlify, both), ["1 h.example/*|https://x/:splat|301|query=keep"]);
    check(
        "https://h.example/a /b",
        &[
            "~h.example/a|https://b.example/b|301|query=keep",
            "~h.example/a/|https://b.example/b|301|query=keep",
        ],
    );
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
fn what_pages_does_not_take() {
    pages("/a https://x/ 301 # c", &["!the line has 5 columns"]);
    pages("/a", &["!the line has 1 columns"]);
    pages("/a id=:id /b", &["/a|id=:id|/b|query=keep"]);
    pages("https://h.example/a /b", &["!is no path"]);
    pages("/a?b=1 /c", &["!has a query"]);
    pages("/a-:b /c", &["!not a whole segment"]);
    pages("/a /b 200", &["!carom only redirects"]);
}

#[test]
fn limits_of_pages() {
    let long = format!("/a https://x/{}", "y".repeat(PAGES_LINE_CHARS_MAX));
    let rows_of = |text: &str| rows(Dialect::Pages, text);
    assert!(rows_of(&long)[0].contains("~Pages leaves this rule out"));
    let many: String = (0..=PAGES_DYNAMIC_MAX).map(|n| format!("/{n}/* https://x/\n")).collect();
    let changed = rows_of(&many).iter().filter(|row| row.contains('~')).count();
    assert_eq!(changed, 1);
}
