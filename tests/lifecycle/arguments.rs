//! Arguments as a person or a program gives them: what is refused, with which exit
//! code, and what help says.

use carom::limits::{
    BACKLOG_DEFAULT, CLICKS_FOLDER_DEFAULT, CONNECTIONS_PER_SHARD_DEFAULT, DEFER_ACCEPT_DEFAULT,
    DRAIN_TIMEOUT_DEFAULT, GENERATIONS_KEPT_DEFAULT, HEADER_TIMEOUT_DEFAULT, IDLE_TIMEOUT_DEFAULT,
    LISTEN_DEFAULT, LOSS_PERCENT_DEFAULT, NODE_DEFAULT, SEGMENT_AGE_DEFAULT, SEGMENT_BYTES_DEFAULT,
    SEGMENTS_READY_DEFAULT, SEND_TIMEOUT_DEFAULT, SYNC_INTERVAL_DEFAULT, WAIT_FOR_LOG_DEFAULT,
};

use crate::LINKS;
use crate::common::{bare, carom, ended};

/// A command that cannot read what it is given.
fn check_refusal(arguments: &[&str], code: i32, words: &[&str]) {
    let ran = carom(arguments);
    assert_eq!((ran.code, &*ran.out), (Some(code), ""), "{ran:?}");
    for words in words {
        assert!(ran.err.contains(words), "{words}\n{ran:?}");
    }
    assert!(ran.err.starts_with("carom: ") || ran.err.starts_with("error: "), "{ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
}

#[test]
fn unreadable_paths_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let missing = &*format!("{folder}/missing");
    let file = &*format!("{folder}/file");
    std::fs::write(file, "x").unwrap();
    let no_file = "No such file or directory";

    check_refusal(
        &["links", "check", missing],
        2,
        &["cannot read the link file", missing, no_file],
    );
    check_refusal(&["links", "check", folder], 2, &["cannot read the link file", folder]);
    check_refusal(&["serve", missing], 1, &["error: cannot read the link file", missing, no_file]);
    check_refusal(&["clicks", "cat", missing], 2, &["cannot read", missing, no_file]);
    check_refusal(&["clicks", "cat", "--follow", file], 2, &["cannot follow", file]);
    // What is no segment is said to be none.
    check_refusal(&["clicks", "cat", file], 2, &[file]);

    let links = &*format!("{folder}/links.txt");
    std::fs::write(links, LINKS).unwrap();
    let ran = carom(["serve", links, "--clicks", file]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("click folder") && ran.err.contains(file), "{ran:?}");
}

/// Without a folder it is that of the variable, and without both `./clicks`.
#[test]
fn every_click_folder_is_named_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        &["clicks", "cat"][..],
        &["clicks", "stats"],
        &["clicks", "verify"],
        &["clicks", "prove"],
        &["clicks", "get", "02tr000000000000000000000"],
        &["ship", "--list"],
        &["links", "show", "/a"],
    ] {
        let ran = |variable: &str, more: &[&str]| {
            let mut command = bare();
            command.current_dir(folder.path()).env("CAROM_CLICKS", variable);
            ended(command.args(words).args(more).spawn().unwrap())
        };
        for (variable, named) in [("told", "told"), ("", "./clicks")] {
            let ran = ran(variable, &[]);
            assert!(ran.code == Some(2) && ran.err.contains(named), "{words:?}: {ran:?}");
        }
        let flag: &[&str] = if words.contains(&"get") || words[0] == "links" {
            &["--clicks", "said"]
        } else {
            &["said"]
        };
        let ran = ran("told", flag);
        assert!(ran.code == Some(2) && ran.err.contains("said"), "{words:?}: {ran:?}");
    }
}

#[test]
fn clicks_are_asked_for_in_words_that_are_understood() {
    let check = |flag: &str, value: &str, words: &str| {
        for command in ["cat", "stats"] {
            check_refusal(&["clicks", command, "clicks", flag, value], 2, &[flag, value, words]);
        }
    };
    check("--since", "13:00", "how long ago, such as 15m, 2h or 7d");
    check("--until", "1mo", "2026-11-22T13:00:00Z");
    check("--link", "summer-deal", "such as /go/summer-deal");
    check("--link", "/go/x#y", "the key has a fragment");
    check("--verdict", "lost", "possible values: redirect, unknown, gone");
    let follow = ["clicks", "cat", "clicks", "--follow", "--until", "2h"];
    check_refusal(&follow, 2, &["'--follow' cannot be used with '--until"]);
}

#[test]
fn the_version_has_its_commit() {
    let ran = carom(["--version"]);
    let (before, commit) = ran.out.split_once(" (").unwrap();
    assert_eq!((before, ran.code), (&*format!("carom {}", env!("CARGO_PKG_VERSION")), Some(0)));
    assert!(commit.trim_end().ends_with(')') && commit.len() > 3, "{}", ran.out);
}

#[test]
fn wrong_arguments_say_what_would_be_right() {
    let check = |flag: &str, value: &str, words: &str| {
        check_refusal(&["serve", "links.txt", flag, value], 2, &[flag, value, words]);
    };
    check("--listen", "localhost", "write an address and a port: 127.0.0.1:8080");
    check("--cores", "0", "leave --cores out to use all, or write 0, with a comma for CPU 0 alone");
    check("--engine", "mio", "possible values: auto, io_uring, epoll");
    check("--fallback", "/home", "write https://host/path");
    check("--fallback", "https://a.example/:splat", "only a /* link can");
    check("--format", "xml", "write one of native | nginx | apache");
    check("--columns", "key=1", "the columns of key and target are needed");
    check("--on-bad-line", "ignore", "write refuse or skip");
    check("--header-timeout", "10", "write a time with its unit: 10s, 250ms or 1m");
    check("--segment-size", "1KiB", "a segment is between");
    check("--segment-size", "big", "write a size with its unit: 64MiB or 1GiB");
    check("--node", "65536", "is not in 0..=65535");
    check("--fallback", "https://{clickid}.a/", "move it behind");
    check("--segment-age", "10ms", "shorter than 1s");
    check("--reserve", "0", "is not in 1..=64");
    check("--when-full", "wait", "possible values: drop, refuse");
    check("--ip", "none", "possible values: full, truncate, hash");
    check("--max-connections", "0", "is not in 1..=65536");
    check_refusal(&["serve"], 2, &["<LINKS>"]);
}

#[test]
fn help_has_every_default_and_variable() {
    let ran = carom(["serve", "--help"]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    // A flag and what follows it up to the next, without the line breaks.
    let flat = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let check = |flag: &str, default: &str| {
        let (_, rest) = flat.split_once(&format!(" --{flag}")).expect(flag);
        let help = rest.split(" --").next().unwrap();
        let variable = format!("[env: CAROM_{}=]", flag.to_uppercase().replace('-', "_"));
        assert!(rest.contains(&variable), "{flag}");
        assert!(help.contains(&format!("[default: {default}")), "{flag}: {help}");
    };
    check("listen", &format!("{LISTEN_DEFAULT}]"));
    check("cores", "all this process may use]");
    check("engine", "auto]");
    check("clicks", &format!("{CLICKS_FOLDER_DEFAULT}]"));
    check("clicks-spare", "none]");
    check("fallback", "none");
    check("format", "as each file looks]");
    check("base", "they are refused]");
    check("columns", "by their names]");
    check("on-bad-line", "refuse]");
    check("header-timeout", &format!("{HEADER_TIMEOUT_DEFAULT:?}]"));
    check("idle-timeout", &format!("{IDLE_TIMEOUT_DEFAULT:?}]"));
    check("send-timeout", &format!("{SEND_TIMEOUT_DEFAULT:?}]"));
    check("drain-timeout", &format!("{DRAIN_TIMEOUT_DEFAULT:?}]"));
    check("max-connections", &format!("{CONNECTIONS_PER_SHARD_DEFAULT}]"));
    check("keep-generations", &format!("{GENERATIONS_KEPT_DEFAULT}]"));
    check("max-loss", &format!("{LOSS_PERCENT_DEFAULT}]"));
    check("node", &format!("{NODE_DEFAULT}]"));
    check("click-key", ".state/click-key in the click folder]");
    check("backlog", &format!("{BACKLOG_DEFAULT}]"));
    check("defer-accept", &format!("{DEFER_ACCEPT_DEFAULT:?}]"));
    check("segment-size", &format!("{}MiB]", SEGMENT_BYTES_DEFAULT >> 20));
    check("segment-age", &format!("{}m]", SEGMENT_AGE_DEFAULT.as_secs() / 60));
    check("reserve", &format!("{SEGMENTS_READY_DEFAULT}]"));
    check("sync-interval", &format!("{SYNC_INTERVAL_DEFAULT:?}]"));
    check("clicks-stage", "none, clicks are written into their files]");
    check("wait-for-log", &format!("{WAIT_FOR_LOG_DEFAULT:?}]"));
    check("when-full", "drop]");
    check("ip", "truncate]");
    assert!(flat.contains("[env: CAROM_LINKS=]") && flat.contains("[env: CAROM_JSON=]"));
}
