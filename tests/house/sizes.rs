//! A file that a reader can hold in the head. `clippy.toml` says the same of
//! functions.

use crate::texts;

const LINES_MAX: usize = 500;

/// Files that are longer today. The list may only shrink.
const LONG: &[&str] = &["src/clicks/format/record.rs", "src/clicks/read/reader.rs"];

#[test]
fn files_stay_small() {
    for folder in ["src", "tests", "bench", "fuzz/fuzz_targets"] {
        for (name, text) in texts(folder) {
            let name = format!("{folder}/{name}");
            let lines = text.lines().count();
            if LONG.contains(&&*name) {
                assert!(lines > LINES_MAX, "{name} is short now: take it off the list");
            } else {
                assert!(lines <= LINES_MAX, "{name}: {lines} lines; find the idea to move out");
            }
        }
    }
}
