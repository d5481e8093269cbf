//! What was said of one line: a line can hold several rules, each with its own fault, and a
//! rule can stand for several links, all with the same one.

use core::hash::{Hash, Hasher};
use std::collections::HashSet;
use std::hash::DefaultHasher;

/// Messages of the line that is read, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Told {
    file: usize,
    line: u32,
    messages: HashSet<u64>,
}

impl Told {
    /// Whether this was not yet said of the line; notes it.
    pub(super) fn is_new(&mut self, file: usize, line: u32, message: &str) -> bool {
        if (self.file, self.line) != (file, line) {
            *self = Told { file, line, messages: HashSet::new() };
        }
        // `/a`, `/a/` and `/a/*` of one rule, all there already.
        let (key, rest) = match message.split_once(" is already defined at ") {
            Some((key, rest)) => (key.trim_end_matches(['/', '*']), rest),
            None => (message, ""),
        };
        let mut hasher = DefaultHasher::new();
        (key, rest).hash(&mut hasher);
        self.messages.insert(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_line_is_told_once() {
        let mut told = Told::default();
        let mut check = |line, message, want| {
            assert_eq!(told.is_new(0, line, message), want, "{line}: {message}");
        };
        check(1, "x", true);
        check(1, "y", true);
        check(1, "x", false);
        check(2, "x", true);
        check(2, "/a is already defined at l:1; remove one", true);
        check(2, "/a/* is already defined at l:1; remove one", false);
        check(2, "/b is already defined at l:1; remove one", true);
        check(2, "/a is already defined at l:3; remove one", true);
    }
}
