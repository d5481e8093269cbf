//! Changing links by what people write.

use crate::links::formats::{Format, Help, Source};
use crate::links::key::{KeyScratch, parse_name};
use crate::links::load::{OnBadLine, load};
use crate::links::table::{EditProblem, Editor, Patch};
use crate::links::targets::Schemes;

impl Editor {
    /// Sets the link of a native `line`, whether or not its key has one already.
    ///
    /// # Errors
    /// What is wrong; then nothing is changed.
    pub fn set(&mut self, line: &str, generation: u32) -> Result<Patch, EditProblem> {
        // What is set was checked before, or stands in a journal.
        let help = Help { schemes: Some(&Schemes::CHECKED), ..Help::default() };
        let source = Source { help, ..Source::new("link", line.as_bytes(), Format::Native) };
        let loaded = load(&[source], OnBadLine::Refuse);
        let table = loaded.table.ok_or_else(|| {
            let problems = loaded.report.problems.iter().map(|problem| problem.message.as_str());
            EditProblem::Refused(problems.collect::<Vec<_>>().join("; "))
        })?;
        let mut links = table.links();
        let (Some(link), None) = (links.next(), links.next()) else {
            let message = "write one link: `key target status name=value`";
            return Err(EditProblem::Refused(message.to_owned()));
        };
        self.put(&link, generation)
    }

    /// Takes the link with this key away; `key` is as in the native format, with
    /// ` nocase` behind one that matches in any case. `None` if there is none.
    ///
    /// # Errors
    /// What is wrong; then nothing is changed.
    pub fn unset(&mut self, key: &str, generation: u32) -> Result<Option<Patch>, EditProblem> {
        let (mut scratch, mut folded) = (KeyScratch::default(), Vec::new());
        let key = parse_name(key, &mut scratch, &mut folded).map_err(EditProblem::Refused)?;
        self.take(&key, generation)
    }
}
