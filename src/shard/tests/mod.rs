//! A shard played without sockets.

mod answers;
mod clicks;
mod connections;
mod crowd;
mod options;

use crate::rehearsal::{Ending, Rehearsal};

const LINKS: &str = "/tea https://tea.example/ 301\n\
                     go.example/tea https://own.example/\n\
                     /amz/* https://amazon.example/dp/:splat\n\
                     /old?id=7 https://seven.example/\n\
                     /gone 410\n";

const GET: &str = "GET /tea HTTP/1.1\r\nHost: x\r\n\r\n";

fn shard() -> Rehearsal {
    Rehearsal::new(LINKS, None)
}

/// Statuses and targets of all replies, then how the connection ended.
fn summary(replies: &[u8], ending: Ending) -> String {
    let text = String::from_utf8_lossy(replies);
    let mut parts = Vec::new();
    for line in text.lines() {
        if let Some(status) = line.strip_prefix("HTTP/1.1 ") {
            parts.push(status[..3].to_owned());
        } else if let Some(target) = line.strip_prefix("Location: ") {
            parts.push(target.to_owned());
        }
    }
    parts.push(format!("{ending:?}").to_lowercase());
    parts.join(" ")
}

#[track_caller]
fn check(input: &str, expected: &str) {
    let played = shard().play(&[input.as_bytes()], false);
    assert_eq!(summary(&played.replies, played.ending), expected);
}
