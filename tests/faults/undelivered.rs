//! Replies that never leave, because their client does not read: their clicks are recorded,
//! and the log says how many those are.

use std::io::{Read, Write};

use serde_json::Value;

use crate::both_engines;
use crate::common::{self, Setup, carom};

/// More than all buffers on the way hold replies of.
const REQUESTS: usize = 4000;

both_engines!(clicks_whose_reply_never_left_are_counted, |engine| {
    let links = format!("/a https://a.example/{}\n", "x".repeat(1900));
    let mut server = Setup::new(engine, &links)
        .segments("4MiB")
        .flag("--cores", "1")
        .flag("--drain-timeout", "1s")
        .start();
    let mut stream = server.connect();
    let request = b"GET /a HTTP/1.1\r\nHost: t\r\n\r\n".repeat(REQUESTS);
    stream.write_all(&request).unwrap();
    // Once one is answered; it is cut when the time to stop is over.
    let mut got = vec![0; 1];
    stream.read_exact(&mut got).unwrap();
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let folder = server.setup.clicks_folder();
    let folder = folder.to_str().unwrap();
    let ran = carom(["clicks", "verify", "--json", folder]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let total = serde_json::from_str::<Value>(&ran.out).unwrap()["total"].clone();
    let (clicks, undelivered) = (total["clicks"].as_u64().unwrap(), total["undelivered"].as_u64());
    let undelivered = undelivered.unwrap_or_else(|| panic!("{total}\n{said}"));
    // It may end with a reset, behind what came before.
    let _ = stream.read_to_end(&mut got);
    let begun = String::from_utf8_lossy(&got).matches("HTTP/1.1 302").count() as u64;
    assert!(begun + undelivered <= clicks, "{begun} + {undelivered} of {clicks}");
    let words = format!("{undelivered} clicks whose reply was not delivered");
    assert!(said.contains(&words), "{said}");
    let ran = carom(["clicks", "verify", folder]);
    assert!(ran.code == Some(0) && ran.out.contains(&words), "{ran:?}");
    let ran = carom(["clicks", "stats", "--format", "json", folder]);
    let ledger = serde_json::from_str::<Value>(&ran.out).unwrap()["ledger"].clone();
    assert_eq!(ledger["undelivered"], undelivered, "{ran:?}");
});
