use super::*;

fn check(text: &str, want: &[&str]) {
    let read = |mut take: &mut dyn FnMut(u32, Line<'_>)| read(text.as_bytes(), &mut take);
    assert_eq!(crate::links::formats::row::written(read), want, "{text:?}");
}

fn problem(text: &str, want: &str) {
    let read = |mut take: &mut dyn FnMut(u32, Line<'_>)| read(text.as_bytes(), &mut take);
    let rows = crate::links::formats::row::written(read);
    assert!(rows.len() == 1 && rows[0].contains(want), "{text:?}: {rows:?}");
}

const TO: &str = "https://example.net/to";

#[test]
fn only_source_and_target_are_needed() {
    check("example.com/a,https://b.example/", &["1 example.com/a|https://b.example/|301"]);
    check("example.com/a,https://b.example/,302", &["1 example.com/a|https://b.example/|302"]);
    check("example.com/a,https://b.example/,,,,,\n", &["1 example.com/a|https://b.example/|301"]);
    check("example.com,https://b.example/", &["1 example.com/|https://b.example/|301"]);
    check(
        "\n\"example.com/a,b\",\"https://b.example/\"\r\n",
        &["2 example.com/a,b|https://b.example/|301"],
    );
}

#[test]
fn a_scheme_is_a_condition_there() {
    check(
        "https://example.com/a,https://b.example/",
        &[
            "1 example.com/a|https://b.example/|301 ~carom answers every scheme, Cloudflare only https",
        ],
    );
}

#[test]
fn two_that_differ_in_their_scheme_are_one() {
    let both = format!("http://e.example/a,{TO}\nhttps://e.example/a,{TO}\n");
    check(&both, &[&format!("1 e.example/a|{TO}|301")]);
    let rows = |text: &str| {
        let read = |mut take: &mut dyn FnMut(u32, Line<'_>)| read(text.as_bytes(), &mut take);
        crate::links::formats::row::written(read)
    };
    let other = rows(&format!("http://e.example/a,{TO}\nhttps://e.example/a,{TO},302\n"));
    assert!(other.len() == 2 && other.iter().all(|row| row.contains("~carom answers every")));
}

#[test]
fn an_exact_host_comes_first_there() {
    let check = |path: &str, is_told: bool| {
        let text = format!("x.e.example/a,{TO}/x,,,,TRUE\nE.example{path},{TO},,,TRUE\n");
        let read = |mut take: &mut dyn FnMut(u32, Line<'_>)| read(text.as_bytes(), &mut take);
        let rows = crate::links::formats::row::written(read);
        let told = "~Cloudflare lets line 1 answer, whose host is exact";
        assert_eq!(rows[2].contains(told), is_told, "{path}: {rows:?}");
    };
    check("/a/b", true);
    check("/a/", true);
    check("/a", false);
    check("/ab", false);
    check("/b/a", false);
}

#[test]
fn limits_of_cloudflare() {
    problem("example.com/a,https://b.example/,303", "write 301, 302, 307 or 308");
    let deep = format!("example.com{},{TO},,,,TRUE", "/a".repeat(17));
    problem(&format!("{deep},FALSE,x"), "the row has 8 cells");
    let read = |mut take: &mut dyn FnMut(u32, Line<'_>)| read(deep.as_bytes(), &mut take);
    let rows = crate::links::formats::row::written(read);
    assert!(
        rows.iter().all(|row| row.contains("~Cloudflare takes subpath matching for at most 16"))
    );
}

#[test]
fn preserve_query_string() {
    check(
        &format!("example.com/a,{TO},302,TRUE"),
        &[&format!("1 example.com/a|{TO}|302|query=keep")],
    );
    check(
        &format!("example.com/a,{TO},302,true"),
        &[&format!("1 example.com/a|{TO}|302|query=keep")],
    );
    check(&format!("example.com/a,{TO},,FALSE"), &[&format!("1 example.com/a|{TO}|301")]);
    check(
        &format!("example.com/a,{TO}?x=1#y?z,,TRUE"),
        &[&format!(
            "1 example.com/a|{TO}#y?z|301|query=keep ~the target's query is left out, for the visitor's is kept"
        )],
    );
    check(
        &format!("example.com/a,{TO}#y?z,,TRUE"),
        &[&format!("1 example.com/a|{TO}#y?z|301|query=keep")],
    );
}

#[test]
fn include_subdomains() {
    check(
        &format!("example.com/a,{TO},,FALSE,TRUE,"),
        &[&format!("1 example.com/a|{TO}|301"), &format!("1 *.example.com/a|{TO}|301")],
    );
}

#[test]
fn subpath_matching() {
    check(
        &format!("example.com/a,{TO},,,,TRUE"),
        &[&format!("1 example.com/a|{TO}|301"), &format!("1 example.com/a/*|{TO}|301")],
    );
    check(
        &format!("example.com/a,{TO},,,,TRUE,TRUE"),
        &[&format!("1 example.com/a|{TO}|301"), &format!("1 example.com/a/*|{TO}/:splat|301")],
    );
    // A `/*` key answers for its folder too.
    check(
        &format!("example.com/a/,{TO}/?x#y,,,,TRUE,TRUE"),
        &[&format!("1 example.com/a/*|{TO}/:splat?x#y|301")],
    );
    check(
        &format!("example.com,{TO},,,TRUE,TRUE,FALSE"),
        &[&format!("1 example.com/*|{TO}|301"), &format!("1 *.example.com/*|{TO}|301")],
    );
    // Without subpath matching there is no suffix to preserve.
    check(&format!("example.com/a,{TO},,,,,TRUE"), &[&format!("1 example.com/a|{TO}|301")]);
}

#[test]
fn what_no_bulk_redirect_is() {
    problem(
        "Source URL,Target URL,Status\n",
        "the status is `Status`; write 301, 302, 307 or 308 in the third cell; these files have no header row",
    );
    problem(
        "example.com/a,https://b.example/,301,yes",
        "preserve query string is `yes`; write TRUE or FALSE",
    );
    problem("example.com/a", "needs a source URL and a target URL");
    problem(",https://b.example/", "needs a source URL");
    problem("example.com/a?x=1,https://b.example/", "the source URL has a `?`");
    problem("example.com/*,https://b.example/", "the source URL has a `*`");
    problem("/a,https://b.example/", "the source URL `/a` has no host");
    problem("example.com/:a,https://b.example/", "begins with a colon");
    problem(
        "example.com/a,https://b.example/,301,,,,,x,y",
        "the row has 9 cells, a bulk redirect has at most 7",
    );
    problem(
        "example.com/a,\"https://b.example/\nx\"",
        "1 !a quoted cell goes on over several lines",
    );
}
