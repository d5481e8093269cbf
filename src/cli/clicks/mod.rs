//! `carom clicks`: what the ledger holds, for people and programs.

pub mod cat;
pub mod get;

use std::io;
use std::process::ExitCode;

use clap::Subcommand;

/// Read the click log.
#[derive(Clone, Debug, Subcommand)]
pub enum ClicksCommand {
    /// Print clicks, oldest first.
    ///
    /// What is damaged or missing is said on standard error, with totals at the
    /// end. The exit status is 0 when every click that was answered has been
    /// printed, 1 when some are damaged, missing or were lost, 2 when something
    /// cannot be read at all.
    Cat(cat::Cat),
    /// Print the clicks with these ids.
    ///
    /// An id tells where its click is recorded, so nothing is searched. Where
    /// there is no such click, standard error says why. The exit status is 0 when
    /// every click has been printed, 1 when an id is refused or its click is not
    /// there, 2 when something cannot be read at all.
    Get(get::Get),
}

/// Runs the command.
#[must_use]
pub fn run(command: &ClicksCommand) -> ExitCode {
    match command {
        ClicksCommand::Cat(wish) => cat::run(wish),
        ClicksCommand::Get(wish) => get::run(wish),
    }
}

/// Whether whoever reads the output has seen enough: `clicks cat … | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
