//! Replies that never leave, because their client does not read: their clicks are recorded,
//! and the log says how many those are.

use serde_json::Value;

use crate::both_engines;
use crate::common::peers::{Deaf, talk};
use crate::common::{self, Engine, Setup, carom};

/// How often it is tried. Where the server hardly runs, what it has answered by the time
/// it stops may all be in the kernel's buffers, and is on its way.
const TRIES: usize = 10;

both_engines!(clicks_whose_reply_never_left_are_counted, |engine| {
    assert!((0..TRIES).any(|_| are_counted(engine)), "all replies left");
});

/// Whether a reply was dropped. Then it is told everywhere.
fn are_counted(engine: Engine) -> bool {
    let mut server = Setup::new(engine, &Deaf::link())
        .segments("4MiB")
        .flag("--cores", "1")
        .flag("--drain-timeout", "1s")
        .start();
    // Nothing more is taken from it, as all buffers on the way are full, and the shard holds
    // replies. It is cut when the time to stop is over.
    let mut deaf = [Deaf::new(&server)];
    talk(&mut deaf);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let folder = server.setup.clicks_folder();
    let folder = folder.to_str().unwrap();
    let ran = carom(["clicks", "verify", "--json", folder]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let total = serde_json::from_str::<Value>(&ran.out).unwrap()["total"].clone();
    let clicks = total["clicks"].as_u64().unwrap();
    let Some(undelivered) = total["undelivered"].as_u64() else {
        assert!(!said.contains("not delivered"), "{total}\n{said}");
        return false;
    };
    let [deaf] = deaf;
    let begun = String::from_utf8_lossy(&deaf.hear()).matches("HTTP/1.1 302").count() as u64;
    assert!(begun + undelivered <= clicks, "{begun} + {undelivered} of {clicks}");
    let words = format!("{undelivered} clicks whose reply was not delivered");
    assert!(said.contains(&words), "{said}");
    let ran = carom(["clicks", "verify", folder]);
    assert!(ran.code == Some(0) && ran.out.contains(&words), "{ran:?}");
    let ran = carom(["clicks", "stats", "--format", "json", folder]);
    let ledger = serde_json::from_str::<Value>(&ran.out).unwrap()["ledger"].clone();
    assert_eq!(ledger["undelivered"], undelivered, "{ran:?}");
    true
}
