//! A shard for a dry run: it answers as it would for visitors, but without sockets, and
//! records nothing. What `carom links replay` asks.

use std::sync::Arc;
use std::time::Duration;

use crate::clicks::{Lost, Privacy, Writer};
use crate::connection::{Step, Timeouts};
use crate::limits::{BATCH_REQUESTS_MAX, CLICK_ID_BYTES};
use crate::links::{Links, Table};
use crate::mailbox::Published;
use crate::rules::SplitKey;
use crate::shard::{Arrival, Builtins, Now, Received, Settings, Shard, WhenFull};

/// Pieces of text, one behind the other: requests, or their replies.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Pieces {
    /// Adds a piece: what `write` appends.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// The piece with this number, counted from 0.
    #[must_use]
    pub fn get(&self, at: usize) -> &[u8] {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[begin..self.ends[at]]
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets all, and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

impl Received for Pieces {
    fn bytes(&self, arrival: &Arrival) -> &[u8] {
        self.get(arrival.buffer as usize)
    }
}

/// Of whoever asks.
const PEER: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];
/// Time stands still, so that none of them ever passes.
const TIMEOUTS: Timeouts = Timeouts { head_ms: 1_000, idle_ms: 1_000, send_ms: 1_000 };

/// A shard for a dry run.
pub struct DryShard {
    shard: Shard,
    /// One for each request of a batch, so that none waits for another.
    connections: Vec<u32>,
    arrivals: Vec<Arrival>,
    click_id: [u8; CLICK_ID_BYTES],
}

impl DryShard {
    /// A shard that serves `table` at the time `now`, which stands still.
    #[must_use]
    pub fn new(table: &Arc<Table>, now: Now) -> Self {
        let settings = Settings {
            timeouts: TIMEOUTS,
            connections_max: BATCH_REQUESTS_MAX,
            builtins: Builtins::default(),
            wait_for_log: Duration::ZERO,
            when_full: WhenFull::Drop,
            privacy: Privacy::Full,
            split_key: SplitKey([0; 16]),
        };
        // Clicks that are all lost have one id, so that replies can be compared.
        let writer = Writer::nowhere();
        let click_id = writer.id(Err(Lost)).text();
        let links = Links::replicate(table);
        let mut shard = Shard::new(links, writer, settings, Arc::new(Published::default()), now);
        let connections = (0..BATCH_REQUESTS_MAX).map(|_| shard.open(PEER)).collect();
        Self { shard, connections, arrivals: Vec::new(), click_id }
    }

    /// What stands in a reply for the id of its click.
    #[must_use]
    pub fn click_id(&self) -> &[u8] {
        &self.click_id
    }

    /// Adds the reply of each of `requests`, in order. Each is one whole head.
    pub fn answer(&mut self, requests: &Pieces, replies: &mut Pieces) {
        for begin in (0..requests.len()).step_by(BATCH_REQUESTS_MAX) {
            let batch = begin..requests.len().min(begin + BATCH_REQUESTS_MAX);
            self.arrivals.clear();
            self.arrivals.extend(batch.zip(&self.connections).map(|(at, &connection)| Arrival {
                connection,
                buffer: at as u32,
                size: requests.get(at).len() as u32,
                end: false,
            }));
            self.shard.answer(&self.arrivals, requests);
            self.steps();
            for &Arrival { connection, .. } in &self.arrivals {
                let outgoing = self.shard.connection(connection).outgoing();
                let size = outgoing.len();
                replies.push(|text| text.extend_from_slice(outgoing));
                self.shard.sent(connection, size);
                if !self.shard.connection(connection).is_idle() {
                    self.shard.failed(connection);
                }
            }
            self.steps();
        }
    }

    /// Does what the shard asks of an engine. Connections that end are replaced.
    fn steps(&mut self) {
        while let Some((id, step)) = self.shard.next_step() {
            match step {
                // What is to be sent is taken where it lies.
                Step::Send { .. } | Step::Wait => {}
                Step::Shutdown => self.shard.failed(id),
                Step::Close => {
                    self.shard.release(id);
                    let own = self.connections.iter_mut().find(|own| **own == id);
                    *own.expect("it is one of ours") = self.shard.open(PEER);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::{Format, OnBadLine, Source, load};
    use crate::rehearsal::Rehearsal;

    const LINKS: &str = "/a https://a.example/ 301\nb.example/p/* https://b.example/:splat\n\
                         /c https://c.example/?s={clickid}\n/g 410\n";

    fn dry() -> DryShard {
        let source = Source::new("links", LINKS.as_bytes(), Format::Native);
        let table = load(&[source], OnBadLine::Refuse).table.unwrap();
        DryShard::new(&Arc::new(table), Now { unix_us: 784_111_777_000_000, ms: 0 })
    }

    /// Heads that it is asked for, some of which end their connection.
    fn requests() -> Vec<String> {
        let head = |line: &str| format!("{line}\r\nHost: b.example\r\n\r\n");
        let lines = [
            "GET /a HTTP/1.1",
            "GET /p/x?y HTTP/1.1",
            "HEAD /robots.txt HTTP/1.1",
            "BAD",
            "GET /g HTTP/1.1",
            "GET /none HTTP/1.0",
            "POST /a HTTP/1.1",
        ];
        (0..5 * BATCH_REQUESTS_MAX + 1).map(|at| head(lines[at % lines.len()])).collect()
    }

    #[test]
    fn it_answers_as_a_shard_does() {
        let (mut shard, mut rehearsal) = (dry(), Rehearsal::new(LINKS, None));
        let (mut asked, mut replies) = (Pieces::default(), Pieces::default());
        let requests = requests();
        requests.iter().for_each(|request| asked.push(|text| text.extend(request.bytes())));
        shard.answer(&asked, &mut replies);
        assert_eq!(replies.len(), requests.len());
        for (at, request) in requests.iter().enumerate() {
            let played = rehearsal.play(&[request.as_bytes()], false);
            assert_eq!(replies.get(at), played.replies, "{request}");
        }
    }

    #[test]
    fn all_clicks_have_one_id() {
        let (mut first, mut second) = (dry(), dry());
        let (mut requests, mut replies) = (Pieces::default(), Pieces::default());
        requests.push(|text| text.extend(b"GET /c HTTP/1.1\r\nHost: x\r\n\r\n"));
        first.answer(&requests, &mut replies);
        first.answer(&requests, &mut replies);
        second.answer(&requests, &mut replies);
        let ids = (0..3).map(|at| replies.get(at)).collect::<Vec<_>>();
        assert!(ids[0] == ids[1] && ids[1] == ids[2]);
        let text = String::from_utf8(ids[0].to_vec()).unwrap();
        let id = String::from_utf8(first.click_id().to_vec()).unwrap();
        assert!(text.contains(&format!("Location: https://c.example/?s={id}\r\n")), "{text}");
    }
}
