//! Segments so small that the next is often not ready: requests wait a moment for it, and
//! no click is lost as long as the disk has room.
//!
//! At full scale, where `CAROM_WAIT=0s` shows what would be lost without waiting:
//!
//! ```sh
//! CAROM_REQUESTS=4000000 CAROM_SEGMENT=1MiB cargo test --release --test faults waiting -- --nocapture
//! ```

use std::sync::atomic::{AtomicU64, Ordering};

use crate::both_engines;
use crate::common::scale::from_env;
use crate::common::{self, Client, Engine, Setup, connect};

/// Clients that send as fast as they are answered, and what each has under way.
const CLIENTS: usize = 4;
const PIPELINED: u64 = 64;
const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: t.example\r\nUser-Agent: load/1.0\r\n\r\n";

both_engines!(
    /// As many clicks as redirects, and none is counted lost.
    nothing_is_lost_while_the_disk_has_room,
    nothing_is_lost
);

fn nothing_is_lost(engine: Engine) {
    let requests = from_env("CAROM_REQUESTS", 30_000_u64) / PIPELINED * PIPELINED;
    let wait = from_env("CAROM_WAIT", "10s".to_owned());
    let mut server = Setup::new(engine, "/a https://a.example/\n")
        .segments(&from_env("CAROM_SEGMENT", "64KiB".to_owned()))
        .flag("--reserve", "1")
        .flag("--wait-for-log", &wait)
        .start();
    let left = AtomicU64::new(requests);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = Client::new(connect(server.address));
                let take = |left: u64| left.checked_sub(PIPELINED);
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                    client.send(&REQUEST.repeat(PIPELINED as usize));
                    for _ in 0..PIPELINED {
                        assert_eq!(client.reply().expect("an answer").status, 302);
                    }
                }
            });
        }
    });
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let stopped = said.lines().find(|line| line.contains("stopped: ")).unwrap();
    eprintln!("{}, waiting up to {wait}: {stopped}", engine.name());
    let whole = format!("stopped: {requests} requests, {requests} clicks recorded in ");
    assert!(wait == "0s" || stopped.contains(&whole) && stopped.ends_with(", 0 lost"), "{said}");
}
