//! `carom links`: link files looked at without serving them, and links of a
//! running server.

mod answers;
mod bad_lines;
mod caps;
mod check;
mod compile;
pub mod convert;
pub mod diff;
mod live;
mod log;
pub mod replay;
mod server;
mod test;

use std::process::ExitCode;

use clap::Subcommand;

use super::wishes::Said;

/// Look at link files.
#[derive(Clone, Debug, Subcommand)]
pub enum LinksCommand {
    /// Read link files as `serve` does, and say what is in them
    ///
    /// Bad lines go to standard error as file:line: what is wrong, and what would
    /// be right. The exit status is 0 when all lines are good or the bad ones were
    /// to be skipped, 1 when there are bad lines, 2 when a file cannot be read.
    Check(Said<check::CheckArguments>),
    /// Make one file of link files that `serve` starts from at once
    ///
    /// The file is checked by its checksums and used where it lies, not read; see
    /// docs/compiled-tables.md. The exit status is 0 when it was written, 1 when there
    /// are bad lines, 2 when a file cannot be read or written.
    Compile(Said<compile::CompileArguments>),
    /// Write link files of any format as those of another
    ///
    /// Every line that means something else here, or cannot be taken, is listed as
    /// file:line: what. The exit status is 0 when all links were taken as they were
    /// meant, 1 when some were changed or refused, 2 when a file cannot be read or
    /// written.
    Convert(Said<convert::ConvertArguments>),
    /// List the links that two files do not have in common, or that `promote` would change
    ///
    /// Without files, a running server is asked how what is staged differs from what
    /// it serves; ! are staged links that changes in force hide. Links of files are listed with + for added ones, - for removed ones, ~ for those that answer something
    /// else, in the order of NEW, the removed ones behind them in the order of OLD. The
    /// old links wait in the folder for temporary files (TMPDIR) while the new ones are
    /// read. The exit status is 0 when the links are the same, 1 when some differ, 2
    /// when a file cannot be read or has bad lines, or the server cannot say.
    Diff(Said<diff::DiffArguments>),
    /// Answer a real access log with two sets of links, and list what differs
    ///
    /// Each GET and HEAD of the log is answered with the old links and with the new,
    /// exactly as a server would now: status, Location and every other field. Other
    /// lines are skipped and counted, and the first are shown. The log may be in gzip, and
    /// each line of it in any of the formats below. The exit status is 0 when all answers
    /// are the same, 1 when some differ, 2 when a file cannot be read or has bad lines, or
    /// nothing of the log is understood.
    Replay(Said<replay::ReplayArguments>),
    /// Say what a visitor would be answered, and line by line why
    ///
    /// It is answered as the server would, from the links that it serves or, where files are
    /// named, from those. No click is written, and no cap is taken from. With --repeat it
    /// is counted which line answers how many visitors. The exit status is 0, or 2 when the
    /// question is not understood, a file is bad, or no server answers.
    Test(Box<Said<test::TestArguments>>),
    /// Show how the caps of lines stand: used, left, since when, and when they begin anew
    ///
    /// A running server is asked, or the files that one left, for the link files that are named. With --recount
    /// the clicks of each line are counted in the click log, too. The exit status is 0, or
    /// 1 when the log says something else, 2 when it cannot be told.
    Caps(Box<Said<caps::CapsArguments>>),
    /// Change the links of a running server
    #[command(flatten)]
    Live(live::LiveCommand),
}

/// Runs the command.
#[must_use]
pub fn run(command: &LinksCommand) -> ExitCode {
    match command {
        LinksCommand::Check(wish) => check::run(wish),
        LinksCommand::Compile(wish) => compile::run(wish),
        LinksCommand::Convert(wish) => convert::run(wish),
        LinksCommand::Diff(wish) => diff::run(wish),
        LinksCommand::Replay(wish) => replay::run(wish),
        LinksCommand::Test(wish) => test::run(wish),
        LinksCommand::Caps(wish) => caps::run(wish),
        LinksCommand::Live(command) => live::run(command),
    }
}
