//! Requests that two tables answer differently: each distinct one once, and counted,
//! in bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use foldhash::fast::RandomState;
use serde_json::{Value, json};

use crate::limits::REPLAY_DIFFERENCES_BYTES_MAX;
use crate::words::visible;

/// Bytes that one of them takes beside its texts, about.
const OWN_BYTES: usize = size_of::<ChangedReply>() + 64;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyChange {
    /// It was redirected, and is no more.
    Lost,
    /// It was not redirected, and is now.
    New,
    /// It is redirected elsewhere.
    Target,
    /// It has another status.
    Status,
    /// It has other fields: for how long it may be cached, and the like.
    Fields,
}

impl ReplyChange {
    /// All, in the order of what they cost whoever overlooks them.
    pub const ALL: [Self; 5] = [Self::Lost, Self::New, Self::Target, Self::Status, Self::Fields];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::New => "new",
            Self::Target => "target",
            Self::Status => "status",
            Self::Fields => "fields",
        }
    }

    fn of(old: &ReplyHead, new: &ReplyHead) -> Self {
        match (&old.location, &new.location) {
            (Some(_), None) => Self::Lost,
            (None, Some(_)) => Self::New,
            (Some(old), Some(new)) if old != new => Self::Target,
            _ if old.status != new.status => Self::Status,
            _ => Self::Fields,
        }
    }
}

/// A reply, as far as it can differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyHead {
    status: u16,
    location: Option<String>,
    fields: Vec<String>,
}

impl ReplyHead {
    /// Reads a reply. `click_id` is shown as the macro that it was made from.
    fn of(reply: &[u8], click_id: &[u8]) -> Self {
        let text = String::from_utf8_lossy(reply);
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.get(9..12)?.parse().ok()).unwrap_or(0);
        let mut answer = Self { status, location: None, fields: Vec::new() };
        for line in lines {
            match line.split_once(": ") {
                Some(("Location", to)) => {
                    let click_id = String::from_utf8_lossy(click_id);
                    answer.location = Some(to.replace(&*click_id, "{clickid}"));
                }
                Some(("Date" | "Content-Length", _)) => {}
                _ => answer.fields.push(line.to_owned()),
            }
        }
        answer
    }

    fn bytes(&self) -> usize {
        let fields = self.fields.iter().map(|field| field.len() + size_of::<String>());
        self.location.as_ref().map_or(0, String::len) + fields.sum::<usize>()
    }

    fn to_json(&self) -> Value {
        json!({ "status": self.status, "location": self.location, "fields": self.fields })
    }
}

/// Two answers to a request that are not the same.
#[derive(Clone, Debug)]
pub struct ChangedReply {
    /// What differs.
    pub change: ReplyChange,
    /// The line of the log, counted from 1, that had it first.
    pub line: u64,
    /// How many lines had it.
    pub requests: u64,
    old: ReplyHead,
    new: ReplyHead,
}

impl ChangedReply {
    /// What differs in these replies to the request on this line. `click_id`
    /// stands in both for the id of the click.
    #[must_use]
    pub fn of(line: u64, old: &[u8], new: &[u8], click_id: &[u8]) -> Self {
        let (old, new) = (ReplyHead::of(old, click_id), ReplyHead::of(new, click_id));
        Self { change: ReplyChange::of(&old, &new), line, requests: 1, old, new }
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self, request: &AskedFor) -> Value {
        json!({
            "kind": self.change.name(),
            "line": self.line,
            "requests": self.requests,
            "method": request.method,
            "host": request.host,
            "target": request.target,
            "old": self.old.to_json(),
            "new": self.new.to_json(),
        })
    }

    /// For people: three lines.
    #[must_use]
    pub fn to_text(&self, request: &AskedFor) -> String {
        let (change, line) = (self.change.name(), self.line);
        let times = match self.requests {
            1 => String::new(),
            times => format!(", {times} times"),
        };
        let (old, new) = (self.side(&self.old), self.side(&self.new));
        format!("{change}: {request} (line {line}{times})\n  old: {old}\n  new: {new}\n")
    }

    fn side(&self, answer: &ReplyHead) -> String {
        let mut text = answer.status.to_string();
        let fields = answer.fields.iter().filter(|_| self.change == ReplyChange::Fields);
        for part in answer.location.iter().chain(fields) {
            text.push(' ');
            text.push_str(&visible(part));
        }
        text
    }
}

/// A request as it is told: by what a link can see of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AskedFor {
    method: String,
    host: String,
    target: String,
}

impl AskedFor {
    /// Reads the head that [`push_head`](super::LoggedRequest::push_head) wrote.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head);
        let mut lines = text.split("\r\n");
        let request = lines.next().unwrap_or_default();
        let request = request.strip_suffix(" HTTP/1.1").unwrap_or(request);
        let (method, target) = request.split_once(' ').unwrap_or((request, ""));
        let host = lines.next().and_then(|line| line.strip_prefix("Host: "));
        let host = host.unwrap_or_default().to_owned();
        Self { method: method.to_owned(), host, target: target.to_owned() }
    }

    fn bytes(&self) -> usize {
        self.method.len() + self.host.len() + self.target.len()
    }
}

/// `go.example/path`, and before it the method if it is not GET.
impl fmt::Display for AskedFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.method != "GET" {
            write!(f, "{} ", visible(&self.method))?;
        }
        write!(f, "{}{}", visible(&self.host), visible(&self.target))
    }
}

/// Each distinct request whose answers differ.
#[derive(Debug, Default)]
pub struct ChangedReplies {
    by_request: HashMap<AskedFor, ChangedReply, RandomState>,
    bytes: usize,
    unlisted: u64,
}

impl ChangedReplies {
    /// Counts a request, or that there is no room for another one.
    pub fn add(&mut self, request: AskedFor, difference: ChangedReply) {
        let is_full = self.bytes >= REPLAY_DIFFERENCES_BYTES_MAX;
        match self.by_request.entry(request) {
            Entry::Occupied(mut known) => known.get_mut().requests += 1,
            Entry::Vacant(_) if is_full => self.unlisted += 1,
            Entry::Vacant(free) => {
                let texts = free.key().bytes() + difference.old.bytes() + difference.new.bytes();
                self.bytes += texts + OWN_BYTES;
                free.insert(difference);
            }
        }
    }

    /// How many distinct ones there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_request.len()
    }

    /// The same; `None` when there was no room for all.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        (self.unlisted == 0).then_some(self.len())
    }

    /// Requests for which there was no room.
    #[must_use]
    pub fn unlisted(&self) -> u64 {
        self.unlisted
    }

    /// All, the most frequent first; at equal frequency in the order of the log.
    #[must_use]
    pub fn sorted(&self) -> Vec<(&AskedFor, &ChangedReply)> {
        let mut all: Vec<_> = self.by_request.iter().collect();
        all.sort_unstable_by_key(|(_, difference)| {
            (u64::MAX - difference.requests, difference.line)
        });
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &[u8] = b"00040c00001a00021wqgs0kr7e";

    fn reply(status: u16, fields: &str) -> String {
        format!("HTTP/1.1 {status} X\r\nDate: now\r\nContent-Length: 0\r\n{fields}\r\n")
    }

    fn difference(old: &str, new: &str) -> ChangedReply {
        ChangedReply::of(7, old.as_bytes(), new.as_bytes(), ID)
    }

    #[test]
    fn kinds() {
        let check = |(status, fields): (u16, &str), (then, others): (u16, &str), kind| {
            let found = difference(&reply(status, fields), &reply(then, others));
            assert_eq!(found.change, kind, "{status} {fields} {then} {others}");
        };
        let (a, b) = ("Location: https://a.example/\r\n", "Location: https://b.example/\r\n");
        check((302, a), (404, ""), ReplyChange::Lost);
        check((410, ""), (301, a), ReplyChange::New);
        check((302, a), (302, b), ReplyChange::Target);
        check((302, a), (301, b), ReplyChange::Target);
        check((302, a), (301, a), ReplyChange::Status);
        check((404, ""), (410, ""), ReplyChange::Status);
        check((302, a), (302, &format!("Cache-Control: max-age=9\r\n{a}")), ReplyChange::Fields);
    }

    #[test]
    fn a_difference_is_told_in_three_lines() {
        let request = AskedFor::of(b"GET /a b HTTP/1.1\r\nHost: go.example\r\n\r\n");
        let id = String::from_utf8_lossy(ID);
        let old = reply(302, &format!("Location: https://a.example/?s={id}\r\n"));
        let mut found = difference(&old, &reply(404, "Cache-Control: no-store\r\n"));
        let first = "lost: go.example/a b (line 7)\n";
        let rest = "  old: 302 https://a.example/?s={clickid}\n  new: 404\n";
        assert_eq!(found.to_text(&request), format!("{first}{rest}"));
        found.requests = 3;
        assert!(found.to_text(&request).starts_with("lost: go.example/a b (line 7, 3 times)\n"));
        let value = found.to_json(&request);
        assert_eq!((&value["line"], &value["requests"]), (&json!(7), &json!(3)));
        assert_eq!(value["new"]["fields"], json!(["Cache-Control: no-store"]));
    }

    #[test]
    fn fields_are_told_where_only_they_differ() {
        let to = "Location: https://a.example/\r\n";
        let found = difference(&reply(302, to), &reply(302, &format!("{to}Vary: x\r\n")));
        let request = AskedFor::of(b"HEAD / HTTP/1.1\r\nHost: \r\n\r\n");
        let text = found.to_text(&request);
        assert!(text.starts_with("fields: HEAD / (line 7)\n"), "{text}");
        assert!(text.ends_with("  new: 302 https://a.example/ Vary: x\n"), "{text}");
    }

    #[test]
    fn requests_are_counted_and_bounded() {
        let mut all = ChangedReplies::default();
        let asked =
            |path: &str| AskedFor::of(format!("GET {path} HTTP/1.1\r\nHost: \r\n").as_bytes());
        let found = |line| ChangedReply { line, ..difference(&reply(404, ""), &reply(410, "")) };
        for (line, path) in (1..).zip(["/a", "/b", "/b", "/c"]) {
            all.add(asked(path), found(line));
        }
        let told: Vec<_> = all.sorted().iter().map(|(asked, _)| asked.to_string()).collect();
        assert_eq!(told, ["/b", "/a", "/c"]);
        all.bytes = REPLAY_DIFFERENCES_BYTES_MAX;
        all.add(asked("/d"), found(5));
        all.add(asked("/a"), found(6));
        assert_eq!((all.len(), all.unlisted(), all.sorted()[0].1.requests), (3, 1, 2));
    }
}
