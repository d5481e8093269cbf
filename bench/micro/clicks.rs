//! Appending clicks to a segment in memory.

use std::sync::Arc;

use carom::clicks::{Click, Handover, Writer};
use carom::limits::SEGMENT_BYTES_DEFAULT;
use carom::rehearsal::tape::Tape;
use divan::Bencher;

use crate::table::{KEY_BYTES, drawn};
use crate::visitors::{BROWSERS, HOST, referer, user_agent};

/// The far end of a writer, which hands it two segments for ever: a keeper's
/// files would each be new, and the memory of a new one takes longer to come by
/// than the clicks in it.
pub struct Segments {
    handover: Arc<Handover>,
    filled: usize,
}

impl Segments {
    /// A writer, and what keeps it in segments.
    pub fn new() -> (Self, Writer) {
        let (mut tape, writer) = Tape::new(SEGMENT_BYTES_DEFAULT as usize);
        assert!(tape.make_ready());
        (Self { handover: Arc::clone(writer.handover()), filled: 0 }, writer)
    }

    /// Makes a full segment ready again.
    pub fn turn(&mut self) {
        while let Some(retired) = self.handover.retired.pop() {
            self.handover.ready.push(retired.segment).expect("there are two segments");
            self.filled += 1;
        }
    }

    /// Whether the memory of both is present: each has been filled once.
    pub fn are_warm(&self) -> bool {
        self.filled >= 2
    }
}

/// A visit, as a click keeps it.
struct RecordedVisit {
    path: [u8; KEY_BYTES],
    referer: &'static str,
    user_agent: String,
}

/// A writer, and visits that it records in turn.
pub struct Clicks {
    segments: Segments,
    writer: Writer,
    visits: Vec<RecordedVisit>,
    at: usize,
    time_us: u64,
}

impl Clicks {
    /// Nothing is recorded yet.
    pub fn new() -> Self {
        let (segments, writer) = Segments::new();
        let visits = drawn(1_000_000, BROWSERS).into_iter().enumerate();
        let visits = visits.map(|(browser, path)| RecordedVisit {
            path,
            referer: referer(browser),
            user_agent: user_agent(browser),
        });
        Self { segments, writer, visits: visits.collect(), at: 0, time_us: 1_795_353_562_000_000 }
    }

    /// The same with all memory of the segments present.
    pub fn warm() -> Self {
        let mut clicks = Self::new();
        while !clicks.segments.are_warm() {
            clicks.append();
        }
        clicks
    }

    /// Appends one.
    pub fn append(&mut self) {
        self.at = (self.at + 1) % BROWSERS;
        self.time_us += 1;
        let visit = &self.visits[self.at];
        let click = Click {
            time_us: self.time_us,
            link: self.at as u64,
            generation: 1,
            ip: [7; 16],
            status: 302,
            host: HOST.as_bytes(),
            path: &visit.path,
            referer: visit.referer.as_bytes(),
            user_agent: visit.user_agent.as_bytes(),
            tag: b"",
            ..Click::default()
        };
        if self.writer.append(&click).is_err() {
            panic!("a segment is always ready");
        }
        self.segments.turn();
    }
}

#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn append(bencher: Bencher<'_, '_>) {
    let mut clicks = Clicks::warm();
    bencher.bench_local(|| clicks.append());
}
