//! Variables instead of flags, where what they mean differs from what a flag does.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// Has every argument pass over its variable where that is empty: so a unit or a compose
/// file can name a variable that has no value.
pub fn pass_over_empty(command: Command) -> Command {
    let is_empty = |name: &OsStr| env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|argument| match argument.get_env().is_some_and(is_empty) {
            true => argument.env(Resettable::Reset),
            false => argument,
        })
        .mut_subcommands(pass_over_empty)
}

/// Whether the link files of `carom serve` are told by their variable.
pub fn has_links(matches: &ArgMatches) -> bool {
    let serve = matches.subcommand_matches("serve");
    serve.is_some_and(|serve| serve.value_source("links") == Some(ValueSource::EnvVariable))
}

/// The paths in a variable, with commas between them. A path with a comma in it can be
/// told as an argument.
pub fn paths(told: &[PathBuf]) -> Vec<PathBuf> {
    let parts =
        told.iter().flat_map(|path| path.as_os_str().as_bytes().split(|&byte| byte == b','));
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(|part| OsString::from_vec(part.to_vec()).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_part_paths_of_a_variable() {
        let told = [PathBuf::from("a.txt,/b/c.txt,,d")];
        assert_eq!(paths(&told), ["a.txt", "/b/c.txt", "d"].map(PathBuf::from));
    }
}
