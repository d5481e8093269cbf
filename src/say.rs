//! What the program has to say to its operator: lines on standard error.

use std::fmt::Display;
use std::io::Write;

/// Says one thing. A closed standard error silences it, and nothing else.
pub fn say(text: impl Display) {
    // One write a line, so that lines of several threads do not mix.
    let line = format!("carom: {text}\n");
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}
