//! How far a sink has got: kept where it is registered, else only until it has all.

use std::path::Path;

use super::checkpoint::Checkpoint;
use super::register::{self, Registered};
use super::sinks::{Address, STDOUT_NAME};

/// How far a sink has got.
pub(super) enum Progress {
    /// It is registered.
    Kept(Registered),
    /// It is looked through once, and nobody remembers it.
    Passing(Checkpoint),
}

impl Progress {
    /// Takes the checkpoint of the sink, or registers it; without a name neither.
    ///
    /// # Errors
    ///
    /// Those of [`Registered::open`].
    pub(super) fn open(
        clicks: &Path,
        name: Option<&str>,
        address: &Address,
    ) -> anyhow::Result<Self> {
        let address = address.to_string();
        Ok(match name {
            Some(name) => Self::Kept(Registered::open(clicks, name, &address)?),
            None => Self::Passing(Checkpoint { address, ..Checkpoint::default() }),
        })
    }

    pub(super) fn checkpoint(&self) -> &Checkpoint {
        match self {
            Self::Kept(registered) => &registered.checkpoint,
            Self::Passing(checkpoint) => checkpoint,
        }
    }

    /// Changes the checkpoint, and keeps it where the sink is registered.
    ///
    /// # Errors
    ///
    /// Those of [`Registered::save`].
    pub(super) fn keep(&mut self, change: impl FnOnce(&mut Checkpoint)) -> anyhow::Result<()> {
        match self {
            Self::Kept(registered) => {
                change(&mut registered.checkpoint);
                registered.save()
            }
            Self::Passing(checkpoint) => {
                change(checkpoint);
                Ok(())
            }
        }
    }
}

/// The address that is meant. A sink that was registered before segments told of links
/// keeps the columns that its files have, so that all of them, and a batch that is sent
/// again, are alike.
pub(super) fn address(
    clicks: &Path,
    name: Option<&str>,
    now: &Address,
    say: &mut dyn FnMut(&str),
) -> Address {
    let once = now.once();
    // One that cannot be read is told of where it is opened.
    let registered = |name| register::read(clicks, name).ok().map(|it| it.address);
    let Some(name) = name else {
        if registered(STDOUT_NAME).is_some() {
            say(&format!(
                "this is a look at all clicks, of which nothing is noted; the sink `{STDOUT_NAME}` \
                 is registered, and --name {STDOUT_NAME} goes on where it was"
            ));
        }
        return now.clone();
    };
    let is_once = registered(name).is_some_and(|known| known == once.to_string());
    if !is_once || now.to_string() == once.to_string() {
        return now.clone();
    }
    say(&format!(
        "the sink `{name}` was registered before key, target and via were usual columns, and keeps \
         the columns that it has; a sink of another folder or name has them"
    ));
    once
}
