use super::*;
use crate::links::Format;

fn rows_of(export: &Export, text: &str) -> Vec<String> {
    let rows =
        crate::links::formats::row::written(|mut take| read(text.as_bytes(), export, &mut take));
    rows.into_iter().filter(|row| !row.contains(" #")).collect()
}

fn check(export: &Export, text: &str, want: &[&str]) {
    assert_eq!(rows_of(export, text), want, "{text:?}");
}

const SHLINK_HEADER: &str = "createdAt,title,shortUrl,domain,shortCode,longUrl,tags,visits\n";

fn shlink_row(row: &str, want: &str) {
    check(&SHLINK, &format!("{SHLINK_HEADER}{row}\n"), &[&format!("2 {want}")]);
}

#[test]
fn shlink_of_the_web_client() {
    shlink_row(
        "2024-01-01,A title,https://s.test/abc,,abc,https://long.example/,\"news|may\",5",
        "https://s.test/abc|https://long.example/|-|query=override|tag=news,may",
    );
    shlink_row(
        ",,,s.example,abc,https://long.example/,,0",
        "s.example/abc|https://long.example/|-|query=override",
    );
    shlink_row(
        ",\"one\ntwo\",,,abc,https://long.example/,,0",
        "/abc|https://long.example/|-|query=override",
    );
    shlink_row(
        &format!(",,,,abc,https://long.example/,{},0", "x".repeat(65)),
        "/abc|https://long.example/|-|query=override ~its tags are too long together and left out",
    );
}

#[test]
fn shlink_of_its_own_import() {
    check(
        &SHLINK,
        "Long URL,Short name\n",
        &[
            "1 !these are not the columns of a Shlink export, long url and short code; read it with --format csv --columns key=…,target=… (columns found: `Long URL`, `Short name`; nothing of the file was read)",
        ],
    );
    check(
        &SHLINK,
        "Long URL,Tags,Domain,Short code\nhttps://a.example/,,s.example,x/y\n",
        &["2 s.example/x/y|https://a.example/|-|query=override"],
    );
}

#[test]
fn shlink_tells_of_queries_and_rules() {
    let line = |more: &str| {
        let text = format!(r#"{{"shortCode":"a","longUrl":"https://a.example/"{more}}}"#);
        rows_of(&SHLINK, &text).join(" ")
    };
    assert_eq!(line(r#","forwardQuery":true"#), "1 /a|https://a.example/|-|query=override");
    assert_eq!(
        line(r#","forwardQuery":false,"hasRedirectRules":false"#),
        "1 /a|https://a.example/|-"
    );
    let rules = line(r#","forwardQuery":false,"hasRedirectRules":true"#);
    assert!(rules.starts_with("1 /a|https://a.example/|- ~Shlink has rules for it by"), "{rules}");
}

#[test]
fn shlink_of_its_api() {
    let line = r#"{"shortCode":"x","shortUrl":"https://s.test/x","longUrl":"https://a.example/","domain":null,"tags":["one two"],"visitsSummary":{"total":1},"meta":{"validSince":"2024-01-01T00:00:00+00:00","validUntil":null,"maxVisits":7},"crawlable":false}"#;
    check(
        &SHLINK,
        line,
        &[
            "1 https://s.test/x|https://a.example/|-|query=override|from=2024-01-01T00:00:00+00:00|tag=one-two ~outside its time Shlink answers 404, carom 410; Shlink ends it after visit 7, carom does not",
        ],
    );
    check(
        &SHLINK,
        r#"{"shortCode":"x","longUrl":["a"]}"#,
        &["1 !`longUrl` is a list; write the target as text"],
    );
}

/// A line of YOURLS answers with a slash behind the keyword, too.
fn yourls(text: &str, line: u32, key: &str, target: &str) {
    let rows = [key, &format!("{key}/")].map(|key| format!("{line} {key}|{target}|301"));
    assert_eq!(rows_of(&YOURLS, text), rows, "{text:?}");
}

#[test]
fn yourls_with_and_without_header() {
    let row =
        r#""abc","https://a.example/?x=1,2","A ""title""","2024-01-01 00:00:00","192.0.2.1","12""#;
    let target = "https://a.example/?x=1,2";
    yourls(row, 1, "/abc", target);
    let text = format!("keyword,url,title,timestamp,ip,clicks\n{row}\n");
    yourls(&text, 2, "/abc", target);
    check(
        &YOURLS,
        "keyword,url\n,https://a.example/\n",
        &["2 !the keyword is empty; write the one of its link"],
    );
    yourls("url,keyword\nhttps://a.example/,x\n", 2, "/x", "https://a.example/");
}

#[test]
fn bitly_with_custom_links() {
    check(
        &BITLY,
        "link,long_url,title,tags,custom_bitlinks\nhttps://go.example/3x,https://a.example/,T,\"[\"\"one\"\", \"\"two\"\"]\",\"https://go.example/sale, go.example/3x\"\n",
        &[
            "2 go.example/3x|https://a.example/|301|tag=one,two",
            "2 go.example/sale|https://a.example/|301|tag=one,two",
        ],
    );
    check(
        &BITLY,
        "Bitlink,Long URL,Created\nbit.ly/3x,https://a.example/,2024\nbit.ly.example/x,https://b.example/,\n",
        &[
            "2 /3x|https://a.example/|301 ~it answers on any host, for Bitly's own does not come here",
            "3 bit.ly.example/x|https://b.example/|301",
        ],
    );
    check(
        &BITLY,
        "link,long url\n,https://a.example/\n",
        &["2 !the row has no link; write host/back-half"],
    );
}

#[test]
fn dub_of_its_dashboard() {
    check(
        &DUB,
        "Short link,Destination URL,Clicks,Created at,Tags\nhttps://d.sh/Sale,https://a.example/?x=1,5,2024,\"a b,c\"\n",
        &["2 https://d.sh/Sale|https://a.example/?x=1|-|query=override|nocase=|tag=a-b,c"],
    );
}

#[test]
fn dub_of_its_api() {
    let line = |more: &str| {
        let text = format!(r#"{{"shortLink":"https://d.sh/a","url":"https://a.example/"{more}}}"#);
        rows_of(&DUB, &text).join(" ")
    };
    let plain = "1 https://d.sh/a|https://a.example/|-|query=override|nocase=";
    let none = r#","geo":null,"ios":"","android":null,"rewrite":false,"tags":[],"expiresAt":null"#;
    assert_eq!(line(none), plain);
    assert_eq!(line(r#","tags":[{"id":"1","name":"news"}]"#), format!("{plain}|tag=news"));
    let elsewhere = format!("{plain} ~Dub sends visitors of some countries or devices elsewhere");
    assert!(line(r#","geo":{"DE":"https://de.example/"}"#).starts_with(&elsewhere));
    assert!(line(r#","ios":"https://ios.example/""#).starts_with(&elsewhere));
    assert!(line(r#","rewrite":true"#).contains("~Dub shows the target under the short link"));
    assert!(line(r#","password":"x""#).starts_with("1 !Dub asks for a password first"));
    let until = r#","expiresAt":"2026-01-01T00:00:00.000Z""#;
    assert!(line(until).contains("|until=2026-01-01T00:00:00.000Z ~behind its time Dub shows"));
    let after = line(&format!(r#"{until},"expiredUrl":"https://late.example/""#));
    assert!(
        after.ends_with("|until=2026-01-01T00:00:00.000Z|else=https://late.example/"),
        "{after}"
    );
}

#[test]
fn a_format_that_is_insisted_on_is_refused_by_its_columns() {
    for export in [&SHLINK, &YOURLS, &BITLY, &DUB] {
        let rows = rows_of(export, "a,b\nc,d\n");
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert!(rows[0].contains("columns found: `a`, `b`"), "{rows:?}");
    }
    assert_eq!(Format::Shlink.name(), "shlink");
}

#[test]
fn spreadsheets_part_them_otherwise() {
    check(
        &SHLINK,
        "Long URL;Tags;Short code\nhttps://a.example/?b=1,2;news;x\n",
        &["2 /x|https://a.example/?b=1,2|-|query=override|tag=news"],
    );
    check(
        &BITLY,
        "link\tlong_url\nhttps://go.example/a\thttps://a.example/\n",
        &["2 go.example/a|https://a.example/|301"],
    );
}

#[test]
fn columns_that_are_not_read_are_named() {
    let read = |text: &str| {
        crate::links::formats::row::written(|mut take| read(text.as_bytes(), &DUB, &mut take))
    };
    let rows = read("Short link,Destination URL,Clicks,Created at\n");
    assert_eq!(rows, ["1 #columns are not read: `Clicks`, `Created at`"]);
}
