use super::*;

fn rows(text: &str, base: Option<&str>) -> Vec<String> {
    let help = Help { base, ..Help::default() };
    crate::links::formats::row::written(|mut take| read(text.as_bytes(), &help, &mut take))
}

/// One pair.
fn check(key: &str, value: &str, want: &str) {
    let text = serde_json::json!({ "data": [{ "key": key, "value": value }] }).to_string();
    assert_eq!(rows(&text, None), [format!("1 {want}")], "{text}");
}

#[test]
fn keys() {
    check("/a", "https://b.example/", "/a|https://b.example/|-");
    check("go.example.com/a", "https://b.example/", "go.example.com/a|https://b.example/|-");
    check(
        "https://go.example.com/a",
        "https://b.example/",
        "https://go.example.com/a|https://b.example/|-",
    );
    check("a", "https://b.example/", "/a|https://b.example/|- ~the key is taken as the path /a");
    check(
        "a/b",
        "https://b.example/",
        "/a/b|https://b.example/|- ~the key is taken as the path /a/b",
    );
}

#[test]
fn values() {
    check("/a", r#"{"url":"https://b.example/","status":301}"#, "/a|https://b.example/|301");
    check(
        "/a",
        r#"{"Location":"https://b.example/","statusCode":"308"}"#,
        "/a|https://b.example/|308",
    );
    check(
        "/a",
        r#"{"to":"https://b.example/","sc":302,"active":"1"}"#,
        "/a|https://b.example/|302 ~`active` is left out",
    );
    check("/a", r#"{"status":410}"#, "/a||410");
    check(
        "/a",
        r#"{"status":301}"#,
        "!the value has no URL; name it one of url | target | to | location | redirect | redirect to | redirect url | destination",
    );
    check("/a", "{url", "!the value begins like JSON and is none; write a URL");
    check(
        "/a",
        "/b",
        "!the target `/b` is only a path; say of which host with --base https://host",
    );
    let text = r#"{"data":[{"key":"/a","value":"/b"}]}"#;
    assert_eq!(rows(text, Some("https://w.example")), ["1 /a|https://w.example/b|-"]);
}

#[test]
fn lines_are_those_of_the_file() {
    let text = "{\n  \"data\": [\n    {\"key\":\"/a\",\"value\":\"https://b/\"},\n\n    {\"key\":\"/c\",\n     \"value\":7},\n    {\"key\":\"/d\"}\n  ]\n}\n";
    assert_eq!(
        rows(text, None),
        [
            "3 /a|https://b/|-",
            "5 !not a pair of key and value: invalid type: integer `7`, expected a string",
            "7 !not a pair of key and value: missing field `value`",
        ]
    );
}

#[test]
fn other_files_are_refused_whole() {
    let check = |text: &str, want: &str| {
        let rows = rows(text, None);
        assert!(rows.len() == 1 && rows[0].contains(want), "{text}: {rows:?}");
    };
    check("", "1 !not a KeyValueStore's file");
    check("{\"data\":\n7}", "2 !not a KeyValueStore's file");
    check("[]", "nothing of it was read");
    check("{\"data\":[]} x", "trailing characters");
    let help = Help::default();
    let read = |mut take: &mut dyn FnMut(u32, Line<'_>)| read(b"\n\xff", &help, &mut take);
    assert_eq!(crate::links::formats::row::written(read), ["2 !the file is not UTF-8"]);
}
