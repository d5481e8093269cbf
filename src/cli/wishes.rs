//! What an operator wishes of a command: each setting that was said, and nothing of
//! what was not.
//!
//! A setting is looked for in this order: the flag, its variable, then where else it can
//! be said, then its default. clap lays flags over variables; it knows the defaults too,
//! so that help shows them, but [`Said`] takes them out again and what nobody said is
//! `None`. [`Layers`] lays one place over the next. Whoever makes a plan of them puts the
//! default of [`limits`](crate::limits) in last.

use std::ops::Deref;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};

/// The arguments of a command without the values that are only defaults.
#[derive(Clone, Debug)]
pub struct Said<A>(pub A);

impl<A> Deref for Said<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

/// Takes defaults out of what clap found for these arguments. Flags without a value have
/// none that help would show.
fn leave_out_defaults<A: Args>(matches: &mut ArgMatches) {
    for argument in A::augment_args(Command::default()).get_arguments() {
        let id = argument.get_id().as_str();
        let is_default = matches.value_source(id) == Some(ValueSource::DefaultValue);
        if is_default && argument.get_action().takes_values() {
            // There is such an argument: it is one of this command.
            let _ = matches.try_clear_id(id);
        }
    }
}

impl<A: Args> FromArgMatches for Said<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        leave_out_defaults::<A>(matches);
        A::from_arg_matches_mut(matches).map(Said)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<A: Args> Args for Said<A> {
    fn group_id() -> Option<clap::Id> {
        A::group_id()
    }

    fn augment_args(command: Command) -> Command {
        A::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        A::augment_args_for_update(command)
    }
}

/// Wishes of the same settings from several places, first the one that goes before the
/// others.
#[derive(Debug)]
pub struct Layers<'a, W>(pub &'a [&'a W]);

impl<W> Layers<'_, W> {
    /// What the first of them says that says anything of this.
    pub fn first<T>(&self, wish: impl Fn(&W) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|layer| wish(layer))
    }
}

/// The name of what is chosen by default, as help shows it.
pub fn default_name<T: ValueEnum + Default>() -> String {
    let value = T::default().to_possible_value();
    value.map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Args, Clone, Debug, Default, PartialEq)]
    struct Wishes {
        #[arg(long, default_value = "7")]
        count: Option<u32>,
        #[arg(long, default_value = "a,b", value_delimiter = ',')]
        names: Option<Vec<String>>,
        #[arg(long, default_value = "here")]
        place: Option<String>,
        #[arg(long)]
        twice: bool,
    }

    fn said(arguments: &[&str]) -> Wishes {
        let command = Said::<Wishes>::augment_args(Command::new("do"));
        let matches = command.get_matches_from([&["do"], arguments].concat());
        Said::<Wishes>::from_arg_matches(&matches).unwrap().0
    }

    #[test]
    fn what_is_not_said_is_left_open() {
        assert_eq!(said(&[]), Wishes::default());
        let names = Some(vec!["a".to_owned(), "b".to_owned()]);
        let want = Wishes { names, twice: true, ..Wishes::default() };
        assert_eq!(said(&["--names", "a,b", "--twice"]), want);
    }

    #[test]
    fn help_still_shows_defaults() {
        let mut command = Said::<Wishes>::augment_args(Command::new("do"));
        let help = command.render_help().to_string();
        assert!(help.contains("[default: 7]") && help.contains("[default: here]"), "{help}");
    }

    #[test]
    fn the_first_layer_that_says_something_wins() {
        let flags = said(&["--count", "1"]);
        let file = said(&["--count", "2", "--place", "there"]);
        let both = Layers(&[&flags, &file]);
        assert_eq!(both.first(|it| it.count), Some(1));
        assert_eq!(both.first(|it| it.place.clone()).as_deref(), Some("there"));
        assert_eq!(both.first(|it| it.names.clone()), None);
        assert_eq!(Layers(&[&file, &flags]).first(|it| it.count), Some(2));
    }
}
