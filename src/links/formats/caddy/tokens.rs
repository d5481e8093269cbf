//! A Caddyfile as lines of words and the blocks behind them.

/// A line, and what stands in the braces behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) line: u32,
    pub(super) words: Vec<String>,
    pub(super) block: Option<Vec<Node>>,
}

impl Node {
    /// Its first word; nothing before a block alone.
    pub(super) fn name(&self) -> &str {
        self.words.first().map_or("", |word| word)
    }
}

/// Blocks within each other; deeper ones are refused.
const DEPTH_MAX: usize = 32;

/// All of a text.
///
/// # Errors
/// The line on which it is no Caddyfile, and why.
pub(super) fn tree(text: &str) -> Result<Vec<Node>, (u32, String)> {
    let mut open: Vec<Node> = Vec::new();
    let mut top = Vec::new();
    for (line, mut words) in lines(text)? {
        if words == ["}"] {
            let node = open.pop().ok_or((line, "a `}` closes what is not open".to_owned()))?;
            put(node, &mut open, &mut top);
            continue;
        }
        let opens = words.last().is_some_and(|word| word == "{");
        if opens {
            words.pop();
            if open.len() == DEPTH_MAX {
                return Err((line, "too many blocks within each other".to_owned()));
            }
            open.push(Node { line, words, block: Some(Vec::new()) });
        } else {
            put(Node { line, words, block: None }, &mut open, &mut top);
        }
    }
    match open.first() {
        Some(node) => Err((node.line, "its `{` is not closed (nothing of it was read)".to_owned())),
        None => Ok(top),
    }
}

fn put(node: Node, open: &mut [Node], top: &mut Vec<Node>) {
    match open.last_mut().and_then(|outer| outer.block.as_mut()) {
        Some(block) => block.push(node),
        None => top.push(node),
    }
}

/// The words of each line that has some.
type Words = Vec<(u32, Vec<String>)>;

fn lines(text: &str) -> Result<Words, (u32, String)> {
    let mut all: Words = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let (mut line, mut begun) = (1, 1);
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            '\n' => {
                // An address that ends with a comma goes on.
                let goes_on = words.last().is_some_and(|word| word.ends_with(','));
                if !words.is_empty() && !goes_on {
                    all.push((begun, core::mem::take(&mut words)));
                }
                line += 1;
            }
            '\\' if rest.peek() == Some(&'\n') => {
                rest.next();
                line += 1;
            }
            space if space.is_whitespace() => {}
            '#' => while rest.next_if(|it| *it != '\n').is_some() {},
            _ => {
                if words.is_empty() {
                    begun = line;
                }
                let quote = Some(first).filter(|first| matches!(first, '"' | '`'));
                let mut word = String::new();
                if quote.is_none() {
                    word.push(first);
                }
                let mut closed = quote.is_none();
                while let Some(next) = rest.next_if(|it| quote.is_some() || !it.is_whitespace()) {
                    match next {
                        next if Some(next) == quote => {
                            closed = true;
                            break;
                        }
                        '\\' if quote == Some('"') && rest.peek() == Some(&'"') => {
                            word.extend(rest.next());
                        }
                        next => {
                            line += u32::from(next == '\n');
                            word.push(next);
                        }
                    }
                }
                if !closed {
                    return Err((
                        begun,
                        "a quote is left open (nothing of it was read)".to_owned(),
                    ));
                }
                if word.starts_with("<<") {
                    return Err((line, "text over several lines (<<) is not read".to_owned()));
                }
                words.push(word);
            }
        }
    }
    if !words.is_empty() {
        all.push((begun, words));
    }
    Ok(all)
}
