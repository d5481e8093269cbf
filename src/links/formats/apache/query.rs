//! Conditions on the query as parameters of a key.

use crate::links::bytes::shown;

/// What a query has to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct QueryWish {
    /// `name=value&name=*`, as a key has it.
    pub(super) text: Vec<u8>,
    /// What was captured: the name of a parameter, or text.
    pub(super) captures: Vec<Captured>,
    /// In what a key is otherwise.
    pub(super) changed: &'static str,
}

/// What a group of an expression on the query is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Captured {
    Parameter(Vec<u8>),
    Text(Vec<u8>),
}

const ANY_ORDER: &str = "Apache compares the query as it stands; here its parameters may come in any order, with others between them";
const ANYWHERE: &str = "Apache finds the text anywhere in the query; here it is a whole parameter";

/// Reads an expression.
///
/// # Errors
/// Why no key asks for it, as a sentence.
pub(super) fn read(expression: &[u8]) -> Result<QueryWish, String> {
    let refused = || {
        format!(
            "no key asks for a query that `{}` matches; write it as `^name=value$` or `(^|&)name=([^&]*)(&|$)`",
            shown(expression)
        )
    };
    let mut rest = expression;
    let mut wish = QueryWish { changed: ANY_ORDER, ..QueryWish::default() };
    let begins: [(&[u8], bool); 4] =
        [(b"(^|&)", true), (b"(?:^|&)", false), (b"^", false), (b"(&|^)", true)];
    match begins.iter().find(|(begin, _)| rest.starts_with(begin)) {
        Some((begin, captures)) => {
            rest = &rest[begin.len()..];
            if *captures {
                wish.captures.push(Captured::Text(Vec::new()));
            }
        }
        None => wish.changed = ANYWHERE,
    }
    let ends: [&[u8]; 4] = [b"(&|$)", b"(?:&|$)", b"($|&)", b"$"];
    match ends.iter().find_map(|end| rest.strip_suffix(*end)) {
        Some(before) => rest = before,
        None => wish.changed = ANYWHERE,
    }
    let mut is_class = false;
    let parted = rest.split(|&byte| {
        is_class = byte == b'[' || is_class && byte != b']';
        byte == b'&' && !is_class
    });
    for parameter in parted {
        if !wish.text.is_empty() {
            wish.text.push(b'&');
        }
        let at = parameter.iter().position(|&byte| byte == b'=').ok_or_else(refused)?;
        let name = plain(&parameter[..at]).ok_or_else(refused)?;
        if name.is_empty() {
            return Err(refused());
        }
        wish.text.extend_from_slice(&name);
        wish.text.push(b'=');
        let value = &parameter[at + 1..];
        if matches!(value, b"([^&]*)" | b"([^&]+)" | b"(.*)" | b"(.+)") {
            wish.text.push(b'*');
            wish.captures.push(Captured::Parameter(name));
            continue;
        }
        if matches!(value, b"[^&]*" | b"[^&]+" | b".*" | b".+") {
            wish.text.push(b'*');
            continue;
        }
        let inner = value.strip_prefix(b"(").and_then(|value| value.strip_suffix(b")"));
        let text = plain(inner.unwrap_or(value)).filter(|text| !text.is_empty());
        let text = text.ok_or_else(refused)?;
        wish.text.extend_from_slice(&text);
        if inner.is_some() {
            wish.captures.push(Captured::Text(text));
        }
    }
    Ok(wish)
}

/// Text without what means something in an expression or in a key.
fn plain(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'\\' => {
                let (&escaped, behind) = rest.split_first()?;
                rest = behind;
                if escaped.is_ascii_alphanumeric() || matches!(escaped, b'*' | b'%' | b'+' | b'#') {
                    return None;
                }
                out.push(escaped);
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b',' | b'/' | b':' => {
                out.push(byte);
            }
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let check = |expression: &str, want: &str| {
            let got = match read(expression.as_bytes()) {
                Ok(wish) => {
                    let captured = |captured: &Captured| match captured {
                        Captured::Parameter(name) => format!(" :{}", shown(name)),
                        Captured::Text(text) => format!(" '{}'", shown(text)),
                    };
                    let captures: String = wish.captures.iter().map(captured).collect();
                    let loose = if wish.changed == ANYWHERE { " ~" } else { "" };
                    shown(&wish.text) + &captures + loose
                }
                Err(message) => format!("!{message}"),
            };
            let same = match want {
                "!" => got.starts_with("!no key asks"),
                want => got == want,
            };
            assert!(same, "{expression}: {got}");
        };
        check("^id=7$", "id=7");
        check(r"^id=a\.b&k=(x)$", "id=a.b&k=x 'x'");
        check("^id=([^&]*)$", "id=* :id");
        check("(^|&)id=7(&|$)", "id=7 ''");
        check("(?:^|&)id=(.+)(?:&|$)", "id=* :id");
        check("id=7", "id=7 ~");
        check("^id=7", "id=7 ~");
        check("^id=([0-9]+)$", "!");
        check("^$", "!");
        check(".", "!");
        check("^id$", "!");
        check("^id=$", "!");
    }
}
