use super::*;
use crate::links::formats::columns::Columns;

/// With what is noted of the file.
fn noted(text: &str, help: &Help<'_>) -> Vec<String> {
    crate::links::formats::row::written(|mut take| read(text.as_bytes(), None, help, &mut take))
}

fn read_with(text: &str, help: &Help<'_>) -> Vec<String> {
    let rows = noted(text, help);
    rows.into_iter().filter(|row| !row.contains(" #")).collect()
}

fn rows(text: &str) -> Vec<String> {
    read_with(text, &Help::default())
}

fn check(text: &str, want: &[&str]) {
    assert_eq!(rows(text), want, "{text:?}");
}

fn problem(text: &str, want: &str) {
    let rows = rows(text);
    assert!(rows.len() == 1 && rows[0].contains(want), "{text:?}: {rows:?}");
}

#[test]
fn columns_go_by_name() {
    check("source,target\n/a,b", &["2 /a|b|-"]);
    check("Old Url,New Url,Status\n/a,b,301\n", &["2 /a|b|301"]);
    check("status , OLD_URL,note,new-url\n301,/a,x,b\n", &["2 /a|b|301"]);
    check("Short  URL,Long URL,code\n/a,b,\n", &["2 /a|b|-"]);
    check("from,to\n/a,b\n", &["2 /a|b|-"]);
    check("slug,destination\n/a,b\n", &["2 /a|b|-"]);
}

#[test]
fn cells_are_trimmed_and_unquoted() {
    check("from,to,code\n /a ,\t\"b\" , 301 \n", &["2 /a|\"b\"|301"]);
    check("from,to\n\"/a\",\"b,c\"\n", &["2 /a|b,c|-"]);
    check("from,to\n\u{a0}/a\u{a0},\u{a0} b\n", &["2 /a|b|-"]);
    check("from,to\n/a,\n", &["2 /a||-"]);
}

#[test]
fn rows_may_be_ragged() {
    check("from,to,code\n/a,b\n/c,d,301,,\n", &["2 /a|b|-", "3 /c|d|301"]);
    problem("from,to\n/a,https://a/?b=1,2\n", "2 !cell 3, `2`, has no column; quote a cell");
    problem("from,to,,\n/a,https://a/?b=1,2,\n", "2 !cell 3, `2`, has no column");
    check("from,to,,\n/a,b,,\n", &["2 /a|b|-"]);
    problem("from,to\n/a\n", "2 !the row has 1 cell, so none in the target column");
}

#[test]
fn lines_are_those_of_the_file() {
    check("\n\nfrom,to\n\n/a,b\n\n\n/c,d", &["5 /a|b|-", "8 /c|d|-"]);
    check("from,to\r\n/a,b\r\n\r\n/c,d\r\n", &["2 /a|b|-", "4 /c|d|-"]);
    check("from,to,note\n/a,b,\"x\ny\nz\"\n/c,d,\n", &["2 /a|b|-", "5 /c|d|-"]);
    check("from,to\n/a,b\n,\n , \n/c,d\n", &["2 /a|b|-", "5 /c|d|-"]);
}

#[test]
fn headers_that_do_not_help() {
    problem("", "1 !the file has no header row");
    problem("\n\n", "1 !the file has no header row");
    problem("a,b\n/a,b\n", "1 !the header has no source column; name one of them source | from");
    problem("a,b\n/a,b\n", "columns found: `a`, `b`");
    problem("from,b\n", "no target column");
    problem("from,Old URL,to\n", "two source columns, `from` and `Old URL`");
    problem("from,to,target\n", "two target columns");
    problem("from,to,code,status\n", "two status columns");
}

#[test]
fn a_quote_left_open_is_seen() {
    let open = |line: &str| {
        let rows = rows(&format!(
            "from,to,note\n/a,https://a/,x\n{line}\n/c,https://c/,y\n/d,https://d/,z\n"
        ));
        assert_eq!(
            (rows.len(), &*rows[2], &*rows[3]),
            (4, "4 /c|https://c/|-", "5 /d|https://d/|-")
        );
        assert!(
            rows[1].starts_with("3 !a quote is opened here and not closed; lines 4 to 5"),
            "{rows:?}"
        );
    };
    open("/b,https://b/,\"Summer sale");
    open("/b,\"https://b/,Summer sale");
    open("\"/b,https://b/,");
    let lines = "from,to,note\n/a,https://a/,\"open\n/b,https://b/,x\n/c,https://c/,5\" disk\n/d,https://d/,y\n";
    let rows = rows(lines);
    assert!(rows[0].contains("lines 3 to 4 would be a part of its cell"), "{rows:?}");
    assert_eq!(rows[1..], ["3 /b|https://b/|-", "4 /c|https://c/|-", "5 /d|https://d/|-"]);
    // In the last line, and as a cell that is used.
    problem("from,to\n/a,\"b\n", "2 !a quote is opened here and not closed. Close it on this line");
    problem("from,to\n\"/a\nb\",c\n", "2 !a quoted cell goes on over several lines");
}

#[test]
fn many_quotes_left_open_are_told_once_each() {
    let text = "from,to\n".to_owned() + &"/a,\"https://a/\n/b,https://b/\n".repeat(1_000);
    assert_eq!(rows(&text).iter().filter(|row| row.contains('!')).count(), 100);
}

#[test]
fn in_values_parted_by_tabs_a_quote_is_a_character() {
    let text = "from\tto\tnote\n/a\thttps://a/\t\"Best of\n/b\thttps://b/\t27\" monitor\n";
    let read = |mut take: &mut dyn FnMut(u32, Line<'_>)| {
        read(text.as_bytes(), Some(Dialect::TABS), &Help::default(), &mut take);
    };
    let rows = crate::links::formats::row::written(read);
    assert_eq!(rows[1..], ["2 /a|https://a/|-", "3 /b|https://b/|-"]);
}

fn wished(columns: &str, text: &str, want: &[&str]) {
    let columns: Columns = columns.parse().unwrap();
    let help = Help { columns: Some(&columns), ..Help::default() };
    assert_eq!(read_with(text, &help), want, "{text:?}");
}

#[test]
fn columns_as_an_operator_says() {
    wished("key=2,target=1", "https://a/\t/x\n", &["1 /x|https://a/|-"]);
    wished("key=slug,target=2", "slug\turl\n/x\thttps://a/\n", &["2 /x|https://a/|-"]);
    wished(
        "key=Slug,target=URL,status=4,tag=Campaign,nocase=ci,host=domain",
        "domain\tslug\tURL\tcode\tcampaign\tci\ngo.example\tx\thttps://a/\t301\tmay\tTRUE\n\t/y\thttps://a/\t\t\tno\n",
        &["2 go.example/x|https://a/|301|nocase=|tag=may", "3 /y|https://a/|-"],
    );
    wished(
        "key=slug,target=2",
        "key\turl\n",
        &[
            "1 !the header has no column `slug`, which --columns names (columns found: `key`, `url`; nothing of the file was read)",
        ],
    );
    wished(
        "key=1,target=2,nocase=3",
        "/a\tb\tmaybe\n",
        &["1 !nocase is `maybe`; write true or false"],
    );
}

#[test]
fn options_are_settings() {
    check("key,target,options\n/a,b,query=keep  nocase\n", &["2 /a|b|-|query=keep|nocase="]);
    problem("key,target,options\n/a,b,keep\n", "2 !`keep` is no option; write name=value");
}

#[test]
fn a_message_names_some_columns_of_many() {
    let line = "x,".repeat(5_000);
    problem(&line, "`x`, `x` and 4971 more; nothing of the file was read)");
    assert!(rows(&line)[0].len() < 1_000);
    let line = format!("{},", "\u{98}".repeat(500)).repeat(10);
    problem(&line, " and 9 more; nothing of the file was read)");
    assert!(rows(&line)[0].len() < 3_000);
}

#[test]
fn columns_that_say_when_a_row_answers() {
    let header = "source,target,regex,type,code,match,hits,title\n";
    let redirection = |row: &str| rows(&format!("{header}{row}\n")).join(" ");
    assert!(
        redirection("\"/s/[0-9]+\",\"https://a/$1\",\"1\",url,301,url,0,")
            .contains("is an expression")
    );
    assert!(
        redirection("/vip,https://a/,0,url,301,login,0,").contains("only where match is `login`")
    );
    assert_eq!(redirection("/a,https://a/,0,url,301,url,0,"), "2 /a|https://a/|301");
    check(
        "source,target,regex,code,type,hits,title,status\n/old,https://a/,0,301,url,0,,active\n",
        &["2 /old|https://a/|301"],
    );
    check(
        "source,target,regex,code,status\n/old,https://a/,0,301,disabled\n",
        &["2 !the row is switched off; leave it out"],
    );
    check(
        "source,target,enabled\n/off,https://a/,0\n",
        &["2 !the row is switched off; leave it out"],
    );
    check(
        "source,destination,permanent,query,caseSensitive\n/o,https://a/,true,true,false\n/p,https://a/,false,false,true\n",
        &["2 /o|https://a/|308|query=keep|nocase=", "3 /p|https://a/|307"],
    );
    check("key,target,tag,until\n/a,https://a/,spring,\n", &["2 /a|https://a/|-|tag=spring"]);
}
