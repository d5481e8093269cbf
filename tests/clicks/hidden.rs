//! What visitors, files and arguments hold that does something to a terminal: nothing
//! that is printed has it as it is.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use carom::clicks::Click;
use serde_json::Value;

use crate::both_engines;
use crate::common::ledger::{click, folder_of};
use crate::common::{self, Client, Ran, Setup, carom};

/// A sequence that begins with one character, one that begins with two, and one of each
/// kind that turns the direction of text.
const WORD: &str = "a\u{9b}31mb\u{1b}[1mc\u{7f}\u{61c}\u{200e}\u{200f}\u{202e}\u{2066}\u{2069}d";
/// What may stand in a field of a request.
const SENT: &str = "a\u{9b}31mb\u{61c}\u{200e}\u{200f}\u{202e}\u{2066}\u{2069}d";

fn is_hidden(character: char) -> bool {
    let turns = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\
                 \u{2066}\u{2067}\u{2068}\u{2069}";
    (character.is_control() && character != '\n') || turns.contains(character)
}

/// Fails where anything of that kind is printed, and hands on the rest.
fn seen(ran: Ran) -> Ran {
    for text in [&ran.out, &ran.err] {
        assert!(!text.chars().any(is_hidden), "{text:?}");
    }
    ran
}

fn ran(words: &[&dyn AsRef<OsStr>]) -> Ran {
    seen(carom(words.iter().map(|word| word.as_ref())))
}

/// Everything that prints clicks, of a folder whose last click holds `word` as user
/// agent and referer.
fn check(folder: &Path, word: &str) {
    let spelled = |row: &str| serde_json::from_str::<Value>(row).unwrap()["user_agent"].clone();
    let text = ran(&[&"clicks", &"cat", &folder]).out;
    assert_eq!(spelled(text.lines().last().unwrap()), word, "the same for readers of JSON");
    let text = ran(&[&"ship", &folder, &"--to", &"stdout", &"--no-ids"]).out;
    assert_eq!(spelled(text.lines().last().unwrap()), word);
    let text = ran(&[&"clicks", &"cat", &"--format=csv", &folder]).out;
    assert!(text.contains("a\\xc2\\x9b31mb") && text.contains("\\xe2\\x80\\xae"), "{text}");
    let text = ran(&[&"clicks", &"stats", &folder]).out;
    assert!(text.contains("a\\u{9b}31mb") && text.contains("\\u{202e}"), "{text}");
    let text = ran(&[&"clicks", &"stats", &"--format=json", &folder]).out;
    let stats: Value = serde_json::from_str(&text).unwrap();
    let agents = stats["user_agents"]["top"].as_array().unwrap();
    assert!(agents.iter().any(|row| row["user_agent"] == word), "{text}");
}

#[test]
fn clicks_that_hold_everything() {
    let bytes = WORD.as_bytes();
    let held = Click {
        host: bytes,
        path: b"/a\x1b[1m\xc2\x9b?\xe2\x80\xae",
        referer: bytes,
        user_agent: bytes,
        tag: bytes,
        ..click(1)
    };
    let folder = folder_of([click(0), held]);
    check(folder.path(), WORD);
    // By the name of the folder.
    let named = folder.path().join(WORD);
    fs::create_dir(&named).unwrap();
    for file in carom::clicks::folder::list(folder.path()).unwrap() {
        let name = file.path.file_name().unwrap();
        let mut bytes = fs::read(&file.path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(named.join(name), &bytes[..bytes.len() - 8]).unwrap();
    }
    for words in [&["cat"][..], &["verify", "--all"], &["verify", "--json"], &["stats"]] {
        let words: Vec<&OsStr> = ["clicks"].iter().chain(words).map(OsStr::new).collect();
        let ran = seen(carom(words.into_iter().chain([named.as_os_str()])));
        assert!(ran.code == Some(1), "{ran:?}");
    }
    ran(&[&"ship", &named, &"--to", &"stdout", &"--name", &"out", &"--no-ids"]);
    ran(&[&"ship", &named, &"--list"]);
}

both_engines!(what_a_visitor_sends, |engine| {
    let mut server = Setup::new(engine, "/a https://a.example/\n").start();
    let mut client = Client::new(server.connect());
    let request = format!(
        "GET /a HTTP/1.1\r\nHost: h.example\r\nUser-Agent: {SENT}\r\nReferer: {SENT}\r\n\r\n"
    );
    client.send(request.as_bytes());
    assert_eq!(client.reply().unwrap().status, 302);
    drop(client);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    check(&server.setup.clicks_folder(), SENT);
});

#[test]
fn arguments() {
    let folder = folder_of([click(0)]);
    let key = folder.path().join("key");
    carom::clicks::key_file::load_or_make(&key, Path::new("/none")).unwrap();
    let get = [&"clicks" as &dyn AsRef<OsStr>, &"get", &"--click-key", &key];
    let ran_get = ran(&[&get[..], &[&"--clicks", &folder.path(), &WORD]].concat());
    let said = ran_get.err;
    assert!(
        said.contains("carom: a\\u{9b}31mb\\u{1b}[1mc") && said.contains("not a click"),
        "{said}"
    );
    let bytes = OsStr::from_bytes(b"\xff\xc2\x9b31m\x1b[1m");
    for words in [
        &[&"clicks" as &dyn AsRef<OsStr>, &"cat", &"q", &"--since", &WORD][..],
        &[&"clicks", &"cat", &WORD],
        &[&"links", &"check", &WORD],
        &[&"links", &"diff", &WORD, &bytes],
        &[&"links", &"show", &"/a", &"--state", &WORD],
        &[&"links", &WORD],
        &[&"serve", &WORD, &"--listen", &"127.0.0.1:0"],
        &[&"serve", &"x", &"--listen", &WORD],
        &[&"ship", &WORD, &"--list"],
        &[&WORD],
    ] {
        let ran = ran(words);
        assert!(matches!(ran.code, Some(1 | 2)), "{ran:?}");
        assert!(ran.err.contains("\\u{9b}31m") && ran.err.contains("\\u{1b}[1m"), "{ran:?}");
    }
}

#[test]
fn link_files_and_access_logs() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let bad = path("bad.txt", &format!("/a nowhere{WORD}\n/b{WORD} 410\n/c https://c/{WORD}\n"));
    let csv = path("bad.csv", &format!("key,target\n\"/a\n{WORD}\",\"x\n{WORD}\"\n"));
    for file in [&bad, &csv] {
        for flag in ["--json", "--all"] {
            assert_eq!(ran(&[&"links", &"check", file, &flag]).code, Some(1));
        }
        ran(&[&"links", &"convert", file, &"--dry-run"]);
        ran(&[&"links", &"convert", file, &"--dry-run", &"--json"]);
        let mut setup = Setup::new(common::Engine::Epoll, "");
        setup.links = vec![file.clone()];
        assert!(!setup.refusal().chars().any(is_hidden));
    }
    // A label may hold what turns the direction of text.
    let label = "tag=\u{202e}\u{2066}x";
    let tagged = path("tagged.txt", &format!("/a https://a.example/{{query}} {label}\n"));
    let other = path("other.txt", "/a https://b.example/{slug} tag=\u{202e}\n");
    for flag in [&[][..], &["--json"]] {
        let words = ["links", "diff"].iter().chain(flag).map(OsStr::new);
        let ran = seen(carom(words.chain([tagged.as_os_str(), other.as_os_str()])));
        assert_eq!(ran.code, Some(1), "{ran:?}");
    }
    let line = |path: &str| {
        format!("192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET {path} HTTP/1.1\" 200 1\n")
    };
    let log = path("log", &(line(&format!("/a?{SENT}")) + &line("/a?x\u{1b}[1m")));
    for flag in ["--all", "--json"] {
        let ran = ran(&[&"links", &"replay", &log, &"--old", &tagged, &"--new", &other, &flag]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.out.contains("/a?a\\u"), "{ran:?}");
    }
}
