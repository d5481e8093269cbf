//! `carom-bench`: load for a redirector, the floor below it, and its peers beside
//! it. `docs/benchmarks.md` says how to run it and how to read what it prints.

mod access_log;
mod compare;

mod floor;
mod grow;
mod keys;
mod load;
mod loading;
mod machine;
mod place;
mod reloads;
mod reply;
mod requests;
mod zipf;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures redirectors: load, the floor below them, and a comparison of peers.
#[derive(Debug, Parser)]
#[command(name = "carom-bench", version, max_term_width = 100, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask a server for redirects, and say how fast and how well it answered
    Load(Box<load::LoadArguments>),
    /// Serve a fixed reply without parsing anything: the cost of the kernel alone
    Floor(floor::FloorArguments),
    /// Measure carom beside the floor, nginx and haproxy, on the same requests
    Compare(compare::CompareArguments),
    /// Measure how carom's cost grows with links, connections, headers, pipelining and shards
    Grow(grow::GrowArguments),
    /// Measure how long a link table takes to be read, beside nginx and haproxy
    Loading(loading::LoadingArguments),
    /// Measure how long replies take while links are reloaded
    Reloads(reloads::ReloadsArguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Load(arguments) => load::command(&arguments),
        Command::Floor(arguments) => floor::command(&arguments),
        Command::Compare(arguments) => compare::command(&arguments),
        Command::Grow(arguments) => grow::command(&arguments),
        Command::Loading(arguments) => loading::command(&arguments),
        Command::Reloads(arguments) => reloads::command(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        say(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Says one thing on standard error.
fn say(text: impl Display) {
    let _ = std::io::stderr().lock().write_all(format!("carom-bench: {text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
