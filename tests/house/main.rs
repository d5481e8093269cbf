//! The house rules that a compiler does not hold: which room may know which, that
//! no files stand on each other in a circle, where unsafe code lives, and what a
//! room must never touch. `docs/architecture.md` tells the same as a story.

mod circles;
mod dependencies;
mod modules;
mod names;
mod rooms;
mod sizes;
mod tokens;
mod toy;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use modules::House;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

/// Texts of all source files of a folder, by their paths within it.
fn texts(folder: &str) -> BTreeMap<String, String> {
    let folder = root().join(folder);
    let text = |path: PathBuf| {
        let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    files(&folder).into_iter().map(text).collect()
}

/// `src` as it is, read once for all tests.
fn house() -> &'static House {
    static HOUSE: LazyLock<House> = LazyLock::new(|| House::new(&texts("src")));
    &HOUSE
}

#[test]
fn each_file_belongs_to_a_module() {
    let house = house();
    for name in texts("src").into_keys().filter(|name| name != "main.rs") {
        assert!(house.files.contains_key(&name), "src/{name}: no module declares it");
    }
}
