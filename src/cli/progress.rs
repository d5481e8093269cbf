//! A bar that says how far long work is.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// Steps between two looks at the clock.
const STEPS: u32 = 16 * 1024;

/// How much is read: on standard error, if that is a terminal and it takes more
/// than a moment.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    is_shown: bool,
    steps: u32,
}

impl Progress {
    /// Nothing was read yet of so many bytes; `None`: nobody knows how many.
    pub fn new(bytes: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::hidden());
        let template = match bytes {
            Some(_) => "{bar:40} {binary_bytes} of {binary_total_bytes}, {eta} left",
            None => "{spinner} {binary_bytes}",
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is good"));
        Self { bar, begun: Instant::now(), is_shown: false, steps: 0 }
    }

    /// One click or line more was read, and with it so many bytes in all.
    pub fn step(&mut self, read_bytes: impl FnOnce() -> u64) {
        self.steps += 1;
        if self.steps < STEPS {
            return;
        }
        self.steps = 0;
        self.bar.set_position(read_bytes());
        if !self.is_shown && self.begun.elapsed() > PATIENCE {
            self.is_shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Writes to the terminal what must not be torn by the bar.
    pub fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }
}

/// Nothing of it is left on the terminal.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
