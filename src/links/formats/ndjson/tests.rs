use super::*;
use crate::links::formats::columns::Columns;

fn check(text: &str, want: &[&str]) {
    let read = |mut take: &mut dyn FnMut(u32, Line<'_>)| {
        read(text.as_bytes(), &Help::default(), &mut take);
    };
    assert_eq!(crate::links::formats::row::written(read), want, "{text:?}");
}

#[test]
fn fields_go_by_name() {
    check(
        "{\"key\":\"/a\",\"target\":\"b\",\"note\":{\"x\":[1]}}\n\n{\"Long URL\":\"b\",\"short_url\":\" /c \",\"status\":301}\r\n",
        &["1 /a|b|-", "3 /c|b|301"],
    );
    check(r#"{"key":"/a","target":null,"code":"410"}"#, &["1 /a||410"]);
    check(r#"{"key":"/a","target":"b","options":"query=keep"}"#, &["1 /a|b|-|query=keep"]);
    check(
        r#"{"key":"/\u00e9\/","target":"b"}"#,
        &["1 /%C3%A9/|b|- ~the key is written `/%C3%A9/`"],
    );
}

#[test]
fn a_condition_is_refused() {
    check(
        r#"{"source":"/h","destination":"b","permanent":true,"has":[{"type":"query","key":"x"}]}"#,
        &[
            r#"1 !the row answers only where has is `[{"key":"x","type":"query"}]`, and here it would answer everybody; leave it out, or empty that column if everybody is meant"#,
        ],
    );
    check(
        r#"{"source":"/h","destination":"b","permanent":true,"has":[]}"#,
        &["1 /h|b|308|nocase="],
    );
    check(
        r#"{"source":"/h","destination":"b","enabled":false}"#,
        &["1 !the row is switched off; leave it out"],
    );
}

#[test]
fn wrong_ones_are_refused_by_line() {
    check(r#"{"key":1,"target":"b"}"#, &["1 !`key` is a number; write the source as text"]);
    check(r#"{"key":"/a","target":["b"]}"#, &["1 !`target` is a list; write the target as text"]);
    check(
        r#"{"key":"/a","status":true}"#,
        &["1 !`status` is true or false; write the status as text"],
    );
    check(
        "{\"key\":\"/a\",\"to\":\"b\\nc\"}",
        &["1 !`to` is text of several lines; write the target as text"],
    );
    check(
        r#"{"key":"/a","slug":"/b","target":"c"}"#,
        &["1 !the row has two sources, `/a` and `/b`; leave one out"],
    );
    check("[1]\n", &["1 !the line is no JSON object; write one object a line"]);
    check("\n{\"key\": }", &["2 !not readable as JSON: expected value at column 9"]);
    check(
        "{\"key\":\"\\ud800\"}",
        &["1 !not readable as JSON: unexpected end of hex escape at column 15"],
    );
}

#[test]
fn fields_as_an_operator_says() {
    let with = |columns: &str, text: &str, want: &[&str]| {
        let columns: Columns = columns.parse().unwrap();
        let read = |mut take: &mut dyn FnMut(u32, Line<'_>)| {
            let help = Help { columns: Some(&columns), ..Help::default() };
            read(text.as_bytes(), &help, &mut take);
        };
        assert_eq!(crate::links::formats::row::written(read), want);
    };
    with(
        "key=slug,target=goesTo,id=number,nocase=ci",
        r#"{"slug":"/a","goesTo":"b","number":7,"ci":true,"key":"no"}"#,
        &["1 /a|b|-|nocase=|id=7"],
    );
    with(
        "key=1,target=to",
        "{}",
        &["1 !the fields of an object have no numbers; name them in --columns"],
    );
}

#[test]
fn what_is_not_known_says_what_it_looks_like() {
    let check = |text: &str, want: &str| {
        let read = |mut take: &mut dyn FnMut(u32, Line<'_>)| {
            read(text.as_bytes(), &Help::default(), &mut take);
        };
        let rows = crate::links::formats::row::written(read);
        assert!(matches!(&rows[..], [row] if row.starts_with(want)), "{text}: {rows:?}");
    };
    check(
        r#"{"a":1,"b":2}"#,
        "1 !the line is an object with the keys a, b, and nothing in it is known; carom reads an",
    );
    check("{}", "1 !the line is an empty object, and nothing in it is known; carom reads");
    check(r#"{"key":"/a"},{"key":"/b"}"#, "1 !the line has several objects; write each on a");
    check(r#"{"key":"/a"} {"key":"/b"}"#, "1 !the line has several objects; write each on a");
    check(r#"{"key":"/a"}]"#, "1 !not readable as JSON: trailing characters");
}
