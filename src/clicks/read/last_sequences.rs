//! How far each shard of a run got.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::event::SegmentEvent;
use super::reader::SegmentReader;
use crate::clicks::folder;

/// The number of the last click of each shard that was written down or lost in this run,
/// by what is in the click folder. Of shards without any there is none.
///
/// # Errors
///
/// When the folder or one of its segments cannot be read.
pub fn last_sequences(clicks: &Path, run: u64) -> io::Result<BTreeMap<usize, u64>> {
    let mut last = BTreeMap::new();
    for file in folder::list(clicks)? {
        // One that is no segment is told of when the ledger is read.
        let Ok(Ok(mut reader)) = file.open().and_then(SegmentReader::open) else { continue };
        if reader.header().run != run || !reader.is_begun() {
            continue;
        }
        let sequence = match reader.seal() {
            Some(seal) => seal.last_sequence,
            None => {
                let first = reader.start().map_or(1, |start| start.first_sequence);
                while reader.next(false)? != SegmentEvent::End {}
                reader.expected().unwrap_or(first).saturating_sub(1)
            }
        };
        let of_shard = last.entry(usize::from(file.shard)).or_default();
        *of_shard = sequence.max(*of_shard);
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::{Click, ClickKeys, Keeper, KeeperOptions, ShardInfo};
    use std::time::Duration;

    fn options() -> KeeperOptions {
        KeeperOptions {
            segment_bytes: 64 * 1024,
            reserve: 1,
            segment_age: Duration::from_secs(60),
            sync_interval: Duration::from_secs(60),
            stage: None,
            node: 0,
            spare: None,
            keys: ClickKeys::parse("0 00000000000000000000000000000000").unwrap(),
            report: Box::new(|_| {}),
        }
    }

    #[test]
    fn each_shard_got_as_far_as_its_last_click() {
        let folder = tempfile::tempdir().unwrap();
        let shards = [0, 1, 2].map(|cpu| ShardInfo { cpu });
        let (keeper, mut writers) = Keeper::open(folder.path(), &shards, options()).unwrap();
        let run = folder::live_run(folder.path()).unwrap();
        let click = Click { time_us: 1, ..Click::default() };
        writers[0].append(&click).unwrap();
        for _ in 0..700 {
            // Some of them may be lost, and have numbers too.
            let _ = writers[2].append(&click);
        }
        let expected = BTreeMap::from([(0, 1), (2, 700)]);
        assert_eq!(last_sequences(folder.path(), run).unwrap(), expected);
        drop(writers);
        keeper.finish();
        assert_eq!(last_sequences(folder.path(), run).unwrap(), expected);
        assert_eq!(last_sequences(folder.path(), run + 1).unwrap(), BTreeMap::new());
    }
}
