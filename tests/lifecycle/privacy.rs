//! What is kept of visitors' addresses.

use crate::common::{self, Engine, Setup};
use crate::{LINKS, both_engines, known_client};

/// The address in the click of one request, and whether there are keys then.
fn kept(engine: Engine, flags: &[&str]) -> (String, bool) {
    let mut setup = Setup::new(engine, LINKS);
    setup.flags.extend(flags.iter().map(|&flag| flag.to_owned()));
    let mut server = setup.start();
    known_client(&server);
    assert_eq!(server.stop().0, Some(0));
    let ip = server.clicks().rows[0]["ip"].as_str().unwrap().to_owned();
    (ip, server.setup.clicks_folder().join(".state/ip-keys").exists())
}

both_engines!(an_address_is_cut_unless_it_is_said_otherwise, |engine| {
    assert_eq!(kept(engine, &[]), ("127.0.0.0".to_owned(), false));
    assert_eq!(kept(engine, &["--ip", "truncate"]), ("127.0.0.0".to_owned(), false));
    assert_eq!(kept(engine, &["--ip", "full"]), ("127.0.0.1".to_owned(), false));
});

both_engines!(a_hash_is_the_same_after_a_restart, |engine| {
    let mut server = Setup::new(engine, LINKS).flag("--ip", "hash").start();
    known_client(&server);
    server.restart();
    known_client(&server);
    assert_eq!(server.stop().0, Some(0));
    let rows = server.clicks().rows;
    let [before, after] = &*rows else { panic!("{rows:?}") };
    assert!(before["ip"].as_str().unwrap().starts_with("fc"), "{before}");
    // Unless midnight came between.
    let day = |click: &serde_json::Value| click["time"].as_str().unwrap()[..10].to_owned();
    assert_eq!(before["ip"] == after["ip"], day(before) == day(after), "{before} {after}");

    // Without hashes there is no use for keys.
    let mut setup = std::mem::replace(&mut server.setup, Setup::new(engine, LINKS));
    let keys = setup.clicks_folder().join(".state/ip-keys");
    assert!(keys.exists());
    *setup.flags.last_mut().unwrap() = "full".to_owned();
    setup.start();
    assert!(!keys.exists());
});

#[test]
fn damaged_keys_are_said() {
    let setup = Setup::new(Engine::Epoll, LINKS).flag("--ip", "hash");
    let state = setup.clicks_folder().join(".state");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("ip-keys"), "hello\n").unwrap();
    let said = setup.refusal();
    for words in ["error: --ip hash: ", "ip-keys is damaged; delete it", "line 1 is no key"] {
        assert!(said.contains(words), "{words}\n{said}");
    }
}
