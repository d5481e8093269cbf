//! What loads, what does not, and what is said about it.

use std::fmt::Write as _;

use crate::limits::{
    BAD_LINES_SHOWN, KEY_PARAMETERS_MAX, KEY_PATH_BYTES_MAX, PATTERN_SHAPES_MAX, PREFIX_DEPTH_MAX,
    QUERY_SHAPES_MAX, TARGET_BYTES_MAX,
};
use crate::links::*;
use crate::rules::Rule;

fn native<'a>(name: &'a str, text: &'a str) -> Source<'a> {
    Source::new(name, text.as_bytes(), Format::Native)
}

fn problems(source: Source<'_>) -> Vec<String> {
    let loaded = load(&[source], OnBadLine::Refuse);
    assert_eq!(loaded.table.is_none(), !loaded.report.problems.is_empty());
    loaded.report.problems.iter().map(Problem::to_string).collect()
}

/// One line that is wrong, and what the message must say.
fn bad(line: &str, want: &str) {
    let source = Source::new("links.txt", line.as_bytes(), Format::Native);
    let problems = problems(source);
    assert_eq!(problems.len(), 1, "{line}: {problems:?}");
    assert!(problems[0].starts_with("links.txt:1: "), "{problems:?}");
    assert!(problems[0].contains(want), "{line}: {problems:?}");
}

#[test]
fn every_problem_of_a_line() {
    bad("/x", "has no target; write one behind it, or 410");
    bad("/x 301", "status 301 without a target");
    bad("/x https://a/ 200", "status 200 is not one a link can have; write 301, 302");
    bad("/x https://a/ 301!", "leave out the `!`");
    bad("/x https://a/ 404", "status 404");
    bad("/x https://a/ y", "`y` is not a status");
    bad("/x https://a/ 301 y", "one column too many");
    bad("/x https://a/ 302 weight=70", "weight= stands alone");
    bad("/x https://a/ Country=xx", "xx");
    bad("/x https://a/ 410", "a 410 has no target");
    bad("/x https://a/:splat", ":splat but the key is no prefix");
    bad("/x /y", "is not absolute; write https://host/path");
    bad("/x ftp://a/", "write http:// or https://");
    bad("/x https://a/?c={click}", "`{click}` at column 14 of the target is no macro");
    bad("/x https://{clickid}.a/", "`{clickid}` stands before the target's path");
    bad("/x https://:splat/", "move it behind the host's `/`");
    bad("/x/* https://:splat/", "move it behind the host's `/`");
    bad("/x https://u:p@a/", "user name");
    bad("/x https://a:99999/", "port `99999`");
    bad("/x https://bücher.example/", "xn--");
    bad("/x https://a/\"", "write %22");
    bad("/x https://a/%zz", "write %25");
    bad(&format!("/x https://a/{}", "y".repeat(TARGET_BYTES_MAX)), "the target has");
    bad("x https://a/", "write /x for a path");
    bad("//x https://a/", "begins with two slashes");
    bad("ftp://a/x https://a/", "the key begins with `ftp:`");
    bad("a.example:8080/x https://a/", "leave out the key's port `:8080`");
    bad("u@a.example/x https://a/", "user name");
    bad("ü.example/x https://a/", "in the key, the host has letters outside ASCII");
    bad("/x#y https://a/", "a fragment never reaches a server");
    bad("/x/*.html https://a/", "a `*` can only stand at the end");
    bad("/x?y=z* https://a/", "write %2A");
    bad("/x/a-*?y=1 https://a/", "with a `*` inside a segment, cannot have a query");
    bad("/x/:year(4a) https://a/:y", "has no such placeholder");
    bad("/x/:year(four) https://a/", "`:year(four)` has no type that is known");
    bad("/x/:a:b https://a/", "stand next to each other; write the text between");
    bad("/:a/:a https://a/", "the key has `:a` twice");
    bad("/x/:splat https://a/", "end the key with `/*`");
    bad("/:a/:b/:c/:d/:e/:f/:g/:h/:i https://a/", "more than 8 placeholders");
    bad("/:a?b=c https://a/", "a key with placeholders, or with a `*` inside a segment, cannot");
    bad("/:a https://a/:b", "the target has `:b` but the key has no such placeholder");
    bad("/:a https://a/:a until=2020-01-01T00:00:00Z else=https://a/:b", "the target has `:b`");
    bad("/:a https://:a/", ":a stands before the target's path");
    bad("/:a https://a/:splat", ":splat but the key is no prefix");
    bad(&format!("{}/:a https://a/", "/y".repeat(PREFIX_DEPTH_MAX)), "the prefix has 64 slashes");
    bad("/x\x01 https://a/", "remove the control character `\\x01`");
    bad("/x?y=1&y=2 https://a/", "names `y` twice");
    let many: Vec<String> = (0..=KEY_PARAMETERS_MAX).map(|n| n.to_string()).collect();
    bad(&format!("/x?{} https://a/", many.join("&")), "more than 8 parameters");
    bad(&format!("/{} https://a/", "y".repeat(KEY_PATH_BYTES_MAX)), "the key's path has");
    bad(&format!("{}/* https://a/", "/y".repeat(PREFIX_DEPTH_MAX)), "the prefix has 64 slashes");
    bad(&format!("/x?y={} https://a/", "z".repeat(3_000)), "the key's query has");
}

#[test]
fn problems_of_bytes() {
    let bytes = |text| problems(Source::new("l", text, Format::Native));
    assert!(bytes(b"/caf\xe9 https://a/")[0].contains("save the file as UTF-8"));
    assert!(bytes(b"/x https://a/\xe9")[0].contains("byte E9 at column 11"));
    assert!(bytes(b"\xff\xfe/\0x\0")[0].starts_with("l:1: /x has no target"));
    assert!(bytes(b"\xff\xfe/\0x")[0].contains("UTF-16, and broken"));
    assert!(bytes(b"/x https://a/\0")[0].contains("control character"));
    assert_eq!(bytes(b"\xef\xbb\xbf/x https://a/\r\n"), [""; 0]);
}

#[test]
fn problems_of_csv_cells() {
    let csv = |text: &'static str| problems(Source::new("l.csv", text.as_bytes(), Format::Csv));
    assert_eq!(csv("from,to,code\n/a,https://a/,301 \n/b,,410\n/c,https://c,\n"), [""; 0]);
    assert!(csv("from,to\n/a,\n")[0].starts_with("l.csv:2: a 302 needs a target"));
    assert!(csv("from,to,code\n/a,,301\n")[0].contains("a 301 needs a target"));
    assert!(csv("from,to,code\n/a,https://a/,410\n")[0].contains("a 410 has no target"));
    assert!(csv("from,to\n,https://a/\n")[0].contains("the key is empty"));
    assert_eq!(csv("from,to\n/a,https://a/b c\n"), [""; 0]);
    assert!(csv("from,to\n/a,https://a b/\n")[0].contains("the host has a ` `"));
    assert!(csv("from\n/a\n")[0].contains("no target column"));
}

#[test]
fn duplicates_name_the_first_place() {
    let one = native("one.txt", "/go/x https://a/\n\n/GO/x https://b/\n/go/./%78 https://c/ 301\n");
    let two = native(
        "two.txt",
        "# two\n/go//x https://d/\na.example/x 410\nhttp://A.example:80/x 410\n/q?b=1&a=+ https://e/\n/q?a=%20&b=1 https://f/\n/go/* https://g/\n/go/ https://h/\n",
    );
    let loaded = load(&[one, two], OnBadLine::Skip);
    let report = &loaded.report;
    let lines: Vec<String> = report.problems.iter().map(Problem::to_string).collect();
    assert_eq!(
        lines,
        [
            "one.txt:4: /go/x is already defined at one.txt:1; remove one of them",
            "two.txt:2: /go/x is already defined at one.txt:1; remove one of them",
            "two.txt:4: a.example/x is already defined at two.txt:3; remove one of them",
            "two.txt:6: /q?a=%20&b=1 is already defined at two.txt:5; remove one of them",
        ]
    );
    assert_eq!(report.links(), 6);
    assert_eq!((report.files[0].links, report.files[0].bad_lines), (2, 1));
    assert_eq!((report.files[1].links, report.files[1].bad_lines), (4, 3));
    let table = loaded.table.unwrap();
    let counts = Counts {
        links: 6,
        hosts: 1,
        prefixes: 1,
        placeholders: 0,
        placeholder_shapes: 0,
        nocase: 0,
        slash: 0,
        punctuation: 0,
        with_query: 1,
        query_shapes: 1,
        gone: 1,
        with_rules: 0,
        caps: 0,
    };
    assert_eq!(table.counts(), counts);
    // Of two the first stays.
    let links = Links::replicate(&table.into());
    let ask = links.ask(b"", b"/go/x");
    let hit = links.find(&ask, b"/go/x", None, &mut LookupScratch::default()).unwrap();
    assert_eq!(hit.target.plain(), Some(&b"https://a/"[..]));
}

#[test]
fn keys_that_differ_in_case_are_one_key_in_any_case() {
    let text = "/Go https://a/ nocase\n/gO https://b/ 301 nocase\n/go https://c/\na.example/GO https://d/ nocase\n/go/* https://e/ nocase\n/GO?a=B https://f/ nocase\n/go?a=b https://g/ nocase\n/gO?a=B https://h/ nocase\n";
    let loaded = load(&[native("l", text)], OnBadLine::Skip);
    let lines: Vec<String> = loaded.report.problems.iter().map(Problem::to_string).collect();
    assert_eq!(
        lines,
        [
            "l:2: /go in any case is already defined at l:1; remove one of them",
            "l:8: /go?a=B in any case is already defined at l:6; remove one of them",
        ]
    );
    let counts = loaded.table.unwrap().counts();
    assert_eq!((counts.links, counts.nocase, counts.hosts), (6, 5, 1));
}

#[test]
fn placeholders_by_another_name_are_the_same_key() {
    let text = "/b/:year/:slug https://a/:1\n/b/:y/:s 410\n/b/:y/:s/* https://b/\n/b/:y/:s/ 410\n/B/:x/:Y https://c/ nocase\n/b/:Y/:x 410 nocase\na.example/b/:y/:s 410\n/b/:y/x/* 410\n/b/:z/x/* 410\n";
    let text = text.replace("410 nocase", "https://d/ nocase");
    let source = Source::new("l", text.as_bytes(), Format::Native);
    let loaded = load(&[source], OnBadLine::Skip);
    let lines: Vec<String> = loaded.report.problems.iter().map(Problem::to_string).collect();
    assert_eq!(
        lines,
        [
            "l:2: /b/:y/:s is already defined at l:1; remove one of them",
            "l:6: /b/:Y/:x in any case is already defined at l:5; remove one of them",
            "l:9: /b/:z/x/* is already defined at l:8; remove one of them",
        ]
    );
    assert_eq!(loaded.table.unwrap().counts().placeholders, 6);
}

#[test]
fn too_many_shapes_of_patterns() {
    let mut text = String::new();
    for n in 0..=PATTERN_SHAPES_MAX {
        let letters = "x".repeat(n + 1);
        writeln!(text, "/x/:a/{n} https://a/\n/y/{letters}-* https://a/").unwrap();
    }
    let problems = problems(Source::new("l", text.as_bytes(), Format::Native));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("l:2050: keys that begin as this one does"), "{problems:?}");
}

#[test]
fn a_bad_line_is_no_first_place() {
    let source = native("l", "/x https://a/ 200\n/x https://b/\n");
    let loaded = load(&[source], OnBadLine::Skip);
    assert_eq!((loaded.report.problems.len(), loaded.table.unwrap().len()), (1, 1));
}

#[test]
fn too_many_shapes() {
    let mut text = String::new();
    for n in 0..=QUERY_SHAPES_MAX {
        writeln!(text, "/x?n{n}=1 https://a/").unwrap();
    }
    let problems = problems(Source::new("l", text.as_bytes(), Format::Native));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("l:33: links of this path use more than 32"));
}

#[test]
fn all_are_counted_and_twenty_shown() {
    let shown = |count: usize| {
        let text = "/x\n".repeat(count);
        let source = Source::new("l", text.as_bytes(), Format::Native);
        let report = load(&[source], OnBadLine::Refuse).report;
        assert_eq!(report.problems.len(), count);
        report.to_string().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(shown(0).len(), 0);
    assert_eq!(shown(BAD_LINES_SHOWN).len(), BAD_LINES_SHOWN);
    assert_eq!(shown(BAD_LINES_SHOWN + 1).last().unwrap(), "… and 1 more bad line");
    let many = shown(BAD_LINES_SHOWN + 37);
    assert_eq!(many.len(), BAD_LINES_SHOWN + 1);
    assert_eq!(many.last().unwrap(), "… and 37 more bad lines");
}

/// Files that other servers read load as they are.
#[test]
fn files_of_others() {
    // haproxy: key and value, comments on lines of their own.
    let haproxy = native(
        "redirects.map",
        "# map_str\n/promo\thttps://a.example/promo\n  /x   https://a.example/x?y=z  \nold.example.com/page https://new.example.com/page\n",
    );
    // Netlify: statuses, splats, comments behind a rule.
    let netlify = native(
        "_redirects",
        "# Redirects\r\n/home https://n.example/\r\n/blog/my-post.php https://n.example/my-post 302 # moved\r\n/news/* https://n.example/blog/:splat 301\r\n",
    );
    let loaded = load(&[haproxy, netlify], OnBadLine::Refuse);
    assert_eq!(loaded.report.to_string(), "");
    assert_eq!(loaded.table.unwrap().len(), 6);
}

/// The example that newcomers start with is good.
#[test]
fn the_example_loads() {
    let text = include_bytes!("../../../examples/links.txt");
    let loaded = load(&[Source::new("links.txt", text, Format::Native)], OnBadLine::Refuse);
    assert_eq!(loaded.report.to_string(), "");
    let counts = loaded.table.unwrap().counts();
    assert_eq!((counts.links, counts.hosts, counts.prefixes, counts.gone), (24, 3, 4, 1));
}

/// Whatever the bytes: every line is a link, a problem or nothing, and asking
/// for anything gets an answer.
#[test]
fn no_text_breaks_the_loader() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let pieces: [&[u8]; 20] = [
        b"/",
        b"a.example",
        b" ",
        b"\t",
        b"\n",
        b"\r\n",
        b",",
        b"\"",
        b"?",
        b"&",
        b"=",
        b"*",
        b"#",
        b"%",
        b"https://t.example/",
        b":splat",
        b"410",
        b"from,to,status\n",
        b"\xff",
        b"[::1]",
    ];
    let mut scratch = LookupScratch::default();
    for round in 0..3_000 {
        let mut text = if round % 4 == 0 { b"from,to,status\n/a".to_vec() } else { Vec::new() };
        for _ in 0..rng.usize(..40) {
            text.extend_from_slice(rng.choice(pieces).unwrap());
        }
        for &(_, format) in Format::ALL {
            let loaded = load(&[Source::new("l", &text, format)], OnBadLine::Skip);
            let (report, table) = (loaded.report, loaded.table.unwrap());
            assert_eq!(report.links(), table.len());
            assert_eq!(report.files[0].bad_lines, report.problems.len());
            let lines = text.iter().filter(|&&byte| byte == b'\n').count() + 1;
            assert!(report.problems.iter().all(|it| (1..=lines).contains(&(it.line as usize))));
            assert!(report.problems.is_sorted_by_key(|problem| problem.line));
            let links = Links::replicate(&table.into());
            let mut room = Vec::new();
            let path = normalise(&text, &mut room);
            links.find(&links.ask(&text, path), path, Some(&text), &mut scratch);
        }
    }
}

/// The fixtures with some bytes exchanged, left out or doubled.
#[test]
fn damaged_fixtures_do_not_break_the_loader() {
    let fixtures: [(&str, &[u8]); 6] = [
        ("a.csv", include_bytes!("../../../tests/fixtures/cloudflare/bulk.csv")),
        ("a.json", include_bytes!("../../../tests/fixtures/cloudfront/store.json")),
        ("a.csv", include_bytes!("../../../tests/fixtures/shlink/short_urls.csv")),
        ("a.ndjson", include_bytes!("../../../tests/fixtures/shlink/api.ndjson")),
        ("a.csv", include_bytes!("../../../tests/fixtures/yourls/urls.csv")),
        ("a.csv", include_bytes!("../../../tests/fixtures/bitly/links.csv")),
    ];
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for round in 0..1_200 {
        let (name, text) = fixtures[round % fixtures.len()];
        let format = Format::detect(name, text, false);
        let mut text = text.to_vec();
        for _ in 0..rng.usize(1..8) {
            let at = rng.usize(..text.len());
            match rng.u8(..3) {
                0 => text[at] = rng.u8(..),
                1 => drop(text.remove(at)),
                _ => text.insert(at, text[at]),
            }
        }
        Format::detect(name, &text, false);
        let source = Source::new(name, &text, format);
        let loaded = load(&[source], OnBadLine::Skip);
        let table = loaded.table.unwrap();
        assert_eq!(loaded.report.links(), table.len());
        // What was taken has a native line that means the same.
        let lines: String = table.links().map(|link| format!("{link}\n")).collect();
        let again = load(&[native("l", &lines)], OnBadLine::Refuse);
        assert_eq!(again.report.to_string(), "", "{lines}");
        let lines_again: String =
            again.table.unwrap().links().map(|link| format!("{link}\n")).collect();
        assert_eq!(lines_again, lines);
    }
}

#[test]
fn names_that_a_person_picks() {
    for (name, format) in Format::ALL {
        assert_eq!((name.parse(), format.name()), (Ok(*format), *name));
    }
    for name in OnBadLine::NAMES {
        assert!(name.parse::<OnBadLine>().is_ok());
    }
    assert!("xml".parse::<Format>().unwrap_err().contains("native | nginx | apache"));
    assert!("stop".parse::<OnBadLine>().unwrap_err().contains("refuse or skip"));
}

/// The builder grows past what it was told, and answers for what it holds.
#[test]
fn a_builder_without_a_hint() {
    let mut builder = TableBuilder::default();
    let mut scratch = KeyScratch::default();
    let target = CheckedTarget::parse(b"https://a/").unwrap();
    let (options, rule) = (Options::default(), Rule::default());
    for line in 1..=1_000 {
        let text = format!("/{line}");
        let key = Key::parse(text.as_bytes(), &mut scratch).unwrap();
        let origin = Origin { file: 3, line };
        let link = Link { key, status: Status::Found, target: Some(target), options, rule, origin };
        builder.add(&link).unwrap();
        let other = Origin::default();
        let again =
            builder.add(&Link { status: Status::Gone, target: None, origin: other, ..link });
        assert_eq!(again, Err(AddProblem::Duplicate(origin)));
    }
    let key = Key::parse(b"/x", &mut scratch).unwrap();
    let origin = Origin::default();
    let mut add =
        |status, target| builder.add(&Link { key, status, target, options, rule, origin });
    assert_eq!(add(Status::Found, None), Err(AddProblem::NoTarget(Status::Found)));
    assert_eq!(add(Status::Gone, Some(target)), Err(AddProblem::GoneWithTarget));
    let splat = CheckedTarget::parse(b"https://a/:splat").unwrap();
    assert_eq!(add(Status::Found, Some(splat)), Err(AddProblem::SplatWithoutPrefix));
    let table = builder.finish();
    assert_eq!((table.len(), table.generation()), (1_000, 0));
    assert!(!table.is_empty() && TableBuilder::default().finish().is_empty());
    assert!(table.memory().total(2) - table.memory().total(1) == table.memory().index);
}

#[test]
fn defaults_hold_where_nothing_is_said() {
    let defaults: Defaults = "status=308 cache=5".parse().unwrap();
    let text = "/a https://a/\n\
                /b https://b/ 301 cache=6\n\
                !default status=303 nocase punctuation=ignore query=keep\n\
                /C https://c/\n\
                /d 410\n\
                /e/* https://e/ nocase=no query=drop\n\
                !default\n\
                /f https://f/\n\
                !default id=7\n";
    let help = Help { defaults: Some(&defaults), ..Help::default() };
    let first = Source { help, ..Source::new("first", text.as_bytes(), Format::Native) };
    let second = Source::new("second", b"/g https://g/\n", Format::Native);
    let loaded = load(&[first, second], OnBadLine::Skip);
    let problems = loaded.report.problems.iter().map(|bad| bad.to_string()).collect::<Vec<_>>();
    let want = "first:9: id= cannot be a default; write it in the line of a link";
    assert_eq!(problems, [want]);
    let lines: Vec<String> = loaded.table.unwrap().links().map(|it| it.to_string()).collect();
    let want = [
        "/a https://a/ 308 cache=5",
        "/b https://b/ 301 cache=6",
        "/c https://c/ 303 query=keep cache=5 nocase punctuation=ignore",
        "/d 410 cache=5 nocase punctuation=ignore",
        "/e/* https://e/ 303 cache=5",
        "/f https://f/ 308 cache=5",
        "/g https://g/",
    ];
    assert_eq!(lines, want);
}
