//! What every sink does, and what holds for the files of each that writes some.

use std::path::Path;

use anyhow::Context;

use crate::ship::batch::ClickBatch;

/// Takes batches of clicks.
pub trait Sink {
    /// Looks whether a batch that was never sent can be, without touching
    /// anything: a sentence when sending it would overwrite what is not ours.
    ///
    /// # Errors
    ///
    /// When the sink cannot be looked at.
    fn admit(&self, batch: &ClickBatch) -> anyhow::Result<Option<String>>;

    /// Sends a batch, and returns when the sink has it for good.
    ///
    /// The batch may have been sent before, in part or wholly: by this process,
    /// if that failed, or by one that was killed. What is sent is the same then,
    /// under the same name, so a sink that knows names takes it once.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    fn send(&mut self, batch: &ClickBatch) -> anyhow::Result<()>;

    /// Whether looking and sending may be tried again after a failure.
    fn may_recover(&self) -> bool;
}

/// Mode of files of clicks: those are personal data.
pub(super) const PRIVATE: u32 = 0o640;

/// Looks whether a new file can have this name: a sentence when one has it. That is
/// of another shipper, or from before the sink was forgotten.
///
/// # Errors
///
/// When it cannot be seen.
pub(super) fn refuse_taken(path: &Path) -> anyhow::Result<Option<String>> {
    let is_taken = path.try_exists().with_context(|| format!("cannot read {}", path.display()))?;
    Ok(is_taken.then(|| {
        format!(
            "{} is there already, and this sink has not written it; ship to a folder of its own, \
             or move the file away",
            path.display()
        )
    }))
}
