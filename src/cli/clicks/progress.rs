//! A bar that says how far long work is.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clicks::ledger::Ledger;

/// Work that is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// Clicks between two looks at the clock.
const STEP: u32 = 16 * 1024;

/// How far a ledger is read: on standard error, if that is a terminal and it takes
/// more than a moment.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    is_shown: bool,
    clicks: u32,
}

impl Progress {
    /// Nothing was read of the ledger yet.
    pub fn new(ledger: &Ledger) -> Self {
        let target = ProgressDrawTarget::hidden();
        let bar = ProgressBar::with_draw_target(Some(ledger.waiting_bytes()), target);
        let template = "{bar:40} {binary_bytes} of {binary_total_bytes}, {eta} left";
        bar.set_style(ProgressStyle::with_template(template).expect("the template is good"));
        Self { bar, begun: Instant::now(), is_shown: false, clicks: 0 }
    }

    /// One click more was read.
    pub fn step(&mut self, ledger: &Ledger) {
        self.clicks += 1;
        if self.clicks < STEP {
            return;
        }
        self.clicks = 0;
        self.bar.set_position(ledger.read_bytes());
        if !self.is_shown && self.begun.elapsed() > PATIENCE {
            self.is_shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

/// Nothing of it is left on the terminal.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
