//! Rows of clicks that are looked for all at once, kept until they are asked for in the order
//! of their ids.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::Context;
use tempfile::SpooledTempFile;

use crate::clicks::{ClickId, ClickKeys, IdRefused, Missing, Rows, WantedClick, find_clicks};

/// Bytes of rows that stay in memory. Over it they are in a file that has no name.
const MEMORY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes that are gathered before they go there.
const STEP_BYTES: usize = 256 * 1024;

/// Why there is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRow {
    /// It is no id of this server.
    Refused(IdRefused),
    /// Its click was counted as lost.
    NotRecorded,
    /// There is no such click.
    Missing(Missing),
}

/// What became of an id: where its row stands, or why there is none.
type Answer = Result<(u64, u32), NoRow>;

/// What was found of some ids.
pub(super) struct Answers {
    rows: Spool,
    /// Bytes of what stands before the first row.
    head: u32,
    answers: Vec<Answer>,
}

/// Rows that are written one after the other and read in any order.
#[derive(Default)]
pub(super) struct Spool(RefCell<Spooled>);

#[derive(Default)]
struct Spooled {
    file: SpoolFile,
    waiting: Vec<u8>,
    /// Bytes in the file and waiting.
    bytes: u64,
}

struct SpoolFile(SpooledTempFile);

impl Default for SpoolFile {
    fn default() -> Self {
        Self(SpooledTempFile::new(MEMORY_BYTES_MAX))
    }
}

impl Spooled {
    fn hand_on(&mut self) -> io::Result<()> {
        self.file.0.write_all(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }
}

impl Spool {
    fn bytes(&self) -> u64 {
        self.0.borrow().bytes
    }
}

impl Write for &Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut spooled = self.0.borrow_mut();
        spooled.waiting.extend_from_slice(bytes);
        spooled.bytes += bytes.len() as u64;
        if spooled.waiting.len() >= STEP_BYTES {
            spooled.hand_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins rows in a spool.
pub(super) type BeginRows<'a> = dyn for<'s> Fn(&'s Spool) -> anyhow::Result<Rows<&'s Spool>> + 'a;

impl Answers {
    /// Looks for the clicks with these ids in the folder, in one pass, and keeps their rows.
    ///
    /// # Errors
    ///
    /// A sentence when the folder cannot be read, or the rows not be kept.
    pub(super) fn find(
        clicks: &Path,
        keys: &ClickKeys,
        ids: impl Iterator<Item = Result<ClickId, IdRefused>>,
        begin: &BeginRows<'_>,
    ) -> anyhow::Result<Self> {
        let (mut answers, mut wanted) = (Vec::new(), Vec::new());
        for id in ids {
            answers.push(match id.and_then(|id| keys.open(id)) {
                Err(refused) => Err(NoRow::Refused(refused)),
                Ok(place) if place.is_recorded() => {
                    wanted.push(WantedClick { place, number: answers.len() as u32 });
                    Ok((0, 0))
                }
                Ok(_) => Err(NoRow::NotRecorded),
            });
        }
        let spool = Spool::default();
        let keeps = "cannot keep what was found in a temporary file (TMPDIR says where)";
        let mut rows = begin(&spool)?;
        rows.flush().context(keeps)?;
        let head = spool.bytes() as u32;
        find_clicks(clicks, &mut wanted, |number, found| {
            answers[number as usize] = match found {
                Ok(mut entry) => {
                    let before = spool.bytes();
                    entry.id = keys.sign_as(entry.key, entry.place());
                    rows.write(&entry).and_then(|()| rows.flush()).context(keeps)?;
                    Ok((before, (spool.bytes() - before) as u32))
                }
                Err(missing) => Err(NoRow::Missing(missing)),
            };
            Ok(())
        })?;
        drop(rows);
        spool.0.borrow_mut().hand_on().context(keeps)?;
        Ok(Self { rows: spool, head, answers })
    }

    /// What stands before the first row.
    ///
    /// # Errors
    ///
    /// Those of reading it.
    pub(super) fn head(&self, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
        self.read(0, self.head, bytes)
    }

    /// The row of the id with this number, from 0, in `bytes`; or why there is none.
    ///
    /// # Errors
    ///
    /// Those of reading it.
    pub(super) fn row(
        &self,
        number: usize,
        bytes: &mut Vec<u8>,
    ) -> anyhow::Result<Result<(), NoRow>> {
        Ok(match self.answers[number] {
            Ok((at, count)) => Ok(self.read(at, count, bytes)?),
            Err(why) => Err(why),
        })
    }

    fn read(&self, at: u64, count: u32, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
        let file = &mut self.rows.0.borrow_mut().file.0;
        bytes.resize(count as usize, 0);
        file.seek(SeekFrom::Start(at))
            .and_then(|_| file.read_exact(bytes))
            .context("cannot read the temporary file of what was found")
    }
}
