//! An expression tried on a host that is known.

use super::expand::{Atom, Way};

/// What each capture is if one of these ways matches all of a host; `None` if none
/// does.
///
/// # Errors
/// If a way holds what is not tried here.
pub(super) fn captures(
    ways: &[Way],
    host: &[u8],
    count: usize,
    any_case: bool,
) -> Result<Option<Vec<Vec<u8>>>, String> {
    for way in ways {
        if let Some(spans) = spans(way, host, any_case)? {
            let mut all = vec![Vec::new(); count];
            for (capture, begun, ended) in spans {
                all[capture] = host[begun..ended].to_vec();
            }
            return Ok(Some(all));
        }
    }
    Ok(None)
}

/// A capture, and where it begins and ends.
type Span = (usize, usize, usize);

/// Where the captures of a way begin and end.
fn spans(way: &Way, host: &[u8], any_case: bool) -> Result<Option<Vec<Span>>, String> {
    let is_text = |atom: &&Atom| matches!(atom, Atom::Literal(_) | Atom::Dot);
    let rests = way.iter().filter(|atom| matches!(atom, Atom::Rest { .. })).count();
    let ends = rests == 1 || way.contains(&Atom::End);
    if way.first() != Some(&Atom::Start) || rests > 1 {
        return Err("is more than can be tried on a host".to_owned());
    }
    let texts = way.iter().filter(is_text).count();
    let Some(left) = host.len().checked_sub(texts) else { return Ok(None) };
    let (mut at, mut open, mut spans) = (0, Vec::new(), Vec::new());
    for atom in way {
        match *atom {
            Atom::Open(capture) => open.push((capture, at)),
            Atom::Close(_) => {
                let (capture, begun) = open.pop().expect("what closes was opened");
                spans.push((capture, begun, at));
            }
            Atom::Literal(byte) if host.get(at).is_some_and(|its| same(*its, byte, any_case)) => {
                at += 1;
            }
            Atom::Dot if at < host.len() => at += 1,
            Atom::Literal(_) | Atom::Dot => return Ok(None),
            Atom::Rest { filled } if filled && left == 0 => return Ok(None),
            Atom::Rest { .. } => at += left,
            Atom::Segment { .. } => return Err("asks for a segment of a host".to_owned()),
            Atom::Start | Atom::End => {}
        }
    }
    Ok((at == host.len() || !ends).then_some(spans))
}

fn same(one: u8, other: u8, any_case: bool) -> bool {
    if any_case { one.eq_ignore_ascii_case(&other) } else { one == other }
}
