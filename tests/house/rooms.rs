//! Which room may know which: the table of `docs/architecture.md` says it, once.

use std::collections::BTreeMap;
use std::fs;

use crate::modules::{House, Name};
use crate::{house, root, toy};

/// Rooms in the order of the page, each with those that it may name.
type Rooms = Vec<(String, Vec<String>)>;

fn rooms() -> Rooms {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.map(row).collect()
}

fn row(row: &str) -> (String, Vec<String>) {
    let (room, rest) = row.split_once("` | ").unwrap();
    let (_, may) = rest.rsplit_once(" | ").unwrap();
    let known = may.split(", ").filter(|may| *may != "–");
    let known = known.map(|known| {
        let name = known.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
        name.unwrap_or_else(|| panic!("`{room}` may know {may}: name rooms, nothing else"))
    });
    (room.to_owned(), known.map(str::to_owned).collect())
}

/// What is wrong with who knows whom, a line each.
fn wrong(house: &House, rooms: &Rooms) -> Vec<String> {
    let may: BTreeMap<_, _> = rooms.iter().map(|(room, may)| (&**room, may)).collect();
    let allowed = |from: &str, to: &str| from == to || may[from].iter().any(|known| known == to);
    let mut wrong = Vec::new();
    for (at, module) in house.modules.iter().enumerate() {
        for mention in &module.mentions {
            let Some(from) = room_of(&module.file).filter(|from| may.contains_key(from)) else {
                continue;
            };
            let Some(names) = house.absolute(at, &mention.path) else { continue };
            let to = names.first().filter(|to| may.contains_key(&***to));
            if let Some(to) = to.filter(|to| !allowed(from, to)) {
                wrong.push(format!(
                    "src/{}:{}: `{from}` must not know `{to}`: {}",
                    module.file,
                    mention.line,
                    mention.path.join("::")
                ));
            }
        }
    }
    // What a room hands on is known by name to whoever takes it.
    for ((from, to), how) in house.arrows() {
        if let (Some(room), Some(other)) = (room_of(&from), room_of(&to))
            && !allowed(room, other)
        {
            wrong.push(format!("src/{from} ({how}): `{room}` must not know `{other}`: src/{to}"));
        }
    }
    wrong
}

fn room_of(file: &str) -> Option<&str> {
    let room = file.split(['/', '.']).next().unwrap();
    (room != "lib").then_some(room)
}

#[test]
fn rooms_know_only_those_that_the_page_allows() {
    let wrong = wrong(house(), &rooms());
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_page_tells_of_each_room_after_those_it_knows() {
    let rooms = rooms();
    let house = house();
    let root = &house.modules[0];
    let is_room = |names: &Vec<Name>| names.iter().any(|name| matches!(name, Name::Module(_)));
    let built: Vec<_> = root.names.iter().filter(|(_, names)| is_room(names)).collect();
    let mut told: Vec<_> = rooms.iter().map(|(room, _)| room).collect();
    told.sort();
    assert_eq!(told, built.into_iter().map(|(room, _)| room).collect::<Vec<_>>());
    for (at, (room, may)) in rooms.iter().enumerate() {
        for known in may {
            let above = rooms[..at].iter().any(|(above, _)| above == known);
            assert!(above, "docs/architecture.md: `{known}` does not stand above `{room}`");
        }
    }
}

#[test]
fn a_wrong_arrow_is_seen_however_it_is_written() {
    let may = |room: &str, known: &[&str]| {
        (room.to_owned(), known.iter().map(|known| (*known).to_owned()).collect())
    };
    let rooms = vec![may("http", &[]), may("links", &[]), may("shard", &["http"])];
    let lib = ("lib.rs", "pub mod http; pub mod links; pub mod shard;");
    let http = ("http.rs", "pub struct Head;");
    let shard = ("shard.rs", "pub use crate::http::Head; pub struct Shard;");
    let count = |links: &str| {
        let links_mod = ("links/mod.rs", "mod deep;");
        wrong(&toy::house(&[lib, http, shard, links_mod, ("links/deep.rs", links)]), &rooms).len()
    };
    assert_eq!(count("use super::Nothing; use std::http::Head; mod http {}"), 0);
    assert!(count("use crate::http::Head;") > 0);
    assert!(count("use crate::{links, http::{self, Head}};") > 0);
    assert!(count("use crate::http;") > 0);
    assert!(count("use super::super::http::Head;") > 0);
    assert!(count("use super::super::shard::Head;") > 0);
    assert!(count("fn f(_: crate::shard::Shard) {}") > 0);
    assert!(count("mod inner { fn f() -> super::super::super::http::Head { todo!() } }") > 0);
    assert!(count("#[cfg(test)] mod tests { use crate::http::Head; }") == 0);
}
