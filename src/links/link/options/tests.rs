use super::*;

/// The options of settings written with spaces between them.
fn parsed(text: &str) -> Result<Options<'_>, String> {
    let settings: Vec<Setting<'_>> = text
        .split(' ')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Setting { name: name.as_bytes(), value: value.as_bytes() }
        })
        .collect();
    Options::parse(&settings, &Schemes::NONE)
}

/// Every option that a table keeps as one, and a value of it. A new one goes to the end.
const STORED: [&str; 7] = [
    "query=override",
    "cache=31536000",
    "referrer=strict-origin",
    "from=2026-12-01T00:00:00Z",
    "until=9999-12-31T23:59:59.25Z",
    "else=https://a.example/?c={clickid}",
    "tag=spring",
];

/// Every option that becomes something else of a link.
const NOT_STORED: [&str; 4] = ["id=7", "nocase", "slash=ignore", "punctuation=ignore"];

/// Unix seconds in microseconds.
const fn at(seconds: i64) -> i64 {
    seconds * 1_000_000
}

#[test]
fn every_option_is_read() {
    let check = |text: &str, want: Options<'_>| assert_eq!(parsed(text), Ok(want), "{text}");
    let none = Options::default();
    check("", none);
    check("query=drop", none);
    check("query=keep", Options { query: QueryRule::Keep, ..none });
    check("query=override", Options { query: QueryRule::Override, ..none });
    check("cache=0", Options { cache: Some(0), ..none });
    check("cache=2147483648", Options { cache: Some(1 << 31), ..none });
    check("referrer=no-referrer", Options { referrer: Some(0), ..none });
    check("referrer=unsafe-url", Options { referrer: Some(7), ..none });
    check("from=1970-01-01T00:00:01Z", Options { from: Some(at(1)), ..none });
    check("until=2026-12-01T00:00:00Z", Options { until: Some(at(1_796_083_200)), ..none });
    check("until=2026-12-01T01:00:00+01:00", Options { until: Some(at(1_796_083_200)), ..none });
    check(
        "until=2026-11-30t19:00:00.5-05:00",
        Options { until: Some(1_796_083_200_500_000), ..none },
    );
    check("from=1969-12-31T23:59:59z", Options { from: Some(at(-1)), ..none });
    check("id=18446744073709551615", Options { id: Some(u64::MAX), ..none });
    check("tag=spring-sale", Options { tag: b"spring-sale", ..none });
    check("tag=bücher=1", Options { tag: "bücher=1".as_bytes(), ..none });
    let nocase = Loose { nocase: true, ..Loose::NOTHING };
    check("nocase id=7", Options { loose: nocase, id: Some(7), ..none });
    check("slash=ignore", Options { loose: Loose { slash: true, ..Loose::NOTHING }, ..none });
    check("slash=exact punctuation=exact nocase=no", none);
    let otherwise = Some(Else { blanks: 0, url: b"https://a/" });
    check(
        "else=https://a/ from=1970-01-01T00:00:00Z",
        Options { otherwise, from: Some(0), ..none },
    );
}

#[test]
fn problems_say_what_would_be_right() {
    let check = |text: &str, want: &str| {
        let problem = parsed(text).expect_err(text);
        assert!(problem.contains(want), "{text}: {problem}");
    };
    check("colour=red", "colour= is not an option of a link; write query=, cache=,");
    check("Cache=60", "Cache= is not an option of a link");
    check("country=us", "country= is written Country=");
    check("Role=admin", "Role= is no condition here; leave out `Role=admin`");
    check("tag=a tag=a", "tag= is there twice");
    check("nocase cache=1 nocase", "nocase= is there twice");
    check("nocase=yes", "leave out `=yes`");
    check("nocase=1", "leave out `=1`, or write nocase=no");
    check("slash=no", "slash=no is not known; write ignore or exact");
    check("punctuation=", "punctuation= is not known; write ignore or exact");
    check("query=all", "query=all is not known; write keep, drop or override");
    check("cache=", "cache= is not a number of seconds up to 2147483648");
    check("cache=+1", "cache=+1 is not a number");
    check("cache=1h", "cache=1h is not a number");
    check("cache=2147483649", "is not a number of seconds up to");
    check("referrer=none", "write no-referrer, no-referrer-when-downgrade, same-origin,");
    check("from=2026-12-01", "from=2026-12-01 is not a time such as 2026-12-01T00:00:00Z");
    check("from=2026-12-01T00:00:00", "is not a time");
    check("from=2026-12-01T00:00:00.Z", "is not a time");
    check("from=2026-12-01T00:00Z", "is not a time");
    check("from=2026-02-30T00:00:00Z", "is not a time");
    check("from=2026-12-01T24:00:00Z", "is not a time");
    check("until=9999-12-31T23:59:59-00:01", "is not a time");
    check("from=0000-01-01T00:00:00+00:01", "is not a time");
    check("from=2026-12-01T00:00:00", "is not a time");
    check("from=2026-12-01T00:00:00+24:00", "is not a time");
    check("from=2026-12-01T00:00:00+0100", "is not a time");
    check("from=2026-12-01T00:00:00*01:00", "is not a time");
    check("from=2026-12-01T00:00:00.1.2Z", "is not a time");
    check("from=2026-12-01T00:00:00é", "is not a time");
    check("until=2026-12-01T00:00:00Z[UTC]", "until=2026-12-01T00:00:00Z[UTC] is not a time");
    check("until=1796083200", "is not a time");
    let (early, late) = ("2026-12-01T00:00:00Z", "2026-12-01T00:00:01Z");
    check(&format!("from={late} until={early}"), "until= must be later than from=");
    check(&format!("from={late} until={late}"), "until= must be later than from=");
    check(&format!("else=/x from={late}"), "else=: the target `/x` is not absolute");
    check("id=0", "id=0 is not a number from 1 to 18446744073709551615");
    check("id=e01447c5e8eaa6a1", "is not a number from 1");
    check("tag=", "tag= has no label");
    check("tag=a\tb", "is not printable UTF-8 without spaces");
    let spaced = [Setting { name: b"tag", value: b"a b" }];
    assert!(
        Options::parse(&spaced, &Schemes::NONE).unwrap_err().contains("tag=a b is not printable")
    );
    check(&format!("tag={}", "x".repeat(65)), "the tag has 65 bytes; at most 64 are allowed");
    let bytes = [Setting { name: b"tag", value: b"\xff" }];
    assert!(Options::parse(&bytes, &Schemes::NONE).unwrap_err().contains("not printable UTF-8"));
}

/// A new option is in the lists that the tests go by, or this does not compile or fails.
#[test]
fn every_option_is_tested() {
    let all = [&STORED[..], &NOT_STORED].concat();
    let text = all.join(" ");
    let Options { query, cache, referrer, from, until, otherwise, id, tag, loose, folds, rules } =
        parsed(&text).unwrap();
    let are_set = [
        query != QueryRule::default(),
        cache.is_some(),
        referrer.is_some(),
        from.is_some(),
        until.is_some(),
        otherwise.is_some(),
        id.is_some(),
        !tag.is_empty(),
        loose.nocase,
        loose.slash,
        loose.punctuation,
    ];
    assert!(!folds && rules.is_empty(), "no options");
    assert_eq!(are_set, [true; KNOWN.len()], "{text}");
    let mut names: Vec<_> = all.iter().filter_map(|it| it.split_inclusive('=').next()).collect();
    let mut known = KNOWN;
    names.sort_unstable();
    known.sort_unstable();
    assert_eq!(names, known);
}

/// What a table keeps is what was read, whatever follows it.
#[test]
fn what_is_stored_comes_back() {
    for chosen in 1_u32..1 << STORED.len() {
        let some = (0..STORED.len()).filter(|part| chosen & 1 << part != 0);
        let text = some.map(|part| STORED[part]).collect::<Vec<_>>().join(" ");
        let options = parsed(&text).unwrap();
        let mut bytes = b"left over".to_vec();
        options.store(&mut bytes);
        bytes.extend_from_slice(b"another entry");
        assert_eq!(Options::stored(&bytes), options, "{text}");
        assert_eq!(parsed(&options.to_string()), Ok(options), "{text}");
        // A crafted file can end anywhere.
        for end in 0..bytes.len() {
            let options = Options::stored(&bytes[..end]);
            let _ = (options.max_age(u64::MAX), options.referrer(), options.is_at(0));
        }
    }
}

#[test]
fn what_others_keep_takes_no_room() {
    for text in ["", "query=drop", "id=7 nocase slash=ignore punctuation=ignore"] {
        let mut bytes = b"left over".to_vec();
        parsed(text).unwrap().store(&mut bytes);
        assert!(bytes.is_empty(), "{text}");
    }
}

#[test]
fn times() {
    let check = |text: &str, is_at: bool, max_age: Option<u32>| {
        let options = parsed(text).unwrap();
        let now = 1_796_083_200_500_000; // half a second past 2026-12-01T00:00:00Z
        assert_eq!((options.is_at(now), options.max_age(now)), (is_at, max_age), "{text}");
    };
    check("", true, None);
    check("cache=60", true, Some(60));
    check("from=2026-12-01T00:00:00Z cache=60", true, Some(60));
    check("from=2026-12-01T00:00:01Z", false, None);
    check("until=2026-12-01T00:00:00Z", false, None);
    check("until=2026-12-01T00:00:00.5Z", false, None);
    check("until=2026-12-01T00:00:01Z cache=60", true, Some(0));
    check("until=2026-12-01T00:00:31Z cache=60", true, Some(30));
    check("until=2026-12-01T00:01:01Z cache=60", true, Some(60));
    check("until=9999-12-31T23:59:59Z cache=2147483648", true, Some(1 << 31));
}
