//! The io_uring engine: each shard is a pinned glommio executor whose one task
//! drives a ring of its own (DESIGN §4 has the measurements behind this).

mod buffers;
mod outgoing;
mod probe;
mod ring;
mod sockets;

use std::net::TcpListener;
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::time::Duration;

use glommio::{ExecutorJoinHandle, LocalExecutorBuilder, Placement};
use rustix::io::Errno;

use super::clock::Clock;
use super::course::{Asked, Course};
use super::faults::{Fault, Later};
use super::seat::Seat;
use crate::connection::Step;
use crate::limits::{IDLE_WAIT_MS, RING_COMPLETIONS};
use crate::machine::slice::ask_for_short_slices;
use crate::shard::{Arrival, Now, Shard};
pub use probe::probe;
use ring::{Completion, Operation, Ring};
use sockets::Sockets;

/// glommio's own rings only carry its timers here.
const GLOMMIO_RING_DEPTH: usize = 16;
const GLOMMIO_IO_BYTES: usize = 64 * 1024;
/// After this time glommio would have its tasks give way. Where that comes before it has
/// run the first one, as other processes had the CPU for so long, glommio 0.9 runs none,
/// goes to sleep in rings of its own, and nothing ever wakes it. So it never comes.
const PREEMPT_AFTER: Duration = Duration::from_secs(365 * 24 * 3600);

/// See [`super::start`].
pub fn start(seat: Seat) -> anyhow::Result<ExecutorJoinHandle<()>> {
    executor(seat.cpu)
        .spawn(move || async move { run(seat) })
        .map_err(|error| anyhow::anyhow!("{error}"))
}

fn executor(cpu: usize) -> LocalExecutorBuilder {
    LocalExecutorBuilder::new(Placement::Fixed(cpu))
        .name("carom-shard")
        .ring_depth(GLOMMIO_RING_DEPTH)
        .io_memory(GLOMMIO_IO_BYTES)
        .preempt_timer(PREEMPT_AFTER)
}

fn run(seat: Seat) {
    ask_for_short_slices();
    let clock = Clock::start();
    let shard = (seat.build)(clock.now());
    // The probe has set up such a ring before; without one there is no shard.
    let ring = Ring::new().unwrap_or_else(|error| panic!("io_uring was refused: {error}"));
    let mut engine = IoUring {
        shard,
        ring,
        sockets: Sockets::default(),
        listeners: seat.listeners.into_iter().map(RingListener::new).collect(),
        course: Course::new(seat.mailbox),
        completions: Vec::new(),
        arrivals: Vec::new(),
        rearm: Vec::new(),
        later: Later::default(),
        timer: None,
        timers: 0,
    };
    engine.ring.read_wake(engine.course.mailbox.wake_fd());
    engine.arm_accepts(clock.now());
    engine.arm_timer(clock.now(), IDLE_WAIT_MS);
    let _ = seat.ready.send(()); // nobody listens only where starting has failed
    // It never gives way to glommio, which has no other task here.
    while !engine.is_over() {
        engine.turn(clock);
    }
    engine.end();
}

struct RingListener {
    socket: Option<TcpListener>,
    /// An accept is with the kernel.
    armed: bool,
    /// It accepts again and again.
    again: bool,
    cancelled: bool,
}

impl RingListener {
    fn new(socket: TcpListener) -> Self {
        Self { socket: Some(socket), armed: false, again: false, cancelled: false }
    }
}

struct IoUring {
    shard: Shard,
    ring: Ring,
    sockets: Sockets,
    listeners: Vec<RingListener>,
    course: Course,
    // Kept for their memory; empty between turns.
    completions: Vec<Completion>,
    arrivals: Vec<Arrival>,
    rearm: Vec<u32>,
    /// Connections to send for in a moment.
    later: Later,
    /// Number of the timer that comes first, and when, milliseconds.
    timer: Option<(u32, u32)>,
    /// How many timers there were.
    timers: u32,
}

impl IoUring {
    /// One turn: submit what is prepared, wait, and handle all that completed
    /// as one batch.
    fn turn(&mut self, clock: Clock) {
        self.submit_and_wait();
        let now = clock.now();
        self.shard.tick(now);
        self.ring.completions(&mut self.completions);
        let mut completions = std::mem::take(&mut self.completions);
        for completion in completions.drain(..) {
            self.completed(completion, now);
        }
        for id in self.later.take_due(now.ms) {
            self.send_again(id);
        }
        self.completions = completions;
        self.shard.answer(&self.arrivals, self.ring.buffers());
        self.give_buffers_back();
        if self.course.read_mail(&mut self.shard) == Asked::StopAccepting {
            self.stop_accepting();
        }
        while let Some((id, step)) = self.shard.next_step() {
            self.take_step(id, step);
        }
        while let Some(id) = self.rearm.pop() {
            self.arm_receive(id);
        }
        self.arm_accepts(now);
        self.arm_timer(now, self.later.wait_ms(self.course.wait_ms(&self.shard)));
        self.shard.publish();
    }

    fn submit_and_wait(&mut self) {
        if let Err(error) = self.ring.submit_and_wait() {
            panic!("io_uring_enter: {error}"); // only if the ring itself is gone
        }
    }

    fn completed(&mut self, completion: Completion, now: Now) {
        let Completion { operation, index, result, more, .. } = completion;
        match operation {
            Operation::Accept => self.accepted(index, result, more, now),
            Operation::Receive => self.received(completion),
            Operation::Send => self.sent(index, result, now),
            Operation::Shutdown => self.operation_ended(index),
            Operation::Close => self.closed(index, result),
            Operation::Wake => self.ring.read_wake(self.course.mailbox.wake_fd()),
            Operation::Timer => {
                if self.timer.is_some_and(|(timer, _)| timer == index) {
                    self.timer = None;
                }
            }
            Operation::Forgotten => {}
        }
    }

    /// Has the next turn come after `wait_ms` at the latest.
    fn arm_timer(&mut self, now: Now, wait_ms: u64) {
        let due_ms = now.ms.wrapping_add(wait_ms as u32);
        let is_soon_enough = |(_, armed): (u32, u32)| due_ms.wrapping_sub(armed).cast_signed() >= 0;
        if self.timer.is_some_and(is_soon_enough) {
            return;
        }
        // A later one that is armed already wakes for nothing, once.
        self.timers = self.timers.wrapping_add(1);
        self.timer = Some((self.timers, due_ms));
        self.ring.wake_after(Duration::from_millis(wait_ms), self.timers);
    }

    fn accepted(&mut self, index: u32, result: i32, more: bool, now: Now) {
        if result >= 0 {
            self.welcome(result);
        } else if matches!(-result, libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) {
            self.course.pause_accepting(&mut self.shard, now);
        }
        // Other errors are about one connection that is gone again (accept(2)).
        if !more {
            let listener = &mut self.listeners[index as usize];
            listener.armed = false;
            listener.cancelled = false;
            if self.course.stopping {
                self.close_listener(index);
            }
        }
    }

    /// A new connection. With TCP_DEFER_ACCEPT its request is there, and is taken
    /// at once: asked of the ring, it would cost another turn.
    fn welcome(&mut self, socket: RawFd) {
        let id = self.open(socket);
        if let Some((buffer, bytes)) = self.ring.buffers().own()
            && let Some(size) = ring::receive_now(socket, bytes)
        {
            let (size, end) = (size as u32, size == 0);
            self.arrivals.push(Arrival { connection: id, buffer, size, end });
        } else {
            self.receive_first(id);
        }
    }

    fn open(&mut self, socket: RawFd) -> u32 {
        let id = self.shard.open(ring::peer(socket));
        self.sockets.insert(id, socket);
        id
    }

    /// Once, not again and again: if this brings the only request there is nothing
    /// to cancel before the close.
    fn receive_first(&mut self, id: u32) {
        let socket = self.sockets.get_mut(id);
        socket.start_receive();
        self.ring.receive(socket.fd, id, false);
    }

    fn received(&mut self, completion: Completion) {
        let Completion { index: id, result, more, buffer, .. } = completion;
        if let Some(buffer) = buffer {
            let size = result.max(0) as u32;
            let arrival = Arrival { connection: id, buffer: u32::from(buffer), size, end: false };
            self.arrivals.push(arrival);
        }
        if result == 0 {
            self.arrivals.push(Arrival { connection: id, buffer: 0, size: 0, end: true });
        } else if result < 0
            // Cancelled by us, or there was no buffer.
            && !matches!(-result, libc::ECANCELED | libc::ENOBUFS)
            && Fault::of_receive(Errno::from_raw_os_error(-result)) == Fault::Over
        {
            self.shard.failed(id);
        }
        if !more {
            self.sockets.get_mut(id).end_receive();
            self.rearm.push(id);
            self.operation_ended(id);
        }
    }

    fn sent(&mut self, id: u32, result: i32, now: Now) {
        self.sockets.get_mut(id).sending = false;
        if result >= 0 {
            self.shard.sent(id, result as usize);
            self.send_again(id);
        } else {
            match Fault::of_send(Errno::from_raw_os_error(-result)) {
                Fault::Again => self.send_again(id),
                // The ring itself waits until a socket is ready.
                Fault::WhenReady | Fault::Later => self.later.add(id, now.ms),
                Fault::Over => self.shard.failed(id),
            }
        }
        self.operation_ended(id);
    }

    /// Sends what is outgoing and not yet with the kernel.
    fn send_again(&mut self, id: u32) {
        let is_outgoing = !self.shard.connection(id).outgoing().is_empty();
        if is_outgoing && !self.sockets.get_mut(id).sending {
            self.send(id, false);
        }
    }

    /// A close behind a last send. Unless it was cancelled because the send failed,
    /// the send is done too, and does not complete by itself.
    fn closed(&mut self, id: u32, result: i32) {
        if result != -libc::ECANCELED {
            let socket = self.sockets.get_mut(id);
            socket.note_closed();
            socket.sending = false;
            socket.operations -= 1;
            self.shard.sent(id, self.shard.connection(id).outgoing().len());
        }
        self.operation_ended(id);
    }

    fn give_buffers_back(&mut self) {
        if !self.arrivals.is_empty() {
            self.ring.buffers().take_back(&mut self.arrivals);
        }
    }

    fn take_step(&mut self, id: u32, step: Step) {
        match step {
            Step::Send { last } => self.send(id, last),
            Step::Shutdown => {
                let socket = self.sockets.get_mut(id);
                socket.operations += 1;
                self.ring.shutdown(socket.fd, id);
            }
            Step::Close => return self.close(id),
            Step::Wait => {}
        }
        self.arm_receive(id);
    }

    fn send(&mut self, id: u32, last: bool) {
        let socket = self.sockets.get_mut(id);
        if socket.closing {
            return;
        }
        // A receive holds the socket open beyond a close; then the close waits
        // until that is cancelled.
        let then_close = last && !socket.receiving;
        socket.sending = true;
        socket.operations += if then_close { 2 } else { 1 };
        outgoing::send(&mut self.ring, &self.shard, socket.fd, id, then_close);
    }

    /// Has a receive armed exactly while the connection wants input.
    fn arm_receive(&mut self, id: u32) {
        let wanted = self.shard.connection(id).wants_input();
        let socket = self.sockets.get_mut(id);
        if socket.closing || wanted == socket.receiving {
            return;
        }
        if wanted {
            socket.start_receive();
            self.ring.receive(socket.fd, id, true);
        } else if socket.cancel_receive() {
            self.ring.cancel(Operation::Receive, id);
        }
    }

    fn close(&mut self, id: u32) {
        let socket = self.sockets.get_mut(id);
        if socket.closing {
            return;
        }
        socket.closing = true;
        if socket.sending {
            self.ring.cancel(Operation::Send, id);
        }
        if socket.cancel_receive() {
            self.ring.cancel(Operation::Receive, id);
        }
        self.release_if_done(id);
    }

    fn operation_ended(&mut self, id: u32) {
        self.sockets.get_mut(id).operations -= 1;
        self.release_if_done(id);
    }

    /// A connection's number, and its buffers, are free only when the kernel has
    /// nothing left to do for it.
    fn release_if_done(&mut self, id: u32) {
        let socket = self.sockets.get_mut(id);
        if !socket.closing || socket.operations > 0 {
            return;
        }
        if let Some(fd) = socket.take() {
            self.ring.close_and_forget(fd);
        }
        self.shard.release(id);
    }

    fn arm_accepts(&mut self, now: Now) {
        let may = self.course.may_accept(&mut self.shard, now);
        // In one turn a multishot accept takes all that are waiting, as far as
        // there are completions for them. With less room than that they are taken
        // one by one.
        let again = self.shard.room() > RING_COMPLETIONS as usize;
        for (index, listener) in self.listeners.iter_mut().enumerate() {
            let Some(socket) = &listener.socket else { continue };
            if !listener.armed {
                if may {
                    self.ring.accept(socket.as_raw_fd(), index as u32, again);
                    (listener.armed, listener.again) = (true, again);
                }
            } else if (!may || listener.again && !again) && !listener.cancelled {
                self.ring.cancel(Operation::Accept, index as u32);
                listener.cancelled = true;
            }
        }
    }

    /// A listener that is still open may have connections waiting: they have been
    /// accepted by the kernel, and are answered before the end.
    fn is_over(&self) -> bool {
        let closed = self.listeners.iter().all(|listener| listener.socket.is_none());
        closed && self.course.is_over(&self.shard)
    }

    /// Listeners whose accept is with the kernel are closed when that ends.
    fn stop_accepting(&mut self) {
        for index in 0..self.listeners.len() as u32 {
            if !self.listeners[index as usize].armed {
                self.close_listener(index);
            }
        }
    }

    /// Takes the connections that the kernel has accepted for us already: whoever
    /// is connected is answered.
    fn close_listener(&mut self, index: u32) {
        let Some(socket) = self.listeners[index as usize].socket.take() else { return };
        if socket.set_nonblocking(true).is_ok() {
            while let Ok((stream, _)) = socket.accept() {
                if stream.set_nonblocking(false).is_ok() {
                    let id = self.open(stream.into_raw_fd());
                    self.receive_first(id);
                }
            }
        }
    }

    /// Ends what is still with the kernel, so that no memory is freed under it.
    fn end(mut self) {
        self.stop_accepting();
        self.ring.cancel(Operation::Wake, 0);
        let mut wake_ended = false;
        for _ in 0..100 {
            if wake_ended && self.listeners.iter().all(|listener| !listener.armed) {
                break;
            }
            self.ring.wake_after(Duration::from_millis(10), 0);
            self.submit_and_wait();
            self.ring.completions(&mut self.completions);
            for Completion { operation, index, more, .. } in self.completions.drain(..) {
                match operation {
                    Operation::Wake => wake_ended = true,
                    Operation::Accept if !more => self.listeners[index as usize].armed = false,
                    _ => {}
                }
            }
        }
        self.shard.close_clicks();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A shard whose thread waits for its CPU just then must go on: with glommio's own
    /// tenth of a second it would sleep for ever.
    #[test]
    fn glommio_never_takes_a_shard_for_late() {
        if probe().is_err() {
            return;
        }
        let is_late = executor(rustix::thread::sched_getcpu()).spawn(|| async {
            glommio::executor().yield_task_queue_now().await;
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_millis(300) {}
            glommio::executor().need_preempt()
        });
        assert!(!is_late.unwrap().join().unwrap());
    }
}
