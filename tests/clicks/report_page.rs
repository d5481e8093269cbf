//! `carom clicks report`: one page that needs nothing beside it, whatever visitors sent.

use std::fs;
use std::path::Path;

use carom::clicks::{Click, Verdict};

use crate::common::ledger::{click, folder_of};
use crate::common::{Ran, carom};

fn report(dir: &Path, arguments: &[&str]) -> Ran {
    let command = ["clicks", "report", dir.to_str().unwrap(), "-o", "-"];
    carom([&command, arguments].concat())
}

/// Clicks of two days: three redirects, one that is gone, one of no link.
fn few() -> tempfile::TempDir {
    let unknown = Click { link: 0, status: 404, verdict: Verdict::UNKNOWN, ..click(90_000) };
    let gone = Click { status: 410, verdict: Verdict::GONE, ..click(90_001) };
    let hostile = Click {
        referer: b"https://<script>alert(1)</script>\x1b[2J\xff\xe2\x80\xae/",
        user_agent: b"\"><img src=x onerror=alert(2)>",
        tag: b"<b>&'",
        ..click(1)
    };
    folder_of([click(0), hostile, click(2), unknown, gone])
}

/// What stands in the element that begins with `begin`, up to `end`.
fn within<'p>(page: &'p str, begin: &str, end: &str) -> &'p str {
    let (_, rest) = page.split_once(begin).unwrap_or_else(|| panic!("no {begin} in {page}"));
    rest.split_once(end).unwrap().0
}

#[test]
fn totals_and_tables() {
    let ran = report(few().path(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err, "carom: 5 clicks in 1 segment; nothing is missing\n");
    let page = &ran.out;
    for (name, clicks) in
        [("clicks", 5), ("redirects", 3), ("unknown", 1), ("gone", 1), ("lost", 0)]
    {
        assert!(page.contains(&format!("<b>{clicks}</b> <span>{name}</span>")), "{name}: {page}");
    }
    let statuses = within(page, "<h2>Statuses</h2>", "</section>");
    let rows = ["<span>302</span>", "<span>404</span>", "<span>410</span>", ">60.0 %<"];
    assert!(rows.iter().all(|row| statuses.contains(row)), "{statuses}");
    let sites = within(page, "<h2>Sites that visitors came from</h2>", "</section>");
    assert!(sites.contains("<span>news.example</span>"), "{sites}");
    // Clicks per hour, with those that have none: from 08 to 09 of the next day.
    let chart = within(page, "<h2>Clicks per hour (UTC)</h2>", "</section>");
    assert_eq!(chart.matches("<rect ").count(), 26, "{chart}");
    assert!(chart.contains("<title>2025-11-22 08:00: 3</title>"), "{chart}");
    assert!(page.contains("nothing is missing"), "{page}");
}

#[test]
fn nothing_that_visitors_sent_is_markup() {
    let page = report(few().path(), &[]).out;
    assert!(
        !page.contains("<script") && !page.contains("<img") && !page.contains("<b>&'"),
        "{page}"
    );
    assert!(page.contains("&lt;b&gt;&amp;&#39;"), "{page}");
    assert!(page.contains("<span>&lt;script&gt;alert(1)&lt;</span>"), "{page}");
    let is_hidden = |character: char| character.is_control() && character != '\n';
    assert!(!page.contains(|it| is_hidden(it) || it == '\u{202e}'), "{page}");
    let named = report(few().path(), &["--tag", "<b>&'"]).out;
    assert!(named.contains("<br>only tag &lt;b&gt;&amp;&#39;"), "{named}");
}

#[test]
fn it_needs_nothing_beside_it() {
    let page = report(few().path(), &[]).out;
    for word in ["src=", "href=", "url(", "@import", "http-equiv=\"refresh\"", "<link", "<form"] {
        assert!(!page.contains(word), "{word}: {page}");
    }
    assert!(page.contains("default-src 'none'") && page.contains("prefers-color-scheme: dark"));
    // What is opened is closed.
    for name in ["section", "table", "tr", "td", "svg", "div", "main", "body", "html", "h2", "ul"] {
        let (open, closed) = (format!("<{name}"), format!("</{name}>"));
        let opened =
            page.matches(&*format!("{open} ")).count() + page.matches(&*format!("{open}>")).count();
        assert_eq!(opened, page.matches(&*closed).count(), "{name}");
    }
}

#[test]
fn days_of_a_zone_and_a_part_of_the_time() {
    let dir = folder_of((0..9).map(|day| click(day * 86_400)));
    let page = report(dir.path(), &["--tz", "Asia/Tokyo", "--since", "2025-11-24"]).out;
    let chart = within(&page, "<h2>Clicks per day (Asia/Tokyo)</h2>", "</section>");
    assert_eq!(chart.matches("<rect ").count(), 7, "{chart}");
    assert!(page.contains("from 2025-11-24 17:26:40 +09:00"), "{page}");
    assert!(page.contains("only since 2025-11-24 00:00:00 +09:00"), "{page}");
}

#[test]
fn minutes_of_a_short_time() {
    let dir = folder_of((0..9).map(|step| click(step * 150)));
    let page = report(dir.path(), &[]).out;
    let chart = within(&page, "<h2>Clicks per minute (UTC)</h2>", "</section>");
    assert_eq!(chart.matches("<rect ").count(), 21, "{chart}");
    assert!(chart.contains("<title>2025-11-22 08:26: 1</title>"), "{chart}");
}

#[test]
fn no_clicks_at_all() {
    let ran = report(few().path(), &["--since", "2026-01-01"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("There are no clicks.") && ran.out.contains("None is recorded."));
}

#[test]
fn what_is_missing_is_said_on_the_page() {
    let dir = folder_of((0..2_000).map(click));
    let segment = carom::clicks::folder::list(dir.path()).unwrap().swap_remove(1).path;
    fs::remove_file(segment).unwrap();
    let ran = report(dir.path(), &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let whole = within(&ran.out, "<section class=\"whole bad\">", "</section>");
    assert!(whole.contains(" clicks missing, 1 segment gone"), "{whole}");
    assert!(whole.contains("<li>") && whole.contains("it is gone, and carom did not"), "{whole}");
    assert!(ran.err.contains("it is gone, and carom did not"), "{ran:?}");
}

#[test]
fn a_file_is_put_in_place_whole() {
    let (dir, place) = (few(), tempfile::tempdir().unwrap());
    let path = place.path().join("report.html");
    fs::write(&path, "old").unwrap();
    let of = |dir: &Path, path: &Path| {
        carom(["clicks", "report", dir.to_str().unwrap(), "-o", path.to_str().unwrap()])
    };
    let ran = of(&dir.path().join("none"), &path);
    assert!(ran.code == Some(2) && ran.err.contains("cannot read"), "{ran:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    let ran = of(dir.path(), &path);
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{ran:?}");
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>\n") && page.ends_with("</html>\n"), "{page}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    let ran = of(dir.path(), place.path());
    assert!(ran.code == Some(2) && ran.err.contains("is a folder; name a file in it"), "{ran:?}");
    let ran = of(dir.path(), &place.path().join("none/report.html"));
    assert!(ran.code == Some(2) && ran.err.contains("cannot create"), "{ran:?}");
}
