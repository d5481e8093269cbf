//! Writing a 302 into a buffer that is there already.

use std::hint::black_box;

use carom::http::{Keep, Moved, Replies};
use divan::Bencher;

use crate::table::target;
use crate::visitors::BROWSERS;

/// Prepared replies, and targets that complete them in turn.
pub struct Redirects {
    replies: Replies,
    targets: Vec<String>,
    at: usize,
    out: Vec<u8>,
}

impl Redirects {
    /// As a shard has them after its first replies.
    pub fn new() -> Self {
        Self {
            replies: Replies::new(1_795_353_562),
            targets: (0..BROWSERS).map(target).collect(),
            at: 0,
            out: Vec::with_capacity(4096),
        }
    }

    /// Writes one.
    pub fn write(&mut self) {
        self.at = (self.at + 1) % BROWSERS;
        self.out.clear();
        self.replies.begin(Moved::Found, Keep::Alive, &mut self.out);
        self.out.extend_from_slice(black_box(&self.targets[self.at]).as_bytes());
        self.out.extend_from_slice(Replies::END);
        black_box(&self.out);
    }
}

#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn found(bencher: Bencher<'_, '_>) {
    let mut redirects = Redirects::new();
    bencher.bench_local(|| redirects.write());
}
