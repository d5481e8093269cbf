//! Running the program to its end.

use std::ffi::OsStr;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use super::{CAROM, PATIENCE};

/// What a program that has ended left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs `carom` with these arguments to its end.
pub fn carom<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    let child = bare().args(arguments).spawn().unwrap();
    ended(child)
}

/// The program, its output for us to read.
pub fn bare() -> Command {
    let mut command = Command::new(CAROM);
    forget_variables(&mut command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Keeps the `CAROM_…` variables of whoever runs the tests out of them.
pub fn forget_variables(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"CAROM_") {
            command.env_remove(name);
        }
    }
}

/// Waits for the end. A program that does not end is killed, and fails the test.
pub fn ended(child: Child) -> Ran {
    let pid = rustix::process::Pid::from_child(&child);
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let until = Instant::now() + PATIENCE;
        let timed_out = Err(std::sync::mpsc::RecvTimeoutError::Timeout);
        let late = is_done.recv_timeout(until - Instant::now()) == timed_out;
        if late {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        late
    });
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    drop(done);
    let ran = Ran {
        code: status.code(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    };
    assert!(!watch.join().unwrap(), "it did not end: {ran:?}");
    ran
}
