//! The house rules that a compiler does not hold: which room may know which,
//! where unsafe code lives, and what a room must never touch. Each rule stands
//! with its reason; `docs/architecture.md` tells the same as a story.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of `src`, and those each may name as `crate::…`.
const ARROWS: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("pace", &[]),
    ("disk", &[]),
    ("http", &["limits"]),
    ("links", &["limits", "pace"]),
    ("clicks", &["disk", "limits", "pace"]),
    ("ship", &["clicks", "disk", "limits"]),
    ("connection", &["limits"]),
    ("shard", &["clicks", "connection", "http", "limits", "links", "mailbox"]),
    ("mailbox", &["clicks", "limits", "links"]),
    ("rehearsal", &["clicks", "connection", "limits", "links", "mailbox", "shard"]),
    ("engine", &["connection", "limits", "mailbox", "shard"]),
    ("control", &["clicks", "disk", "engine", "limits", "links", "mailbox", "pace", "shard"]),
    (
        "cli",
        &["clicks", "connection", "control", "disk", "engine", "limits", "links", "shard", "ship"],
    ),
];

/// Files that may hold unsafe code. Each says at its top why.
const UNSAFE: &[&str] = &[
    "clicks/map.rs",
    "control/table_file.rs",
    "engine/io_uring/buffers.rs",
    "engine/io_uring/outgoing.rs",
    "engine/io_uring/ring.rs",
    "engine/listener.rs",
    "engine/slice.rs",
    "http/quick.rs",
    "links/hints.rs",
    "main.rs",
];

/// Rooms, what they must not name, and why.
const FORBIDDEN: &[(&[&str], &[&str], &str)] = &[
    (
        &["http", "links", "connection", "shard", "limits", "clicks/record.rs", "clicks/id.rs"],
        &[
            "std::fs",
            "TcpStream",
            "TcpListener",
            "std::thread",
            "Instant",
            "SystemTime",
            "println!",
        ],
        "the core is sans-I/O: bytes and time come in as arguments",
    ),
    (
        &[
            "http",
            "links",
            "connection",
            "shard",
            "limits",
            "clicks",
            "mailbox",
            "rehearsal",
            "control",
            "cli",
            "ship",
        ],
        &["glommio::", "io_uring::", "mio::", "libc::"],
        "only an engine names what it is made of",
    ),
    (
        &["shard", "connection", "http"],
        &["Mutex", "RwLock", "std::io::", "say(", "tracing"],
        "a shard never locks, logs or waits",
    ),
];

/// A file a reader can hold in the head.
const LINES_MAX: usize = 600;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

/// Path within `src`, and text, of every source file.
fn sources() -> Vec<(String, String)> {
    sources_in("src")
}

fn sources_in(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut sources: Vec<_> = files(&root)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    sources.sort();
    sources
}

/// Code lines with their numbers: no comments, nothing that is there for tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines().enumerate();
    lines.map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.ends_with("_test.rs")
}

fn is_in(name: &str, room: &str) -> bool {
    name.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
}

#[test]
fn rooms_know_only_those_below_them() {
    for (name, text) in sources() {
        let Some((room, may)) = ARROWS.iter().find(|(room, _)| is_in(&name, room)) else {
            assert!(matches!(&*name, "lib.rs" | "main.rs"), "{name}: in which room is it?");
            continue;
        };
        for (line, text) in code(&text).filter(|_| !is_test(&name)) {
            for named in text.split("crate::").skip(1) {
                let other = named.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let is_room = ARROWS.iter().any(|(room, _)| *room == other);
                let allowed = !is_room || other == *room || may.contains(&other);
                assert!(allowed, "src/{name}:{line}: {room} must not know {other}");
            }
        }
    }
}

#[test]
fn rooms_do_not_touch_what_is_not_theirs() {
    for (name, text) in sources() {
        for (rooms, words, why) in FORBIDDEN {
            if !rooms.iter().any(|room| is_in(&name, room.trim_end_matches(".rs"))) {
                continue;
            }
            for (line, text) in code(&text).filter(|_| !is_test(&name)) {
                for word in *words {
                    assert!(!text.contains(word), "src/{name}:{line}: {word}: {why}");
                }
            }
        }
    }
}

#[test]
fn unsafe_code_lives_in_few_files_that_say_so() {
    for (name, text) in sources() {
        let mut top = text.lines().take(10);
        let says_so = top.any(|line| line.starts_with("#![allow(unsafe_code)] // "));
        assert_eq!(says_so, UNSAFE.contains(&&*name), "src/{name}");
        // clippy::undocumented_unsafe_blocks holds each block to its reason.
        let allows_elsewhere = text.matches("allow(unsafe_code)").count() > usize::from(says_so);
        assert!(!allows_elsewhere, "src/{name}: unsafe code is allowed for whole files only");
    }
}

/// The load generator would else make the server's mistakes with it, and not see
/// them. `bench/micro` is no part of it: that calls carom's own functions.
#[test]
fn the_load_generator_shares_no_code_with_the_server() {
    const UNSAFE: &[&str] = &["floor/io_uring.rs", "floor/listener.rs"];
    for (name, text) in sources_in("bench") {
        for (line, text) in code(&text).filter(|_| !is_in(&name, "micro")) {
            assert!(!text.contains("carom::"), "bench/{name}:{line}");
        }
        let allows = text.contains("#![allow(unsafe_code)] // ");
        assert_eq!(allows, UNSAFE.contains(&&*name), "bench/{name}");
        assert!(text.lines().count() <= LINES_MAX, "bench/{name} is long");
    }
}

#[test]
fn files_stay_small() {
    for folder in ["src", "tests"] {
        for (name, text) in sources_in(folder) {
            let lines = text.lines().count();
            let where_to = "find the idea to move out";
            assert!(lines <= LINES_MAX, "{folder}/{name} has {lines} lines; {where_to}");
        }
    }
}

#[test]
fn tests_do_not_sleep() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let word = ["thread::", "sleep"].concat();
    let tests = files(&root.join("tests"));
    let within =
        files(&root.join("src")).into_iter().filter(|path| is_test(&path.to_string_lossy()));
    for path in tests.into_iter().chain(within) {
        let text = fs::read_to_string(&path).unwrap();
        // A figure for each second needs seconds; nothing else may wait for time.
        let sleeps = |line: &str| line.contains(&word) && !line.contains("(window)");
        assert!(!text.lines().any(sleeps), "{}: wait for what is meant", path.display());
    }
}
