//! What a room must never touch, where unsafe code lives, and what a test must
//! not wait for. Each rule stands with its reason.

use std::collections::BTreeSet;

use crate::{house, texts};

/// Files that may hold unsafe code. Each says at its top why.
const UNSAFE: &[&str] = &[
    "clicks/write/map.rs",
    "disk/bus.rs",
    "engine/io_uring/buffers.rs",
    "engine/io_uring/outgoing.rs",
    "engine/io_uring/ring.rs",
    "engine/listener.rs",
    "http/quick.rs",
    "links/table/hints.rs",
    "machine/heap.rs",
    "machine/slice.rs",
    "main.rs",
    "sources/table_file.rs",
];

/// The same for `bench`.
const UNSAFE_IN_BENCH: &[&str] = &["floor/io_uring.rs", "floor/listener.rs"];

/// Files and folders, what they must not name, and why.
const FORBIDDEN: &[(&[&str], &[&str], &str)] = &[
    (
        &[
            "clicks/format",
            "clicks/read/texts.rs",
            "clicks/write/dictionary.rs",
            "connection",
            "http",
            "limits",
            "links",
            "shard",
        ],
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
            "cli",
            "clicks",
            "connection",
            "control",
            "http",
            "limits",
            "links",
            "mailbox",
            "pace.rs",
            "rehearsal",
            "replay",
            "shard",
            "ship",
            "sources",
        ],
        &["glommio::", "io_uring::", "mio::", "libc::"],
        "only an engine names what it is made of",
    ),
    (
        &["clicks/format", "clicks/write"],
        &["clicks::keep", "clicks::read", "clicks::report"],
        "whoever writes a click knows what its bytes mean, and nothing of files",
    ),
    (
        &["clicks/format", "clicks/read"],
        &["clicks::keep", "clicks::report", "clicks::write"],
        "whoever reads a click knows what its bytes mean, and nothing of their writer",
    ),
    (
        &["connection", "http", "shard"],
        &["Mutex", "RwLock", "std::io::", "say(", "tracing"],
        "a shard never locks, logs or waits",
    ),
];

/// Lines with their numbers: no comments, nothing that is there for tests.
fn code(text: &str, is_test: impl Fn(usize) -> bool) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let is_comment = |line: &str| line.trim_start().starts_with("//");
    lines.filter(move |(at, line)| !is_comment(line) && !is_test(*at))
}

fn is_in(file: &str, place: &str) -> bool {
    file.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[test]
fn rooms_do_not_touch_what_is_not_theirs() {
    let house = house();
    for (places, words, why) in FORBIDDEN {
        for place in *places {
            let mut files = house.files.iter().filter(|(file, _)| is_in(file, place)).peekable();
            assert!(files.peek().is_some(), "there is no src/{place}");
            for (name, file) in files.filter(|(_, file)| !file.is_test) {
                let is_test = |line| file.test_lines.iter().any(|lines| lines.contains(&line));
                for (line, text) in code(&file.text, is_test) {
                    for word in *words {
                        assert!(!text.contains(word), "src/{name}:{line}: {word}: {why}");
                    }
                }
            }
        }
    }
}

#[test]
fn unsafe_code_lives_in_few_files_that_say_so() {
    for (folder, may) in [("src", UNSAFE), ("bench", UNSAFE_IN_BENCH)] {
        let texts = texts(folder);
        let says_so = |text: &str| {
            text.lines().take(10).any(|line| line.starts_with("#![allow(unsafe_code)] // "))
        };
        let unsafe_files: BTreeSet<_> =
            texts.iter().filter(|(_, text)| says_so(text)).map(|(name, _)| &**name).collect();
        assert_eq!(unsafe_files, may.iter().copied().collect(), "{folder}");
        // clippy::undocumented_unsafe_blocks holds each block to its reason.
        for (name, text) in &texts {
            let allows = text.matches("allow(unsafe_code)").count();
            let once = allows == usize::from(says_so(text));
            assert!(once, "{folder}/{name}: unsafe code is allowed for whole files only");
        }
    }
}

/// The load generator would else make the server's mistakes with it, and not see
/// them. `bench/micro` is no part of it: that calls carom's own functions.
#[test]
fn the_load_generator_shares_no_code_with_the_server() {
    for (name, text) in texts("bench") {
        for (line, text) in code(&text, |_| is_in(&name, "micro")) {
            assert!(!text.contains("carom::"), "bench/{name}:{line}");
        }
    }
}

#[test]
fn tests_do_not_sleep() {
    let word = ["thread::", "sleep"].concat();
    let house = house();
    let within = house.files.iter().map(|(name, file)| {
        let is_test = |at| file.is_test || file.test_lines.iter().any(|lines| lines.contains(&at));
        let lines = file.text.lines().enumerate().filter(|(at, _)| is_test(at + 1));
        (format!("src/{name}"), lines.map(|(_, line)| line.to_owned()).collect::<Vec<_>>())
    });
    let tests = texts("tests").into_iter().map(|(name, text)| {
        (format!("tests/{name}"), text.lines().map(str::to_owned).collect::<Vec<_>>())
    });
    for (name, lines) in within.chain(tests) {
        // A figure for each second needs seconds; nothing else may wait for time.
        let sleeps = |line: &String| line.contains(&word) && !line.contains("(window)");
        assert!(!lines.iter().any(sleeps), "{name}: wait for what is meant");
    }
}
