//! What `carom clicks stats` can be asked to do.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::clicks::filter::FilterArguments;
use crate::cli::wishes::default_name;
use crate::clicks::Facets;
use crate::limits::{CLICKS_FOLDER_DEFAULT, STATS_ROWS_DEFAULT};

/// What `carom clicks stats` is asked to do.
#[derive(Args, Clone, Debug, Default)]
pub struct StatsArguments {
    /// Click folders, or single segment files.
    #[arg(env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// Count by these alone, together if there are several: columns of `clicks cat`, or
    /// month, day, weekday, hour, minute, hour_of_day, referer_site, agent_class.
    #[arg(long, value_name = "NAMES", value_parser = Facets::parse)]
    pub by: Option<Facets>,
    /// Which clicks are counted.
    #[command(flatten)]
    pub filter: FilterArguments,
    /// How many rows to print of each table; CSV has all if this is not said.
    #[arg(long, default_value = STATS_ROWS_DEFAULT.to_string(), value_name = "N")]
    pub top: Option<usize>,
    /// How to print them.
    #[arg(long, value_enum, default_value = default_name::<StatsFormat>())]
    pub format: Option<StatsFormat>,
    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Draw bars in tables also where no terminal shows them.
    #[arg(long)]
    pub bars: bool,
    /// Keys of the lists of segments [default: .state/click-key in each folder].
    #[arg(long, value_name = "FILE")]
    pub click_key: Option<PathBuf>,
    /// Say nothing on standard error but what keeps the command from working.
    #[arg(long, short)]
    pub quiet: bool,
}

/// How counts are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatsFormat {
    /// Tables, for people.
    #[default]
    Text,
    /// One table with a header row; only with --by.
    Csv,
    /// One JSON object, for programs.
    Json,
}

impl StatsArguments {
    /// How counts are to be printed.
    #[must_use]
    pub fn format(&self) -> StatsFormat {
        if self.json { StatsFormat::Json } else { self.format.unwrap_or_default() }
    }
}
