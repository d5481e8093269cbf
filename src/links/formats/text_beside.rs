//! Keys that have text beside a placeholder or a `*` in one segment. Where the order of a file
//! decides, or such text means something else, they are not taken.

use super::name::Format;
use super::row::Line;
use crate::links::bytes::shown;

/// The same line, or a refusal if this format takes no such keys.
pub(super) fn checked(format: Format, written: Line<'_>) -> Line<'_> {
    let key = match &written {
        Line::Link(row) | Line::Changed(row, _) => row.key,
        _ => return written,
    };
    if takes(format) || !has_text_beside(key, format == Format::Vercel) {
        return written;
    }
    Line::Refused(format!(
        "the key {} has text beside a placeholder or a `*`, which in such a file may mean another \
         thing, or come before what is more exact; write the link in a native file, where the most \
         exact key answers",
        shown(key)
    ))
}

/// Whether keys mean in this format what they mean in a native file.
fn takes(format: Format) -> bool {
    use Format::{Bitly, Csv, Dub, Native, Ndjson, Shlink, Tsv, Xlsx, Yourls};
    matches!(format, Native | Csv | Tsv | Ndjson | Xlsx | Shlink | Yourls | Bitly | Dub)
}

/// `has_types`: a placeholder may say what it takes.
fn has_text_beside(key: &[u8], has_types: bool) -> bool {
    let path = key.iter().position(|&byte| byte == b'/').map_or(&[][..], |at| &key[at + 1..]);
    let path = path.split(|&byte| byte == b'?').next().unwrap_or(path);
    let bare = |segment| {
        let types = [&b"(int)"[..], b"(word)"];
        let typed = types.iter().find_map(|typed| <[u8]>::strip_suffix(segment, *typed));
        typed.filter(|_| has_types).unwrap_or(segment)
    };
    path.split(|&byte| byte == b'/').map(bare).any(|segment| match segment {
        [b':', first, rest @ ..] if first.is_ascii_alphabetic() => {
            rest.iter().any(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
        }
        segment => segment.contains(&b'*') && segment != b"*",
    })
}

#[cfg(test)]
mod tests {
    use super::has_text_beside;

    #[test]
    fn text_beside() {
        for key in ["/:x.html", "/a*", "h.example/a/b-*", "/:id(int)", "/a/:x-:y/c", "*.h/a*"] {
            assert!(has_text_beside(key.as_bytes(), false), "{key}");
        }
        for key in ["/a", "/:x", "/a/:x_1/b/*", "/*", "*.h.example/a", "/Talk:x", "/a?b=*", "h"] {
            assert!(!has_text_beside(key.as_bytes(), false), "{key}");
        }
        assert!(!has_text_beside(b"/n/:id(int)/:w(word)", true));
        assert!(has_text_beside(b"/n/:id(int).html", true));
    }
}
