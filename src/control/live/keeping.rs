//! Keeping the tables of generations on the disk, one after the other, beside the
//! serving: then their memory can be given back once they are no longer served.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::generations::Generations;
use super::tables;
use super::worker::Worker;
use crate::say::say;
use crate::sources::Base;

/// Tables on their way to the disk.
pub struct Keeping {
    /// The state folder.
    state: PathBuf,
    worker: Worker<(u32, Arc<Base>)>,
    /// The table that is being written.
    under_way: Option<u32>,
    /// It was said that tables cannot be written.
    has_said: bool,
}

impl Keeping {
    /// `tell` is told of each table that was written, or why it could not be.
    ///
    /// # Errors
    ///
    /// When its thread cannot be started.
    pub fn start(
        state: PathBuf,
        tell: impl Fn(u32, Result<(), String>) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let folder = state.clone();
        let worker = Worker::start("carom-keep", move |(table, base): (u32, Arc<Base>)| {
            let result = tables::write(&folder, table, &base).map_err(|error| format!("{error:#}"));
            // Whoever is told may let go of the table.
            drop(base);
            tell(table, result);
        })?;
        Ok(Self { state, worker, under_way: None, has_said: false })
    }

    /// Whether this table is on the disk.
    pub fn has(&self, table: u32) -> bool {
        tables::is_there(&self.state, table)
    }

    /// Begins with the newest table that is not on the disk yet, and removes those that
    /// are not kept.
    pub fn go_on(&mut self, generations: &Generations) {
        if self.under_way.is_some() {
            return;
        }
        tables::clean(&self.state, |table| generations.has_table(table));
        if let Some((table, base)) = generations.unstored() {
            self.worker.hand((table, base));
            self.under_way = Some(table);
        }
    }

    /// A table was written, or not.
    pub fn have_kept(
        &mut self,
        table: u32,
        result: Result<(), String>,
        generations: &mut Generations,
    ) {
        self.under_way = None;
        match result {
            Ok(()) => {
                self.has_said = false;
                generations.is_stored(table);
                self.go_on(generations);
            }
            // It is tried again when another table is served.
            Err(error) if !self.has_said => {
                self.has_said = true;
                say(not_kept(table, &error));
            }
            Err(_) => {}
        }
    }

    /// What is served is on the disk before the server ends: it is this table.
    pub fn finish(self, served: u32, generations: &Generations) {
        let Self { state, worker, has_said, .. } = self;
        worker.finish();
        if !tables::is_there(&state, served)
            && let Some((table, base)) = generations.unstored()
            && table == served
            && let Err(error) = tables::write(&state, table, &base)
            && !has_said
        {
            say(not_kept(table, &format_args!("{error:#}")));
        }
    }
}

fn not_kept(table: u32, error: &dyn fmt::Display) -> String {
    format!(
        "warning: generation {table} is kept in memory, and is gone after a restart: {error}. Free \
         space in the state folder; with the next table that is served it is tried again"
    )
}
