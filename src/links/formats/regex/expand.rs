//! An expression written out: every way through its alternatives and through what
//! may be left out, in the order in which nginx tries them.

use super::parse::{Item, Parsed, Piece};

/// A step of one way through an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Atom {
    Literal(u8),
    /// `.` for a dot, which was not escaped.
    Dot,
    /// `.*`, or `.+` if `filled`.
    Rest {
        filled: bool,
    },
    /// `[^/]+`, or something narrower.
    Segment {
        exact: bool,
        /// Whether a `?` ends it, too.
        no_query: bool,
    },
    Start,
    End,
    Open(usize),
    Close(usize),
}

/// One way through it.
pub(super) type Way = Vec<Atom>;

/// Ways that are followed; more are refused.
const WAYS_MAX: usize = 64;
/// A class of so few bytes is written out.
const CLASS_MAX: usize = 12;

/// All ways through an expression; `loose`: what is narrower than a segment is taken for
/// one, to show what comes nearest.
///
/// # Errors
/// What no key can come of, as the end of a sentence.
pub(super) fn ways(parsed: &Parsed, loose: bool) -> Result<Vec<Way>, String> {
    any_of(&parsed.alternatives, loose)
}

fn any_of(alternatives: &[Vec<Item>], loose: bool) -> Result<Vec<Way>, String> {
    let mut all = Vec::new();
    for items in alternatives {
        all.extend(in_a_row(items, loose)?);
    }
    bounded(all)
}

fn in_a_row(items: &[Item], loose: bool) -> Result<Vec<Way>, String> {
    let mut all: Vec<Way> = vec![Vec::new()];
    for (at, item) in items.iter().enumerate() {
        let next = item_ways(item, items.get(at + 1), loose)?;
        let joined = all.iter().flat_map(|before| {
            next.iter().map(|after| before.iter().chain(after).copied().collect::<Way>())
        });
        all = bounded(joined.collect())?;
    }
    Ok(all)
}

fn bounded(ways: Vec<Way>) -> Result<Vec<Way>, String> {
    match ways.len() > WAYS_MAX {
        true => Err(format!("stands for more than {WAYS_MAX} keys")),
        false => Ok(ways),
    }
}

fn item_ways(item: &Item, next: Option<&Item>, loose: bool) -> Result<Vec<Way>, String> {
    let Item { piece, least, most } = item;
    match (piece, least, most) {
        (Piece::Any, 0 | 1, None) => return Ok(vec![vec![Atom::Rest { filled: *least == 1 }]]),
        (Piece::Class(set), _, most) if *most != Some(1) => {
            return class_ways(set, *least, *most, loose);
        }
        (Piece::Any, 1, Some(1)) => return Ok(vec![vec![Atom::Dot]]),
        (_, _, None) => return Err(format!("has a `{}`", if *least == 0 { '*' } else { '+' })),
        _ => {}
    }
    let once = match piece {
        Piece::Byte(byte) => vec![vec![Atom::Literal(*byte)]],
        Piece::Any => return Err("has a `.` that may be left out".to_owned()),
        Piece::Start => vec![vec![Atom::Start]],
        Piece::End => vec![vec![Atom::End]],
        Piece::Class(set) => class_once(set, next, loose)?,
        Piece::Group { capture, alternatives } => {
            let mut ways = any_of(alternatives, loose)?;
            if let Some(capture) = capture {
                for way in &mut ways {
                    way.insert(0, Atom::Open(*capture));
                    way.push(Atom::Close(*capture));
                }
            }
            ways
        }
    };
    // Greedy: as often as can be comes first.
    let mut all = Vec::new();
    for times in (*least..=most.unwrap_or(*least)).rev() {
        let mut ways: Vec<Way> = vec![Vec::new()];
        for _ in 0..times {
            let joined = ways.iter().flat_map(|before| {
                once.iter().map(|after| before.iter().chain(after).copied().collect::<Way>())
            });
            ways = bounded(joined.collect())?;
        }
        all.extend(ways);
    }
    bounded(all)
}

/// A class that stands there several times.
fn class_ways(
    set: &[bool; 256],
    least: u32,
    most: Option<u32>,
    loose: bool,
) -> Result<Vec<Way>, String> {
    let has = |byte: u8| set[usize::from(byte)];
    let visible = (0x21..=0xffu8).filter(|&byte| byte != b'/' && byte != b'?' && byte != 0x7f);
    let is_all = visible.clone().all(has) && !has(b'/');
    let segment = |exact| vec![vec![Atom::Segment { exact, no_query: !has(b'?') }]];
    if most.is_none() && is_all {
        return match least {
            1 => Ok(segment(true)),
            _ if loose => Ok(segment(false)),
            _ => Err("has a segment that may be empty".to_owned()),
        };
    }
    if loose && !has(b'/') {
        return Ok(segment(false));
    }
    Err("asks which characters a segment has".to_owned())
}

/// A class that stands there once.
fn class_once(set: &[bool; 256], next: Option<&Item>, loose: bool) -> Result<Vec<Way>, String> {
    let bytes: Vec<u8> = (0..=255u8).filter(|&byte| set[usize::from(byte)]).collect();
    if bytes.len() <= CLASS_MAX {
        return Ok(bytes.into_iter().map(|byte| vec![Atom::Literal(byte)]).collect());
    }
    let is_whole = next.is_none_or(|next| matches!(next.piece, Piece::End | Piece::Byte(b'/')));
    if loose && is_whole && !set[usize::from(b'/')] {
        return Ok(vec![vec![Atom::Segment { exact: false, no_query: true }]]);
    }
    Err("has a `[` for more characters than can be written out".to_owned())
}
