//! `scripts/read-clicks`, a reader in Python that does only what
//! `docs/click-log.md` says, beside the one in Rust: the same rows, and the same
//! account of what is wrong. Skipped where there is no python3.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use carom::cli::clicks::cat::{CatArguments, cat};
use carom::cli::clicks::filter::FilterArguments;
use carom::cli::clicks::row_choice::FileFormatName;
use carom::clicks::{
    COLUMNS, Click, Flags, Ledger, Salt, Tail, Verdict, Writer, close_frame, key_file,
};
use carom::limits::TEXTS_PER_SEGMENT_MAX;
use carom::rehearsal::tape::Tape;
use serde_json::{Value, json};

use crate::common::ledger::{append, click, folder_of, keep, killed};
use crate::images::{CLICK, Name, places, random_click};

pub fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output();
    let is_there = found.is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("skipped: python3 is not here");
    }
    is_there
}

/// Both readers must say the same of these files, which belong to one shard.
/// Returns the rows.
pub fn agree(files: &[PathBuf]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/read-clicks");
    let own = tempfile::tempdir().unwrap();
    let key = own.path().join("key");
    key_file::load_or_make(&key, own.path()).unwrap();
    fs::write(&key, "# known\n\n0 000102030405060708090a0b0c0d0e0f # to all\n").unwrap();
    let mut command = Command::new("python3");
    let python = command.arg(script).arg("--click-key").arg(&key).args(files).output().unwrap();
    let said = String::from_utf8(python.stderr).unwrap();
    let out = String::from_utf8(python.stdout).unwrap();
    assert!(python.status.success(), "{said}");

    let filter = FilterArguments::default();
    let (paths, format, click_key) = (files.to_vec(), Some(FileFormatName::Ndjson), Some(key));
    let wish = CatArguments {
        paths,
        format,
        output: None,
        columns: None,
        follow: false,
        excel: false,
        click_key,
        filter,
        quiet: true,
    };
    let mut rows = Vec::new();
    cat(&wish, &mut rows, &mut std::io::sink(), &AtomicBool::new(false));
    let rows = String::from_utf8(rows).unwrap();
    assert!(rows.lines().all(|row| row.contains(",\"id\":\"")), "{rows}");
    for (number, (ours, theirs)) in rows.lines().zip(out.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {number}");
    }
    assert_eq!(rows.lines().count(), out.lines().count());

    let mut ledger = Ledger::open(files, false).unwrap();
    while ledger.next_click().unwrap().is_some() {}
    let tally = ledger.tally();
    assert_eq!(
        serde_json::from_str::<Value>(&said).unwrap(),
        json!({
            "clicks": tally.clicks, "missing": tally.missing, "lost": tally.lost,
            "damaged": tally.damaged_bytes, "torn": tally.torn_tails,
        })
    );
    rows.lines().map(str::to_owned).collect()
}

/// Without the key it says so, once.
#[test]
fn without_a_key() {
    if !has_python() {
        return;
    }
    let dir = folder_of([click(0), click(1)]);
    let file = dir.path().join("shard-000-0000000001.clicks");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/read-clicks");
    let python = Command::new("python3").arg(script).arg(file).output().unwrap();
    let said = String::from_utf8(python.stderr).unwrap();
    assert_eq!(
        said.matches("clicks are without their ids; name the key file").count(),
        1,
        "{said}"
    );
    assert!(String::from_utf8(python.stdout).unwrap().contains("\"id\":null"));
}

/// Clicks with any bytes where a field is, also those that no server writes yet. Every
/// column of the list must be in some row.
#[test]
fn fields_that_say_anything() {
    if !has_python() {
        return;
    }
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let (tape, mut writer) = Tape::new(256 * 1024);
    for number in 0..600 {
        let click = random_click(&mut rng, number + 1, 0..9);
        let tail = Tail { visitor: rng.u64(1..), ..Tail::default() };
        let name = Name { key: format!("/key-{number}"), target: b"https://\xfft.example/" };
        let click = Click { path: &[b'?'; 60], tail, ..click.click() };
        writer.append_named(&click, Some(&name)).unwrap();
    }
    let mut image = tape.images().remove(0);
    let salt = Salt::new(u32::from_le_bytes(image[80..84].try_into().unwrap()));
    for place in places(&image, &[CLICK]) {
        let record = &mut image[place];
        // Verdict, status and flags, but for those that say how the record is built.
        rng.fill(&mut record[9..13]);
        record[13] = record[13] & 0b1010 | rng.u8(..) & 0b1111_0101;
        for field in [15..16, 40..44, 46..64] {
            rng.fill(&mut record[field]);
        }
        // Links of which the segment says nothing.
        if rng.bool() {
            rng.fill(&mut record[32..40]);
            record[14] = rng.u8(..);
        }
        let tail = 64 + 4 * (3 + usize::from(record[13] >> 1 & 1));
        let (known, more) = (record[tail], rng.u8(..40));
        // What a later version adds takes its bytes from the path here.
        (record[tail], record[44]) = (known + more, 60 - more);
        let known = &mut record[tail + 1..tail + usize::from(known)];
        rng.fill(known);
        if rng.bool() {
            known.fill(0);
        }
        close_frame(record, salt);
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("image");
    fs::write(&file, image).unwrap();
    let rows = agree(&[file]);
    assert_eq!(rows.len(), 600);
    for column in COLUMNS {
        let name = format!("\"{}\":", column.name);
        assert!(rows.iter().any(|row| row.contains(&name)), "no row has {name}");
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    carom::clicks::folder::list(dir).unwrap().into_iter().map(|file| file.path).collect()
}

/// Clicks of every kind: all that a record can hold.
fn write_all_kinds(write: &mut impl FnMut(&Click<'_>)) {
    let long = [b'x'; 700];
    let odd: Vec<u8> = (0..=255).collect();
    write(&click(0));
    write(&Click { path: &long, host: &long, referer: &long, user_agent: &long, ..click(1) });
    write(&Click { path: b"", host: b"", referer: b"", user_agent: b"", ..click(2) });
    write(&Click { path: b"/?", host: b"h", referer: b"r", user_agent: b"inline", ..click(3) });
    write(&Click { path: b"/a?b?c\\xd", user_agent: &odd, referer: &odd[128..], ..click(4) });
    let ip = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xab, 1];
    write(&Click { ip, flags: Flags::HEAD | Flags::PREFETCH, ..click(5) });
    write(&Click { ip: [0; 16], link: 0, status: 404, verdict: Verdict::UNKNOWN, ..click(6) });
    write(&Click { link: u64::MAX, status: 410, verdict: Verdict::GONE, ..click(7) });
    write(&Click { time_us: 1, generation: u32::MAX, ..click(8) });
    write(&Click { user_agent: "caf\u{e9} \u{2028} \"\u{7f}\u{1}\t".as_bytes(), ..click(9) });
    write(&Click { tag: b"spring", ..click(10) });
    write(&Click { tag: b"spring-sale", host: b"h", ..click(11) });
    write(&Click { tag: &long, path: b"", referer: b"", ..click(12) });
    // More strings than a segment's dictionary holds.
    for number in 0..TEXTS_PER_SEGMENT_MAX as u64 {
        let agent = format!("agent/{number:012}");
        write(&Click { user_agent: agent.as_bytes(), ..click(10 + number) });
    }
}

#[test]
fn sealed_being_written_and_after_a_kill() {
    if !has_python() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1, 1 << 20);
    for _ in 0..2 {
        write_all_kinds(&mut |click| append(&mut writers[0], click));
    }
    let left = killed(dir.path());
    let written = agree(&files(left.path())).len();
    drop(writers);
    keeper.finish();
    assert_eq!(agree(&files(dir.path())).len(), written);
    assert!(written > 2 * TEXTS_PER_SEGMENT_MAX);

    // One segment from the middle is gone, one is cut short, one has holes.
    let mut files = files(dir.path());
    assert!(files.len() >= 2, "{files:?}");
    let first = fs::read(&files[0]).unwrap();
    fs::write(&files[0], &first[..first.len() - 777]).unwrap();
    let mut second = fs::read(&files[1]).unwrap();
    second[8192..12288].fill(0);
    second[40_000] ^= 4;
    fs::write(&files[1], second).unwrap();
    assert!(agree(&files).len() < written);
    assert!(agree(&files.split_off(1)).len() < written);
}

/// A segment that is full, with clicks that are lost, sealed or not, and with each
/// byte of its last part or its first page changed.
#[test]
fn lost_clicks_and_damage_anywhere() {
    if !has_python() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut keep = |image: &[u8]| {
        let file = dir.path().join(format!("image-{}", files.len()));
        fs::write(&file, image).unwrap();
        files.push(file);
    };
    for is_sealed in [false, true] {
        let (mut tape, mut writer) = Tape::new(16 * 1024);
        let mut lost = 0;
        for second in 0.. {
            lost += u64::from(write(&mut writer, second).is_err());
            if lost == 3 {
                break;
            }
        }
        if is_sealed {
            writer.close();
            tape.seal();
        }
        let image = tape.images().remove(0);
        keep(&image);
        let mut rng = fastrand::Rng::with_seed(u64::from(is_sealed));
        let places = [96..2_048, 128..152, 192..200, 256..320, 4_096..image.len()];
        for place in places.into_iter().cycle().take(25) {
            let mut image = image.clone();
            image[rng.usize(place)] ^= rng.u8(1..);
            keep(&image);
        }
        for _ in 0..8 {
            keep(&image[..rng.usize(4_096..image.len())]);
        }
    }
    for file in files {
        assert!(
            !agree(std::slice::from_ref(&file)).is_empty()
                || file.metadata().unwrap().len() < 5_000
        );
    }
}

fn write(writer: &mut Writer, second: u64) -> Result<u64, carom::clicks::Lost> {
    let agent = format!("agent/{:04}", second % 7).repeat(5);
    writer.append(&Click { user_agent: agent.as_bytes(), ..click(second) })
}

/// What takes no number is passed over.
#[test]
fn what_was_not_delivered() {
    if !has_python() {
        return;
    }
    let (tape, mut writer) = Tape::new(256 * 1024);
    for second in 0..3 {
        writer.append(&click(second)).unwrap();
        writer.note_undelivered(second + 1, 5);
        writer.tick();
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("image");
    fs::write(&file, tape.images().remove(0)).unwrap();
    assert_eq!(agree(&[file]).len(), 3);
}
