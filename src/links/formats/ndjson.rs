//! A JSON object a line (NDJSON). Fields go by the names of CSV columns, or as an
//! operator says; others are ignored.

use serde_json::{Map, Value};

use super::cells::{self, Cells, Field, PLAIN, named, spell};
use super::columns::WhichColumn;
use super::json::{READ, looks};
use super::plain;
use super::row::Line;
use super::source::Help;

pub(super) fn read(text: &[u8], help: &Help<'_>, take: &mut impl FnMut(u32, Line<'_>)) {
    let columns = help.columns;
    let numbered = columns.is_some_and(|columns| {
        columns.wishes().any(|(_, place)| matches!(place, WhichColumn::Numbered(_)))
    });
    if numbered {
        let message = "the fields of an object have no numbers; name them in --columns";
        return take(1, Line::Refused(message.to_owned()));
    }
    let field = |name: &str| match columns {
        None => named(PLAIN, name),
        Some(columns) => {
            let is =
                |place: &WhichColumn| matches!(place, WhichColumn::Named(wanted) if wanted == name);
            let wished = columns.wishes().find(|(_, place)| is(place)).map(|(field, _)| field);
            wished.or_else(|| named(PLAIN, name).filter(|field| field.is_condition()))
        }
    };
    rows(text, &field, &mut |line, row| match row {
        Ok(cells) => plain::plain(cells, help, &mut |written| take(line, written)),
        Err(message) => take(line, Line::Refused(message)),
    });
}

/// Hands the cells of every line that is not blank to `take`, or why they cannot
/// be had. `field` tells what a field of this name, spelled, means.
pub(super) fn rows(
    text: &[u8],
    field: &dyn Fn(&str) -> Option<Field>,
    take: &mut impl FnMut(u32, Result<&Cells<'_>, String>),
) {
    let mut found = Vec::new();
    for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        found.clear();
        let number = at as u32 + 1;
        match read_line(line, field, &mut found) {
            Err(message) => take(number, Err(message)),
            Ok(()) => {
                let mut cells = Cells::default();
                for (field, text) in &found {
                    cells.put(*field, cells::trim(text.as_bytes()));
                }
                take(number, Ok(&cells));
            }
        }
    }
}

fn read_line(
    line: &[u8],
    field: &dyn Fn(&str) -> Option<Field>,
    found: &mut Vec<(Field, String)>,
) -> Result<(), String> {
    if line.first() != Some(&b'{') {
        return Err("the line is no JSON object; write one object a line".to_owned());
    }
    let object: Map<String, Value> = serde_json::from_slice(line).map_err(|error| {
        if has_several(line) {
            return "the line has several objects; write each on a line of its own, or all in a list \
                    with brackets around it"
                .to_owned();
        }
        format!("not readable as JSON: {}", without_place(&error))
    })?;
    take_fields(&object, field, found)?;
    if found.is_empty() {
        let object = Value::Object(object);
        return Err(format!("the line is {}, and nothing in it is known; {READ}", looks(&object)));
    }
    // Shlink keeps a link's time in an object of its own.
    match object.get("meta") {
        Some(Value::Object(meta)) => take_fields(meta, field, found),
        _ => Ok(()),
    }
}

/// Whether objects stand one behind the other, with a comma between them or without.
fn has_several(line: &[u8]) -> bool {
    let mut objects = serde_json::Deserializer::from_slice(line).into_iter::<Map<String, Value>>();
    let is_first = objects.next().is_some_and(|first| first.is_ok());
    let rest = line.get(objects.byte_offset()..).unwrap_or_default().trim_ascii_start();
    let rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
    is_first && rest.first() == Some(&b'{')
}

fn take_fields(
    object: &Map<String, Value>,
    field: &dyn Fn(&str) -> Option<Field>,
    found: &mut Vec<(Field, String)>,
) -> Result<(), String> {
    for (name, value) in object {
        let Some(field) = field(&spell(name)) else { continue };
        if *value == Value::Null {
            continue;
        }
        if found.iter().any(|(other, _)| *other == field) {
            return Err(format!(
                "the object has two fields for the {}, one of them `{name}`; leave one out",
                field.word()
            ));
        }
        let text = text_of(value, field).ok_or_else(|| {
            format!("`{name}` is {}; write the {} as text", kind(value), field.word())
        })?;
        found.push((field, text));
    }
    Ok(())
}

/// A value as a cell would have it: numbers where a number can stand, lists where
/// there can be several.
fn text_of(value: &Value, field: Field) -> Option<String> {
    match (value, field) {
        (Value::String(text), _) if !text.contains('\n') => Some(text.clone()),
        (
            Value::Number(number),
            Field::Status | Field::Cache | Field::Id | Field::VisitsMax | Field::Tag | Field::Code,
        ) => Some(number.to_string()),
        (
            Value::Bool(is_set),
            Field::Nocase
            | Field::Query
            | Field::Regex
            | Field::Enabled
            | Field::Disabled
            | Field::Permanent
            | Field::CaseSensitive
            | Field::ForwardsQuery
            | Field::HasRules,
        ) => Some(is_set.to_string()),
        (Value::Number(_) | Value::Array(_) | Value::Object(_), condition)
            if condition.is_told_whole() =>
        {
            Some(value.to_string())
        }
        (Value::Array(list), Field::Tag | Field::Custom) => {
            // Dub's tags are objects.
            let named = list.iter().map(|item| item.get("name").unwrap_or(item));
            let texts: Option<Vec<&str>> = named.map(Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text of several lines",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Every object is a line for itself, so its place would mislead.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => format!("{} at column {}", &text[..at], error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests;
