//! The command line: arguments to a plan, and nothing else.

mod builtins;
pub mod clicks;
mod environment;
pub mod links;
mod pipe;
mod places;
mod progress;
mod quantities;
mod reading;
mod retention;
pub mod serve;
pub mod ship;
mod wishes;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::words::{is_hidden, visible, visible_lines};
use wishes::Said;

/// A redirector for affiliate, campaign and short links: answers from memory,
/// and writes down exactly one click for each redirect.
#[derive(Debug, Parser)]
#[command(name = "carom", version = version(), max_term_width = 100, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve redirects from link files
    Serve(Box<Said<serve::ServeArguments>>),
    /// Look at link files
    #[command(subcommand)]
    Links(links::LinksCommand),
    /// Look at recorded clicks
    #[command(subcommand)]
    Clicks(clicks::ClicksCommand),
    /// Ship recorded clicks to a sink
    Ship(Said<ship::ShipArguments>),
}

/// The version, the commit that it was built from, and what was built in.
fn version() -> String {
    let features = [
        ("zstd", cfg!(feature = "zstd")),
        ("parquet", cfg!(feature = "parquet")),
        ("xlsx", cfg!(feature = "xlsx")),
    ];
    let features = features.iter().filter(|(_, is_in)| *is_in).map(|(name, _)| format!(", {name}"));
    let features: String = features.collect();
    format!("{} ({}{features})", env!("CARGO_PKG_VERSION"), env!("CAROM_COMMIT"))
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut command = environment::pass_over_empty(Arguments::command());
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    let has_links = environment::has_links(&matches);
    let parsed = Arguments::from_arg_matches_mut(&mut matches);
    let mut parsed = parsed.map_err(|error| error.format(&mut command))?;
    if let Command::Serve(arguments) = &mut parsed.command
        && has_links
    {
        arguments.0.links = environment::paths(&arguments.0.links);
    }
    Ok(parsed)
}

/// Runs the command that this process was started with.
pub fn run() -> ExitCode {
    let arguments = match parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(refusal) => return refuse(refusal),
    };
    match arguments.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Links(command) => links::run(&command),
        Command::Clicks(command) => clicks::run(&command),
        Command::Ship(arguments) => ship::run(&arguments),
    }
}

/// Says what is wrong with the arguments, or what was asked of them: help, version. What
/// quotes an argument that would do something to a terminal is said without colours.
fn refuse(refusal: clap::Error) -> ExitCode {
    let is_hiding = |text: OsString| text.to_string_lossy().chars().any(is_hidden);
    if !std::env::args_os().chain(std::env::vars_os().map(|(_, value)| value)).any(is_hiding) {
        refusal.exit()
    }
    // clap takes out what looks like an escape sequence. So it is told what it looks like.
    let shown = std::env::args_os().map(|text| visible(&text.to_string_lossy()).into_owned());
    let refusal = parse(shown.map(OsString::from)).err().unwrap_or(refusal);
    let text = refusal.render().to_string();
    let text = visible_lines(&text);
    // There is nobody left to tell that nobody can be told.
    let _ = match refusal.use_stderr() {
        true => io::stderr().lock().write_all(text.as_bytes()),
        false => io::stdout().lock().write_all(text.as_bytes()),
    };
    ExitCode::from(u8::try_from(refusal.exit_code()).unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }

    /// Every flag of `serve` reads its variable, and says so with its default.
    #[test]
    fn every_serve_flag_has_a_variable() {
        let command = super::Arguments::command();
        let serve = command.find_subcommand("serve").unwrap();
        for argument in serve.get_arguments().filter(|a| a.get_id() != "help") {
            let name = argument.get_id().as_str();
            let variable = argument.get_env().and_then(|name| name.to_str());
            assert_eq!(variable, Some(&*format!("CAROM_{}", name.to_uppercase())), "{name}");
        }
    }

    /// Whoever reads or writes a click folder has its name from the same variable.
    #[test]
    fn every_click_folder_has_the_same_variable() {
        let command = super::Arguments::command();
        let at = |path: &str, argument: &str| {
            let mut words = path.split(' ');
            let found = words.try_fold(&command, |command, word| command.find_subcommand(word));
            let mut arguments = found.unwrap().get_arguments();
            let argument = arguments.find(|known| known.get_id() == argument).expect(path);
            let variable = argument.get_env().and_then(|name| name.to_str());
            assert_eq!(variable, Some("CAROM_CLICKS"), "{path}");
            assert_eq!(argument.get_default_values(), ["./clicks"], "{path}");
        };
        at("serve", "clicks");
        at("ship", "clicks");
        at("clicks get", "clicks");
        at("clicks cat", "paths");
        at("clicks stats", "paths");
        at("clicks verify", "paths");
        at("clicks prove", "folder");
        at("links set", "clicks");
    }
}
