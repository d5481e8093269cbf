//! A disk that is slow, or fails now and then: strace(1) delays the server's calls or
//! lets them fail. Redirects go on, their clicks are recorded, and a stop keeps its time.
//!
//! `CAROM_POOR_DISK_REQUESTS` says how many requests, and `CAROM_POOR_DISK_SEGMENT` how large
//! segments are (`scripts/endurance` has more of both).

use std::process::Command;
use std::time::Instant;

use crate::both_engines;
use crate::common::scale::from_env;
use crate::common::{self, Client, Engine, Server, Setup};

/// Requests that the client has under way.
const PIPELINED: u64 = 100;
const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: t.example\r\n\r\n";
/// What leads a server that starts through all of `inject`.
const TRACE: [&str; 7] = ["strace", "-D", "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null"];

/// A server of one core with small segments whose `calls` meet `fault`; `None`
/// where strace cannot do that.
fn start(engine: Engine, calls: &str, fault: &str, flags: &[(&str, &str)]) -> Option<Server> {
    let [strace, options @ ..] = TRACE;
    let mut can = Command::new(strace);
    can.args(options).args(["-e", "trace=msync", "-e", "inject=msync:error=EIO", "true"]);
    if !can.status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: strace cannot inject faults here");
        return None;
    }
    let (traced, inject) = (format!("trace={calls}"), format!("inject={calls}:{fault}"));
    let mut through = TRACE.to_vec();
    through.extend(["-e", &traced, "-e", &inject]);
    let size = from_env("CAROM_POOR_DISK_SEGMENT", "256KiB".to_owned());
    let setup = Setup::new(engine, "/a https://a.example/\n").segments(&size);
    let setup = setup.flag("--cores", "1").through(&through);
    Some(flags.iter().fold(setup, |setup, (name, value)| setup.flag(name, value)).start())
}

/// Asks for `count` redirects, all of which are answered.
fn load(server: &Server) -> u64 {
    let count = from_env("CAROM_POOR_DISK_REQUESTS", 40_000) / PIPELINED * PIPELINED;
    let mut client = Client::new(server.connect());
    for _ in 0..count / PIPELINED {
        client.send(&REQUEST.repeat(PIPELINED as usize));
        (0..PIPELINED).for_each(|_| assert_eq!(client.reply().unwrap().status, 302));
    }
    count
}

/// Says how it went, and holds the log against what was answered; how many were lost.
fn judge(server: &Server, title: &str, asked: u64, said: &str) -> u64 {
    let recorded = server.clicks().rows.len() as u64;
    eprintln!("{}: {title}: {asked} redirects, {recorded} clicks", server.setup.engine.name());
    assert!(recorded <= asked, "{said}");
    asked - recorded
}

both_engines!(
    /// Syncs of a second and more stand in the way of nothing.
    a_slow_sync_loses_no_click_and_a_stop_keeps_its_time,
    |engine| {
        let flags = [("--drain-timeout", "2s")];
        let Some(mut server) = start(engine, "msync", "delay_enter=1500000", &flags) else {
            return;
        };
        let asked = load(&server);
        let begun = Instant::now();
        let (code, said) = server.stop();
        eprintln!("{}: a sync takes 1.5 s: stopped in {:.1?}", engine.name(), begun.elapsed());
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("did not take everything in time"), "{said}");
        assert!(begun.elapsed().as_secs() < 8, "{:?}", begun.elapsed());
        assert_eq!(judge(&server, "a sync takes 1.5 s", asked, &said), 0, "{said}");
    }
);

both_engines!(
    /// It is tried again at once, not after a second.
    space_that_is_refused_now_and_then_loses_no_click,
    |engine| {
        let Some(mut server) = start(engine, "fallocate", "error=EIO:when=5+3", &[]) else {
            return;
        };
        let begun = Instant::now();
        let asked = load(&server);
        server.wait_until_said("has a segment ready again", 1);
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        let failed = said.matches("cannot make the next segment").count() as u64;
        assert!(failed <= 1 + begun.elapsed().as_secs() / 10, "{said}");
        assert!(said.contains("See to the disk"), "{said}");
        assert_eq!(judge(&server, "one fallocate in three fails", asked, &said), 0, "{said}");
    }
);

both_engines!(
    /// The header of a segment is written so, too.
    writes_that_are_refused_now_and_then_lose_no_click,
    |engine| {
        let Some(mut server) = start(engine, "pwrite64", "error=EIO:when=4+3", &[]) else {
            return;
        };
        let asked = load(&server);
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("cannot make the next segment"), "{said}");
        assert_eq!(judge(&server, "one pwrite in three fails", asked, &said), 0, "{said}");
    }
);

both_engines!(
    /// Segments go on unsynced and suspect.
    syncs_that_begin_to_fail_lose_no_click,
    |engine| {
        let calls = "fsync,fdatasync,msync";
        let Some(mut server) = start(engine, calls, "error=EIO:when=30+", &[]) else {
            return;
        };
        let asked = load(&server);
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(said.matches("clicks: syncing ").count(), 1, "{said}");
        assert!(said.contains("syncs failed to the end"), "{said}");
        assert_eq!(judge(&server, "syncs begin to fail", asked, &said), 0, "{said}");
        assert!(server.clicks().said.contains("suspect (a sync failed)"), "{said}");
    }
);

/// From now on no segment can be made; what is lost is counted to the last click.
fn nothing_more_can_be_made(engine: Engine, error: &str, remedy: &str) {
    // A start has room made for the list of segments, and for three of them.
    let fault = format!("error={error}:when=5+");
    let Some(mut server) = start(engine, "fallocate", &fault, &[]) else { return };
    let asked = load(&server);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("cannot make the next segment") && said.contains(remedy), "{said}");
    let lost = judge(&server, &format!("fallocate gives {error}"), asked, &said);
    assert!(lost > 0 && said.contains(&format!(", {lost} lost")), "{said}");
}

both_engines!(a_quota_that_is_full_is_said_and_counted, |engine| {
    nothing_more_can_be_made(engine, "EDQUOT", "Free some space");
});
both_engines!(a_device_that_is_gone_is_said_and_counted, |engine| {
    nothing_more_can_be_made(engine, "ENODEV", "See to the disk");
});
