//! Click ids from end to end: handed on by a server, found again by the command,
//! and refused with the reason.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use carom::clicks::{ClickId, ClickKeys, ClickPlace, folder::segment_name, key_file};
use serde_json::Value;

use crate::both_engines;
use crate::common::{self, Client, Engine, Ran, Server, Setup, carom};

const LINKS: &str = "/a https://a.example/?c={clickid}\n\
                     /s/* https://s.example/{clickid}/:splat\n\
                     /plain https://p.example/\n\
                     /gone 410\n";

/// A server on one CPU, so that all clicks are of shard 0.
fn setup(engine: Engine, node: &str) -> Setup {
    Setup::new(engine, LINKS).flag("--cores", "1").flag("--node", node)
}

fn folder(server: &Server) -> PathBuf {
    server.setup.clicks_folder()
}

/// The keys of a server.
fn keys(server: &Server) -> ClickKeys {
    key_file::load(&key_file::beside(&folder(server))).unwrap()
}

/// Asks for these paths in one go; the locations.
fn ask(server: &Server, paths: &[&str]) -> Vec<Option<String>> {
    let mut client = Client::new(server.connect());
    let requests = paths.iter().map(|path| {
        format!("GET {path} HTTP/1.1\r\nHost: a.host.example\r\nUser-Agent: browser {path}\r\n\r\n")
    });
    client.send(requests.collect::<String>().as_bytes());
    paths.iter().map(|_| client.reply().unwrap().location).collect()
}

/// The id of a click on `/a`.
fn click(server: &Server) -> String {
    let location = ask(server, &["/a"]).remove(0).unwrap();
    location.strip_prefix("https://a.example/?c=").unwrap().to_owned()
}

fn get(folder: &Path, more: &[&str]) -> Ran {
    let arguments = [Path::new("clicks"), Path::new("get"), Path::new("--clicks"), folder];
    carom(arguments.into_iter().chain(more.iter().map(Path::new)))
}

fn rows(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What `clicks cat` prints of a folder, and how it ends.
fn cat(folder: &Path, more: &[&str]) -> Ran {
    let arguments = [Path::new("clicks"), Path::new("cat"), folder];
    carom(arguments.into_iter().chain(more.iter().map(Path::new)))
}

both_engines!(each_id_finds_its_own_click, |engine| {
    let mut server = setup(engine, "7").flag("--fallback", "https://f.example/#{clickid}").start();
    let paths: Vec<String> = (0..40).map(|n| format!("/s/{n}")).collect();
    let mut asked = vec!["/a", "/plain", "/gone", "/none"];
    asked.extend(paths.iter().map(|path| &**path));
    let locations = ask(&server, &asked);
    assert_eq!(locations[1].as_deref(), Some("https://p.example/"));
    assert_eq!(locations[2], None);
    let mut ids = Vec::new();
    for (path, location) in asked.iter().zip(&locations) {
        let (before, behind) = match *path {
            "/plain" | "/gone" => continue,
            "/a" => ("https://a.example/?c=", ""),
            "/none" => ("https://f.example/#", ""),
            path => ("https://s.example/", &path[2..]),
        };
        let location = location.as_deref().unwrap();
        let id = location.strip_prefix(before).and_then(|id| id.strip_suffix(behind)).unwrap();
        ids.push((*path, id));
    }
    let id_texts: Vec<&str> = ids.iter().map(|(_, id)| *id).collect();
    let place = keys(&server).open(ClickId::parse(id_texts[0].as_bytes()).unwrap()).unwrap();
    assert_eq!((place.node, place.shard, place.segment), (7, 0, 1));

    // While the server writes, and after.
    let live = rows(&get(&folder(&server), &id_texts));
    assert_eq!(server.stop().0, Some(0));
    let ran = get(&folder(&server), &id_texts);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    let got = rows(&ran);
    assert_eq!(live, got);
    for ((path, id), row) in ids.iter().zip(&got) {
        assert_eq!((&row["path"], &row["id"]), (&Value::from(*path), &Value::from(*id)));
        assert_eq!(row["user_agent"], format!("browser {path}"));
    }
    // The same rows as when everything is read. What has no id in its reply has one.
    let all = rows(&cat(&folder(&server), &[]));
    let of_them: Vec<_> = all.iter().filter(|row| got.contains(row)).collect();
    assert_eq!(of_them, got.iter().collect::<Vec<_>>());
    let other: Vec<_> = all.iter().filter(|row| !got.contains(row)).collect();
    let other_ids: Vec<&str> = other.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(
        rows(&get(&folder(&server), &other_ids)),
        other.into_iter().cloned().collect::<Vec<_>>()
    );
});

both_engines!(an_id_that_was_received_outlives_a_kill, |engine| {
    let mut server = setup(engine, "0").start();
    let ids: Vec<String> = (0..20).map(|_| click(&server)).collect();
    server.kill();
    let ids: Vec<&str> = ids.iter().map(|id| &**id).collect();
    let ran = get(&folder(&server), &ids);
    assert_eq!((ran.code, &*ran.err, rows(&ran).len()), (Some(0), "", 20));
});

#[test]
fn as_csv_and_in_either_case() {
    let server = setup(Engine::Epoll, "0").start();
    let id = click(&server);
    let ran = get(&folder(&server), &["--format", "csv", &id.to_uppercase()]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    let whole = cat(&folder(&server), &["--format", "csv", "--quiet"]);
    assert_eq!(ran.out, whole.out);
    assert!(ran.out.contains(&id), "{ran:?}");
}

/// The id must be refused in these words, with exit status 1; another one given
/// with it is printed all the same.
fn refused(server: &Server, id: &str, words: &str) {
    let good = click(server);
    let ran = get(&folder(server), &[id, &good]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.starts_with(&format!("carom: {id}: ")), "{words}\n{ran:?}");
    assert!(ran.err.contains(words) && ran.err.lines().count() == 1, "{words}\n{ran:?}");
    assert_eq!(rows(&ran)[0]["id"], good);
}

#[test]
fn what_is_refused() {
    let server = setup(Engine::Epoll, "7").start();
    let keys = keys(&server);
    let id = click(&server);
    let here = keys.open(ClickId::parse(id.as_bytes()).unwrap()).unwrap();
    let signed = |place: ClickPlace| keys.sign(place).to_string();
    let other = |line: &str| ClickKeys::parse(line).unwrap().sign(here).to_string();
    let check = |id: &str, words: &str| refused(&server, id, words);

    check("summer", "not a click id");
    check(&id[1..], "not a click id: one has 26 characters");
    check(
        &format!("{}{}", &id[..25], if id.ends_with('0') { '1' } else { '0' }),
        "its MAC does not fit",
    );
    check(&other("0 000102030405060708090a0b0c0d0e0f"), "its MAC does not fit");
    check(
        &other("2 000102030405060708090a0b0c0d0e0f"),
        "signed with key 2, which is not in the key file",
    );
    check(
        &signed(ClickPlace { node: 8, ..here }),
        "a click of node 8, and the folder is that of node 7",
    );
    check(&signed(ClickPlace { node: 8, shard: 9, ..here }), "a click of node 8");
    check(&signed(ClickPlace { segment: 99, ..here }), "segment 99 of shard 0 is not there yet");
    check(&signed(ClickPlace { shard: 9, ..here }), "segment 1 of shard 9 is not there yet");
    check(&signed(ClickPlace { offset: 512 * 1024, ..here }), "not yet written up to byte 524288");
    check(&signed(ClickPlace { offset: 0, ..here }), "counted as lost");
    check(
        &signed(ClickPlace { offset: 4096, ..here }),
        "byte 4096 of segment 1 of shard 0 is damaged",
    );
    check(&signed(ClickPlace { offset: here.offset + 8, ..here }), "is damaged: ");
}

#[test]
fn a_deleted_segment_and_one_that_ends_too_early() {
    let mut server = setup(Engine::Epoll, "0").start();
    let keys = keys(&server);
    let first = click(&server);
    assert_eq!(server.stop().0, Some(0));
    server.restart();
    let place = keys.open(ClickId::parse(first.as_bytes()).unwrap()).unwrap();
    let behind = keys.sign(ClickPlace { offset: 512 * 1024, ..place }).to_string();
    refused(&server, &behind, "segment 1 of shard 0 ends before byte 524288");
    fs::remove_file(folder(&server).join(segment_name(0, 1))).unwrap();
    refused(&server, &first, "segment 1 of shard 0, which held it, was deleted");
}

#[test]
fn a_damaged_segment_cannot_be_read() {
    let mut server = setup(Engine::Epoll, "0").start();
    let id = click(&server);
    assert_eq!(server.stop().0, Some(0));
    fs::write(folder(&server).join(segment_name(0, 1)), "nonsense").unwrap();
    let ran = get(&folder(&server), &[&id]);
    assert_eq!((ran.code, &*ran.out), (Some(2), ""));
    assert!(ran.err.contains("segment 1 of shard 0 cannot be read: it is not a click segment"));
}

#[test]
fn keys_are_made_once_and_said_then() {
    let mut server = setup(Engine::Epoll, "0").start();
    let path = key_file::beside(&folder(&server));
    assert_eq!(server.started["click_key_made"], path.to_str().unwrap());
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let (_, said) = server.stop();
    assert!(said.contains(&format!("click key {}", path.display())), "{said}");
    server.restart();
    assert_eq!(server.started["click_key_made"], Value::Null);
    let (_, said) = server.stop();
    assert!(!said.contains("click key"), "{said}");
}

#[test]
fn old_keys_still_verify_when_a_new_one_signs() {
    let mut server = setup(Engine::Epoll, "0").start();
    let old = click(&server);
    assert_eq!(server.stop().0, Some(0));
    let path = key_file::beside(&folder(&server));
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}1 000102030405060708090a0b0c0d0e0f\n")).unwrap();
    server.restart();
    let new = click(&server);
    // In each row stands the id that was handed on, whatever signs now.
    let ids = |text: &str| {
        fs::write(&path, text).unwrap();
        let rows = rows(&cat(&folder(&server), &[]));
        rows.iter().map(|row| row["id"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>()
    };
    let both = fs::read_to_string(&path).unwrap();
    assert_eq!(ids(&both), [&*old, &new]);
    assert_eq!(ids(&text), [&*old, "-"]);
    assert_eq!(ids(&both), [&*old, &new]);
    assert_eq!(get(&folder(&server), &[&old, &new]).code, Some(0));
}

#[test]
fn a_key_file_of_ones_own() {
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("key");
    let path = path.to_str().unwrap();
    let server = setup(Engine::Epoll, "0").flag("--click-key", path).start();
    let id = click(&server);
    let clicks = folder(&server);
    assert!(!key_file::beside(&clicks).exists());
    assert_eq!(get(&clicks, &["--click-key", path, &id]).code, Some(0));
    assert_eq!(rows(&cat(&clicks, &[]))[0]["id"], Value::Null);
    assert_eq!(rows(&cat(&clicks, &["--click-key", path]))[0]["id"], id);

    // Without its keys nothing can be told of an id.
    let ran = get(&clicks, &[&id]);
    assert_eq!((ran.code, &*ran.out), (Some(2), ""));
    assert!(ran.err.contains("cannot read the click key file"), "{ran:?}");
    let ran = cat(&clicks, &["--click-key", "/none"]);
    assert_eq!((ran.code, &*ran.out), (Some(2), ""));
    let ran = get(&own.path().join("none"), &["--click-key", path, &id]);
    assert_eq!((ran.code, &*ran.out), (Some(2), ""));
    assert!(ran.err.contains("cannot read the click folder"), "{ran:?}");
}

#[test]
fn keys_that_others_can_read_are_refused() {
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("key");
    fs::write(&path, "0 000102030405060708090a0b0c0d0e0f\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let path = path.to_str().unwrap();
    let said = setup(Engine::Epoll, "0").flag("--click-key", path).refusal();
    assert!(said.contains(path) && said.contains("chmod 600 it"), "{said}");
    let ran = get(own.path(), &["--click-key", path, "0"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("chmod 600 it"), "{ran:?}");
}

/// The ids that `clicks cat` prints, `-` for those it cannot tell.
fn ids(ran: &Ran) -> Vec<String> {
    rows(ran).iter().map(|row| row["id"].as_str().unwrap_or("-").to_owned()).collect()
}

/// What a server says at its start of keys that are gone.
fn key_warning(server: &Server) -> Option<String> {
    let warnings = server.started["warnings"].as_array().unwrap();
    let mut warnings = warnings.iter().map(|warning| warning.as_str().unwrap().to_owned());
    warnings.find(|warning| warning.contains("click key"))
}

/// Stops the server, takes its key file away, and starts it again. The text of the file.
fn lose_key(server: &mut Server) -> String {
    assert_eq!(server.stop().0, Some(0));
    let path = key_file::beside(&folder(server));
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    text
}

#[test]
fn a_lost_key_is_followed_by_one_with_another_number() {
    let mut server = setup(Engine::Epoll, "0").start();
    assert_eq!(key_warning(&server), None);
    let old = click(&server);
    let lost = lose_key(&mut server);
    server.restart();
    let clicks = folder(&server);
    let path = key_file::beside(&clicks);
    let warning = key_warning(&server).unwrap();
    for words in [path.to_str().unwrap(), "signed with key 0;", "the new key has number 1."] {
        assert!(warning.contains(words), "{warning}");
    }
    let new = click(&server);
    assert_eq!(server.stop().0, Some(0));
    let made = fs::read_to_string(&path).unwrap();
    assert!(made.lines().last().unwrap().starts_with("1 "), "{made}");

    // Nobody was given another id than the one that is printed.
    let ran = cat(&clicks, &[]);
    assert_eq!((ran.code, ids(&ran)), (Some(0), vec!["-".to_owned(), new.clone()]));
    let said = format!("key 0 signed them, and {} does not have it", path.display());
    assert_eq!(ran.err.matches(&said).count(), 1, "{ran:?}");
    let csv = cat(&clicks, &["--format", "csv", "--columns", "id,seq"]);
    assert_eq!(csv.out.lines().collect::<Vec<_>>(), ["id,seq", ",1", &format!("{new},1")]);
    assert!(csv.err.contains(&said), "{csv:?}");
    assert!(!cat(&clicks, &["--columns", "seq"]).err.contains("key"));
    assert_eq!(cat(&clicks, &["--quiet"]).err, "");
    let ran = get(&clicks, &[&old, &new]);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 1), "{ran:?}");
    assert!(ran.err.contains("signed with key 0, which is not in the key file"), "{ran:?}");
    let ran = carom(["ship", clicks.to_str().unwrap(), "--to", "stdout"]);
    assert_eq!((ran.code, ids(&ran)), (Some(0), vec!["-".to_owned(), new.clone()]));
    assert_eq!(ran.err.matches(&said).count(), 1, "{ran:?}");

    // Put back where it is said to belong, it verifies again, and the new one signs.
    fs::write(&path, format!("{lost}{made}")).unwrap();
    let ran = cat(&clicks, &[]);
    assert_eq!(ids(&ran), [&*old, &new]);
    assert!(!ran.err.contains("key"), "{ran:?}");
    assert_eq!(get(&clicks, &[&old, &new]).code, Some(0));
    server.restart();
    assert_eq!(key_warning(&server), None);
    // By itself, it verifies its own.
    fs::write(&path, lost).unwrap();
    assert_eq!(ids(&cat(&clicks, &[])), [&*old, "-"]);
}

#[test]
fn no_number_is_used_twice_as_long_as_its_segments_are_there() {
    let mut server = setup(Engine::Epoll, "0").start();
    for _ in 0..3 {
        click(&server);
        lose_key(&mut server);
        server.restart();
    }
    click(&server);
    lose_key(&mut server);
    let said = server.setup.refusal();
    for words in ["signed with keys 0, 1, 2, 3, and there are no other", "put ", "backup"] {
        assert!(said.contains(words), "{said}");
    }
    // Without the clicks of one there is a number again.
    for file in carom::clicks::folder::list(&folder(&server)).unwrap() {
        if file.number == 1 {
            fs::remove_file(file.path).unwrap();
        }
    }
    server.restart();
    let path = key_file::beside(&folder(&server));
    assert!(fs::read_to_string(path).unwrap().lines().last().unwrap().starts_with("0 "));
}

#[test]
fn nobody_can_read_the_key_file() {
    let mut server = setup(Engine::Epoll, "0").start();
    click(&server);
    lose_key(&mut server);
    let ran = cat(&folder(&server), &[]);
    assert_eq!((ran.code, ids(&ran)), (Some(0), vec!["-".to_owned()]));
    let said = "cannot read the click key file";
    assert!(ran.err.contains(said) && ran.err.contains("without their ids"), "{ran:?}");
}
