//! Rows into a stream that cannot forget: at least once. A batch of which it is
//! not known how much went out is sent again, whole.

use std::io::{BufWriter, Write};

use anyhow::Context;

use super::sink::Sink;
use crate::clicks::{ChosenColumns, RowFormat, Rows};
use crate::ship::batch::ClickBatch;

/// Text gathered before it is handed on, bytes.
const OUT_BYTES: usize = 256 * 1024;

/// Writes rows to a stream, which has them when it has taken them.
pub struct StreamSink<W: Write> {
    rows: Rows<BufWriter<W>>,
}

impl<W: Write> StreamSink<W> {
    /// Begins to write these columns to `out`; CSV begins with its header row.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn new(format: RowFormat, columns: &ChosenColumns, out: W) -> anyhow::Result<Self> {
        let out = BufWriter::with_capacity(OUT_BYTES, out);
        Ok(Self { rows: Rows::new(format, columns, out).context("cannot write")? })
    }
}

impl<W: Write> Sink for StreamSink<W> {
    fn admit(&self, _batch: &ClickBatch) -> anyhow::Result<Option<String>> {
        Ok(None)
    }

    fn send(&mut self, batch: &ClickBatch) -> anyhow::Result<()> {
        let mut rows = batch.iter();
        rows.try_for_each(|entry| self.rows.write(&entry))
            .and_then(|()| self.rows.flush())
            .context("cannot write to standard output")
    }

    fn may_recover(&self) -> bool {
        false // a reader that has gone does not come back
    }
}
