//! Generations that are kept, beyond a restart and a full disk.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::common::{self, Server, Setup, until};
use crate::{LINKS, both_engines, check, done, file, json, refused, replace, state};

const NEW: &str = "https://new.example/";

fn folder(server: &Server) -> PathBuf {
    state(server).join("generations")
}

/// The tables that are on the disk, once they are these.
fn stored(server: &Server, want: &[&str]) {
    until("the tables of kept generations are on the disk, and no others", || {
        let entries = fs::read_dir(folder(server)).into_iter().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names == want
    });
}

/// Number, how, links and changes of each generation.
fn list(server: &Server) -> Vec<(u64, String, u64, u64)> {
    let list = json(server, &["generations"]);
    let about = list["generations"].as_array().unwrap().iter().map(|about| {
        let number = |name: &str| about[name].as_u64().unwrap();
        let how = about["how"].as_str().unwrap().to_owned();
        (number("generation"), how, number("links"), number("changes"))
    });
    about.collect()
}

both_engines!(a_restart_keeps_generations, |engine| {
    let mut server = Server::start(engine, LINKS);
    done(&server, &["set", "/set", NEW]);
    done(&server, &["unset", "/b"]);
    let staged = file(&server, "staged.txt", "/a https://staged.example/\n");
    done(&server, &["stage", &staged]);
    done(&server, &["promote"]);
    replace(&server.setup.links[0], "/a https://reloaded.example/\n/c 410\n/d 410\n");
    done(&server, &["reload"]);
    done(&server, &["reset", "/set"]);
    stored(&server, &["1.table", "4.table", "5.table"]);
    let before = list(&server);
    let generation = |number, how: &str, links, changes| (number, how.to_owned(), links, changes);
    let want = [
        generation(1, "start", 2, 0),
        generation(2, "set", 3, 1),
        generation(3, "set", 2, 2),
        generation(4, "staged", 2, 2),
        generation(5, "reload", 4, 2),
        generation(6, "set", 3, 1),
    ];
    assert_eq!(before, want);
    // A crash, too.
    server.kill();
    server.restart();
    let [start, want] = [&list(&server)[6..], &[generation(7, "start", 3, 1)]];
    assert_eq!(start, want);
    assert_eq!(list(&server)[..6], before);
    let first = json(&server, &["generations"])["generations"][1].clone();
    assert_eq!(first["files"][0], *server.setup.links[0].to_str().unwrap());

    let [a, b, staged] = ["https://a.example/", "https://b.example/", "https://staged.example/"];
    done(&server, &["rollback", "1"]);
    check(&server, &[("/a", Some(a)), ("/b", Some(b)), ("/set", None)]);
    done(&server, &["rollback", "2"]);
    check(&server, &[("/a", Some(a)), ("/b", Some(b)), ("/set", Some(NEW))]);
    done(&server, &["rollback", "4"]);
    check(&server, &[("/a", Some(staged)), ("/b", None), ("/set", Some(NEW))]);
    // What was rolled back to can be changed as any other, and is served again.
    done(&server, &["set", "/b", NEW]);
    server.restart();
    assert_eq!(server.started["promoted"], 10);
    check(&server, &[("/a", Some(staged)), ("/b", Some(NEW)), ("/set", Some(NEW))]);
});

both_engines!(tables_that_are_not_kept_are_removed, |engine| {
    let mut server = Setup::new(engine, LINKS).flag("--keep-generations", "2").start();
    for _ in 0..3 {
        done(&server, &["reload"]);
    }
    stored(&server, &["3.table", "4.table"]);
    assert_eq!(server.stop().0, Some(0));
    for stray in ["2.table", "4.table.1.tmp", "other"] {
        fs::write(folder(&server).join(stray), "").unwrap();
    }
    server.restart();
    stored(&server, &["4.table", "5.table"]);
    // One that is damaged is refused, and what is served stays.
    let path = folder(&server).join("4.table");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    replace(&path, "");
    fs::write(&path, bytes).unwrap();
    let (code, said) = refused(&server, &["rollback", "4"]);
    assert!(code == 2 && said.contains("generation 4 cannot be had again: "), "{said}");
    check(&server, &[("/a", Some("https://a.example/"))]);
});

both_engines!(without_room_tables_stay_in_memory, |engine| {
    let setup = Setup::new(engine, LINKS);
    let state = setup.clicks_folder().join(".state");
    fs::create_dir_all(&state).unwrap();
    // Every write there fails as one on a full disk does.
    symlink("/dev/full/none", state.join("generations")).unwrap();
    let server = setup.start();
    server.wait_until_said("warning: generation 1 is kept in memory, and is gone after", 1);
    let staged = file(&server, "staged.txt", "/a https://new.example/\n");
    done(&server, &["stage", &staged]);
    done(&server, &["promote"]);
    check(&server, &[("/a", Some(NEW))]);
    done(&server, &["rollback"]);
    check(&server, &[("/a", Some("https://a.example/"))]);
    assert!(!server.has_said("warning: generation 2 is kept in memory"));
    // As soon as there is room they are on the disk.
    fs::remove_file(state.join("generations")).unwrap();
    done(&server, &["rollback"]);
    stored(&server, &["1.table", "2.table"]);
});
