//! The page of a report: it needs nothing beside it and runs nothing.

use std::fmt::Write;

use jiff::Timestamp;

use super::chart::push_chart;
use super::counts::ReportCounts;
use super::html::{escaped, grouped, share};
use crate::clicks::{Breakdown, BreakdownRow, LocalTime};
use crate::words::counted;

const STYLE: &str = include_str!("style.css");

/// Sentences about what is wrong that a page has at most.
const NOTES_MAX: usize = 100;

/// What stands above the counts.
pub(super) struct Heading {
    /// The folders that were read.
    pub(super) paths: String,
    /// When it was made.
    pub(super) made: Timestamp,
    /// The zone that times are of.
    pub(super) zone: String,
    /// Which clicks are counted; empty for all.
    pub(super) filter: String,
}

/// The page, with so many rows in each table.
pub(super) fn page(
    heading: &Heading,
    counts: &ReportCounts,
    local: &LocalTime,
    rows: usize,
) -> String {
    let mut page = String::new();
    push_head(&mut page, heading, counts, local);
    push_totals(&mut page, counts);
    push_whole(&mut page, counts);
    push_timeline(&mut page, counts, &heading.zone);
    page.push_str("<div class=\"tables\">\n");
    for (title, table) in &counts.tables {
        push_table(&mut page, title, table, rows);
    }
    page.push_str("</div>\n");
    let made = local.second_for_people(u64::try_from(heading.made.as_microsecond()).unwrap_or(0));
    put(
        &mut page,
        format_args!(
            "<footer>Made {} by carom {}. Times are those of {}.</footer>\n</main>\n</body>\n</html>\n",
            escaped(&made),
            env!("CARGO_PKG_VERSION"),
            escaped(&heading.zone)
        ),
    );
    page
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a string takes anything");
}

fn push_head(page: &mut String, heading: &Heading, counts: &ReportCounts, local: &LocalTime) {
    // The policy keeps a browser from running or loading anything, whatever stands there.
    put(
        page,
        format_args!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>Clicks: {paths}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>Clicks</h1>\n<p class=\"about\">{paths}",
            paths = escaped(&heading.paths)
        ),
    );
    if let Some((first, last)) = counts.span_us {
        let time = |time_us| escaped(&local.second_for_people(time_us));
        put(page, format_args!("<br>from {} to {}", time(first), time(last)));
    }
    if !heading.filter.is_empty() {
        put(page, format_args!("<br>only {}", escaped(&heading.filter)));
    }
    page.push_str("</p>\n");
}

fn push_totals(page: &mut String, counts: &ReportCounts) {
    let tally = &counts.read.tally;
    let figures = [
        ("clicks", counts.read.taken, "all that are counted here"),
        ("redirects", counts.verdict("redirect"), "sent to a target"),
        ("unknown", counts.verdict("unknown"), "no such link (404)"),
        ("gone", counts.verdict("gone"), "links without a target (410)"),
        ("lost", tally.lost, "answered, and the click log had no room"),
        ("missing", tally.missing, "recorded, and not there any more"),
        ("undelivered", tally.undelivered, "recorded, and the reply did not leave"),
    ];
    page.push_str("<section class=\"figures\">\n");
    for (name, count, about) in figures {
        let bad = count > 0 && matches!(name, "lost" | "missing");
        put(
            page,
            format_args!(
                "<div class=\"figure{}\"><b>{}</b> <span>{name}</span><small>{about}</small></div>\n",
                if bad { " bad" } else { "" },
                grouped(count)
            ),
        );
    }
    page.push_str("</section>\n");
}

/// Whether all that was answered is there.
fn push_whole(page: &mut String, counts: &ReportCounts) {
    let (tally, notes) = (&counts.read.tally, &counts.read.notes);
    let class = if tally.is_whole() { "whole" } else { "whole bad" };
    put(
        page,
        format_args!("<section class=\"{class}\">\n<p>Read: {}.", escaped(&tally.to_string())),
    );
    if counts.read.taken < tally.clicks && tally.lost + tally.missing + tally.undelivered > 0 {
        page.push_str(
            " What is lost, missing or undelivered is that of all clicks that were read.",
        );
    }
    page.push_str("</p>\n");
    if !notes.is_empty() {
        page.push_str("<ul>\n");
        for note in notes.iter().take(NOTES_MAX) {
            put(page, format_args!("<li>{}</li>\n", escaped(note)));
        }
        if notes.len() > NOTES_MAX {
            let more = counted(notes.len() - NOTES_MAX, "more finding");
            put(
                page,
                format_args!(
                    "<li>{more}; <code>carom clicks verify --all</code> tells them</li>\n"
                ),
            );
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</section>\n");
}

fn push_timeline(page: &mut String, counts: &ReportCounts, zone: &str) {
    let (unit, points, before) = counts.timeline();
    let title = format!("Clicks per {unit} ({zone})");
    put(page, format_args!("<section class=\"card\">\n<h2>{}</h2>\n", escaped(&title)));
    if points.is_empty() {
        page.push_str("<p class=\"none\">There are no clicks.</p>\n");
    } else {
        push_chart(page, &title, &points);
    }
    if before > 0 {
        let before = counted(before, "click");
        put(
            page,
            format_args!("<p class=\"none\">{before} before that are not in the picture.</p>\n"),
        );
    }
    page.push_str("</section>\n");
}

fn push_table(page: &mut String, title: &str, table: &Breakdown, rows: usize) {
    let part = table.part(rows);
    let has_values = part.rows.iter().any(|row| row.shown().any(|value| value != NONE));
    put(page, format_args!("<section class=\"card\">\n<h2>{}</h2>\n", escaped(title)));
    if !has_values {
        page.push_str("<p class=\"none\">None is recorded.</p>\n</section>\n");
        return;
    }
    let most = part.rows.iter().map(|row| row.count.clicks).max().unwrap_or(0);
    let all = table.clicks();
    page.push_str("<table>\n");
    for row in &part.rows {
        push_row(page, row, most, all);
    }
    if part.other_clicks > 0 {
        let name = match part.others {
            Some(others) => counted(others, "other"),
            None => "others, more than are counted one by one".to_owned(),
        };
        put(
            page,
            format_args!(
                "<tr class=\"others\"><td>{name}</td><td class=\"number\">{}</td>\
                 <td class=\"share\">{}</td></tr>\n",
                grouped(part.other_clicks),
                share(part.other_clicks, all)
            ),
        );
    }
    page.push_str("</table>\n</section>\n");
}

/// How people are told that there is no value.
const NONE: &str = "(none)";

fn push_row(page: &mut String, row: &BreakdownRow<'_>, most: u64, all: u64) {
    let name = row.shown().collect::<Vec<_>>().join(" ");
    let class = if name == NONE { " class=\"others\"" } else { "" };
    let clicks = row.count.clicks;
    let percent = clicks as f64 * 100.0 / most.max(1) as f64;
    let lacks = match row.count.lacks_max {
        0 => String::new(),
        more => format!(" <small>(up to {} more)</small>", grouped(more)),
    };
    put(
        page,
        format_args!(
            "<tr{class}><td><span>{}</span>{lacks}<i style=\"width:{percent:.1}%\"></i></td>\
             <td class=\"number\">{}</td><td class=\"share\">{}</td></tr>\n",
            escaped(&name),
            grouped(clicks),
            share(clicks, all)
        ),
    );
}
