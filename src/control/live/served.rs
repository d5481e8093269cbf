//! What is served: the table of some files, and the changes over it.

use std::sync::Arc;

use crate::limits::CHANGES_LAID_SINGLY_MAX;
use crate::links::{Change, Changes, EditProblem, Editor, Links, Patch, lay_over};
use crate::sources::Base;

/// A base with changes over it, as every shard has them.
#[derive(Debug)]
pub struct Served {
    base: Arc<Base>,
    changes: Changes,
    editor: Editor,
}

impl Served {
    /// Lays changes over a base.
    ///
    /// # Errors
    ///
    /// Why one of them does not go together with it, as a sentence.
    pub fn new(base: Arc<Base>, changes: &Changes) -> Result<Self, String> {
        let editor = Editor::new(&base.table);
        let mut served = Self { base, changes: Changes::default(), editor };
        served.lay(changes)?;
        Ok(served)
    }

    /// The links of the files.
    pub fn base(&self) -> &Arc<Base> {
        &self.base
    }

    /// The changes over them.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The links as they are answered.
    pub fn editor(&self) -> &Editor {
        &self.editor
    }

    /// A replica for one shard.
    pub fn replicate(&self, generation: u32) -> Links {
        self.editor.links_for_shard().with_generation(generation)
    }

    /// Whether it is time for a new table before more is changed.
    pub fn is_crowded(&self) -> bool {
        self.editor.is_crowded()
    }

    /// Goes over to these changes, however many. No shard has the patches: it needs a
    /// new replica.
    ///
    /// # Errors
    ///
    /// Why one of them does not go together with the base; then it is to be thrown
    /// away.
    pub fn lay(&mut self, changes: &Changes) -> Result<(), String> {
        let before = self.changes.clone();
        if before.until(changes).nth(CHANGES_LAID_SINGLY_MAX).is_some() {
            self.editor = Editor::new(&Arc::new(lay_over(&self.base.table, changes)?));
            self.changes = changes.clone();
            return Ok(());
        }
        for (key, change) in before.until(changes) {
            let mut put = self.put(key, change, 0);
            if matches!(put, Err(EditProblem::Crowded)) {
                self.fold()?;
                put = self.put(key, change, 0);
            }
            put.map_err(|problem| format!("{key}: {problem}"))?;
        }
        self.changes = changes.clone();
        if self.is_crowded() { self.fold() } else { Ok(()) }
    }

    /// Changes one key. Returns what shards have to be told, if anything.
    ///
    /// # Errors
    ///
    /// Why that cannot be; then nothing is changed.
    pub fn change(
        &mut self,
        key: &str,
        change: Option<Change>,
        generation: u32,
    ) -> Result<Option<Patch>, EditProblem> {
        let patch = self.put(key, change.as_ref(), generation)?;
        self.changes.put(key, change);
        Ok(patch)
    }

    fn put(
        &mut self,
        key: &str,
        change: Option<&Change>,
        generation: u32,
    ) -> Result<Option<Patch>, EditProblem> {
        let of_files;
        let line = match change {
            Some(Change::Set(line)) => Some(&**line),
            Some(Change::Unset) => None,
            None => {
                of_files = self.base.table.link(key).map(|link| link.to_string());
                of_files.as_deref()
            }
        };
        match line {
            Some(line) => self.editor.set(line, generation).map(Some),
            None => self.editor.unset(key, generation),
        }
    }

    /// Makes a table of its own of all links, that has room for changes again.
    fn fold(&mut self) -> Result<(), String> {
        let table = self.editor.fold().map_err(|problem| problem.to_string())?;
        self.editor = Editor::new(&Arc::new(table));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::{Format, LookupScratch, OnBadLine, Source, changes, load};

    const FILE: &str = "/a https://a.example/ 301\n/b https://b.example/ 303\nh.example/c 410\n";

    fn base() -> Arc<Base> {
        let source = Source::new("file", FILE.as_bytes(), Format::Native);
        let table = load(&[source], OnBadLine::Refuse).table.unwrap();
        Arc::new(Base { table: Arc::new(table), files: Vec::new(), about: None })
    }

    /// Its links, and what it answers.
    fn all(served: &Served) -> Vec<String> {
        let mut lines: Vec<String> = served.editor().links().map(|link| link.to_string()).collect();
        lines.sort_unstable();
        lines
    }

    /// The status with which `path` is answered when these changes lie over [`FILE`].
    fn check(lines: &str, unset: &str, path: &str, want: Option<u16>) {
        let served = Served::new(base(), &changes(lines, unset)).unwrap();
        let links = served.replicate(7);
        assert_eq!(links.generation(), 7);
        let ask = links.ask(b"h", path.as_bytes());
        let hit = links.find(&ask, path.as_bytes(), None, &mut LookupScratch::default());
        assert_eq!(hit.map(|hit| hit.status.code()), want, "{path}");
    }

    #[test]
    fn changes_lie_over_the_files() {
        check("", "", "/a", Some(301));
        check("/a https://new.example/ 307 # note", "", "/a", Some(307));
        check("/new https://new.example/ 307", "", "/new", Some(307));
        check("/new https://new.example/ 307", "", "/a", Some(301));
        check("", "/a\n# not /b\n\n", "/a", None);
        check("", "/%61", "/a", None);
        check("", "/a", "/b", Some(303));
        check("", "/a nocase", "/a", Some(301));
        check("/A https://new.example/ 307 nocase", "/A nocase", "/A", None);
    }

    #[test]
    fn other_changes_leave_nothing_of_those_before() {
        let mut served =
            Served::new(base(), &changes("/a https://x.example/\n/n 410", "/b")).unwrap();
        let other = changes("/b https://x.example/", "h.example/c");
        served.lay(&other).unwrap();
        assert_eq!(all(&served), all(&Served::new(base(), &other).unwrap()));
        assert_eq!(served.changes(), &other);
        served.lay(&Changes::default()).unwrap();
        assert_eq!(all(&served).join("\n") + "\n", FILE);
    }

    #[test]
    fn a_change_and_its_undoing() {
        let mut served = Served::new(base(), &Changes::default()).unwrap();
        let before = all(&served);
        for (key, change) in changes("/a 410\n/new https://new.example/", "/b").iter() {
            assert!(served.change(key, Some(change.clone()), 2).unwrap().is_some());
        }
        assert_eq!((served.changes().len(), served.editor().len()), (3, 3));
        for key in ["/b", "/new", "/a"] {
            assert!(served.change(key, None, 3).unwrap().is_some());
        }
        assert!(served.change("/nothing", None, 3).unwrap().is_none());
        assert_eq!((all(&served), served.changes().len()), (before, 0));
    }
}
