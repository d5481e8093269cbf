//! What a running server answered, for people.

use serde_json::Value;

use crate::words::counted;

/// What is staged.
pub fn staged(answer: &Value) -> String {
    let left_out = match answer["left_out"].as_u64() {
        Some(count @ 1..) => format!(", {} left out", counted(count, "bad line")),
        _ => String::new(),
    };
    format!(
        "staged: {}{left_out}{}; `carom links diff` shows what `promote` will change\n",
        links(answer),
        over(answer)
    )
}

/// What was staged.
pub fn discarded(answer: &Value) -> String {
    format!("discarded: {}\n", links(answer))
}

/// Which generation is served.
pub fn serving(answer: &Value) -> String {
    format!("serving generation {}: {}{}\n", answer["generation"], links(answer), over(answer))
}

/// How many links were changed, and which were not there.
pub fn edited(answer: &Value) -> String {
    let changed = counted(answer["changed"].as_u64().unwrap_or_default(), "link");
    let mut text =
        format!("{changed} changed, serving generation {}{}\n", answer["generation"], over(answer));
    let absent: Vec<&str> = list(answer, "absent").iter().filter_map(Value::as_str).collect();
    match absent[..] {
        [] => {}
        [key] => text.push_str(&format!("there was no link {key}\n")),
        _ => text.push_str(&format!("there were no links {}\n", absent.join(", "))),
    }
    text
}

/// The changes in force: each key, what the files say and what answers.
pub fn changes(answer: &Value) -> String {
    let mut text = String::new();
    let shown = list(answer, "changes");
    for change in shown {
        let word = |name: &str| change[name].as_str();
        let key = word("key").unwrap_or_default();
        let made = match (word("who"), word("time")) {
            (Some(who), Some(time)) => {
                format!("{time}, generation {}, by {who}", change["generation"])
            }
            _ => "the journal does not tell by whom".to_owned(),
        };
        text.push_str(&format!("{key}  {made}\n"));
        let each = |sign: &str, lines: &str| {
            format!("  {sign} {}\n", lines.replace('\n', &format!("\n  {sign} ")))
        };
        text.push_str(&each("-", word("old").unwrap_or("no link in the files")));
        text.push_str(&each("+", word("new").unwrap_or("unset")));
    }
    let total = answer["total"].as_u64().unwrap_or_default();
    if let Some(more @ 1..) = total.checked_sub(shown.len() as u64) {
        text.push_str(&format!("… and {} (--limit)\n", counted(more, "more change")));
    }
    let generation = &answer["generation"];
    text + &format!("generation {generation}, {} over the files\n", counted(total, "change"))
}

fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().map_or(&[], Vec::as_slice)
}

/// Links of what is staged that changes hide, and how many.
fn hides(answer: &Value) -> String {
    let mut text = String::new();
    let shown = list(answer, "hides");
    for hidden in shown {
        let by = match hidden["by"].as_str() {
            Some(line) => format!("{line} was set"),
            None => "its key was unset".to_owned(),
        };
        let file = hidden["file"].as_str().unwrap_or_default();
        text.push_str(&format!("! {file}  # hidden: {by}\n"));
    }
    let count = answer["hidden"].as_u64().unwrap_or_default();
    if count == 0 {
        return text;
    }
    if count != shown.len() as u64 {
        text.push_str("… and more\n");
    }
    let (links, are) = (counted(count, "link"), if count == 1 { "is" } else { "are" });
    text + &format!(
        "{links} of the staged files {are} hidden by changes in force; `carom links reset KEY` \
         lets the files speak\n"
    )
}

/// Links that differ, and how many.
pub fn differences(answer: &Value) -> String {
    let lines = answer["lines"].as_array().map_or(&[][..], Vec::as_slice);
    let mut text: String =
        lines.iter().filter_map(Value::as_str).map(|line| format!("{line}\n")).collect();
    let count = |name: &str| answer[name].as_u64().unwrap_or_default();
    let (added, removed, changed) = (count("added"), count("removed"), count("changed"));
    if lines.len() as u64 != added + removed + changed {
        text.push_str("… and more\n");
    }
    text.push_str(&format!("{added} added, {removed} removed, {changed} changed\n"));
    text + &hides(answer)
}

/// One line for each generation, newest first.
pub fn generations(answer: &Value) -> String {
    let mut text = String::new();
    let generations = answer["generations"].as_array().map_or(&[][..], Vec::as_slice);
    for about in generations.iter().rev() {
        let word = |name: &str| about[name].as_str().unwrap_or_default().to_owned();
        let is_served = about["generation"] == answer["serving"];
        let from = about["from"].as_u64().map_or(String::new(), |from| format!(" to {from}"));
        let files = about["files"].as_array().map_or(&[][..], Vec::as_slice);
        let files: Vec<&str> = files.iter().filter_map(Value::as_str).collect();
        text.push_str(&format!(
            "{} {:>6}  {}  {:<12}  {:>15}{}  by {}  {}\n",
            if is_served { "*" } else { " " },
            about["generation"].as_u64().unwrap_or_default(),
            word("time"),
            word("how") + &from,
            links(about),
            over(about),
            word("who"),
            files.join(" ")
        ));
    }
    if let Some(links) = answer["staged"].as_u64() {
        text.push_str(&format!("  staged: {}\n", counted(links, "link")));
    }
    text
}

fn links(answer: &Value) -> String {
    counted(answer["links"].as_u64().unwrap_or_default(), "link")
}

fn over(answer: &Value) -> String {
    match answer["changes"].as_u64() {
        None | Some(0) => String::new(),
        Some(count) => format!(", {} over the files", counted(count, "change")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn generations_stand_in_columns() {
        let about = |generation: u64, links: u64, changes: u64| {
            json!({
                "generation": generation, "time": "2026-11-27T13:00:00Z", "how": "start",
                "links": links, "changes": changes, "who": "root", "files": ["a.txt"],
            })
        };
        let answer = json!({
            "generations": [about(1, 1, 0), about(2, 1_000, 1)], "serving": 2, "staged": 1,
        });
        assert_eq!(
            generations(&answer),
            "*      2  2026-11-27T13:00:00Z  start              1000 links, 1 change over the files  \
             by root  a.txt\n       \
             1  2026-11-27T13:00:00Z  start                  1 link  by root  a.txt\n  \
             staged: 1 link\n"
        );
    }
}
