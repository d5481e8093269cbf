//! A stage: clicks are written into memory that outlives the server, and brought to the
//! disk from there. That a kill loses none of them is tested in `kill`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::both_engines;
use crate::common::{self, Client, Engine, Server, Setup, carom, clicks};

/// How long the file system is frozen.
const FROZEN: Duration = Duration::from_secs(3);
/// Requests in one go.
const PIPELINED: u64 = 50;
const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: t.example\r\nUser-Agent: load/1.0\r\n\r\n";

/// A folder in memory, where there is one.
fn memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A server of one core. With an hour between syncs it brings nothing to the disk on its
/// own.
fn setup(engine: Engine, stage: &Path, sync_interval: &str) -> Setup {
    let setup = Setup::new(engine, "/a https://a.example/\n").segments("256KiB");
    let setup = setup.flag("--cores", "1").flag("--sync-interval", sync_interval);
    setup.flag("--clicks-stage", stage.to_str().unwrap())
}

/// Asks for so many redirects, all of which are answered.
fn load(server: &Server, count: u64) {
    let mut client = Client::new(server.connect());
    for _ in 0..count / PIPELINED {
        client.send(&REQUEST.repeat(PIPELINED as usize));
        (0..PIPELINED).for_each(|_| assert_eq!(client.reply().unwrap().status, 302));
    }
}

/// How many clicks `clicks cat` finds, which finds nothing wrong.
fn count(folder: &Path) -> u64 {
    let cat = clicks(folder);
    for finding in ["missing,", "damaged", "cannot be read", " lost "] {
        assert!(!cat.said.contains(finding), "{}", cat.said);
    }
    assert_eq!(cat.code, Some(0), "{}", cat.said);
    cat.rows.len() as u64
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    names.sort();
    names
}

/// Stops it in order.
fn stop(mut server: Server, recorded: u64, stage: &Path) {
    let folder = server.setup.clicks_folder();
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(" 0 lost"), "{said}");
    assert_eq!(count(&folder), recorded, "{said}");
    let verify = carom([Path::new("clicks"), Path::new("verify"), &folder]);
    assert_eq!(verify.code, Some(0), "{}{}", verify.out, verify.err);
    let (page, code) = common::proof(&folder);
    let rows = page["rows"].as_array().unwrap();
    let sum = |name: &str| rows.iter().map(|row| row[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!([sum("answered"), sum("recorded"), sum("missing")], [recorded, recorded, 0]);
    assert_eq!(code, Some(0), "{page}");
    assert!(!folder.join("stage").exists(), "nothing is staged any more");
    assert!(names(stage).is_empty(), "a stop leaves nothing in the stage");
}

both_engines!(
    /// Also where it is not told of the stage any more.
    what_a_kill_left_in_the_stage_is_read_there_and_brought_to_the_disk,
    |engine| {
        let stage = memory();
        let mut server = setup(engine, stage.path(), "1h").start();
        let folder = server.setup.clicks_folder();
        load(&server, 10_000);
        assert_eq!(count(&folder), 10_000, "while it runs");
        server.kill();
        assert_eq!(count(&folder), 10_000, "after the kill");
        let verify = carom([Path::new("clicks"), Path::new("verify"), &folder]);
        assert_eq!(verify.code, Some(0), "{}{}", verify.out, verify.err);

        // Somebody who cannot look into it is told so, and reads what the disk has.
        let [staged] = <[PathBuf; 1]>::try_from(names(stage.path())).unwrap();
        let away = stage.path().join("away");
        fs::rename(&staged, &away).unwrap();
        let cat = clicks(&folder);
        assert!(cat.said.contains("the newest clicks may stand in its stage"), "{}", cat.said);
        assert!(cat.rows.len() < 10_000, "{}", cat.said);
        fs::rename(&away, &staged).unwrap();

        let flags = &mut server.setup.flags;
        flags.truncate(flags.iter().position(|flag| flag == "--clicks-stage").unwrap());
        server.restart();
        server.wait_until_said("from its stage to the disk", 1);
        assert!(names(stage.path()).is_empty());
        load(&server, 50);
        stop(server, 10_050, stage.path());
    }
);

both_engines!(
    /// The memory of a segment is used for the next, but not under a reader.
    who_follows_gets_each_click_once,
    |engine| {
        let stage = memory();
        let server = setup(engine, stage.path(), "20ms").start();
        load(&server, 50);
        let folder = server.setup.clicks_folder();
        let follow = ["clicks".as_ref(), "cat".as_ref(), "--follow".as_ref(), folder.as_os_str()];
        let mut cat = common::bare().args(follow).spawn().unwrap();
        let mut rows = BufReader::new(cat.stdout.take().unwrap()).lines();
        for round in 0..8_u64 {
            load(&server, 5000);
            let from = if round == 0 { 1 } else { 51 + round * 5000 };
            for seq in from..=50 + (round + 1) * 5000 {
                let row: Value = serde_json::from_str(&rows.next().unwrap().unwrap()).unwrap();
                assert_eq!(row["seq"], seq);
            }
        }
        let _ = cat.kill();
        let said = common::ended(cat).err;
        assert_eq!(said, "");
        stop(server, 40_050, stage.path());
    }
);

both_engines!(
    /// The bytes are still in the stage: they are written once more, at the seal and by
    /// the next start.
    what_the_disk_refused_is_brought_there_later,
    |engine| {
        let stage = memory();
        let strace = ["-D", "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null"];
        let fail = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=20+"];
        let through = [&["strace"], &strace[..], &fail].concat();
        let can = Command::new("strace").args(strace).args(fail).arg("true").status();
        if !can.is_ok_and(|status| status.success()) {
            return eprintln!("skipped: strace cannot inject faults here");
        }
        let setup = setup(engine, stage.path(), "20ms").through(&through);
        let mut server = setup.start();
        let folder = server.setup.clicks_folder();
        while !server.has_said("clicks: syncing ") {
            load(&server, 1000);
        }
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        let recorded = count(&folder);
        assert!(said.contains(&format!(" {recorded} clicks recorded")), "{said}");
        assert!(!names(stage.path()).is_empty(), "what is not on the disk stays");

        server.setup.program.drain(..through.len());
        let unused = Setup::new(engine, "");
        let server = std::mem::replace(&mut server.setup, unused).start();
        server.wait_until_said("from its stage to the disk", 1);
        assert_eq!(names(stage.path()).len(), 1);
        stop(server, recorded, stage.path());
    }
);

both_engines!(what_belongs_to_others_is_left_alone, |engine| {
    let stage = memory();
    let theirs = stage.path().join("clicks-theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("shard-000-0000000001.clicks"), "theirs").unwrap();
    let mut server = setup(engine, stage.path(), "1h").start();
    let folder = server.setup.clicks_folder();
    load(&server, 1000);
    server.kill();

    // Two that have the names of segments and are none of this folder, and a copy of the
    // folder, whose server may not take what is in the stage of the first.
    let staged = names(stage.path()).into_iter().find(|it| *it != theirs).unwrap();
    let strange = [staged.join("shard-000-0000000900.clicks"), staged.join("notes")];
    strange.iter().for_each(|path| fs::write(path, "strange").unwrap());
    let copied = setup(engine, stage.path(), "1h");
    let copy = Command::new("cp").arg("-a").args([&folder, &copied.clicks_folder()]).status();
    assert!(copy.unwrap().success());
    let mut copied = copied.start();
    copied.wait_until_said("it belongs to the click folder", 1);
    assert_eq!(copied.stop().0, Some(0));

    server.restart();
    server.wait_until_said("is not of this click folder, and is left as it is", 2);
    assert_eq!(count(&folder), 1000);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(count(&folder), 1000);
    assert_eq!(names(&staged).len(), 4, "what names its owner, and its lock, stay with them");
    assert_eq!(names(&theirs).len(), 1);
    assert_eq!(names(stage.path()).len(), 2);
});

/// Runs the test again, as a process that may mount, or plays its part there.
fn in_a_mount_of_its_own(test: &str, engine: Engine, play: fn(Engine)) {
    if std::env::var_os("CAROM_TEST_MOUNTS").is_some() {
        return play(engine);
    }
    let mut unshare = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    let ran = unshare
        .arg("--mount")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("stage::{test}::{}", engine.name()), "--nocapture"])
        .env("CAROM_TEST_MOUNTS", "1")
        .output();
    common::unshare::judge(ran);
}

/// Mounts so much memory, which goes with the process.
fn mount(folder: &Path, size: &str) -> bool {
    fs::create_dir_all(folder).unwrap();
    let size = format!("size={size}");
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).status();
    mounted.is_ok_and(|status| status.success())
}

both_engines!(
    /// As without a stage.
    where_the_stage_has_no_room_the_disk_is_written,
    |engine| in_a_mount_of_its_own(
        "where_the_stage_has_no_room_the_disk_is_written",
        engine,
        |engine| {
            let stage = memory();
            if !mount(stage.path(), "600k") {
                return eprintln!("skipped: cannot mount a file system here");
            }
            let server = setup(engine, stage.path(), "1h").start();
            load(&server, 20_000);
            server.wait_until_said("takes no segment of 0.2 MiB", 1);
            assert_eq!(count(&server.setup.clicks_folder()), 20_000);
            stop(server, 20_000, stage.path());
        }
    )
);

both_engines!(
    /// Clicks are recorded in the stage, and are not gone with a kill either.
    while_the_disk_has_no_room_the_stage_has,
    |engine| in_a_mount_of_its_own("while_the_disk_has_no_room_the_stage_has", engine, |engine| {
        let stage = memory();
        let setup = setup(engine, stage.path(), "1h");
        let folder = setup.clicks_folder();
        if !mount(&folder, "1m") {
            return eprintln!("skipped: cannot mount a file system here");
        }
        let mut server = setup.start();
        load(&server, 20_000);
        server.wait_until_said("cannot make a segment in", 1);
        server.kill();
        assert_eq!(count(&folder), 20_000);
        let resize = |size: &str| {
            let size = format!("remount,size={size}");
            let mount = Command::new("mount").args(["-o", &size]).arg(&folder).status();
            assert!(mount.unwrap().success());
        };
        // As the next start does: it refuses rather than leaving them in memory.
        let clicks = carom_serve_fails(&server, &folder);
        assert!(clicks.contains("Until then they are in memory only"), "{clicks}");
        assert_eq!(count(&folder), 20_000);
        resize("40m");
        server.restart();
        assert_eq!(count(&folder), 20_000);
        stop(server, 20_000, stage.path());
    })
);

/// What a server says that is started over this folder and does not start.
fn carom_serve_fails(server: &Server, folder: &Path) -> String {
    let links = server.setup.links[0].to_str().unwrap();
    let folder = folder.to_str().unwrap();
    let ran = carom(["serve", links, "--clicks", folder, "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    ran.err
}

/// A file system that takes no writes until this is dropped, or for 20 s.
struct Frozen<'a> {
    folder: &'a Path,
    timer: Child,
}

impl<'a> Frozen<'a> {
    fn new(folder: &'a Path) -> Option<Self> {
        // Should this process be killed, everything that writes there would wait for ever.
        let thaw = format!("sleep 20; fsfreeze -u '{}'", folder.display());
        // What it says goes nowhere, or the sleep would hold up who reads what we say.
        let mut timer = Command::new("sh");
        timer.args(["-c", &thaw]).stdout(Stdio::null()).stderr(Stdio::null());
        let timer = timer.spawn().ok()?;
        let frozen = Self { folder, timer };
        let status = Command::new("fsfreeze").arg("-f").arg(folder).status();
        status.is_ok_and(|status| status.success()).then_some(frozen)
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        let _ = Command::new("fsfreeze").arg("-u").arg(self.folder).output();
        let _ = self.timer.kill();
        let _ = self.timer.wait();
    }
}

/// Mounts a disk made of a file, which goes with the process.
fn mount_disk(image: &Path, folder: &Path) -> bool {
    fs::File::create(image).and_then(|file| file.set_len(96 << 20)).unwrap();
    fs::create_dir_all(folder).unwrap();
    let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(image).status();
    let mounted =
        || Command::new("mount").args(["-o", "loop"]).arg(image).arg(folder).output().ok();
    made.is_ok_and(|made| made.success())
        && mounted().is_some_and(|mounted| mounted.status.success())
}

both_engines!(
    /// As snapshots of a volume do.
    a_frozen_disk_holds_nobody_up,
    |engine| in_a_mount_of_its_own("a_frozen_disk_holds_nobody_up", engine, |engine| {
        let stage = memory();
        let setup = setup(engine, stage.path(), "100ms").segments("1MiB");
        let setup = setup.flag("--segment-age", "1s");
        let folder = setup.clicks_folder();
        if !mount_disk(&setup.folder.path().join("disk"), &folder) {
            return eprintln!("skipped: cannot mount a disk here");
        }
        let server = setup.start();
        load(&server, 1000);
        let Some(frozen) = Frozen::new(&folder) else {
            return eprintln!("skipped: cannot freeze a file system here");
        };
        let (begun, mut client) = (Instant::now(), Client::new(server.connect()));
        let (mut answered, mut slowest) = (1000, Duration::ZERO);
        while begun.elapsed() < FROZEN {
            let asked = Instant::now();
            assert_eq!(client.get("t.example", "/a").unwrap().status, 302);
            slowest = slowest.max(asked.elapsed());
            answered += 1;
        }
        assert_eq!(count(&folder), answered, "they can be read meanwhile");
        drop(frozen);
        eprintln!(
            "{}: frozen for {FROZEN:?}: {answered} redirects, the slowest took {slowest:.1?}",
            engine.name()
        );
        stop(server, answered, stage.path());
    })
);
