//! The loop that keeps connections busy: one thread, so that what it costs is
//! known, and no work in it that could be done before.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use super::connection::{Connection, Ends, State};
use super::outcome::{Failure, Outcome};
use crate::machine::{thread_cpu, thread_waited};
use crate::requests::Requests;

/// What to do, resolved.
pub struct LoadPlan<'a> {
    pub target: SocketAddr,
    pub requests: &'a Requests,
    pub connections: usize,
    pub pipeline: usize,
    pub new_connections: bool,
    /// Requests a second; as many as are answered where there is none.
    pub rate: Option<f64>,
    pub limit: Limit,
    /// Load before anything counts.
    pub warm_up: Duration,
    pub timeout: Duration,
    /// Statuses that are no error; any redirect where it is empty.
    pub expect: &'a [u16],
    /// Ends the run when it is set.
    pub stop: &'a AtomicBool,
}

/// When a run is over.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    Time(Duration),
    Requests(u64),
}

/// What an observer is told of.
pub enum Moment<'a> {
    /// From now on it counts.
    Started,
    /// About ten times a second.
    Running(&'a Outcome, Duration),
    /// What counts is over; connections are still open.
    Ended,
}

const TIMER: Token = Token(usize::MAX);
const TICK: Duration = Duration::from_millis(100);
/// Connections that failed are tried again after this time.
const RETRY: Duration = Duration::from_millis(10);
/// How long replies under way are waited for at the end of a closed loop.
const DRAIN: Duration = Duration::from_secs(1);
const BUFFER_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RunPhase {
    WarmUp,
    Counting,
    Draining,
}

/// Runs the plan.
pub fn run(plan: &LoadPlan<'_>, observe: &mut dyn FnMut(Moment<'_>)) -> anyhow::Result<Outcome> {
    let mut generator = Generator::new(plan)?;
    let mut connections: Vec<_> = (0..plan.connections).map(|_| Connection::default()).collect();
    generator.run(&mut connections, observe)?;
    Ok(generator.outcome)
}

struct Generator<'a> {
    plan: &'a LoadPlan<'a>,
    poll: Poll,
    timer: std::os::fd::OwnedFd,
    outcome: Outcome,
    phase: RunPhase,
    clock: Instant,
    now_ns: u64,
    phase_began_ns: u64,
    next_request: usize,
    /// Requests begun in this phase.
    begun: u64,
    idle: Vec<u32>,
    failed: Vec<u32>,
    retry_ns: u64,
    buffer: Vec<u8>,
}

impl<'a> Generator<'a> {
    fn new(plan: &'a LoadPlan<'a>) -> anyhow::Result<Self> {
        let poll = Poll::new()?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        let timer_fd = timer.as_raw_fd();
        poll.registry().register(&mut SourceFd(&timer_fd), TIMER, Interest::READABLE)?;
        Ok(Self {
            plan,
            poll,
            timer,
            outcome: Outcome::new(),
            phase: RunPhase::WarmUp,
            clock: Instant::now(),
            now_ns: 0,
            phase_began_ns: 0,
            next_request: 0,
            begun: 0,
            idle: (0..plan.connections as u32).rev().collect(),
            failed: Vec::new(),
            retry_ns: 0,
            buffer: vec![0; BUFFER_BYTES],
        })
    }

    fn run(
        &mut self,
        all: &mut [Connection],
        observe: &mut dyn FnMut(Moment<'_>),
    ) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut next_tick_ns = TICK.as_nanos() as u64;
        let (mut cpu_began, mut waited_began) = (thread_cpu(), thread_waited());
        loop {
            self.now();
            if self.phase == RunPhase::WarmUp && self.in_phase() >= self.plan.warm_up {
                self.enter(RunPhase::Counting);
                self.outcome = Outcome::new();
                (cpu_began, waited_began) = (thread_cpu(), thread_waited());
                observe(Moment::Started);
            }
            if self.phase == RunPhase::Counting && self.is_over(all) {
                self.outcome.elapsed = self.in_phase();
                let share = |time: Duration| {
                    time.as_secs_f64() / self.outcome.elapsed.as_secs_f64().max(1e-9)
                };
                let cpu = share(thread_cpu().saturating_sub(cpu_began));
                let waited = share(thread_waited().saturating_sub(waited_began));
                (self.outcome.generator_cpu, self.outcome.generator_waited) = (cpu, waited);
                observe(Moment::Ended);
                if self.plan.rate.is_some() {
                    self.outcome.unsent = self.due().saturating_sub(self.begun);
                }
                self.enter(RunPhase::Draining);
            }
            if self.phase == RunPhase::Draining && self.is_drained(all) {
                return Ok(());
            }
            self.begin_what_is_due(all);
            let wait = self.wait()?;
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                return Err(error.into());
            }
            for event in &events {
                if event.token() != TIMER {
                    let index = event.token().0;
                    self.ready(&mut all[index], index, event);
                }
            }
            if self.now() >= next_tick_ns {
                next_tick_ns = self.now_ns + TICK.as_nanos() as u64;
                self.time_out(all);
                observe(Moment::Running(&self.outcome, self.in_phase()));
            }
        }
    }

    fn now(&mut self) -> u64 {
        self.now_ns = self.clock.elapsed().as_nanos() as u64;
        self.now_ns
    }

    fn in_phase(&self) -> Duration {
        Duration::from_nanos(self.now_ns - self.phase_began_ns)
    }

    fn enter(&mut self, phase: RunPhase) {
        self.phase = phase;
        self.phase_began_ns = self.now_ns;
        self.begun = 0;
    }

    fn is_over(&self, all: &[Connection]) -> bool {
        let stopped = self.plan.stop.load(Ordering::Relaxed);
        stopped
            || match self.plan.limit {
                Limit::Time(time) => {
                    // In an open loop the late ones count too, until they time out.
                    self.in_phase() >= time
                        && (self.plan.rate.is_none()
                            || (self.begun >= self.due() && all.iter().all(|one| !one.busy))
                            || self.in_phase() >= time + self.plan.timeout)
                }
                Limit::Requests(count) => self.begun >= count && all.iter().all(|one| !one.busy),
            }
    }

    fn is_drained(&self, all: &[Connection]) -> bool {
        self.in_phase() >= DRAIN || all.iter().all(|one| !one.busy)
    }

    /// How many requests should have been begun by now in this phase.
    fn due(&self) -> u64 {
        let time = match self.plan.limit {
            Limit::Time(time) if self.phase == RunPhase::Counting => self.in_phase().min(time),
            _ => self.in_phase(),
        };
        let due = self.plan.rate.map_or(u64::MAX, |rate| (time.as_secs_f64() * rate) as u64);
        match self.plan.limit {
            Limit::Requests(count) if self.phase == RunPhase::Counting => due.min(count),
            Limit::Time(end) if self.plan.rate.is_none() && self.in_phase() >= end => {
                if self.phase == RunPhase::Counting { self.begun } else { due }
            }
            _ => due,
        }
    }

    /// When the request of this number, from 0, is due.
    fn due_ns(&self, number: u64) -> u64 {
        self.plan.rate.map_or(self.now_ns, |rate| {
            self.phase_began_ns + ((number + 1) as f64 / rate * 1e9) as u64
        })
    }

    fn begin_what_is_due(&mut self, all: &mut [Connection]) {
        if self.phase == RunPhase::Draining {
            return;
        }
        if !self.failed.is_empty() && self.now_ns >= self.retry_ns {
            self.idle.append(&mut self.failed);
        }
        while let Some(index) = self.idle.last().copied() {
            let due = self.due();
            if self.begun >= due {
                return;
            }
            self.idle.pop();
            self.begin(&mut all[index as usize], index as usize, due - self.begun);
        }
    }

    /// Begins a batch on an idle connection, of at most `most` requests.
    fn begin(&mut self, one: &mut Connection, index: usize, most: u64) {
        let count = most.min(self.plan.pipeline as u64) as usize;
        let (_, count) = self.plan.requests.batch(self.next_request, count);
        let due_ns = self.due_ns(self.begun);
        one.begin(self.next_request, count, due_ns, self.now_ns);
        self.next_request = (self.next_request + count) % self.plan.requests.count();
        self.begun += count as u64;
        if one.stream.is_none() {
            let connected = one.connect(self.plan.target).and_then(|()| {
                let stream = one.stream.as_mut().expect("it was just made");
                let both = Interest::READABLE | Interest::WRITABLE;
                self.poll.registry().register(stream, Token(index), both)
            });
            if connected.is_err() {
                return self.fail(one, index, Failure::Connect);
            }
        }
        if let State::Failed(failure) = one.send(self.plan.requests) {
            self.fail(one, index, failure);
        }
    }

    fn ready(&mut self, one: &mut Connection, index: usize, event: &Event) {
        if event.is_writable()
            && one.busy
            && let State::Failed(failure) = one.send(self.plan.requests)
        {
            return self.fail(one, index, failure);
        }
        let now_ns = self.now();
        let ends = Ends { awaited: self.plan.new_connections, seen: event.is_read_closed() };
        let (outcome, expect) = (&mut self.outcome, self.plan.expect);
        let counts = self.phase != RunPhase::Draining;
        // In a batch, each request has its own due time.
        let step_ns = self.plan.rate.map_or(0.0, |rate| 1e9 / rate);
        let due_ns = one.due_ns;
        let state = one.receive(self.plan.requests, &mut self.buffer, ends, |place, reply| {
            if !counts {
                return;
            }
            outcome.bytes += reply.size as u64;
            let due_ns = due_ns + (place as f64 * step_ns) as u64;
            outcome.replied(reply.status, now_ns.saturating_sub(due_ns));
            if let Some(failure) = judge(reply.status, reply.location.is_some(), expect) {
                outcome.failed(failure, 1);
            }
        });
        match state {
            State::Waiting => {}
            State::Failed(failure) => self.fail(one, index, failure),
            State::Done { ended } => self.done(one, index, ended),
        }
    }

    fn done(&mut self, one: &mut Connection, index: usize, ended: bool) {
        let was_busy = std::mem::replace(&mut one.busy, false);
        if ended {
            one.drop_stream();
            if !self.plan.new_connections && self.phase == RunPhase::Counting {
                self.outcome.reconnects += 1;
            }
        }
        if !was_busy {
            return; // it is idle, and stays so
        }
        // Straight on, while its state is in the cache.
        let due = self.due();
        if self.phase != RunPhase::Draining && self.begun < due {
            self.begin(one, index, due - self.begun);
        } else {
            self.idle.push(index as u32);
        }
    }

    fn fail(&mut self, one: &mut Connection, index: usize, failure: Failure) {
        let was_busy = one.busy;
        if self.phase != RunPhase::Draining && was_busy {
            // A whole reply may be here already: then the end of it was bad.
            self.outcome.failed(failure, one.unanswered().max(1) as u64);
        }
        one.drop_stream();
        if was_busy {
            self.failed.push(index as u32);
            self.retry_ns = self.now_ns + RETRY.as_nanos() as u64;
        }
    }

    fn time_out(&mut self, all: &mut [Connection]) {
        let timeout_ns = self.plan.timeout.as_nanos() as u64;
        for (index, one) in all.iter_mut().enumerate() {
            if one.busy && self.now_ns.saturating_sub(one.begun_ns) > timeout_ns {
                self.fail(one, index, Failure::Timeout);
            }
        }
    }

    /// How long to wait at most; sets the timer for the next request.
    fn wait(&self) -> io::Result<Duration> {
        if self.phase != RunPhase::Draining && self.plan.rate.is_some() && !self.idle.is_empty() {
            let due_ns = self.due_ns(self.begun);
            let wait = Duration::from_nanos(due_ns.saturating_sub(self.now_ns).max(1));
            let time =
                Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() };
            let never = Timespec { tv_sec: 0, tv_nsec: 0 };
            let setting = Itimerspec { it_interval: never, it_value: time };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &setting)?;
        }
        Ok(if self.failed.is_empty() { TICK.min(self.time_left()) } else { RETRY })
    }

    fn time_left(&self) -> Duration {
        let end = match (self.phase, self.plan.limit) {
            (RunPhase::WarmUp, _) => self.plan.warm_up,
            (RunPhase::Counting, Limit::Time(time)) => time,
            _ => TICK,
        };
        end.saturating_sub(self.in_phase()).max(Duration::from_millis(1))
    }
}

fn judge(status: u16, has_location: bool, expect: &[u16]) -> Option<Failure> {
    let redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
    let expected = if expect.is_empty() { redirect } else { expect.contains(&status) };
    match (expected, redirect && !has_location) {
        (false, _) => Some(Failure::UnexpectedStatus),
        (true, true) => Some(Failure::BadReply),
        (true, false) => None,
    }
}
