//! Counts as one JSON object.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clicks::{ByValue, LinkKeys, Stats, Top, spell};

/// All counts, without what was read for them.
pub(super) fn all(stats: &Stats, rows: usize) -> Value {
    let time = |time_us| json!(to_time(time_us, "%FT%T%.6fZ"));
    let verdicts = stats.verdicts.iter().map(|(it, clicks)| (it.to_string(), json!(clicks)));
    let statuses = stats.statuses.iter().map(|(it, clicks)| (it.to_string(), json!(clicks)));
    let mut hours = stats.hours.most(usize::MAX);
    hours.sort_unstable_by_key(|(hour, _)| **hour);
    let hours = hours.into_iter().map(|(hour, count)| {
        json!({ "hour": stats.local.begin_for_programs(*hour), "clicks": count.clicks })
    });
    let mut counts = json!({
        "clicks": stats.clicks,
        "first": stats.span_us.map(|(first, _)| time(first)),
        "last": stats.span_us.map(|(_, last)| time(last)),
        "head": stats.head,
        "prefetch": stats.prefetch,
        "verdicts": verdicts.collect::<serde_json::Map<_, _>>(),
        "statuses": statuses.collect::<serde_json::Map<_, _>>(),
        "hours": hours.collect::<Vec<_>>(),
    });
    for column in &stats.columns {
        let (name, plural) = (column.name, column.counted.plural);
        counts[plural] = match &column.values {
            ByValue::Numbers { top, .. } => {
                let mut counts = top_to_json(top, rows, name, |&link| to_link(link));
                name_links(&mut counts, top, rows, &stats.keys);
                counts
            }
            ByValue::Texts { top, .. } => top_to_json(top, rows, name, |bytes| {
                (!bytes.is_empty()).then(|| spell(bytes).into_owned())
            }),
        };
    }
    counts
}

/// Adds to each row of a count of links what the link is called, where that is known.
fn name_links(counts: &mut Value, top: &Top<u64>, rows: usize, keys: &LinkKeys) {
    let Some(named) = counts["top"].as_array_mut() else { return };
    for (row, (link, _)) in named.iter_mut().zip(top.most(rows)) {
        if let Some(key) = keys.get(*link) {
            row["key"] = spell(key).into();
        }
    }
}

fn top_to_json<K: Eq + std::hash::Hash + Ord>(
    top: &Top<K>,
    rows: usize,
    name: &str,
    show: impl Fn(&K) -> Option<String>,
) -> Value {
    let most = top.most(rows);
    let shown: u64 = most.iter().map(|(_, count)| count.clicks).sum();
    let rows = most.into_iter().map(|(key, count)| {
        json!({ name: show(key), "clicks": count.clicks, "lacks_max": count.lacks_max })
    });
    json!({
        "top": rows.collect::<Vec<_>>(),
        "others": top.clicks() - shown,
        "distinct": top.distinct(),
        "lacks_max": top.lacks_max(),
    })
}

/// A link as clicks show it.
fn to_link(link: u64) -> Option<String> {
    (link != 0).then(|| format!("{link:016x}"))
}

/// A time in UTC; the latest that has a name, if it has none.
fn to_time(time_us: u64, format: &str) -> String {
    let time = i64::try_from(time_us).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
    time.unwrap_or(Timestamp::MAX).strftime(format).to_string()
}
