//! `--geo` and `--list`: what is known of addresses, read again while links are served.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::common::{self, Engine, Server, Setup};
use crate::{LINKS, both_engines, done, links, replace};

/// Countries and a list beside the links of a server.
fn setup(engine: Engine) -> (Setup, PathBuf, PathBuf) {
    let setup = Setup::new(engine, LINKS);
    let [geo, list] = ["geo.csv", "list.txt"].map(|name| setup.links[0].with_file_name(name));
    fs::write(&geo, "192.0.2.0,192.0.2.255,DE\n2001:db8::/32,FR\n").unwrap();
    fs::write(&list, "192.0.2.1\n192.0.2.2\n192.0.2.3\n192.0.2.4\n").unwrap();
    let flag = format!("tor={}", list.display());
    let setup = setup.flag("--geo", geo.to_str().unwrap()).flag("--list", &flag);
    (setup, geo, list)
}

/// The reload fails and says this; the links are served anew all the same.
fn fails(server: &Server, want: &str) {
    let ran = links(server, &["reload"]);
    let is_right = ran.code == Some(1) && ran.err.contains(want);
    assert!(is_right && ran.err.contains("stay as they were. The links are reloaded"), "{ran:?}");
    server.wait_until_said(want, 1);
}

both_engines!(a_bad_file_leaves_what_is_known, |engine| {
    let (setup, geo, list) = setup(engine);
    let mut server = setup.start();
    server.wait_until_said("addresses: 6 ranges, countries and 1 list, ", 1);
    fs::write(&list, "192.0.2.1\n192.0.2.2\n10.0.0.1/8\n").unwrap();
    fails(&server, "list.txt:3: `10.0.0.1/8` has bits set behind its prefix; write 10.0.0.0/8");
    fs::write(&list, "192.0.2.1\n").unwrap();
    fails(&server, "list.txt has 1 range in the place of 4; a reload may lose 50 %");
    fs::write(&list, "").unwrap();
    fails(&server, "list.txt: there is no address in it; put the whole file there");
    fs::remove_file(&geo).unwrap();
    fails(&server, "--geo: cannot read ");
    fs::write(&geo, "192.0.2.0/24,DE\n192.0.3.0/24,FR\n").unwrap();
    fs::write(&list, "192.0.2.7\n").unwrap();
    done(&server, &["reload", "--force"]);
    server.wait_until_said("addresses: read again, 3 ranges, countries and 1 list, ", 1);
    fs::write(&list, "192.0.2.7\n192.0.2.9\n").unwrap();
    server.signal(Signal::HUP);
    server.wait_until_said("addresses: read again, 4 ranges, countries and 1 list, ", 1);
    server.stop();
});

both_engines!(files_of_places_are_watched, |engine| {
    let (mut setup, geo, list) = setup(engine);
    setup.flags.push("--watch".to_owned());
    let mut server = setup.start();
    replace(&list, "192.0.2.1\n192.0.2.2\n192.0.2.3\n");
    server.wait_until_said("addresses: read again, 5 ranges", 1);
    fs::remove_file(&geo).unwrap();
    server.wait_until_said("geo.csv is gone; its ranges stay as they are", 1);
    fs::write(&geo, "192.0.2.0/24,DE\n").unwrap();
    server.wait_until_said("addresses: read again, 4 ranges", 1);
    server.stop();
});

#[test]
fn a_server_with_a_bad_file_does_not_start() {
    let (setup, geo, list) = setup(Engine::Epoll);
    fs::write(&geo, "192.0.2.0,192.0.2.255,Narnia\n").unwrap();
    assert!(setup.refusal().contains("geo.csv:1: `Narnia` is no country"), "{}", setup.refusal());
    fs::write(&geo, "192.0.2.0/24,DE\n").unwrap();
    fs::remove_file(&list).unwrap();
    assert!(setup.refusal().contains("--list: cannot read "), "{}", setup.refusal());
}
