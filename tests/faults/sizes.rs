//! Segments are small at first, and grow and shrink with the rate of clicks.
//!
//! `CAROM_BURSTS` says how often they do with a stage, and `CAROM_WAIT=200ms` has requests
//! wait for the log as long as they do by default, where this machine has nothing else to do.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use carom::clicks::folder;
use carom::limits::SEGMENT_BYTES_FIRST;

use crate::both_engines;
use crate::common::scale::from_env;
use crate::common::{self, Client, Engine, Server, Setup, connect};

/// Clients that send as fast as they are answered, and what each has under way.
const CLIENTS: usize = 4;
const PIPELINED: u64 = 64;
const MIB: u64 = 1 << 20;
const LARGEST: u64 = 32 * MIB;

both_engines!(
    /// From no request to as many as there can be, and back to few.
    a_burst_after_calm_loses_nothing,
    |engine| {
        let mut server = setup(engine).flag("--segment-age", "1s").start();
        let first = [SEGMENT_BYTES_FIRST; 3];
        assert_eq!(unsealed(&server), first, "one that is written and two ready");
        let requests = grow(&server) + shrink(&server, SEGMENT_BYTES_FIRST);
        stop(&mut server, requests);
    }
);

both_engines!(
    /// The memory of earlier segments is used again for those of the same size.
    so_it_is_with_a_stage,
    |engine| {
        let stage = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = stage.path().to_str().unwrap();
        let setup = setup(engine).flag("--segment-age", "1s").flag("--clicks-stage", path);
        let mut server = setup.start();
        let mut requests = 0;
        // From the second on there are spares of all sizes.
        for _ in 0..from_env("CAROM_BURSTS", 1) {
            requests += grow(&server) + shrink(&server, LARGEST / 2);
        }
        stop(&mut server, requests);
        assert_eq!(fs::read_dir(stage.path()).unwrap().count(), 0);
        assert_eq!(server.clicks().rows.len() as u64, requests);
    }
);

both_engines!(
    /// Segments stay as small as they have to.
    where_no_larger_file_can_be_made_nothing_is_lost,
    |engine| {
        let limit = format!("--fsize={}", SEGMENT_BYTES_FIRST + MIB);
        let mut server = setup(engine).through(&["prlimit", &limit]).start();
        let requests = load_until(&server, || files(&server).len() > 6);
        let largest = files(&server).into_iter().max();
        let said = stop(&mut server, requests);
        assert_eq!(largest, Some(SEGMENT_BYTES_FIRST));
        assert!(!said.contains("cannot make"), "{said}");
    }
);

fn setup(engine: Engine) -> Setup {
    let setup = Setup::new(engine, "/a https://a.example/\n").segments("32MiB");
    let wait = from_env("CAROM_WAIT", "10s".to_owned());
    setup.flag("--cores", "1").flag("--wait-for-log", &wait)
}

/// Has as much load come as makes segments as large as they may be; how many requests
/// those were.
fn grow(server: &Server) -> u64 {
    load_until(server, || files(server).contains(&LARGEST))
}

/// Asks for little until segments are as small as this again, step by step; how many
/// requests those were.
fn shrink(server: &Server, bytes: u64) -> u64 {
    let (mut client, mut requests) = (Client::new(connect(server.address)), 0);
    let mut most = LARGEST;
    while most > bytes {
        most /= 2;
        let mut is_any = false;
        common::until("they are smaller", || {
            client.send(b"GET /a HTTP/1.1\r\nHost: t.example\r\n\r\n");
            assert_eq!(client.reply().expect("an answer").status, 302);
            requests += 1;
            let unsealed = unsealed(server);
            is_any |= unsealed.contains(&most);
            unsealed.iter().all(|it| *it <= most)
        });
        assert!(is_any, "one of {most} bytes was made");
    }
    requests
}

/// Stops it: each request is a click, and none is lost. What it said.
fn stop(server: &mut Server, requests: u64) -> String {
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let whole = format!("stopped: {requests} requests, {requests} clicks recorded in ");
    let stopped = said.lines().find(|line| line.contains("stopped: ")).unwrap();
    assert!(stopped.contains(&whole) && stopped.ends_with(", 0 lost"), "{said}");
    said
}

/// Lengths of the segment files. Of those that are sealed, they are no powers of two.
fn files(server: &Server) -> Vec<u64> {
    let files = folder::list(&server.setup.clicks_folder()).unwrap();
    // One may be deleted just now.
    files.iter().filter_map(|file| Some(fs::metadata(&file.path).ok()?.len())).collect()
}

/// The lengths of those that are not sealed.
fn unsealed(server: &Server) -> Vec<u64> {
    files(server).into_iter().filter(|bytes| bytes.is_power_of_two()).collect()
}

/// A request that takes as much of the log as it can.
fn request(number: u64) -> Vec<u8> {
    let query = "q".repeat(480);
    format!("GET /a?{number}{query} HTTP/1.1\r\nHost: t.example\r\n\r\n").into_bytes()
}

/// Asks for as much as it can until it is so; how many requests those were.
fn load_until(server: &Server, is_so: impl Fn() -> bool) -> u64 {
    let (is_over, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for client in 0..CLIENTS as u64 {
            let (is_over, answered) = (&is_over, &answered);
            scope.spawn(move || {
                let batch = request(client).repeat(PIPELINED as usize);
                let mut client = Client::new(connect(server.address));
                while !is_over.load(Ordering::Relaxed) {
                    client.send(&batch);
                    for _ in 0..PIPELINED {
                        assert_eq!(client.reply().expect("an answer").status, 302);
                    }
                    answered.fetch_add(PIPELINED, Ordering::Relaxed);
                }
            });
        }
        common::until("there is a segment of the largest size", is_so);
        is_over.store(true, Ordering::Relaxed);
    });
    answered.into_inner()
}
