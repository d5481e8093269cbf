//! Lines of one key, read as a file has them.

use crate::links::{Format, Help, OnBadLine, PlaceNames, Report, Source, load};

fn read(text: &str, on_bad: OnBadLine) -> (Option<Vec<String>>, Report) {
    let names = PlaceNames { countries: true, lists: vec!["hosting".to_owned()] };
    let help = Help { places: Some(&names), ..Help::default() };
    let source = Source { help, ..Source::new("f", text.as_bytes(), Format::Native) };
    let loaded = load(&[source], on_bad);
    let lines = |link: String| link.lines().map(str::to_owned).collect::<Vec<_>>();
    let table = loaded
        .table
        .map(|table| table.links().flat_map(|link| lines(link.to_string())).collect::<Vec<_>>());
    (table, loaded.report)
}

/// The lines are taken, and written again as they are.
#[track_caller]
fn kept(text: &str) {
    let (lines, report) = read(text, OnBadLine::Refuse);
    let lines = lines.unwrap_or_else(|| panic!("{text}\n{report}"));
    assert_eq!(lines.join("\n"), text.trim_end());
}

/// The lines become these.
#[track_caller]
fn becomes(text: &str, want: &str) {
    let (lines, report) = read(text, OnBadLine::Refuse);
    let lines = lines.unwrap_or_else(|| panic!("{text}\n{report}"));
    assert_eq!(lines.join("\n"), want);
}

/// This is said of the lines that are wrong, by line.
#[track_caller]
fn wrong(text: &str, want: &[(u32, &str)]) {
    let (_, report) = read(text, OnBadLine::Refuse);
    let said: Vec<_> = report.problems.iter().map(|it| (it.line, it.message.as_str())).collect();
    let is_so = said.len() == want.len()
        && said.iter().zip(want).all(|(said, want)| said.0 == want.0 && said.1.contains(want.1));
    assert!(is_so, "{text}\n{said:#?}");
}

/// This is noted, and nothing is wrong.
#[track_caller]
fn noted(text: &str, want: &[(u32, &str)]) {
    let (lines, report) = read(text, OnBadLine::Refuse);
    assert!(lines.is_some(), "{text}\n{report}");
    let said: Vec<_> = report.notes.iter().map(|it| (it.line, it.message.as_str())).collect();
    let is_so = said.len() == want.len()
        && said.iter().zip(want).all(|(said, want)| said.0 == want.0 && said.1.contains(want.1));
    assert!(is_so, "{text}\n{said:#?}");
}

#[test]
fn rules_are_kept_as_they_are_written() {
    kept("/a https://a.example/ Device=ios\n/a https://b.example/\n");
    kept("/a https://a.example/ weight=70 sticky=ip\n/a https://b.example/ weight=30\n");
    kept("/a https://a.example/ Time=22:00-06:00 Day=fri,sat tz=Europe/Berlin\n/a https://b/\n");
    kept("/a https://a.example/ else=https://over.example/ cap=5/day\n");
    kept("/a https://a.example/ Query.src=mail Referer=*\n/a https://b.example/ 307\n");
    kept("/p/* https://a.example/:splat IP=192.0.2.0/24,2001:db8::/32\n/p/* 410\n");
    kept(
        "/a https://a.example/ Country=AT,CH,DE Net=hosting\n/a https://b.example/\n/b https://c/\n",
    );
}

#[test]
fn one_way_of_writing_is_kept() {
    becomes(
        "/a https://a/ Language=DE-at,de Country!=ru,by,RU\n/a https://b/\n",
        "/a https://a/ Language=de,de-at Country!=BY,RU\n/a https://b/",
    );
    becomes(
        "/A https://a/ Device=desktop nocase\n/A https://b/\n",
        "/a https://a/ nocase Device=windows,macos,linux,chromeos\n/a https://b/ nocase",
    );
    becomes(
        "/a https://a/ Device=ios id=7\n/a https://b/ id=7\n",
        "/a https://a/ id=7 Device=ios\n/a https://b/",
    );
}

#[test]
fn lines_stand_together() {
    wrong("/a https://a/\n/a https://b/ Device=ios\n", &[(2, "/a is already defined at f:1")]);
    wrong(
        "/a https://a/ Device=ios\n/b https://b/\n/a https://c/\n",
        &[(3, "/a is already defined at f:1; put the lines of one key together")],
    );
    wrong(
        "/a https://a/ Device=ios\n/a https://b/\n/a https://c/ Device=android\n",
        &[
            (1, "another line of /a is wrong"),
            (2, "another line of /a is wrong"),
            (3, "/a never gets here: line 2 answers everybody"),
        ],
    );
    let many: String = (0..65).map(|at| format!("/a https://a/ Query.n={at}\n")).collect();
    let (_, report) = read(&many, OnBadLine::Refuse);
    assert!(report.problems.iter().any(|it| it.message.contains("more than 64 lines")));
}

#[test]
fn a_key_with_a_bad_line_is_left_out_whole() {
    let text =
        "/a https://a/ Device=ios\n/a nowhere Device=android\n/a https://c/\n/b https://b/\n";
    let (lines, report) = read(text, OnBadLine::Skip);
    assert_eq!(lines.unwrap(), ["/b https://b/"]);
    assert_eq!(report.links(), 1);
    assert_eq!(report.problems.len(), 3);
    // Also where the first one is.
    let text = "/a nowhere Device=ios\n/a https://c/\n/b https://b/\n";
    assert_eq!(read(text, OnBadLine::Skip).0.unwrap(), ["/b https://b/"]);
}

#[test]
fn splits_are_whole() {
    let pair =
        |first: &str, second: &str| format!("/a https://a/ {first}\n/a https://b/ {second}\n");
    wrong(&pair("weight=1", ""), &[(1, "weight= stands alone"), (2, "line 1 of /a is wrong")]);
    wrong(&pair("weight=0", "weight=0"), &[(1, "are 0"), (2, "line 1 of /a is wrong")]);
    wrong(
        &pair("weight=1 sticky=ip", "weight=1 sticky=off"),
        &[(1, "line 2 of /a is wrong"), (2, "sticky=off differs")],
    );
    wrong(
        &pair("weight=1 Device=ios", "weight=1"),
        &[(1, "weight= stands alone"), (2, "weight= stands alone")],
    );
    wrong(&pair("weight=1 cache=5", "weight=1"), &[(1, "asks no rule"), (2, "line 1 of /a")]);
    wrong("/a https://a/ sticky=ip\n", &[(1, "sticky= needs a weight=")]);
    wrong("/a https://a/ weight=-1\n", &[(1, "weight=-1 is not a number up to 1000000")]);
}

#[test]
fn what_is_not_known_is_said() {
    let one = |rule: &str, want: &str| wrong(&format!("/a https://a/ {rule}\n"), &[(1, want)]);
    one(
        "Net=unknown",
        "there is no list unknown; give it with --list unknown=FILE, or write one of hosting",
    );
    one("Country=UK", "GB");
    one("Device=nokia", "nokia");
    one("IP=10.0.0.1/8", "write 10.0.0.0/8");
    one("country=de", "country= is written Country=");
    one("Time=25:00-26:00", "no range of hours");
    one("Day=someday", "someday");
    one("tz=Europe/Berlin", "tz= needs a Time=");
    one("Device=ios cap=5/day cap=6/day", "cap= is there twice");
    wrong("/a 410 cap=5/day Device=ios\n", &[(1, "cap= says nothing of a 410")]);
    one("Role=admin", "Role= is no condition here");
    one("else=https://b/", "else= needs a from=, an until= or a cap=");
    let names = PlaceNames::default();
    let help = Help { places: Some(&names), ..Help::default() };
    let source = Source { help, ..Source::new("f", b"/a https://a/ Country=DE\n", Format::Native) };
    let report = load(&[source], OnBadLine::Refuse).report;
    assert!(report.problems[0].message.contains("--geo"), "{report}");
}

#[test]
fn what_may_not_be_meant_is_noted() {
    noted("/a https://a/ Device=ios\n", &[(1, "as if it were not there")]);
    noted("/a https://a/ 301 Device=ios\n/a https://b/\n", &[(1, "browsers remember a 301")]);
    noted(
        "/a https://a/ Device=ios\n/a https://b/ Device=ios Language=de\n/a https://c/\n",
        &[(2, "answered by line 1")],
    );
    noted("/a https://a/ Device=ios cap=1/day\n/a https://b/ Device=ios\n/a https://c/\n", &[]);
    noted("/a https://a/ until=2030-01-01T00:00:00Z\n/a https://b/\n", &[]);
}
