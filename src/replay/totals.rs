//! What a rerun counts, and how that is told.

use serde_json::{Map, Value, json};

use super::changed_replies::{ChangedReplies, ReplyChange};
use crate::words::counted;

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Lines of the log.
    pub lines: u64,
    /// Those that are in the sample.
    pub taken: u64,
    /// Those that are requests to answer.
    pub requests: u64,
    /// Those that are none.
    pub unreadable: u64,
    /// Those that are neither GET nor HEAD.
    pub other_methods: u64,
    /// Requests that name no host.
    pub without_host: u64,
    /// Requests that each table redirects: the old, the new.
    pub redirects: [u64; 2],
    /// Requests whose replies differ.
    pub different: u64,
    /// The same, by what differs.
    pub by_change: [u64; ReplyChange::ALL.len()],
    /// Of those with `--all`, how many were listed.
    pub listed: u64,
}

impl Totals {
    /// Whether no line at all was understood.
    #[must_use]
    pub fn is_nothing_read(&self) -> bool {
        self.taken == self.unreadable
    }

    /// For people. Where each distinct request is listed once, those are in `distinct`.
    pub fn to_text(self, distinct: Option<&ChangedReplies>) -> String {
        let Self { lines, taken, requests, unreadable, other_methods, .. } = self;
        let Self { redirects: [old, new], different, .. } = self;
        let of = if taken == lines { String::new() } else { format!("{taken} of ") };
        let mut text = format!(
            "{of}{}: {}, {unreadable} skipped that are none, \
             {other_methods} of other methods\n\
             redirects: {old} from the old links, {new} from the new\n\
             same: {}, different: {different}",
            counted(lines, "line"),
            counted(requests, "request"),
            requests - different
        );
        if different > 0 {
            let changes = ReplyChange::ALL.into_iter().zip(self.by_change);
            let some = changes.filter(|(_, count)| *count > 0);
            let changes: Vec<_> =
                some.map(|(change, n)| format!("{} {n}", change.name())).collect();
            text.push_str(&format!(" ({})", changes.join(", ")));
            if let Some(count) = distinct.and_then(ChangedReplies::count) {
                text.push_str(&format!(", in {}", counted(count, "distinct request")));
            }
        }
        text + "\n"
    }

    /// For programs.
    pub fn to_json(self, distinct: Option<&ChangedReplies>) -> Value {
        let Self { lines, taken, requests, unreadable, other_methods, .. } = self;
        let Self { redirects: [old, new], different, by_change, .. } = self;
        let changes = ReplyChange::ALL.into_iter().zip(by_change);
        let changes: Map<_, _> =
            changes.map(|(change, count)| (change.name().to_owned(), count.into())).collect();
        json!({ "totals": {
            "lines": lines,
            "taken": taken,
            "requests": requests,
            "unreadable": unreadable,
            "other_methods": other_methods,
            "redirects_old": old,
            "redirects_new": new,
            "same": requests - different,
            "different": different,
            "by_kind": changes,
            "distinct": distinct.and_then(ChangedReplies::count),
        } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many() {
        let totals = Totals { lines: 5, taken: 1, requests: 1, ..Totals::default() };
        let text = totals.to_text(None);
        assert!(text.starts_with("1 of 5 lines: 1 request, 0 skipped that are none"), "{text}");
        let totals = Totals { lines: 1, taken: 1, ..Totals::default() };
        assert!(totals.to_text(None).starts_with("1 line: 0 requests, "));
    }
}
