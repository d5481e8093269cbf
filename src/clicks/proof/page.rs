//! The page as text and as JSON, signed with the click key. The signature is over the text,
//! to which JSON is turned before it is checked.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::{DeletedRow, ProofRow};
use crate::clicks::format::id::ClickKeys;
use crate::clicks::format::list_line::Mac;
use crate::words::{counted, visible};

/// What pages are signed with is derived from a click key for this alone.
const CONTEXT: &str = "carom 2026-11-27 proof of clicks";
const TITLE: &str = "carom proof of clicks, version 1";
const SIGNATURE: &str = "signature ";
const DAY_US: u64 = 86_400_000_000;

/// What a page says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofPage {
    /// Of which click folder.
    pub folder: String,
    /// When it was made, Unix µs.
    pub made_us: u64,
    /// Only segments whose first click is of this time or later, Unix µs.
    pub since_us: Option<u64>,
    /// Only segments whose first click is before this time, Unix µs.
    pub until_us: Option<u64>,
    /// Lines of the list of segments that it is made from.
    pub lines: u64,
    /// What the last of them ends with.
    pub mac: Mac,
    /// By day, then by shard.
    pub rows: Vec<ProofRow>,
    /// Segments that are not what was written.
    pub changed: u64,
    /// What else is not as it should be, in the folder or its list.
    pub findings: u64,
    /// Segments that are not done with, and not told of here.
    pub open: u64,
    /// Sinks and the clicks that they have acknowledged.
    pub sinks: Vec<(String, u64)>,
    /// Who deleted segments by rule, and why. Pages that are older do not say it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<DeletedRow>,
}

/// A page and its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedPage {
    /// What it says.
    pub page: ProofPage,
    /// Number of the key that signed it.
    pub key: u8,
    /// BLAKE3, keyed, of the text before the signature, as hex digits.
    pub signature: String,
}

impl ProofPage {
    /// The rows together.
    #[must_use]
    pub fn total(&self) -> ProofRow {
        let mut total = ProofRow::default();
        self.rows.iter().for_each(|row| total.add(row));
        total
    }

    /// Whether all clicks that were answered are accounted for.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.total().missing == 0 && [self.changed, self.findings] == [0; 2]
    }

    /// Whether there are segments of which it does not tell.
    fn is_partial(&self) -> bool {
        self.open > 0 || self.since_us.is_some() || self.until_us.is_some()
    }

    /// The page, for people, without its signature.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("{TITLE}\n\n");
        let mac: String = self.mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let _ = writeln!(out, "folder {}", visible(&self.folder));
        let _ = writeln!(out, "made   {}", time(self.made_us));
        let _ = writeln!(out, "since  {}", self.since_us.map_or("-".to_owned(), time));
        let _ = writeln!(out, "until  {}", self.until_us.map_or("-".to_owned(), time));
        let _ = writeln!(out, "list   {} lines, the last ends with {mac}", self.lines);
        let _ = writeln!(out, "\n{}", heading());
        for row in &self.rows {
            put(&mut out, &day(row.day), &row.shard.to_string(), row);
        }
        put(&mut out, "total", "", &self.total());
        let balance = match (self.is_whole(), self.is_partial()) {
            (true, false) => "answered = recorded + lost + deleted. Every click is accounted for.",
            (true, true) => {
                "answered = recorded + lost + deleted. Every click that this page tells of is accounted\n\
                 for; it does not tell of segments that are not done with, or not of that time."
            }
            (false, _) => "NOT every click is accounted for: see missing, changed and findings.",
        };
        let _ = writeln!(out, "\n{balance}");
        let _ = writeln!(
            out,
            "changed segments {}, findings {}, segments not done with {}",
            self.changed, self.findings, self.open
        );
        for DeletedRow { by, why, segments, clicks } in &self.deleted {
            let _ = writeln!(
                out,
                "deleted by {}, {}: {} in {}",
                visible(by),
                visible(why),
                counted(*clicks, "click"),
                counted(*segments, "segment")
            );
        }
        for (name, clicks) in &self.sinks {
            let _ = writeln!(
                out,
                "sink {} has acknowledged {}",
                visible(name),
                counted(*clicks, "click")
            );
        }
        out.push_str(MEANING);
        out
    }

    /// The page with the signature of the newest of `keys`.
    #[must_use]
    pub fn sign(self, keys: &ClickKeys) -> SignedPage {
        let key = keys.newest();
        let signature = signature(&self, keys, key).expect("the newest key is there");
        SignedPage { page: self, key, signature }
    }
}

/// What is always to be said, too.
const MEANING: &str = "
answered     the numbers that clicks were given, from the list of segments
recorded     records that were read in the files now
lost         counted when they were answered, and not recorded for want of room
deleted      recorded, in segments that carom deleted by rule: the list says which
missing      in none of these
undelivered  among those recorded: the server knows that no byte of the reply left

A segment counts for the day (UTC) of its first click. What this cannot know: clicks answered
after the last sync of a machine that lost its power; segments that are not done with; and
whatever somebody did who has the click key.
";

fn heading() -> String {
    format!(
        "{:<10}  {:>5}  {:>14}  {:>14}  {:>12}  {:>14}  {:>12}  {:>12}",
        "day", "shard", "answered", "recorded", "lost", "deleted", "missing", "undelivered"
    )
}

fn put(out: &mut String, day: &str, shard: &str, row: &ProofRow) {
    let ProofRow { answered, recorded, lost, deleted, missing, undelivered, .. } = row;
    let _ = writeln!(
        out,
        "{day:<10}  {shard:>5}  {answered:>14}  {recorded:>14}  {lost:>12}  {deleted:>14}  \
         {missing:>12}  {undelivered:>12}"
    );
}

fn day(day: u64) -> String {
    time(day.saturating_mul(DAY_US)).split('T').next().unwrap_or_default().to_owned()
}

fn time(us: u64) -> String {
    let time = i64::try_from(us).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
    time.map_or_else(|| us.to_string(), |time| time.to_string())
}

fn signature(page: &ProofPage, keys: &ClickKeys, key: u8) -> Option<String> {
    let derived = blake3::derive_key(CONTEXT, &keys.secret(key)?);
    let said = serde_json::to_string(page).expect("a page can be written");
    let text = [page.text().as_bytes(), said.as_bytes()].concat();
    Some(blake3::keyed_hash(&derived, &text).to_hex().to_string())
}

impl SignedPage {
    /// The page, for people, with what [`read`](Self::read) needs in its last line.
    #[must_use]
    pub fn text(&self) -> String {
        let said = serde_json::to_string(self).expect("a page can be written");
        format!("{}\n{SIGNATURE}{said}\n", self.page.text())
    }

    /// Reads a page, text or JSON. `None` if it is none, or what people read of it is not
    /// what was signed.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        // Mail and editors give lines other ends.
        let text = text.replace("\r\n", "\n");
        let Some((shown, said)) = text.trim_end().rsplit_once(&format!("\n{SIGNATURE}")) else {
            return serde_json::from_str(&text).ok();
        };
        let page: Self = serde_json::from_str(said).ok()?;
        (page.page.text() == shown).then_some(page)
    }

    /// Whether the key of that number signed it; `None` if that key is not there.
    #[must_use]
    pub fn is_genuine(&self, keys: &ClickKeys) -> Option<bool> {
        Some(signature(&self.page, keys, self.key)? == self.signature)
    }
}

/// Where what is there now does not bear out what a page said.
pub(super) fn differences(then: &ProofPage, now: &ProofPage) -> Vec<String> {
    let mut said = Vec::new();
    let find = |row: &ProofRow| {
        let is_it = |it: &&ProofRow| (it.day, it.shard) == (row.day, row.shard);
        now.rows.iter().find(is_it).copied().unwrap_or_default()
    };
    for row in &then.rows {
        let (now, place) = (find(row), format!("{}, shard {}", day(row.day), row.shard));
        if now.answered != row.answered {
            let (now, then) = (now.answered, row.answered);
            said.push(format!("{place}: {now} answered, and the page says {then}"));
        }
        let [now, then] = [now, *row].map(|row| row.recorded.saturating_add(row.deleted));
        if now < then {
            let clicks = counted(then - now, "click");
            said.push(format!("{place}: {clicks} missing that were there when the page was made"));
        }
    }
    if now.changed > then.changed {
        let more = counted(now.changed - then.changed, "segment");
        said.push(format!("{more} changed since the page was made"));
    }
    if now.findings > then.findings {
        let more = counted(now.findings - then.findings, "finding");
        said.push(format!("{more} more than when the page was made"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(number: u8) -> ClickKeys {
        ClickKeys::parse(&format!("{number} 000102030405060708090a0b0c0d0e0f\n")).unwrap()
    }

    fn page() -> ProofPage {
        let row = ProofRow {
            day: 20_784,
            shard: 3,
            answered: 1000,
            recorded: 600,
            lost: 100,
            deleted: 300,
            missing: 0,
            undelivered: 2,
        };
        ProofPage {
            folder: "/var/lib/carom\u{1b}".into(),
            made_us: 1_795_800_000_000_000,
            since_us: None,
            until_us: Some(1_795_800_000_000_000),
            lines: 12,
            mac: [7; 16],
            rows: vec![row, ProofRow { day: 20_785, ..row }],
            changed: 0,
            findings: 0,
            open: 1,
            sinks: vec![("files".into(), 300)],
            deleted: Vec::new(),
        }
    }

    #[test]
    fn what_was_signed_is_read_from_text_and_from_json() {
        let signed = page().sign(&keys(2));
        let json = serde_json::to_string(&signed).unwrap();
        let sent_by_mail = signed.text().replace('\n', "\r\n");
        assert!(!json.contains("deleted\":["), "as pages were before it was told who deleted");
        for text in [signed.text(), json, sent_by_mail] {
            let read = SignedPage::read(&text).unwrap();
            assert_eq!(read, signed);
            let genuine = [keys(2), keys(1)].map(|keys| read.is_genuine(&keys));
            assert_eq!(genuine, [Some(true), None]);
        }
        assert!(!signed.text().contains('\u{1b}'));
        assert!(signed.text().contains("Every click that this page tells of is accounted\nfor;"));
        let whole = ProofPage { open: 0, until_us: None, ..page() };
        assert!(whole.text().contains("Every click is accounted for."));
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let (by, why) = ("server".to_owned(), "too-old".to_owned());
        let deleted = vec![DeletedRow { by, why, segments: 2, clicks: 300 }];
        let signed = ProofPage { deleted, ..page() }.sign(&keys(0));
        assert!(signed.text().contains("deleted by server, too-old: 300 clicks in 2 segments\n"));
        let text = signed.text();
        assert!(SignedPage::read("").is_none() && SignedPage::read("hello\n").is_none());
        for at in 0..text.trim_end().len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let read = SignedPage::read(&changed);
            let is_seen = read.is_none_or(|read| read.is_genuine(&keys(0)) != Some(true));
            assert!(is_seen, "{changed}");
        }
        let mut other = signed;
        other.page.rows[0].recorded += 1;
        assert_eq!(other.is_genuine(&keys(0)), Some(false));
    }

    /// A page whose first row is now like this, must be said to differ so.
    fn differs(change: impl Fn(&mut ProofRow), expected: &[&str]) {
        let mut now = page();
        change(&mut now.rows[0]);
        assert_eq!(differences(&page(), &now), expected);
    }

    #[test]
    fn nothing_differs() {
        differs(|_| (), &[]);
    }
    #[test]
    fn deleted_by_rule_since() {
        differs(|row| (row.recorded, row.deleted) = (0, 900), &[]);
    }
    #[test]
    fn missing_since() {
        let said = "2026-11-27, shard 3: 1 click missing that were there when the page was made";
        differs(|row| row.recorded -= 1, &[said]);
    }
    #[test]
    fn put_there_since() {
        let now = ProofPage { findings: 2, ..page() };
        assert_eq!(differences(&page(), &now), ["2 findings more than when the page was made"]);
    }
    #[test]
    fn others_answered() {
        let said = "2026-11-27, shard 3: 1001 answered, and the page says 1000";
        differs(|row| row.answered += 1, &[said]);
    }
}
