//! What is ordered to be served as a whole, on its way: ordered, being made ready, on its
//! way into the journal.

use std::time::Duration;

use super::editing::CheckedEdit;
use super::journal::TableServed;
use super::making::Ready;
use super::reading::WasRead;
use super::who::Who;
use super::wish::Asker;
use super::writing::Told;
use crate::links::{Changes, Report};

/// What is to be made ready and served.
pub enum Order {
    /// The link files, which were read again.
    Read { read: Box<WasRead>, who: Who, replies: Vec<Asker> },
    /// What is staged.
    Promote { who: Who, reply: Asker },
    /// An earlier generation: this one, or the one before.
    Rollback { to: Option<u32>, who: Who, reply: Asker },
    /// More changes than shards are told of one by one.
    Edit { edit: CheckedEdit, who: Who, reply: Asker },
    /// The same links, with room for changes again.
    Fold,
    /// What is staged, with the changes of now; it is not served, but compared.
    Restage { reply: Asker },
}

/// What is being made ready.
pub struct Making {
    pub what: What,
    pub who: Who,
    /// The changes that were in force when it was begun.
    pub from: Changes,
    /// How many keys an edit changes.
    pub changed: usize,
}

/// What becomes of it.
pub enum What {
    Read {
        report: Report,
        took: Duration,
        replies: Vec<Asker>,
    },
    Promote(Asker),
    /// The generation, and its table's number.
    Rollback {
        number: u32,
        table: u32,
        reply: Asker,
    },
    Edit(Asker),
    Fold,
    Restage(Asker),
}

/// What is served as soon as it is in the journal.
pub struct Turn {
    pub making: Making,
    pub ready: Ready,
    pub generation: u32,
    pub at_us: u64,
    /// The table, if it is another.
    pub base: Option<TableServed>,
}

impl Turn {
    /// What the journal is told, where these changes are in force.
    pub fn told(&self, before: &Changes) -> Told {
        Told {
            generation: self.generation,
            at_us: self.at_us,
            who: self.making.who.clone(),
            base: self.base.clone(),
            before: before.clone(),
            after: self.ready.served.changes().clone(),
            links: self.ready.served.editor().len(),
        }
    }
}
