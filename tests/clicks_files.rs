//! The ledger in files: kept by a keeper, killed, filled up, followed, printed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use carom::cli::clicks::cat::{Cat, Format, cat};
use carom::cli::clicks::filter::FilterArguments;
use carom::clicks::folder::{list, segment_name};
use carom::clicks::ledger::Ledger;
use carom::clicks::tally::Tally;
use carom::clicks::{
    Click, Flags, Keeper, Options, SEGMENT_AGE_DEFAULT, ShardInfo, Summary, Verdict, Writer, tape,
};
use carom::limits::SEGMENTS_READY_MAX;

const SEGMENT: u64 = 64 * 1024;

type Reports = Arc<Mutex<Vec<String>>>;

fn options(sync_interval: Duration) -> (Options, Reports) {
    let reports = Reports::default();
    let taken = reports.clone();
    let report = Box::new(move |sentence| taken.lock().unwrap().push(sentence));
    let segment_age = SEGMENT_AGE_DEFAULT;
    let keys = tape::keys();
    let options = Options {
        segment_bytes: SEGMENT,
        reserve: 1,
        segment_age,
        sync_interval,
        node: 0,
        keys,
        report,
    };
    (options, reports)
}

fn keep(dir: &Path, shards: usize) -> (Keeper, Vec<Writer>) {
    let (options, _) = options(Duration::from_millis(20));
    let infos: Vec<_> = (0..shards).map(|cpu| ShardInfo { cpu: cpu as u16 }).collect();
    Keeper::open(dir, &infos, options).unwrap()
}

fn click(number: u64) -> Click<'static> {
    Click {
        time_us: 1_763_800_000_000_000 + number,
        link: number + 1,
        generation: 1,
        ip: std::net::Ipv4Addr::new(192, 0, 2, 7).to_ipv6_mapped().octets(),
        status: 302,
        verdict: Verdict::Redirect,
        flags: Flags::NONE,
        variant: 0,
        host: b"go.example",
        path: b"/go/summer-deal?utm_source=mail",
        referer: b"https://news.example/front-page",
        user_agent: b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        tag: b"",
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited too long until {what}");
        std::thread::yield_now();
    }
}

/// Appends click `number`, waiting for room: a test is faster than any visitor.
fn append(writer: &mut Writer, number: u64) {
    wait_until("a segment is ready", || writer.handover().ready.is_full());
    writer.append(&click(number)).unwrap();
}

/// The links of the clicks that were not read yet, as far as they are there.
fn more(ledger: &mut Ledger) -> Vec<u64> {
    let mut links = Vec::new();
    while let Some(entry) = ledger.next_click().unwrap() {
        links.push(entry.click.link);
    }
    links
}

/// The links of all clicks in a folder, in the order they are read.
fn links(dir: &Path) -> (Vec<u64>, Tally) {
    let mut ledger = Ledger::open(&[dir.to_owned()], false).unwrap();
    (more(&mut ledger), ledger.tally())
}

#[test]
fn written_by_two_shards_and_read_by_time() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 2);
    for number in 0..4_000 {
        append(&mut writers[(number % 3 == 0) as usize], number);
    }
    drop(writers);
    let summary = keeper.finish();
    assert_eq!(
        summary,
        Summary { clicks: 4_000, segments: summary.segments, ..Summary::default() }
    );
    assert!(summary.segments > 6, "{summary:?}");

    let (links, tally) = links(dir.path());
    assert!(links.iter().copied().eq(1..=4_000));
    assert!(tally.is_whole());
    assert_eq!((tally.files, tally.unsealed), (summary.segments, 0));
    let files = list(dir.path()).unwrap();
    assert_eq!(files.len() as u64, summary.segments, "unused segments are deleted");
    assert!(files.iter().all(|file| file.path.metadata().unwrap().len() <= SEGMENT));
}

#[test]
fn a_server_without_clicks_leaves_only_its_lock() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, writers) = keep(dir.path(), 3);
    assert_eq!(list(dir.path()).unwrap().len(), 6);
    drop(writers);
    assert_eq!(keeper.finish(), Summary::default());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_new_run_leaves_old_segments_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut before = Vec::new();
    for run in 0..4 {
        let (keeper, mut writers) = keep(dir.path(), 1);
        append(&mut writers[0], run);
        drop(writers);
        keeper.finish();
        let files = list(dir.path()).unwrap();
        assert_eq!(files.len() as u64, run + 1);
        let now: Vec<_> = files.iter().map(|file| fs::read(&file.path).unwrap()).collect();
        assert_eq!(now[..run as usize], before);
        before = now;
    }
    assert_eq!(links(dir.path()).0, [1, 2, 3, 4]);
}

#[test]
fn a_second_server_is_told_who_holds_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, _writers) = keep(dir.path(), 1);
    let (options, _) = options(Duration::from_millis(250));
    let refusal = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).err().unwrap();
    let process = format!("process {}", std::process::id());
    assert!(refusal.to_string().contains(&process), "{refusal}");
}

#[test]
fn stopping_does_not_wait_for_the_next_sync() {
    let dir = tempfile::tempdir().unwrap();
    let (options, _) = options(Duration::from_secs(3600));
    let (keeper, writers) = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).unwrap();
    drop(writers);
    let begun = Instant::now();
    keeper.finish();
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn as_many_segments_are_ready_as_are_wished() {
    let dir = tempfile::tempdir().unwrap();
    let (options, _) = options(Duration::from_millis(20));
    let options = Options { reserve: 3, ..options };
    let (keeper, mut writers) = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).unwrap();
    assert_eq!(list(dir.path()).unwrap().len(), 4);
    for number in 0..2_000 {
        append(&mut writers[0], number);
    }
    drop(writers);
    assert_eq!((keeper.finish().lost, list(dir.path()).unwrap().len()), (0, 4));
    assert!(links(dir.path()).0.into_iter().eq(1..=2_000));
}

#[test]
fn a_reserve_out_of_bounds_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for reserve in [0, SEGMENTS_READY_MAX + 1] {
        let (options, _) = options(Duration::from_millis(20));
        let options = Options { reserve, ..options };
        let refusal = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).err().unwrap();
        assert!(refusal.to_string().contains("--reserve must be between 1 and"), "{refusal}");
    }
}

#[test]
fn an_old_segment_is_left_however_few_clicks_come() {
    let dir = tempfile::tempdir().unwrap();
    let (options, _) = options(Duration::from_millis(20));
    let options = Options { segment_age: Duration::from_millis(50), ..options };
    let (keeper, mut writers) = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).unwrap();
    let sealed = || {
        let files = list(dir.path()).unwrap();
        let bytes = files.iter().map(|file| file.path.metadata().unwrap().len());
        bytes.filter(|bytes| (1..SEGMENT).contains(bytes)).count() as u64
    };
    for number in 0..3 {
        append(&mut writers[0], number);
        wait_until("it is sealed", || {
            writers[0].tick();
            sealed() == number + 1
        });
    }
    drop(writers);
    // An empty one is never old.
    assert_eq!(keeper.finish().segments, 3);
    assert_eq!(links(dir.path()).0, [1, 2, 3]);
}

#[test]
fn a_keeper_that_is_dropped_cleans_up() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, writers) = keep(dir.path(), 2);
    drop(writers);
    drop(keeper);
    assert!(list(dir.path()).unwrap().is_empty());
}

#[test]
fn a_removed_segment_is_missed_by_number() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1);
    for number in 0..2_000 {
        append(&mut writers[0], number);
    }
    drop(writers);
    keeper.finish();
    let files = list(dir.path()).unwrap();
    fs::remove_file(&files[1].path).unwrap();
    let (links, tally) = links(dir.path());
    assert_eq!(links.len() as u64 + tally.missing, 2_000);
    assert!(tally.missing > 100);
}

/// Runs one test of this file again as a process of its own.
fn again(test: &str, dir: &Path, wrapper: &[&str]) -> Command {
    let me = std::env::current_exe().unwrap();
    let mut line: Vec<PathBuf> = wrapper.iter().map(PathBuf::from).collect();
    line.push(me);
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).args(["--exact", test, "--nocapture"]).env("CAROM_TEST_DIR", dir);
    command
}

/// What the process that is to be killed does: writes clicks on two shards and
/// says so on standard output, each only after `append` has returned.
fn write_until_killed(dir: &Path) {
    let (_keeper, mut writers) = keep(dir, 2);
    let first: u64 = std::env::var("CAROM_TEST_FIRST").unwrap().parse().unwrap();
    let mut out = std::io::stdout();
    for number in first.. {
        append(&mut writers[(number % 2) as usize], number);
        out.write_all(format!("\n{number}\n").as_bytes()).unwrap();
    }
}

#[test]
fn killed_at_any_moment() {
    if let Some(dir) = std::env::var_os("CAROM_TEST_DIR") {
        return write_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut torn) = (BTreeSet::new(), 0);
    for round in 0..10 {
        let mut said = tempfile::tempfile().unwrap();
        let mut child = again("killed_at_any_moment", dir.path(), &[])
            .env("CAROM_TEST_FIRST", (round * 10_000_000).to_string())
            .stdout(said.try_clone().unwrap())
            .spawn()
            .unwrap();
        let bytes = fastrand::u64(1..60_000);
        wait_until("it writes", || said.metadata().unwrap().len() >= bytes);
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9), "it ended by itself");
        said.rewind().unwrap();
        let text = std::io::read_to_string(&said).unwrap();
        let (whole, _) = text.rsplit_once('\n').unwrap();
        acknowledged.extend(whole.lines().filter_map(|line| line.parse::<u64>().ok()));

        let (links, tally) = links(dir.path());
        assert!(tally.is_whole(), "{tally:?}");
        let recovered: BTreeSet<_> = links.iter().map(|link| link - 1).collect();
        assert_eq!(recovered.len(), links.len(), "a click came twice");
        assert!(recovered.is_superset(&acknowledged));
        // In each round one click may be written and not acknowledged.
        assert!(recovered.len() <= acknowledged.len() + round + 1);
        torn = tally.torn_tails;
    }
    eprintln!("{} acknowledged, {torn} torn tails", acknowledged.len());
    assert!(acknowledged.len() > 1_000);
    // The next start takes the folder at once and deletes only empty segments.
    let (before, _) = links(dir.path());
    let (keeper, writers) = keep(dir.path(), 2);
    drop(writers);
    keeper.finish();
    assert_eq!(links(dir.path()).0, before);
}

/// Fills a file system of 1 MiB and makes room again.
fn fill_up(dir: &Path) {
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(dir).status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("skipped: cannot mount a file system here");
        return;
    }
    let small = dir.join("clicks");
    let (wish, _) = options(Duration::from_millis(20));
    let wish = Options { segment_bytes: 4 * 1024 * 1024, ..wish };
    let refusal = Keeper::open(&small, &[ShardInfo { cpu: 0 }], wish).err().unwrap().to_string();
    assert!(refusal.contains("8.0 MiB needed") && refusal.contains("--segment-size"), "{refusal}");
    assert!(list(&small).unwrap().is_empty());

    let (wish, reports) = options(Duration::from_millis(20));
    let (keeper, mut writers) = Keeper::open(&small, &[ShardInfo { cpu: 0 }], wish).unwrap();
    let filler = dir.join("filler");
    let rest = fs::File::create(&filler).unwrap().write_all(&vec![1; 1 << 20]);
    assert!(rest.is_err(), "the file system is full");

    let (mut kept, mut lost) = (0, 0);
    let mut write = |kept: &mut u64, lost: &mut u64| match writers[0].append(&click(*kept + *lost))
    {
        Ok(_) => *kept += 1,
        Err(_) => *lost += 1,
    };
    while lost < 1_000 {
        write(&mut kept, &mut lost);
    }
    wait_until("it is reported", || !reports.lock().unwrap().is_empty());
    // As a kill would leave it now: the loss is already known.
    assert_eq!(links_of_copy(&small), (kept, lost));

    let lost_before = lost;
    fs::remove_file(&filler).unwrap();
    let begun = Instant::now();
    let handover = &keeper.handovers()[0];
    for _ in 0..1_000 {
        wait_until("a segment is ready", || handover.ready.is_full());
        write(&mut kept, &mut lost);
    }
    assert_eq!(lost, lost_before, "nothing is lost once there is space");
    assert!(begun.elapsed() < Duration::from_secs(5), "recovery took {:?}", begun.elapsed());
    drop(writers);
    let summary = keeper.finish();
    assert_eq!((summary.clicks, summary.lost), (kept, lost));
    let (links, tally) = links(&small);
    assert_eq!((links.len() as u64, tally.lost), (kept, lost));
    assert_eq!((tally.missing, tally.damaged_bytes), (0, 0));
    let reports = reports.lock().unwrap();
    assert!(reports[0].contains("Redirects go on"), "{reports:?}");
    assert!(reports.iter().any(|it| it.contains("ready again")), "{reports:?}");
    eprintln!("{kept} kept, {lost} lost, back after {:?}", begun.elapsed());
}

/// Clicks and losses in a copy of the segments, made elsewhere.
fn links_of_copy(dir: &Path) -> (u64, u64) {
    let copy = tempfile::tempdir_in("/dev/shm").unwrap();
    for file in list(dir).unwrap() {
        fs::copy(&file.path, copy.path().join(segment_name(file.shard, file.number))).unwrap();
    }
    let (links, tally) = links(copy.path());
    (links.len() as u64, tally.lost)
}

#[test]
fn a_full_disk_loses_clicks_but_counts_them() {
    if let Some(dir) = std::env::var_os("CAROM_TEST_DIR") {
        return fill_up(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let test = "a_full_disk_loses_clicks_but_counts_them";
    // A mount of its own, which ends with the process.
    let unshare = ["unshare", "--user", "--map-root-user", "--mount"];
    match again(test, dir.path(), &unshare).output() {
        Ok(output) if output.status.success() => {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(output) if output.stdout.is_empty() => eprintln!("skipped: cannot unshare here"),
        Ok(output) => panic!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => eprintln!("skipped: no unshare here: {error}"),
    }
}

fn wish(dir: &Path) -> Cat {
    Cat {
        paths: vec![dir.to_owned()],
        format: Format::Ndjson,
        follow: false,
        click_key: None,
        filter: FilterArguments::default(),
        quiet: false,
    }
}

/// What `clicks cat` prints, what it complains of, and its exit status.
fn printed(wish: &Cat) -> (String, String, u8) {
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let status = cat(wish, &mut out, &mut complaints, &AtomicBool::new(false));
    (String::from_utf8(out).unwrap(), String::from_utf8(complaints).unwrap(), status)
}

/// A folder with one segment that holds these clicks.
fn folder_of(clicks: &[Click<'_>]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1);
    for click in clicks {
        writers[0].append(click).unwrap();
    }
    drop(writers);
    keeper.finish();
    dir
}

fn prints(click: Click<'_>, format: Format, expected: &str) {
    let dir = folder_of(&[click]);
    let (out, _, status) = printed(&Cat { format, ..wish(dir.path()) });
    assert_eq!((out.as_str(), status), (expected, 0));
}

/// Click ids name them.
#[test]
fn segment_numbers_are_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    for run in 1..=3 {
        let (keeper, mut writers) = keep(dir.path(), 2);
        writers[1].append(&click(0)).unwrap();
        writers.into_iter().for_each(Writer::close);
        keeper.finish();
        // The other shard gave none to a click.
        let files = list(dir.path()).unwrap();
        assert_eq!(files.iter().map(|it| (it.shard, it.number)).collect::<Vec<_>>(), [(1, run)]);
        fs::remove_file(&files[0].path).unwrap();
    }
}

#[test]
fn as_json() {
    prints(
        click(0),
        Format::Ndjson,
        "{\"time\":\"2025-11-22T08:26:40.000000Z\",\"shard\":0,\"seq\":1,\
         \"link\":\"0000000000000001\",\"generation\":1,\"ip\":\"192.0.2.7\",\"status\":302,\
         \"verdict\":\"redirect\",\"head\":false,\"prefetch\":false,\"host\":\"go.example\",\
         \"path\":\"/go/summer-deal\",\"query\":\"utm_source=mail\",\
         \"referer\":\"https://news.example/front-page\",\
         \"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 \
         Firefox/140.0\",\"tag\":null,\"id\":null}\n",
    );
}
#[test]
fn what_is_not_there_is_null() {
    prints(
        Click {
            time_us: 1_763_800_000_000_007,
            link: 0,
            ip: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            status: 404,
            verdict: Verdict::Unknown,
            flags: Flags::HEAD | Flags::PREFETCH,
            path: b"/a",
            referer: b"",
            user_agent: b"",
            ..click(0)
        },
        Format::Ndjson,
        "{\"time\":\"2025-11-22T08:26:40.000007Z\",\"shard\":0,\"seq\":1,\"link\":null,\
         \"generation\":1,\"ip\":\"2001:db8::1\",\"status\":404,\"verdict\":\"unknown\",\
         \"head\":true,\"prefetch\":true,\"host\":\"go.example\",\"path\":\"/a\",\"query\":null,\
         \"referer\":null,\"user_agent\":null,\"tag\":null,\"id\":null}\n",
    );
}
#[test]
fn as_csv() {
    prints(
        Click { path: b"/a,b?", user_agent: b"say \"hi\"", tag: b"spring sale", ..click(0) },
        Format::Csv,
        "time,shard,seq,link,generation,ip,status,verdict,head,prefetch,host,path,query,referer,\
         user_agent,tag,id,cut\n2025-11-22T08:26:40.000000Z,0,1,0000000000000001,1,192.0.2.7,302,\
         redirect,false,false,go.example,\"/a,b\",,https://news.example/front-page,\
         \"say \"\"hi\"\"\",spring sale,,\n",
    );
}
#[test]
fn bytes_that_are_no_text_can_be_told_from_text() {
    let agent = b"\xff\\xff \\ caf\xc3\xa9 \xc3";
    let dir = folder_of(&[Click { user_agent: agent, ..click(0) }]);
    let (out, _, _) = printed(&wish(dir.path()));
    let row: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(row["user_agent"], "\\xff\\x5cxff \\ café \\xc3");
}
#[test]
fn what_is_cut_is_named() {
    let long = [b'x'; 600];
    let clicks = [Click { path: &long, user_agent: &long, ..click(0) }];
    let dir = folder_of(&clicks);
    let (out, _, _) = printed(&wish(dir.path()));
    let row: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(row["cut"], serde_json::json!(["path", "user_agent"]));
    let (out, _, _) = printed(&Cat { format: Format::Csv, ..wish(dir.path()) });
    assert!(out.ends_with(",path user_agent\n"), "{out}");
}

#[test]
fn damage_is_said_and_changes_the_exit_status() {
    let dir = folder_of(&[click(0), click(1), click(2)]);
    let file = &list(dir.path()).unwrap()[0].path;
    let (_, complaints, status) = printed(&wish(dir.path()));
    assert_eq!(
        (complaints.as_str(), status),
        ("carom: 3 clicks in 1 segment; nothing is missing\n", 0)
    );

    let mut bytes = fs::read(file).unwrap();
    bytes[4096 + 350] ^= 1;
    fs::write(file, bytes).unwrap();
    let (out, complaints, status) = printed(&wish(dir.path()));
    assert_eq!((out.lines().count(), status), (2, 1));
    let said: Vec<_> = complaints.lines().collect();
    assert!(said[0].contains("are damaged: its checksum does not fit"), "{said:?}");
    assert!(said[1].contains("1 clicks are missing, from number 2 on"), "{said:?}");
    assert_eq!(said[2], "carom: 2 clicks in 1 segment, 1 click missing, 112 bytes damaged");
    let (_, complaints, _) = printed(&Cat { quiet: true, ..wish(dir.path()) });
    assert_eq!(complaints, "");

    // A single file is enough, whatever its name.
    let elsewhere = dir.path().join("elsewhere");
    fs::copy(file, &elsewhere).unwrap();
    assert_eq!(printed(&wish(&elsewhere)).0, out);
}

#[test]
fn a_damaged_user_agent_costs_no_click() {
    let dir = folder_of(&[click(0), click(1), click(2)]);
    let file = &list(dir.path()).unwrap()[0].path;
    let mut bytes = fs::read(file).unwrap();
    let agent = bytes.windows(7).position(|bytes| bytes == b"Mozilla").unwrap();
    bytes[agent] ^= 1;
    fs::write(file, bytes).unwrap();
    let (out, complaints, status) = printed(&wish(dir.path()));
    assert_eq!((out.lines().count(), status), (3, 1));
    for line in out.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["user_agent"], serde_json::Value::Null);
        assert_eq!(row["cut"], serde_json::json!(["user_agent"]));
        assert_eq!(row["referer"], "https://news.example/front-page");
    }
    let said: Vec<_> = complaints.lines().collect();
    assert!(said[0].contains("96 bytes from byte 4192 on are damaged"), "{said:?}");
    assert_eq!(said[1], "carom: 3 clicks in 1 segment, 96 bytes damaged");
}

#[test]
fn what_cannot_be_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (_, complaints, status) = printed(&wish(&dir.path().join("none")));
    assert!(status == 2 && complaints.contains("cannot read"), "{complaints}");
    let text = dir.path().join("text");
    fs::write(&text, "hello").unwrap();
    let (_, complaints, status) = printed(&wish(&text));
    assert!(status == 2 && complaints.contains("not a click segment"), "{complaints}");
}

#[test]
fn a_running_server_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 2);
    append(&mut writers[0], 0);
    append(&mut writers[1], 1);
    let (out, complaints, status) = printed(&wish(dir.path()));
    assert_eq!((out.lines().count(), status), (2, 0));
    assert!(complaints.contains("2 segments being written; nothing is missing"), "{complaints}");
    drop(writers);
    keeper.finish();
}

/// A writer that counts lines, for another thread to look at. Without a lock: a
/// thread that looks again and again would keep it from the one that writes.
#[derive(Clone, Default)]
struct Lines(Arc<AtomicUsize>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
        self.0.fetch_add(lines, Ordering::Release);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn wait_for(&self, count: usize) {
        wait_until("the lines are there", || self.0.load(Ordering::Acquire) >= count);
        assert_eq!(self.0.load(Ordering::Acquire), count);
    }
}

/// Ends a follower when dropped.
struct Stopper<'a>(&'a AtomicBool);

impl Drop for Stopper<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn followed_across_rolls_and_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let (out, stop) = (Lines::default(), AtomicBool::new(false));
    let wish = Cat { follow: true, ..wish(dir.path()) };
    let mut complaints = Vec::new();
    std::thread::scope(|scope| {
        let follower = scope.spawn(|| cat(&wish, out.clone(), &mut complaints, &stop));
        // Also when an assertion fails: the scope waits for the follower.
        let stopper = Stopper(&stop);
        let mut lines = 0;
        for run in 0..3 {
            let (keeper, mut writers) = keep(dir.path(), 2);
            for number in 0..4_000 {
                append(&mut writers[(number % 2) as usize], run * 10_000 + number);
                if number % 500 == 0 {
                    out.wait_for(lines + number as usize + 1);
                }
            }
            drop(writers);
            let segments = keeper.finish().segments;
            assert!(segments >= 6, "{segments}");
            lines += 4_000;
            out.wait_for(lines);
        }
        drop(stopper);
        assert_eq!(follower.join().unwrap(), 0);
    });
    let complaints = String::from_utf8(complaints).unwrap();
    assert!(complaints.starts_with("carom: 12000 clicks in"), "{complaints}");
}

/// A server that starts between two looks at the folder takes up the numbers of
/// segments that the one before it never began.
#[test]
fn followed_into_a_segment_whose_number_was_used_before() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1);
    append(&mut writers[0], 0);
    let mut follower = Ledger::open(&[dir.path().to_owned()], true).unwrap();
    assert_eq!(more(&mut follower), [1]);
    drop(writers);
    keeper.finish();

    let (keeper, mut writers) = keep(dir.path(), 1);
    append(&mut writers[0], 1);
    // The follower still takes the first server for the one that runs.
    assert_eq!(more(&mut follower), [2]);
    append(&mut writers[0], 2);
    follower.update().unwrap();
    assert_eq!(more(&mut follower), [3]);
    drop(writers);
    keeper.finish();
}

#[test]
fn followed_past_a_server_without_clicks() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, writers) = keep(dir.path(), 1);
    let mut follower = Ledger::open(&[dir.path().to_owned()], true).unwrap();
    assert_eq!(more(&mut follower), [0; 0]);
    drop(writers);
    keeper.finish();

    let (keeper, mut writers) = keep(dir.path(), 1);
    append(&mut writers[0], 0);
    follower.update().unwrap();
    assert_eq!(more(&mut follower), [1]);
    drop(writers);
    keeper.finish();
}

#[test]
fn only_folders_can_be_followed() {
    let dir = folder_of(&[click(0)]);
    let file = list(dir.path()).unwrap()[0].path.clone();
    let (_, complaints, status) = printed(&Cat { follow: true, ..wish(&file) });
    assert!(status == 2 && complaints.contains("cannot follow"), "{complaints}");
}
