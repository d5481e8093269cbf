//! Clicks say what their link was when they were recorded, whatever became of it since.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::both_engines;
use crate::common::{self, Client, Engine, Ran, Server, Setup, carom};

const LINKS: &str = "/a https://old.example/\n\
                     shop.example/b/* https://b.example/:splat?x=1 tag=t\n\
                     /gone 410\n\
                     /over https://o.example/ until=2020-01-01T00:00:00Z else=https://e.example/{ts}\n";
const FALLBACK: &str = "https://f.example/";

/// A server that answered links before a reload and some of them after it, and what it
/// recorded.
fn served(engine: Engine) -> (Server, Vec<Value>) {
    let setup = Setup::new(engine, LINKS).flag("--cores", "1").segments("64KiB");
    let setup = setup.flag("--fallback", FALLBACK);
    let mut server = setup.start();
    let mut client = Client::new(server.connect());
    for path in ["/a", "/a", "/b/c", "/gone", "/none", "/over"] {
        client.get("shop.example", path).unwrap();
    }
    let changed = LINKS.replace("https://old.example/", "https://new.example/");
    fs::write(&server.setup.links[0], changed).unwrap();
    server.signal(Signal::HUP);
    server.wait_until_said("reloaded", 1);
    for path in ["/a", "/b/d"] {
        client.get("shop.example", path).unwrap();
    }
    drop(client);
    assert_eq!(server.stop().0, Some(0));
    let rows = server.clicks().rows;
    (server, rows)
}

both_engines!(each_click_says_where_it_was_sent, |engine| {
    let (server, rows) = served(engine);
    let b = ("shop.example/b/*", "https://b.example/:splat?x=1");
    let told = |row: &Value| ["key", "target", "via"].map(|name| row[name].clone());
    let expected = [
        ["/a", "https://old.example/", "link"],
        ["/a", "https://old.example/", "link"],
        [b.0, b.1, "prefix"],
        ["/gone", "", "link"],
        ["", FALLBACK, "fallback"],
        ["/over", "https://e.example/{ts}", "else"],
        ["/a", "https://new.example/", "link"],
        [b.0, b.1, "prefix"],
    ];
    let value = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    let expected = expected.map(|row| row.map(value));
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
    // Told once, and again when it sends elsewhere.
    let folder = server.setup.clicks_folder();
    let clicks = Path::new("clicks");
    let verify = carom([clicks, Path::new("verify"), Path::new("--json"), &folder]);
    let verify: Value = serde_json::from_str(&verify.out).unwrap();
    assert_eq!(verify["total"]["links"], 6, "{verify}");
    // The command that finds one click by its id knows it too.
    let id = rows[6]["id"].as_str().unwrap();
    let got = ["get", id, "--clicks"].map(Path::new);
    let got = carom([&[clicks], &got[..], &[&*folder]].concat());
    let got: Value = serde_json::from_str(&got.out).unwrap();
    assert_eq!(told(&got), expected[6]);
});

/// Tables end with them, whoever writes the table.
#[test]
fn a_table_of_names() {
    let (server, _) = served(Engine::Epoll);
    let folder = server.setup.clicks_folder();
    let clicks = folder.to_str().unwrap();
    let ends = |ran: Ran| {
        let end = |line: &str| line.rsplitn(4, ',').take(3).collect::<Vec<_>>().join(" ");
        ran.out.lines().map(end).collect::<Vec<_>>()
    };
    let printed = ends(carom(["clicks", "cat", clicks, "--format", "csv"]));
    assert_eq!(printed[..2], ["via target key", "link https://old.example/ /a"]);
    assert_eq!(printed[4..6], ["link  /gone", "fallback https://f.example/ "]);
    let shipped = ends(carom(["ship", clicks, "--to", "stdout", "--format", "csv"]));
    assert_eq!(shipped, printed);
}

both_engines!(counts_name_links, |engine| {
    let (server, _) = served(engine);
    let stats = |format: &str| {
        let folder = server.setup.clicks_folder();
        carom(["clicks", "stats", folder.to_str().unwrap(), "--format", format]).out
    };
    let counts: Value = serde_json::from_str(&stats("json")).unwrap();
    let most = &counts["links"]["top"][0];
    assert_eq!((&most["key"], &most["clicks"]), (&json!("/a"), &json!(3)), "{counts}");
    let text = stats("text");
    assert!(text.contains("  /a\n") && text.contains("  shop.example/b/*\n"), "{text}");
});

/// By key and target together: clicks of a link that was changed are told apart, and those
/// of the fallback have no key.
#[test]
fn counts_by_key_and_target() {
    let (server, _) = served(Engine::Epoll);
    let folder = server.setup.clicks_folder();
    let by = ["--by", "key,target,via", "--format", "csv"];
    let table = carom([&["clicks", "stats", folder.to_str().unwrap()], &by[..]].concat()).out;
    let mut lines: Vec<_> = table.lines().collect();
    lines.sort_unstable();
    let expected = [
        ",https://f.example/,fallback,1,0",
        "/a,https://new.example/,link,1,0",
        "/a,https://old.example/,link,2,0",
        "/gone,,link,1,0",
        "/over,https://e.example/{ts},else,1,0",
        "key,target,via,clicks,lacks_max",
        "shop.example/b/*,https://b.example/:splat?x=1,prefix,2,0",
    ];
    assert_eq!(lines, expected);
}

/// What is shipped later, from the middle of a segment, is named too.
#[test]
fn shipping_goes_on_with_names() {
    let (mut server, _) = served(Engine::Epoll);
    let folder = server.setup.clicks_folder();
    let ship = || {
        let to = ["ship", folder.to_str().unwrap(), "--to", "stdout", "--name", "out"];
        let rows = carom(to).out;
        let row = |row: &str| serde_json::from_str::<Value>(row).unwrap()["key"].clone();
        rows.lines().map(row).collect::<Vec<_>>()
    };
    server.restart();
    let mut client = Client::new(server.connect());
    client.get("shop.example", "/a").unwrap();
    assert_eq!(ship().len(), 9);
    // No other record of the link comes before it.
    client.get("shop.example", "/a").unwrap();
    assert_eq!(ship(), [json!("/a")]);
}
