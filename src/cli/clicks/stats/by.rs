//! Counts by what was named.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::table::{Line, push_table};
use crate::clicks::{Breakdown, BreakdownPart, BreakdownRow, Facet, FacetOrder, FacetValue};
use crate::words::{counted, visible, visible_cell};

/// A table for people.
pub(super) fn text(
    breakdown: &Breakdown,
    part: &BreakdownPart<'_>,
    zone: &str,
    bars: bool,
) -> String {
    let title = |facet: &Facet| {
        let name = facet.name().replace('_', " ");
        if facet.is_of_time() { format!("{name} ({})", visible(zone)) } else { name }
    };
    let titles: Vec<_> = breakdown.facets().iter().map(title).collect();
    let mut lines: Vec<_> = part.rows.iter().map(line).collect();
    let is_timeline = titles.len() == 1 && breakdown.facets()[0].order() == FacetOrder::Time;
    if is_timeline {
        let name = breakdown.facets()[0].name();
        let before = Line::others(part.others, part.other_clicks, name);
        let before = before.map(|mut line| {
            if part.others.is_some() {
                line.cells[0] = line.cells[0].replace(')', " before)");
            }
            line
        });
        lines.splice(0..0, before);
    } else {
        lines.extend(Line::others(part.others, part.other_clicks, "other"));
    }
    let mut page = String::new();
    push_table(&mut page, &titles, &lines, bars);
    page
}

fn line(row: &BreakdownRow<'_>) -> Line {
    let cells = row.shown().map(|cell| visible(&cell).into_owned()).collect();
    Line { cells, count: row.count, has_bar: true }
}

/// What clicks are counted by.
pub(super) fn names(breakdown: &Breakdown) -> Vec<&'static str> {
    breakdown.facets().iter().map(|facet| facet.name()).collect()
}

/// Adds rows and what is beside them to a JSON object.
pub(super) fn add_rows(breakdown: &Breakdown, part: &BreakdownPart<'_>, counts: &mut Value) {
    counts["rows"] = part.rows.iter().map(object).collect();
    counts["others"] = part.other_clicks.into();
    counts["distinct"] = breakdown.distinct().into();
    counts["lacks_max"] = breakdown.lacks_max().into();
}

fn object(row: &BreakdownRow<'_>) -> Value {
    let values = row.values().map(|(name, value)| {
        let value = match value {
            FacetValue::Nothing => Value::Null,
            FacetValue::Flag(is_so) => is_so.into(),
            FacetValue::Number(number) => number.into(),
            FacetValue::Text(text) => text.into(),
        };
        (name.to_owned(), value)
    });
    let mut object: Map<_, _> = values.collect();
    object.insert("clicks".to_owned(), json!(row.count.clicks));
    object.insert("lacks_max".to_owned(), json!(row.count.lacks_max));
    object.into()
}

/// Writes a table with a header row.
pub(super) fn csv(
    breakdown: &Breakdown,
    part: &BreakdownPart<'_>,
    out: impl Write,
) -> anyhow::Result<()> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record(names(breakdown).into_iter().chain(["clicks", "lacks_max"]))?;
    for row in &part.rows {
        for (_, value) in row.values() {
            match value {
                FacetValue::Nothing => out.write_field("")?,
                FacetValue::Flag(is_so) => out.write_field(is_so.to_string())?,
                FacetValue::Number(number) => out.write_field(number.to_string())?,
                FacetValue::Text(text) => out.write_field(&*visible_cell(&text))?,
            }
        }
        out.write_field(row.count.clicks.to_string())?;
        out.write_field(row.count.lacks_max.to_string())?;
        out.write_record(None::<&[u8]>)?;
    }
    Ok(out.flush()?)
}

/// A sentence about the rows that a table of CSV does not have.
pub(super) fn left_out(part: &BreakdownPart<'_>) -> Option<String> {
    let rows = match part.others {
        Some(rows) => counted(rows, "more row"),
        None => "more rows than are counted one by one".to_owned(),
    };
    let clicks = counted(part.other_clicks, "click");
    (part.other_clicks > 0).then(|| format!("{rows}, with {clicks}, are not in the table"))
}
