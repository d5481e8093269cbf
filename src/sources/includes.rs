//! Files that link files include, as nginx's `include` finds them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::file;
use crate::links::{Help, Include, Included, Source, TableRoom, each_include};

/// What one link file includes, by the patterns that are written in it.
#[derive(Debug, Default)]
pub struct Includes(HashMap<String, Included>);

impl Includes {
    /// Finds and reads what `source` includes, as far as there is room for it. Paths are
    /// those beside it.
    pub fn read(source: &Source<'_>, room: TableRoom) -> Self {
        let room = Cell::new(room);
        let folder = Path::new(source.name).parent().unwrap_or(Path::new(""));
        let found = RefCell::new(HashMap::new());
        let find = |pattern: &str| {
            let mut found = found.borrow_mut();
            let known = found.entry(pattern.to_owned());
            known.or_insert_with(|| find(folder, pattern, &room)).clone()
        };
        let help = Help { include: Some(Include(&find)), ..source.help };
        each_include(&Source { help, ..*source });
        Self(found.into_inner())
    }

    /// What was found then.
    pub fn get(&self, pattern: &str) -> Included {
        let unknown = || Err("it was not there when the links were read".to_owned());
        self.0.get(pattern).cloned().unwrap_or_else(unknown)
    }

    /// What they take, bytes: each may be handed out once more while it is read.
    pub fn bytes(&self) -> u64 {
        2 * self.files().map(|(_, text)| text.len() as u64).sum::<u64>()
    }

    /// The names and texts of all these files.
    pub fn files(&self) -> impl Iterator<Item = &(String, Vec<u8>)> {
        self.0.values().flatten().flatten()
    }
}

/// The files that a pattern names in a file of this folder, in the order of their
/// names; a pattern that fits none names none, as in nginx.
fn find(folder: &Path, pattern: &str, room: &Cell<TableRoom>) -> Included {
    let paths = if pattern.contains(['*', '?', '[']) {
        let folder = folder.to_str().ok_or("its folder's name is not UTF-8; rename the folder")?;
        let path = Path::new(&glob::Pattern::escape(folder)).join(pattern);
        glob::glob(&path.to_string_lossy())
            .map_err(|error| format!("its pattern cannot be read: {error}"))?
            .collect::<Result<_, _>>()
            .map_err(|error| format!("cannot read {}: {}", error.path().display(), error.error()))?
    } else {
        vec![folder.join(pattern)]
    };
    let read = |path: PathBuf| {
        let name = path.display().to_string();
        let cannot = |error: &dyn std::fmt::Display| format!("cannot read {name}: {error}");
        // Twice, as it is handed out.
        let size = 2 * std::fs::metadata(&path).map_or(0, |about| about.len());
        room.get().check(size).map_err(|error| cannot(&error))?;
        let text = file::read(&path).map_err(|error| cannot(&error))?;
        room.set(room.get().beside(size));
        Ok((name, text))
    };
    paths.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::{Format, OnBadLine, load};

    #[test]
    fn files_are_found_beside_the_link_file_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("d")).unwrap();
        write("d/b.conf", "/b https://b/;");
        write("d/a.conf", "/a https://a/;\n/A https://c/;");
        write("one.conf", "map $uri $x { include d/*.conf; include none/*; include none; }");
        let name = folder.path().join("one.conf").display().to_string();
        let text = std::fs::read(&name).unwrap();
        let source = Source::new(&name, &text, Format::Nginx);
        let includes = Includes::read(&source, TableRoom::UNBOUNDED);
        // They are kept as they were.
        write("d/a.conf", "/z https://z/;");
        let find = |pattern: &str| includes.get(pattern);
        let help = Help { include: Some(Include(&find)), ..Help::default() };
        let loaded = load(&[Source { help, ..source }], OnBadLine::Skip);
        let files = loaded.report.files.iter();
        let counts: Vec<_> = files.map(|file| (file.links, file.bad_lines)).collect();
        assert_eq!(counts, [(0, 1), (1, 1), (1, 0)]);
        let problems: Vec<_> = loaded.report.problems.iter().map(ToString::to_string).collect();
        assert!(
            problems[1].contains("d/a.conf:2: /a in any case is already defined at"),
            "{problems:?}"
        );
        assert!(problems[0].contains("one.conf:1: include none: cannot read"), "{problems:?}");
        assert_eq!(includes.files().count(), 2);
    }
}
