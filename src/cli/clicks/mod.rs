//! `carom clicks`: what the ledger holds, for people and programs.

pub mod cat;
pub mod filter;
mod folders;
pub mod get;
mod output;
mod printer;
pub mod prove;
pub mod prune;
mod reading;
pub mod report;
pub mod row_choice;
pub mod stats;
mod totals;
pub mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use super::wishes::Said;

/// Read the click log.
#[derive(Clone, Debug, Subcommand)]
pub enum ClicksCommand {
    /// Print clicks, oldest first, or write them to a file.
    ///
    /// What is damaged or missing is said on standard error, with totals at the
    /// end. The exit status is 0 when every click that was answered has been
    /// printed, 1 when some are damaged, missing or were lost, 2 when something
    /// cannot be read at all.
    Cat(Said<cat::CatArguments>),
    /// Print the clicks with these ids, or a file of conversions with their columns.
    ///
    /// An id tells where its click is recorded, so nothing is searched. Where
    /// there is no such click, standard error says why. The exit status is 0 when
    /// every click has been printed, 1 when an id is refused or its click is not
    /// there, 2 when something cannot be read at all.
    Get(Said<get::GetArguments>),
    /// Count clicks: by verdict, status, hour, link, referer and user agent, or by what
    /// --by names.
    ///
    /// What is damaged or missing is said on standard error. Exit status as of
    /// `clicks cat`.
    Stats(Said<stats::StatsArguments>),
    /// Write a page with charts: what was clicked, when, and where visitors came from.
    ///
    /// It is one file for a browser that needs nothing beside it and runs nothing. What is
    /// damaged or missing is said on it, and on standard error. Exit status as of
    /// `clicks cat`.
    Report(Said<report::ReportArguments>),
    /// Say whether the click log is whole.
    ///
    /// Reads every segment and checks seals, checksums and sequence numbers. Prints a
    /// line for each segment that is not as it should be, and the total. Segments
    /// that a server is writing are fine. The exit status is 0 when the log is
    /// whole, 1 when clicks are damaged, missing or were lost, 2 when something
    /// cannot be read at all.
    Verify(verify::VerifyArguments),
    /// Account for every click, on a page signed with the click key.
    ///
    /// For each day and shard: how many clicks were answered, and how many of them are
    /// recorded, were counted as lost, are in segments that carom deleted by rule, or are
    /// missing. The exit status is 0 when every click is accounted for, 1 when not, or
    /// when a page that is checked does not hold any more, 2 when nothing can be proved.
    Prove(prove::ProveArguments),
    /// Delete segments that are older than wished, or the oldest where they take too much of
    /// the disk.
    ///
    /// Only sealed segments go, and none whose clicks a registered sink of `carom ship`
    /// lacks, unless --force is given. The list of segments tells of each, so that its clicks
    /// count as deleted by rule. The exit status is 0 when everything is gone that the rules
    /// name, 1 when something stays, as a sink lacks it or too much is left, 2 when nothing
    /// could be done.
    Prune(prune::PruneArguments),
}

/// Runs the command.
#[must_use]
pub fn run(command: &ClicksCommand) -> ExitCode {
    match command {
        ClicksCommand::Cat(wish) => cat::run(wish),
        ClicksCommand::Get(wish) => get::run(wish),
        ClicksCommand::Stats(wish) => stats::run(wish),
        ClicksCommand::Report(wish) => report::run(wish),
        ClicksCommand::Verify(wish) => verify::run(wish),
        ClicksCommand::Prove(wish) => prove::run(wish),
        ClicksCommand::Prune(wish) => prune::run(wish),
    }
}
