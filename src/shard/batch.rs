//! A batch, the unit of work. Its phases take all its requests one step each,
//! so that the cache misses of their lookups overlap instead of adding up:
//! parse and prefetch the slot; prefetch the entry; then answer. Here is the first:
//! from bytes that came in to questions.

use super::connections::Connections;
use super::decide;
use super::facts::path_of;
use crate::connection::Input;
use crate::http::{self, Fixed, Keep, Parsed, Request};
use crate::limits::BATCH_REQUESTS_MAX;
use crate::links::{self, Links, Lookup};
use crate::mailbox::ShardCounts;

/// Bytes that came in for a connection, or its end.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// The connection.
    pub connection: u32,
    /// The engine's name for where the bytes are.
    pub buffer: u32,
    /// How many bytes.
    pub size: u32,
    /// No more will come.
    pub end: bool,
}

/// Where an engine keeps what has come in, for the length of one batch.
pub trait Received {
    /// The bytes of an arrival.
    fn bytes(&self, arrival: &Arrival) -> &[u8];
}

/// Where a request came from.
#[derive(Clone, Copy)]
struct QuestionOrigin {
    connection: u32,
    /// Index of its arrival, or [`KEPT`].
    arrival: u32,
}

/// Not in an arrival: the bytes are kept by the connection.
const KEPT: u32 = u32::MAX;

/// One request of the batch, on its way through the phases.
pub(super) struct Question {
    origin: QuestionOrigin,
    /// Where in those bytes its head begins.
    at: u32,
    pub(super) keep: Keep,
    pub(super) wants: Wants,
}

/// What it takes to answer a request.
pub(super) enum Wants {
    /// Nothing: this is the answer.
    Fixed(Fixed),
    /// A link.
    Link { request: Request, ask: Lookup, normalised: Option<(u32, u32)> },
}

impl Question {
    pub(super) fn connection(&self) -> u32 {
        self.origin.connection
    }

    /// What its head, and more, was parsed from; `kept` is what its connection keeps.
    #[inline]
    pub(super) fn bytes<'a>(
        &self,
        arrivals: &[Arrival],
        received: &'a impl Received,
        kept: &'a [u8],
    ) -> &'a [u8] {
        let input = match arrivals.get(self.origin.arrival as usize) {
            Some(arrival) => received.bytes(arrival),
            None => kept,
        };
        &input[self.at as usize..]
    }
}

#[derive(Default)]
pub(super) struct Batch {
    questions: Vec<Question>,
    /// Normalised paths, for those that needed it.
    paths: Vec<u8>,
    path_scratch: Vec<u8>,
    /// Connections with input held back that may go on.
    resumable: Vec<u32>,
    spare_round: Vec<u32>,
    /// Connections to settle when the batch is finished.
    members: Vec<u32>,
    /// Every request is the last of its connection.
    is_last: bool,
}

impl Batch {
    /// From now on every request is the last of its connection.
    pub(super) fn drain(&mut self) {
        self.is_last = true;
    }

    /// It is to be finished before it takes more.
    pub(super) fn is_full(&self) -> bool {
        self.questions.len() >= BATCH_REQUESTS_MAX
    }

    /// Takes in one arrival.
    pub(super) fn take_in(
        &mut self,
        arrival_at: u32,
        arrival: &Arrival,
        bytes: &[u8],
        connections: &mut Connections,
        links: &Links,
    ) {
        let id = arrival.connection;
        let connection = connections.get_mut(id);
        match connection.take_in(arrival.end) {
            Input::Ignored => return,
            Input::Discarded => {
                connection.discard(bytes.len());
                connections.touch(id);
                return;
            }
            Input::Requests => {}
        }
        if connection.has_kept() {
            connections.keep(id, bytes);
            self.parse_kept(id, connections, links);
        } else {
            // The usual case: answered from where the engine received it.
            let origin = QuestionOrigin { connection: id, arrival: arrival_at };
            let parsed = self.parse(origin, bytes, 0, connections, links);
            let rest = &bytes[parsed..];
            if !rest.is_empty() {
                let connection = connections.get_mut(id);
                if connection.is_open() {
                    connections.keep(id, rest);
                } else {
                    connection.discard(rest.len());
                }
            }
        }
        self.join(id, connections);
    }

    /// A connection with input held back may go on.
    pub(super) fn resume(&mut self, connection: u32) {
        self.resumable.push(connection);
    }

    /// The connections that go on now. They are given back to
    /// [`end_round`](Self::end_round).
    pub(super) fn next_round(&mut self) -> Option<Vec<u32>> {
        if self.resumable.is_empty() {
            return None;
        }
        let spare = std::mem::take(&mut self.spare_round);
        Some(std::mem::replace(&mut self.resumable, spare))
    }

    /// Takes in what one of them held back.
    pub(super) fn go_on(&mut self, id: u32, connections: &mut Connections, links: &Links) {
        let connection = connections.get(id);
        if connection.is_open() && connection.has_kept() {
            self.parse_kept(id, connections, links);
            self.join(id, connections);
        }
    }

    /// The round is over, and its list empty.
    pub(super) fn end_round(&mut self, round: Vec<u32>) {
        self.spare_round = round;
    }

    fn parse_kept(&mut self, id: u32, connections: &mut Connections, links: &Links) {
        let kept = connections.get_mut(id).take_kept();
        let origin = QuestionOrigin { connection: id, arrival: KEPT };
        let parsed = self.parse(origin, kept.bytes(), kept.parsed(), connections, links);
        connections.get_mut(id).put_back(kept, parsed);
    }

    /// Parses requests from `input[from..]` and asks for their slots. Returns
    /// how far it came.
    fn parse(
        &mut self,
        origin: QuestionOrigin,
        input: &[u8],
        from: usize,
        connections: &mut Connections,
        links: &Links,
    ) -> usize {
        let connection = connections.get_mut(origin.connection);
        let mut at = from;
        while at < input.len() {
            if !connection.may_parse() {
                if connection.is_open() && connection.has_room() {
                    self.resumable.push(origin.connection); // its next round
                }
                break;
            }
            let (head, head_at) = (&input[at..], at as u32);
            let (keep, wants) = match http::parse(head) {
                Parsed::Partial => break,
                Parsed::Refused(refusal) => {
                    connection.finish(true);
                    at = input.len();
                    (Keep::Close, Wants::Fixed(Fixed::Refused(refusal)))
                }
                Parsed::Whole(request) => {
                    let keep = if self.is_last { Keep::Close } else { request.keep };
                    if keep == Keep::Close {
                        // Where we are the first to say close, or a body comes,
                        // more input may be under way.
                        connection.finish(request.body || request.keep != Keep::Close);
                    }
                    at += usize::from(request.size);
                    (keep, self.ask(head, request, links))
                }
            };
            connection.note_request();
            self.questions.push(Question { origin, at: head_at, keep, wants });
        }
        at
    }

    fn ask(&mut self, head: &[u8], request: Request, links: &Links) -> Wants {
        if let Some(fixed) = decide::without_link(&request) {
            return Wants::Fixed(fixed);
        }
        let raw = path_of(&request, head);
        let path = links::normalise(raw, &mut self.path_scratch);
        let ask = links.ask(request.host.of(head), path);
        links.prefetch_slot(&ask);
        let normalised = (!std::ptr::eq(path, raw)).then(|| {
            let start = self.paths.len() as u32;
            self.paths.extend_from_slice(path);
            (start, self.paths.len() as u32)
        });
        Wants::Link { request, ask, normalised }
    }

    fn join(&mut self, id: u32, connections: &mut Connections) {
        let connection = connections.get_mut(id);
        connection.finish_at_end();
        if connection.join_batch() {
            self.members.push(id);
        }
    }

    /// Its questions. They are given back to [`end`](Self::end).
    pub(super) fn questions(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.questions)
    }

    /// The normalised path of a question.
    #[inline]
    pub(super) fn path<'a>(
        &'a self,
        request: &Request,
        normalised: Option<(u32, u32)>,
        bytes: &'a [u8],
    ) -> &'a [u8] {
        match normalised {
            Some((start, end)) => &self.paths[start as usize..end as usize],
            None => path_of(request, bytes),
        }
    }

    /// All are answered: settles their connections.
    pub(super) fn end(
        &mut self,
        mut questions: Vec<Question>,
        connections: &mut Connections,
        counts: &mut ShardCounts,
    ) {
        questions.clear();
        self.questions = questions;
        self.paths.clear();
        for id in self.members.drain(..) {
            connections.leave_batch(id, counts);
        }
    }
}
