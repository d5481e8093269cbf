//! What is known of caps when a server starts.

use std::path::Path;

use anyhow::{Context, anyhow};

use super::files::CapFiles;
use super::recount::{Counted, count};
use crate::clicks::{folder, last_sequences};
use crate::limits::CAPS_MAX;
use crate::machine::boot::boot_id;
use crate::machine::clock::unix_us;
use crate::rules::caps::{CapKey, CapLine, CapRoom, KeptCaps, NoCapRoom};
use crate::say::say;
use crate::words::counted;

/// Makes one file of what was counted, and of the caps that there are now.
///
/// # Errors
///
/// A sentence for the operator: a file cannot be read or made.
pub fn open(
    files: &CapFiles,
    clicks: &Path,
    shards: usize,
    lines: &[CapLine],
) -> anyhow::Result<CapRoom> {
    let now_us = unix_us();
    let run = folder::live_run(clicks).unwrap_or(now_us);
    let mut room = CapRoom::new(shards, run, boot());
    let kept = kept(files, clicks, lines, now_us)?;
    let own = lines.iter().map(CapKey::of);
    // Links may come back, and with them their caps.
    let recent = kept.caps().filter(|kept| kept.is_recent(now_us)).map(|kept| kept.key);
    let recent = recent.take(CAPS_MAX.saturating_sub(lines.len()));
    let path = || files.path().display().to_string();
    room.admit(own.chain(recent), now_us, |number, bytes| files.make(number, bytes)).map_err(
        |no| match no {
            NoCapRoom::TooMany => anyhow!(
                "there are {}, and at most {CAPS_MAX} are counted; take some out",
                counted(lines.len() as u64, "cap")
            ),
            NoCapRoom::Io(error) => {
                anyhow!(
                    "cannot make {}, in which caps are counted: {error}; make room there",
                    path()
                )
            }
        },
    )?;
    let named = match room.counts().extents().next() {
        None => files.remove(),
        Some(first) => {
            kept.caps().for_each(|kept| room.restore(kept));
            first.room().sync().and_then(|()| files.name_first())
        }
    };
    named.with_context(|| format!("cannot make {}, in which caps are counted", path()))?;
    Ok(room)
}

/// What is known of caps: by the files, or by the click log where those are not to be
/// believed.
fn kept(
    files: &CapFiles,
    clicks: &Path,
    lines: &[CapLine],
    now_us: u64,
) -> anyhow::Result<KeptCaps> {
    let cannot_read = || {
        format!(
            "cannot read {}, in which caps are counted; see to the disk, or move it away to have \
             caps counted from the click log",
            files.path().display()
        )
    };
    Ok(match files.read().with_context(cannot_read)? {
        // Of links that were served without caps the log tells.
        None => {
            let mut kept = KeptCaps::default();
            count_anew(&mut kept, clicks, lines, now_us)?;
            kept
        }
        Some(read) => {
            let is_harmed = read.is_err();
            let mut kept = read.unwrap_or_default();
            settle(&mut kept, clicks)?;
            if is_harmed || !kept.is_clean && kept.boot != boot() {
                say(format_args!(
                    "warning: {} {}, so what is used of caps is counted anew from the click log",
                    files.path().display(),
                    if is_harmed {
                        "is damaged"
                    } else {
                        "may not be whole after the loss of power"
                    }
                ));
                count_anew(&mut kept, clicks, lines, now_us)?;
            }
            kept
        }
    })
}

/// Takes back what was counted for clicks that were never written.
fn settle(kept: &mut KeptCaps, clicks: &Path) -> anyhow::Result<()> {
    // Who ended by itself has written all of them.
    if kept.is_clean || kept.pending.is_empty() {
        return Ok(());
    }
    let last = last_sequences(clicks, kept.run)
        .with_context(|| format!("cannot read the click folder {}", clicks.display()))?;
    for pending in std::mem::take(&mut kept.pending) {
        let is_written = match last.get(&pending.shard) {
            Some(&last) => pending.sequence <= last,
            // It had others before, which are gone: so may this one be.
            None => pending.sequence > 1,
        };
        if !is_written {
            kept.take_back(&pending);
        }
    }
    Ok(())
}

fn count_anew(
    kept: &mut KeptCaps,
    clicks: &Path,
    lines: &[CapLine],
    now_us: u64,
) -> anyhow::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let since = |key: CapKey| kept.get(key).map_or(0, |kept| kept.since_us);
    let wanted: Vec<_> = lines.iter().map(|line| (line, since(CapKey::of(line)))).collect();
    let (all, is_whole) = count(clicks, &wanted, now_us)?;
    for Counted { key, since_us, number, clicks } in all {
        let was = kept.get(key).map_or(0, |kept| kept.used(number));
        // What is gone from the log is known nowhere else.
        let used = if is_whole { clicks } else { clicks.max(was) };
        kept.set(key, since_us, number, used);
    }
    Ok(())
}

/// Which boot of the machine it is, in words.
fn boot() -> [u64; 2] {
    let number = u128::from_be_bytes(boot_id());
    [(number >> 64) as u64, number as u64]
}
