//! A page that says what became of every click that was answered, from two sources that
//! know nothing of each other: the numbers that clicks were given, as the list of
//! segments has them, and the records that are in the files.

mod account;
mod page;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, bail, ensure};

pub use account::{DeletedRow, ProofRow, SegmentAccount};
pub use page::{ProofPage, SignedPage};

use crate::clicks::format::id::ClickKeys;
use crate::clicks::format::list_line::{ListKeys, Mac};
use crate::clicks::format::listed::{Contents, DeletedWhy, Deletion, ListedEvent};
use crate::clicks::list::reader::ListReader;
use crate::clicks::read::compare::Weight;
use crate::clicks::read::ledger::Ledger;
use crate::clicks::read::tally::SegmentReport;
use crate::machine::clock::unix_us;
use crate::words::counted;

/// What is proved, and what stands against it.
#[derive(Debug)]
pub struct Proof {
    /// The page.
    pub page: ProofPage,
    /// Sentences about what is not as it should be.
    pub findings: Vec<String>,
}

/// What a list tells of segments that are done with.
struct ListedSegments {
    segments: BTreeMap<(u16, u64), SegmentAccount>,
    lines: u64,
    mac: Mac,
}

/// What was found in the files.
#[derive(Default)]
struct Found {
    changed: u64,
    open: u64,
    findings: Vec<String>,
}

impl ListedSegments {
    /// Reads all segments, and notes what is in those that are listed.
    fn find(
        &mut self,
        ledger: &mut Ledger,
        times: &Range<u64>,
        mut step: impl FnMut(&Ledger),
    ) -> anyhow::Result<Found> {
        let mut found = Found::default();
        // They are kept from here on.
        ledger.take_reports();
        loop {
            let is_end = ledger.next_click_by_shard()?.is_none();
            step(ledger);
            for report in ledger.take_reports() {
                self.note(&report, times, &mut found);
            }
            if is_end {
                break;
            }
        }
        found.open += ledger.live_reports().count() as u64;
        let notes = ledger.take_list_notes().into_iter().filter(|note| note.weight > Weight::Told);
        found.findings.extend(notes.map(|note| note.sentence));
        Ok(found)
    }

    fn note(&mut self, report: &SegmentReport, times: &Range<u64>, found: &mut Found) {
        let tally = &report.tally;
        let bad = [tally.missing, tally.damaged_bytes, tally.unreadable, tally.changed];
        if bad != [0; 4] || tally.gone > 0 {
            let notes = report.notes.iter().map(|note| format!("{}: {note}", report.name));
            found.findings.extend(notes);
        }
        let Some(header) = &report.header else { return };
        let place = (header.shard, header.number);
        // That is told of above, and counts neither way.
        if report.is_strange {
            return;
        }
        let account = self.segments.get_mut(&place).filter(|it| it.run == header.run);
        let Some(account) = account else {
            found.open += 1;
            return;
        };
        account.read = Some(tally.clicks);
        account.undelivered = tally.undelivered;
        if times.contains(&account.from_us) {
            found.changed += tally.changed;
        }
    }
}

/// Accounts for the clicks of the segments of `clicks` whose first click is within
/// `times` (Unix µs), and that the first `lines` lines of its list tell of, or all.
/// `step` is called with the bytes read so far.
///
/// # Errors
///
/// A sentence when there is no list, it is shorter, or something cannot be read at all.
pub fn prove(
    clicks: &Path,
    keys: &ClickKeys,
    times: Range<u64>,
    lines: Option<u64>,
    step: impl FnMut(&Ledger),
) -> anyhow::Result<Proof> {
    let mut listed = read_list(clicks, keys, lines)?;
    let mut ledger = Ledger::open(&[clicks.to_owned()], false)?;
    ledger.compare_with_lists(|_| Some(ListKeys::new(keys)));
    ledger.pass_over_all_but(times.clone());
    let Found { changed, open, findings } = listed.find(&mut ledger, &times, step)?;
    // Some may have been deleted by rule while the others were read.
    for (place, account) in read_list(clicks, keys, Some(listed.lines))?.segments {
        if account.deleted.is_some()
            && let Some(before) = listed.segments.get_mut(&place)
        {
            before.deleted = account.deleted;
        }
    }
    let deleted = account::deleted_rows(listed.segments.values(), &times);
    let rows = account::rows(listed.segments.into_values(), &times);
    let page = ProofPage {
        folder: clicks.display().to_string(),
        made_us: unix_us(),
        since_us: (times.start > 0).then_some(times.start),
        until_us: (times.end < u64::MAX).then_some(times.end),
        lines: listed.lines,
        mac: listed.mac,
        rows,
        changed,
        findings: findings.len() as u64,
        open,
        sinks: Vec::new(),
        deleted,
    };
    Ok(Proof { page, findings })
}

/// Proves again what `page` says, from what is there now, and compares.
///
/// # Errors
///
/// As of [`prove`]; also when the list is not the one that the page was made from.
pub fn check(
    clicks: &Path,
    keys: &ClickKeys,
    page: &ProofPage,
    step: impl FnMut(&Ledger),
) -> anyhow::Result<Vec<String>> {
    let times = page.since_us.unwrap_or(0)..page.until_us.unwrap_or(u64::MAX);
    let now = prove(clicks, keys, times, Some(page.lines), step)?;
    ensure!(
        now.page.mac == page.mac,
        "the first {} lines of the list of segments of {} are not those that the page was made \
         from: it is of another folder, or the list was changed since",
        page.lines,
        clicks.display()
    );
    let mut differences = page::differences(page, &now.page);
    if now.page.findings > page.findings {
        differences.extend(now.findings);
    }
    Ok(differences)
}

fn read_list(
    clicks: &Path,
    keys: &ClickKeys,
    lines: Option<u64>,
) -> anyhow::Result<ListedSegments> {
    let cannot = || format!("cannot read the list of segments of {}", clicks.display());
    let Some(mut reader) =
        ListReader::open(clicks, Some(ListKeys::new(keys))).with_context(cannot)?
    else {
        bail!(
            "{} has no list of segments (.state/ledger), without which nothing can be proved; the \
             next start of `carom serve` makes one of what is there",
            clicks.display()
        );
    };
    let mut listed = ListedSegments { segments: BTreeMap::new(), lines: 0, mac: [0; 16] };
    let end = lines.unwrap_or(u64::MAX);
    // `ship` may be faster to delete a segment than its server to note the seal.
    let mut deleted = BTreeMap::new();
    // What is deleted later is accounted for as deleted, whenever the page was made.
    reader
        .read(|line| {
            let Some(entry) = &line.listed else { return };
            let place = (entry.shard, entry.number);
            let is_in = line.index <= end;
            if is_in {
                (listed.lines, listed.mac) = (line.index, line.mac);
            }
            match &entry.event {
                ListedEvent::Begun { .. } => drop(deleted.remove(&place)),
                ListedEvent::Sealed(contents) if is_in => {
                    let account = account_of(entry.shard, contents, true);
                    let deleted = deleted.get(&place).copied();
                    listed.segments.insert(place, SegmentAccount { deleted, ..account });
                }
                ListedEvent::Found(contents) if is_in => {
                    listed.segments.insert(place, account_of(entry.shard, contents, false));
                }
                ListedEvent::Deleted { why: DeletedWhy::Unused, .. }
                    if listed.segments.contains_key(&place) => {}
                &ListedEvent::Deleted { by, why } => {
                    deleted.insert(place, Deletion { by, why });
                    if let Some(account) = listed.segments.get_mut(&place) {
                        account.deleted = Some(Deletion { by, why });
                    }
                }
                _ => {}
            }
        })
        .with_context(cannot)?;
    if let Some(lines) = lines {
        ensure!(
            listed.lines == lines,
            "the list of segments of {} has {}, and had {lines} when the page was made: it \
             was cut, or is that of another folder",
            clicks.display(),
            counted(listed.lines, "line")
        );
    }
    Ok(listed)
}

fn account_of(shard: u16, contents: &Contents, is_own: bool) -> SegmentAccount {
    let &Contents { run, first, last, clicks, lost, from_us, .. } = contents;
    let account = SegmentAccount {
        shard,
        run,
        first,
        last,
        clicks,
        lost,
        from_us,
        ..SegmentAccount::default()
    };
    SegmentAccount { is_own, ..account }
}
