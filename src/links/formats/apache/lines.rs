//! Apache configuration as a tree of directives and sections: its `ap_cfg_getline` joins
//! lines that end with a backslash, its `ap_getword_conf` parts words.

/// A directive, or a section with what is in it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it begins, counted from 1.
    pub(super) line: u32,
    /// In lower case.
    pub(super) name: Vec<u8>,
    /// What stands behind the name.
    pub(super) rest: Vec<u8>,
    /// Of a section.
    pub(super) nodes: Option<Vec<Node>>,
}

/// Sections within each other; deeper ones are refused.
const DEPTH_MAX: usize = 32;

impl Node {
    /// Its words, as most directives have them.
    pub(super) fn words(&self) -> Vec<Vec<u8>> {
        split(&self.rest, true)
    }

    /// Its words, as those of mod_rewrite have them: a backslash stays.
    pub(super) fn raw_words(&self) -> Vec<Vec<u8>> {
        split(&self.rest, false)
    }
}

/// All of a text; what is wrong with its sections goes to `wrong`, by line.
pub(super) fn tree(text: &[u8], wrong: &mut Vec<(u32, String)>) -> Vec<Node> {
    let mut open: Vec<Node> = Vec::new();
    let mut top = Vec::new();
    for (line, text) in joined(text) {
        let text = text.trim_ascii();
        if text.is_empty() || text[0] == b'#' {
            continue;
        }
        if let Some(closed) = text.strip_prefix(b"</") {
            let name = closed.strip_suffix(b">").unwrap_or(closed).trim_ascii();
            match open.pop_if(|node| node.name.eq_ignore_ascii_case(name)) {
                Some(node) => put(node, &mut open, &mut top),
                None => wrong.push((
                    line,
                    format!("</{}> closes what is not open", String::from_utf8_lossy(name)),
                )),
            }
            continue;
        }
        let section = text.strip_prefix(b"<");
        let head = section.unwrap_or(text);
        let end = head.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>');
        let (name, rest) = head.split_at(end.unwrap_or(head.len()));
        let rest = rest.trim_ascii();
        let rest = if section.is_some() { rest.strip_suffix(b">").unwrap_or(rest) } else { rest };
        let node = Node {
            line,
            name: name.to_ascii_lowercase(),
            rest: rest.trim_ascii().to_vec(),
            nodes: section.map(|_| Vec::new()),
        };
        match section {
            Some(_) if open.len() == DEPTH_MAX => {
                wrong.push((line, "too many sections within each other".to_owned()));
            }
            Some(_) => open.push(node),
            None => put(node, &mut open, &mut top),
        }
    }
    while let Some(node) = open.pop() {
        wrong.push((node.line, format!("<{}> is not closed", String::from_utf8_lossy(&node.name))));
        put(node, &mut open, &mut top);
    }
    top
}

fn put(node: Node, open: &mut [Node], top: &mut Vec<Node>) {
    match open.last_mut().and_then(|outer| outer.nodes.as_mut()) {
        Some(nodes) => nodes.push(node),
        None => top.push(node),
    }
}

/// Lines, with those that a backslash joins as one.
fn joined(text: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut all = Vec::new();
    let mut begun: Option<(u32, Vec<u8>)> = None;
    for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (line, goes_on) = match line.strip_suffix(b"\\") {
            // Two are a backslash of its own.
            Some(rest) if !rest.ends_with(b"\\") => (rest, true),
            _ => (line, false),
        };
        let (first, mut whole) = begun.take().unwrap_or((number, Vec::new()));
        whole.extend_from_slice(line);
        match goes_on {
            true => begun = Some((first, whole)),
            false => all.push((first, whole)),
        }
    }
    all.extend(begun);
    all
}

fn split(text: &[u8], unescape: bool) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut rest = text.trim_ascii_start();
    while let Some(&first) = rest.first() {
        let quote = Some(first).filter(|first| matches!(first, b'"' | b'\''));
        rest = &rest[usize::from(quote.is_some())..];
        let mut word = Vec::new();
        while let Some((&byte, behind)) = rest.split_first() {
            let next = behind.first().copied();
            match (byte, quote) {
                (byte, Some(quote)) if byte == quote => {
                    rest = behind;
                    break;
                }
                (byte, None) if byte.is_ascii_whitespace() => break,
                (b'\\', Some(quote))
                    if unescape && (next == Some(quote) || next == Some(b'\\')) =>
                {
                    word.extend(next);
                    rest = &behind[1..];
                }
                (b'\\', _) if !unescape && next.is_some_and(|it| it.is_ascii_whitespace()) => {
                    word.extend([byte].into_iter().chain(next));
                    rest = &behind[1..];
                }
                _ => {
                    word.push(byte);
                    rest = behind;
                }
            }
        }
        words.push(word);
        rest = rest.trim_ascii_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_words(text: &str, unescape: bool, want: &[&str]) {
        let words = split(text.as_bytes(), unescape);
        let words: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word)).collect();
        assert_eq!(words, want, "{text}");
    }

    #[test]
    fn words_of_a_line() {
        check_words(r#" /a  "b c" 'd "e"' "#, true, &["/a", "b c", "d \"e\""]);
        check_words(r#""a \" \\ \d""#, true, &[r#"a " \ \d"#]);
        check_words(r"^a\ b$ x\d", false, &[r"^a\ b$", r"x\d"]);
        check_words(r#""^a b\.c$" "#, false, &[r"^a b\.c$"]);
        check_words("", true, &[]);
        check_words(r#""" x"#, true, &["", "x"]);
    }

    #[test]
    fn lines_and_sections() {
        let mut wrong = Vec::new();
        let text = b"# c\r\n<IfModule mod_x.c>\r\n Redirect /a \\\r\n  /b\r\n</IFMODULE>\n</If>\n<Files \"x\">\nA b\n";
        let nodes = tree(text, &mut wrong);
        assert_eq!(nodes.len(), 2);
        assert_eq!((nodes[0].line, &nodes[0].rest[..]), (2, &b"mod_x.c"[..]));
        let inner = &nodes[0].nodes.as_ref().unwrap()[0];
        assert_eq!((inner.line, &inner.name[..], inner.words().len()), (3, &b"redirect"[..], 2));
        assert_eq!(nodes[1].words(), [b"x"]);
        assert_eq!(nodes[1].nodes.as_ref().unwrap().len(), 1);
        let said: Vec<_> = wrong.iter().map(|(line, what)| format!("{line} {what}")).collect();
        assert_eq!(said, ["6 </If> closes what is not open", "7 <files> is not closed"]);
    }
}
