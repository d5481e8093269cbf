//! What becomes of a connection when the kernel refuses to send or to receive for it, the
//! same for both engines.

use rustix::io::Errno;

use crate::limits::SEND_RETRY_MS;

/// What is done after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The same again: the call was interrupted, and nothing happened.
    Again,
    /// The same when the socket is ready for it.
    WhenReady,
    /// The same a moment later: the kernel has no memory, and will tell nobody when it has.
    Later,
    /// The connection is over.
    Over,
}

impl Fault {
    /// After an error of a send.
    pub fn of_send(errno: Errno) -> Self {
        match errno {
            Errno::INTR => Self::Again,
            Errno::AGAIN => Self::WhenReady,
            Errno::NOBUFS | Errno::NOMEM => Self::Later,
            _ => Self::Over,
        }
    }

    /// After an error of a receive. Without memory it is over: no request is lost with it
    /// that anyone was told of.
    pub fn of_receive(errno: Errno) -> Self {
        match errno {
            Errno::INTR => Self::Again,
            Errno::AGAIN => Self::WhenReady,
            _ => Self::Over,
        }
    }
}

/// Connections that the kernel had no memory to send for. They are tried again together.
#[derive(Debug, Default)]
pub struct Later {
    ids: Vec<u32>,
    /// When, milliseconds.
    due_ms: u32,
}

impl Later {
    /// Has this connection tried again.
    pub fn add(&mut self, id: u32, now_ms: u32) {
        if self.ids.is_empty() {
            self.due_ms = now_ms.wrapping_add(SEND_RETRY_MS);
        }
        if !self.ids.contains(&id) {
            self.ids.push(id);
        }
    }

    /// Those that are to be tried now.
    pub fn take_due(&mut self, now_ms: u32) -> Vec<u32> {
        let is_time = now_ms.wrapping_sub(self.due_ms).cast_signed() >= 0;
        if is_time { std::mem::take(&mut self.ids) } else { Vec::new() }
    }

    /// How long an engine may sleep that would sleep `wait_ms`.
    pub fn wait_ms(&self, wait_ms: u64) -> u64 {
        if self.ids.is_empty() { wait_ms } else { wait_ms.min(u64::from(SEND_RETRY_MS)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_consequence() {
        let send = |errno, fault| assert_eq!(Fault::of_send(errno), fault, "{errno}");
        send(Errno::INTR, Fault::Again);
        send(Errno::AGAIN, Fault::WhenReady);
        send(Errno::NOBUFS, Fault::Later);
        send(Errno::NOMEM, Fault::Later);
        send(Errno::PIPE, Fault::Over);
        send(Errno::CONNRESET, Fault::Over);
        send(Errno::CANCELED, Fault::Over);
        let receive = |errno, fault| assert_eq!(Fault::of_receive(errno), fault, "{errno}");
        receive(Errno::INTR, Fault::Again);
        receive(Errno::AGAIN, Fault::WhenReady);
        receive(Errno::NOMEM, Fault::Over);
        receive(Errno::CONNRESET, Fault::Over);
        receive(Errno::TIMEDOUT, Fault::Over);
    }

    #[test]
    fn what_is_tried_later_is_tried_once_and_in_time() {
        let mut later = Later::default();
        assert_eq!(later.wait_ms(1000), 1000);
        let begin = u32::MAX - 2;
        later.add(7, begin);
        later.add(9, begin.wrapping_add(1));
        later.add(7, begin.wrapping_add(1));
        assert_eq!((later.wait_ms(1000), later.wait_ms(1)), (u64::from(SEND_RETRY_MS), 1));
        assert_eq!(later.take_due(begin.wrapping_add(SEND_RETRY_MS - 1)), [0; 0]);
        assert_eq!(later.take_due(begin.wrapping_add(SEND_RETRY_MS)), [7, 9]);
        assert_eq!(later.take_due(begin.wrapping_add(SEND_RETRY_MS)), [0; 0]);
        assert_eq!(later.wait_ms(1000), 1000);
    }
}
