//! A disk that fills up under load, and has room again: redirects go on, or are
//! refused where that is wished, and every click is in the log or counted.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::both_engines;
use crate::common::{self, Client, Engine, Setup, carom, connect};

/// The file system of the click folder, and what is freed of it under load.
const DISK_BYTES: usize = 12 << 20;
const FILLER_BYTES: usize = 8 << 20;
/// Requests that a client has under way.
const PIPELINED: usize = 32;
const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: t.example\r\nUser-Agent: load/1.0\r\n\r\n";

both_engines!(
    /// No redirect fails, and the lost clicks are counted to the last one.
    redirects_go_on,
    |engine| in_a_mount_of_its_own("redirects_go_on", engine, "drop")
);
both_engines!(
    /// No redirect goes out unrecorded.
    redirects_are_refused,
    |engine| in_a_mount_of_its_own("redirects_are_refused", engine, "refuse")
);

both_engines!(
    /// No redirect goes out unrecorded, and none is refused.
    clicks_go_on_in_the_spare_folder,
    |engine| in_a_mount_of_its_own("clicks_go_on_in_the_spare_folder", engine, "spare")
);

/// Runs the test again, as a process that may mount, or plays its part there.
fn in_a_mount_of_its_own(test: &str, engine: Engine, when_full: &str) {
    if std::env::var_os("CAROM_TEST_MOUNTS").is_some() {
        return match when_full {
            "spare" => overflow(engine),
            _ => fill_up(engine, when_full),
        };
    }
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("full_disk::{test}::{}", engine.name()), "--nocapture"])
        .env("CAROM_TEST_MOUNTS", "1")
        .output();
    common::unshare::judge(ran);
}

/// Mounts a small file system, which ends with the process.
fn mount(folder: &Path) -> bool {
    std::fs::create_dir(folder).unwrap();
    let size = format!("size={DISK_BYTES}");
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).status();
    mounted.is_ok_and(|status| status.success())
}

/// What clients got.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Served {
    redirects: u64,
    refused: u64,
}

/// Asks until it is over. Anything but a redirect or, if `may_refuse`, a 503 fails
/// the test.
fn load(address: SocketAddr, may_refuse: bool, is_over: &AtomicBool) -> Served {
    let mut client = Client::new(connect(address));
    let mut served = Served::default();
    while !is_over.load(Ordering::Relaxed) {
        client.send(&REQUEST.repeat(PIPELINED));
        for _ in 0..PIPELINED {
            let reply = client.reply().expect("an answer");
            assert!(!reply.close, "{reply:?}");
            match reply.status {
                302 => served.redirects += 1,
                503 if may_refuse => served.refused += 1,
                status => panic!("{status}"),
            }
        }
    }
    served
}

/// Ends the load when dropped, also when an assertion fails.
struct Stopper<'a>(&'a AtomicBool);

impl Drop for Stopper<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn fill_up(engine: Engine, when_full: &str) {
    let may_refuse = when_full == "refuse";
    let setup = Setup::new(engine, "/a https://a.example/\n/b https://b.example/\n");
    let folder = setup.clicks_folder();
    if !mount(&folder) {
        return eprintln!("skipped: cannot mount a file system here");
    }
    let filler = folder.join("filler");
    File::create(&filler).unwrap().write_all(&vec![1; FILLER_BYTES]).unwrap();
    let setup = setup.segments("256KiB").flag("--cores", "1").flag("--when-full", when_full);
    let mut server = setup.start();

    let is_over = AtomicBool::new(false);
    let (served, back_after) = std::thread::scope(|scope| {
        let stopper = Stopper(&is_over);
        let clients: Vec<_> =
            (0..2).map(|_| scope.spawn(|| load(server.address, may_refuse, &is_over))).collect();
        server.wait_until_said("cannot make the next segment", 1);
        let trouble = if may_refuse {
            " refused (503) in the last second"
        } else {
            " lost in the last second"
        };
        server.wait_until_said(trouble, 1);
        std::fs::remove_file(&filler).unwrap();
        let freed = Instant::now();
        server.wait_until_said("has a segment ready again", 1);
        let back_after = freed.elapsed();
        drop(stopper);
        let served = clients.into_iter().map(|client| client.join().unwrap());
        (served.reduce(|a, b| a + b).unwrap(), back_after)
    });
    // There is room for this one.
    assert_eq!(Client::new(server.connect()).get("t.example", "/b").unwrap().status, 302);
    let served = served + Served { redirects: 1, refused: 0 };

    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let cat = carom([Path::new("clicks"), Path::new("cat"), &folder]);
    let recorded = cat.out.lines().count() as u64;
    let lost = served.redirects - recorded;
    assert_eq!(cat.out.matches(r#""path":"/b""#).count(), 1, "clicks are recorded again");
    let Served { redirects, refused } = served;
    eprintln!(
        "{}: {when_full}: {redirects} redirects, {recorded} clicks, {lost} lost; {refused} requests \
         refused; room again {back_after:?} after the disk had it",
        engine.name()
    );
    assert!(
        said.contains(&format!("stopped: {} requests, {recorded} clicks", redirects + refused))
    );
    assert!(said.contains(&format!(" {lost} lost")), "{said}");
    if may_refuse {
        assert_eq!((lost, cat.code), (0, Some(0)), "{}", cat.err);
        assert!(said.contains(&format!(", {refused} requests refused for want of room")), "{said}");
    } else {
        assert!(lost > 0 && cat.code == Some(1), "{}", cat.err);
        assert!(cat.err.contains(&format!(" {lost} clicks lost for want of space")), "{}", cat.err);
    }
    for finding in ["clicks missing", "damaged", "not sealed"] {
        assert!(!cat.err.contains(finding), "{}", cat.err);
    }
}

/// Fills the disk, and frees it, while a server has a spare folder.
fn overflow(engine: Engine) {
    let setup = Setup::new(engine, "/a https://a.example/\n");
    let folder = setup.clicks_folder();
    if !mount(&folder) {
        return eprintln!("skipped: cannot mount a file system here");
    }
    let (filler, spare) = (folder.join("filler"), setup.folder.path().join("spare"));
    File::create(&filler).unwrap().write_all(&vec![1; FILLER_BYTES]).unwrap();
    let setup = setup.segments("256KiB").flag("--cores", "1").flag("--reserve", "1");
    let mut server = setup.flag("--clicks-spare", spare.to_str().unwrap()).start();
    let is_over = AtomicBool::new(false);
    let served = std::thread::scope(|scope| {
        let stopper = Stopper(&is_over);
        let client = scope.spawn(|| load(server.address, false, &is_over));
        server.wait_until_said("Clicks go on in the spare folder", 1);
        std::fs::remove_file(&filler).unwrap();
        server.wait_until_said("are made in the click folder", 1);
        drop(stopper);
        client.join().unwrap()
    });
    let (code, said) = server.stop();
    assert!(code == Some(0) && said.contains(", 0 lost"), "{said}");
    assert!(said.contains("Free some space"), "{said}");
    let clicks = server.clicks();
    assert_eq!((clicks.rows.len() as u64, clicks.code), (served.redirects, Some(0)), "{said}");
    // Brought home, they are the same.
    let segments = carom::clicks::folder::list(&spare).unwrap();
    assert!(!segments.is_empty());
    for segment in segments {
        let home = folder.join(segment.path.file_name().unwrap());
        std::fs::copy(&segment.path, home).unwrap();
        assert_eq!(server.clicks().rows.len() as u64, served.redirects);
        std::fs::remove_file(&segment.path).unwrap();
    }
    assert_eq!(server.clicks().rows.len() as u64, served.redirects);
}

impl std::ops::Add for Served {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { redirects: self.redirects + other.redirects, refused: self.refused + other.refused }
    }
}
