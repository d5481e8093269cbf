//! A batch, the unit of work. Its phases take all its requests one step each,
//! so that the cache misses of their lookups overlap instead of adding up:
//! parse and prefetch the slot; prefetch the entry; then answer.

use crate::clicks::{Click, Flags, Verdict};
use crate::connection::{Input, Sides};
use crate::http::{self, Fixed, Keep, Method, Parsed, Refusal, Replies, Request};
use crate::limits::BATCH_REQUESTS_MAX;
use crate::links::{self, Answer, Ask, Status, Visit};

use super::filled::{self, moved};
use super::{Shard, WhenFull};

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

/// Where the bytes of a request are: in an arrival, or kept by its connection.
const IN_KEPT: u32 = u32::MAX;

/// One request of the batch, on its way through the phases.
struct Question {
    connection: u32,
    /// Index of its arrival, or [`IN_KEPT`].
    arrival: u32,
    /// Where in those bytes its head begins.
    at: u32,
    kind: Kind,
}

enum Kind {
    Refused(Refusal),
    NotAllowed(Keep),
    Lookup { request: Request, keep: Keep, ask: Ask, normalised: Option<(u32, u32)> },
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
}

impl Batch {
    pub(super) fn resume(&mut self, connection: u32) {
        self.resumable.push(connection);
    }
}

impl Shard {
    /// Answers everything in `arrivals`, and input held back earlier that may
    /// now go on. Each connection's replies come in the order of its requests.
    pub fn answer(&mut self, arrivals: &[Arrival], received: &impl Received) {
        for (at, arrival) in arrivals.iter().enumerate() {
            if self.batch.questions.len() >= BATCH_REQUESTS_MAX {
                self.finish(arrivals, received);
            }
            self.take_in(at as u32, arrival, received.bytes(arrival));
        }
        self.finish(arrivals, received);
        while !self.batch.resumable.is_empty() {
            let mut round = std::mem::take(&mut self.batch.resumable);
            std::mem::swap(&mut self.batch.resumable, &mut self.batch.spare_round);
            for id in round.drain(..) {
                if self.batch.questions.len() >= BATCH_REQUESTS_MAX {
                    self.finish(arrivals, received);
                }
                self.go_on(id);
            }
            self.batch.spare_round = round;
            self.finish(arrivals, received);
        }
    }

    /// Phase 1 for one arrival.
    fn take_in(&mut self, arrival_at: u32, arrival: &Arrival, bytes: &[u8]) {
        let id = arrival.connection;
        let connection = self.connections.get_mut(id);
        match connection.take_in(arrival.end) {
            Input::Ignored => return,
            Input::Discarded => {
                connection.discard(bytes.len());
                self.touch(id);
                return;
            }
            Input::Requests => {}
        }
        if connection.has_kept() {
            self.connections.keep(id, bytes);
            self.parse_kept(id);
        } else {
            // The usual case: answered from where the engine received it.
            let parsed = self.parse(id, arrival_at, bytes, 0);
            let rest = &bytes[parsed..];
            if !rest.is_empty() {
                let connection = self.connections.get_mut(id);
                if connection.is_open() {
                    self.connections.keep(id, rest);
                } else {
                    connection.discard(rest.len());
                }
            }
        }
        self.join_batch(id);
    }

    /// Phase 1 for input that was held back.
    fn go_on(&mut self, id: u32) {
        let connection = self.connections.get(id);
        if connection.is_open() && connection.has_kept() {
            self.parse_kept(id);
            self.join_batch(id);
        }
    }

    fn parse_kept(&mut self, id: u32) {
        let kept = self.connections.get_mut(id).take_kept();
        let parsed = self.parse(id, IN_KEPT, kept.bytes(), kept.parsed());
        self.connections.get_mut(id).put_back(kept, parsed);
    }

    /// Parses requests from `input[from..]` and asks for their slots. Returns
    /// how far it came.
    fn parse(&mut self, id: u32, arrival: u32, input: &[u8], from: usize) -> usize {
        let mut at = from;
        while at < input.len() {
            let connection = self.connections.get_mut(id);
            if !connection.may_parse() {
                if connection.is_open() && connection.has_room() {
                    self.batch.resumable.push(id); // its next round
                }
                break;
            }
            let bytes = &input[at..];
            let kind = match http::parse(bytes) {
                Parsed::Partial => break,
                Parsed::Refused(refusal) => {
                    connection.finish(true);
                    Kind::Refused(refusal)
                }
                Parsed::Whole(request) => {
                    let keep = if self.draining.is_some() { Keep::Close } else { request.keep };
                    if keep == Keep::Close {
                        // Where we are the first to say close, or a body comes,
                        // more input may be under way.
                        connection.finish(request.body || request.keep != Keep::Close);
                    }
                    let at_head = at;
                    at += usize::from(request.size);
                    connection.note_request();
                    let kind = self.ask(&input[at_head..], request, keep);
                    let at = at_head as u32;
                    self.batch.questions.push(Question { connection: id, arrival, at, kind });
                    continue;
                }
            };
            connection.note_request();
            self.batch.questions.push(Question { connection: id, arrival, at: at as u32, kind });
            at = input.len();
        }
        at
    }

    fn ask(&mut self, bytes: &[u8], request: Request, keep: Keep) -> Kind {
        if request.method == Method::Other {
            return Kind::NotAllowed(keep);
        }
        let raw = path_of(&request, bytes);
        let path = links::normalise(raw, &mut self.batch.path_scratch);
        let ask = self.links.ask(request.host.of(bytes), path);
        self.links.prefetch_slot(&ask);
        let normalised = (!std::ptr::eq(path, raw)).then(|| {
            let start = self.batch.paths.len() as u32;
            self.batch.paths.extend_from_slice(path);
            (start, self.batch.paths.len() as u32)
        });
        Kind::Lookup { request, keep, ask, normalised }
    }

    fn join_batch(&mut self, id: u32) {
        let connection = self.connections.get_mut(id);
        connection.finish_at_end();
        if connection.join_batch() {
            self.batch.members.push(id);
        }
    }

    /// Drops the kept input that was answered, and sets deadlines anew.
    fn settle_members(&mut self) {
        let mut members = std::mem::take(&mut self.batch.members);
        for id in members.drain(..) {
            let (answered, buffer) = self.connections.get_mut(id).leave_batch();
            self.connections.spare(buffer);
            self.settle(id, answered);
        }
        self.batch.members = members;
    }

    /// Phases 2 and 3 for all questions, then settles their connections.
    fn finish(&mut self, arrivals: &[Arrival], received: &impl Received) {
        let mut questions = std::mem::take(&mut self.batch.questions);
        for question in &questions {
            if let Kind::Lookup { ask, .. } = &question.kind {
                self.links.prefetch_entry(ask);
            }
        }
        for question in &questions {
            self.reply(question, arrivals, received);
        }
        questions.clear();
        self.batch.questions = questions;
        self.batch.paths.clear();
        self.settle_members();
    }

    fn reply(&mut self, question: &Question, arrivals: &[Arrival], received: &impl Received) {
        self.counts.requests += 1;
        let Sides { peer, kept, replies: out } = self.connections.sides(question.connection);
        let (request, keep, ask, normalised) = match &question.kind {
            Kind::Refused(refusal) => {
                self.counts.refused += 1;
                return self.replies.fixed(Fixed::Refused(*refusal), Keep::Close, out);
            }
            Kind::NotAllowed(keep) => {
                return self.replies.fixed(Fixed::MethodNotAllowed, *keep, out);
            }
            Kind::Lookup { request, keep, ask, normalised } => (request, *keep, ask, normalised),
        };
        let input = match arrivals.get(question.arrival as usize) {
            Some(arrival) => received.bytes(arrival),
            None => kept,
        };
        let bytes = &input[question.at as usize..];
        let path = match normalised {
            Some((start, end)) => &self.batch.paths[*start as usize..*end as usize],
            None => path_of(request, bytes),
        };
        let query = request.query.of(bytes).split_first().map(|(_, query)| query);
        let hit = self.links.find(ask, path, query, &mut self.scratch);
        if !hit.as_ref().is_some_and(|hit| hit.exact)
            && let Some(fixed) = unclaimed(path, request.method)
        {
            return self.replies.fixed(fixed, keep, out);
        }
        if self.settings.when_full == WhenFull::Refuse && self.clicks.is_full() {
            self.counts.unrecorded += 1;
            return self.replies.fixed(Fixed::Unavailable, keep, out);
        }
        // What is to be written again when the click has an id.
        let mut unsigned = None;
        let mut tag: &[u8] = b"";
        let (status, verdict) = match &hit {
            // The usual link: three copies, and nothing more to look at.
            Some(hit) if let Some(location) = hit.plain() => {
                self.replies.begin(moved(hit.status), keep, out);
                out.extend_from_slice(location);
                out.extend_from_slice(Replies::END);
                (hit.status.code(), Verdict::Redirect)
            }
            hit => {
                let answer = match hit {
                    Some(hit) => Some(hit.answer(self.now.unix_us)),
                    None => self.settings.fallback.as_ref().map(Answer::from),
                };
                let visit = Visit {
                    path,
                    captured: hit.as_ref().map(|hit| hit.captured(path)).unwrap_or_default(),
                    query: query.unwrap_or_default(),
                    host: request.host.of(bytes),
                    referer: request.referer.of(bytes),
                    user_agent: request.user_agent.of(bytes),
                    ip: peer,
                    unix_seconds: self.now.unix_us / 1_000_000,
                };
                match filled::write(&self.replies, answer.as_ref(), keep, visit, out) {
                    Ok(written) => unsigned = written,
                    Err(links::TooLong) => {
                        // The address it would make is longer than any we answer.
                        self.counts.refused += 1;
                        let too_long = Fixed::Refused(Refusal::TargetTooLong);
                        return self.replies.fixed(too_long, keep, out);
                    }
                }
                tag = answer.map_or(b"", |answer| answer.tag);
                let status = answer.map(|answer| answer.status);
                let verdict = match (hit, status) {
                    (None, _) => Verdict::Unknown,
                    (Some(_), Some(Status::Gone)) => Verdict::Gone,
                    (Some(_), _) => Verdict::Redirect,
                };
                (status.map_or(404, Status::code), verdict)
            }
        };
        match verdict {
            Verdict::Redirect => self.counts.redirects += 1,
            Verdict::Unknown => self.counts.unknown += 1,
            Verdict::Gone => self.counts.gone += 1,
        }
        let mut flags = Flags::NONE;
        if request.method == Method::Head {
            flags = flags | Flags::HEAD;
        }
        if request.prefetch {
            flags = flags | Flags::PREFETCH;
        }
        let click = Click {
            time_us: self.now.unix_us,
            link: hit.as_ref().map_or(0, |hit| hit.id),
            generation: self.links.generation(),
            ip: peer,
            status,
            verdict,
            flags,
            variant: 0,
            host: request.host.of(bytes),
            path: match request.path_and_query() {
                none if none.is_empty() => b"/",
                some => some.of(bytes),
            },
            referer: request.referer.of(bytes),
            user_agent: request.user_agent.of(bytes),
            tag,
        };
        let appended = self.clicks.append(&click);
        if appended.is_err() {
            self.counts.clicks_lost += 1;
        }
        if let Some(unsigned) = unsigned {
            unsigned.sign(&self.clicks.id(appended).text(), out);
        }
    }
}

/// The path as sent; `/` where absolute-form has none.
fn path_of<'a>(request: &Request, bytes: &'a [u8]) -> &'a [u8] {
    if request.path.is_empty() { b"/" } else { request.path.of(bytes) }
}

/// What browsers and robots ask for by themselves, unless a link claims it.
fn unclaimed(path: &[u8], method: Method) -> Option<Fixed> {
    match path {
        b"/robots.txt" if method == Method::Head => Some(Fixed::RobotsHead),
        b"/robots.txt" => Some(Fixed::Robots),
        b"/favicon.ico" => Some(Fixed::Favicon),
        _ => None,
    }
}
