//! Changes of single links, as the desk makes them: those that wait together are
//! written and synced once.

use super::ask::{Answer, Ask, Edit, Refusal, Reply};
use super::desk::{Desk, NOT_CHANGED, answer, check_read, failed};
use super::edits::{self, Checked};
use super::kept::{Before, Kept};
use super::opening::next;
use crate::clicks::files::unix_us;
use crate::control::journal::{How, Record, Who};
use crate::limits::EDITS_PER_GROUP_MAX;
use crate::links::{Change, Links};

struct EditAsked {
    checked: Checked,
    who: Who,
    reply: Reply,
}

impl Desk {
    /// Does this edit and those that wait behind it: together they are written and
    /// synced once.
    pub(super) fn edit(&mut self, edit: Edit, who: Who, reply: Reply) {
        let mut group = Vec::new();
        let mut next = Some(Ask::Edit { edit, who, reply });
        while let Some(ask) = next {
            match ask {
                Ask::Edit { edit, who, reply } => match edits::check(&edit) {
                    Ok(checked) => group.push(EditAsked { checked, who, reply }),
                    Err(refusal) => answer(reply, Err(refusal)),
                },
                other => {
                    self.waiting.push_back(other);
                    break;
                }
            }
            if group.len() == EDITS_PER_GROUP_MAX {
                break;
            }
            next = self.waiting.pop_front().or_else(|| self.asks.try_recv().ok());
        }
        self.edit_group(group);
    }

    fn edit_group(&mut self, group: Vec<EditAsked>) {
        let mut before = Vec::new();
        let counts: Vec<usize> = group
            .iter()
            .map(|edit| {
                let changed = edit.checked.apply(&mut self.changes);
                let count = changed.len();
                before.extend(changed);
                count
            })
            .collect();
        let outcome = if before.is_empty() { Ok(()) } else { self.serve_edits(&group, before) };
        match outcome {
            Ok(()) => {
                for (edit, changed) in group.into_iter().zip(counts) {
                    let (generation, changes) = (self.generation, self.changes.len());
                    answer(edit.reply, Ok(Answer::Edited { generation, changed, changes }));
                }
            }
            // One of them cannot be done; which, is found by doing each alone.
            Err(_) if group.len() > 1 => {
                group.into_iter().for_each(|edit| self.edit_group(vec![edit]));
            }
            Err(refusal) => {
                if let Some(edit) = group.into_iter().next() {
                    answer(edit.reply, Err(refusal));
                }
            }
        }
    }

    /// Serves the changes, which were just made; undone where that fails.
    fn serve_edits(
        &mut self,
        group: &[EditAsked],
        before: Vec<(String, Option<Change>)>,
    ) -> Result<(), Refusal> {
        let generation = next(self.generation);
        let served = self.write_edits(group, generation);
        let (links, replicas) = match served {
            Ok(served) => served,
            Err(refusal) => {
                for (key, change) in before.into_iter().rev() {
                    self.changes.put(&key, change);
                }
                return Err(refusal);
            }
        };
        self.shards.swap(replicas, generation);
        self.generation = generation;
        self.edits += 1;
        self.links = links;
        let about = self.about(How::Set, None, &group[0].who);
        self.generations.push(Kept {
            about,
            files: self.files.clone(),
            table: None,
            changes: None,
            before: Before::Keys(before),
        });
        Ok(())
    }

    fn write_edits(
        &mut self,
        group: &[EditAsked],
        generation: u32,
    ) -> Result<(usize, Vec<Links>), Refusal> {
        let loaded = self.files.load(&self.changes);
        let (table, _) = check_read(&self.files, loaded, NOT_CHANGED)?;
        let replicas = self.shards.replicate(&table, generation).map_err(failed)?;
        let at_us = unix_us();
        let records: Vec<Record> = group
            .iter()
            .flat_map(|edit| {
                let who = &edit.who;
                edit.checked.what().into_iter().map(move |what| (who.clone(), what))
            })
            .map(|(who, what)| Record { generation, at_us, who, what })
            .collect();
        self.write(&records)?;
        Ok((table.len(), replicas))
    }
}
