//! A thread beside the desk that does one kind of long work.

use std::thread::JoinHandle;

use anyhow::Context;
use crossbeam_channel::{Sender, bounded};

use crate::machine::background;

/// A thread of low priority that is handed one job at a time. It ends when this is
/// dropped.
pub struct Worker<Job> {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl<Job: Send + 'static> Worker<Job> {
    /// Starts a thread that does `work` for each job.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(name: &str, mut work: impl FnMut(Job) + Send + 'static) -> anyhow::Result<Self> {
        // Whoever has it keeps count: the next job is handed over when one is done.
        let (jobs, handed) = bounded(1);
        let work = move || {
            background::begin();
            handed.into_iter().for_each(&mut work);
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        Ok(Self { jobs, thread: thread.context("cannot start a thread")? })
    }

    /// Hands over a job. The one before is done.
    pub fn hand(&self, job: Job) {
        // The thread ends only after this.
        let _ = self.jobs.send(job);
    }

    /// Waits until the job that it has is done.
    pub fn finish(self) {
        drop(self.jobs);
        // A panic ends the process before this sees it.
        let _ = self.thread.join();
    }
}
