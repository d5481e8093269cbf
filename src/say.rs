//! What the program has to say to its operator: lines on standard error.

use std::fmt::Display;
use std::io::Write;

use crate::words::visible_lines;

/// Says one thing. A closed standard error silences it, and nothing else.
pub fn say(text: impl Display) {
    say_to(&mut std::io::stderr().lock(), text);
}

/// Says it to whoever reads this in the place of standard error.
pub fn say_to(out: &mut impl Write, text: impl Display) {
    // One write a line, so that lines of several threads do not mix. It may quote what
    // a stranger chose.
    let line = format!("carom: {text}\n");
    let _ = out.write_all(visible_lines(&line).as_bytes());
}
