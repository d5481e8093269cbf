//! What `carom clicks get` was told.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::clicks::row_choice::RowFormatName;
use crate::cli::wishes::default_name;
use crate::clicks::{ChosenColumns, ClickKeys, key_file};
use crate::limits::CLICKS_FOLDER_DEFAULT;

/// What `carom clicks get` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct GetArguments {
    /// Click ids, as links hand them on with {clickid}; - reads them from standard input, one
    /// a line. With --join, the click folder instead.
    #[arg(required_unless_present = "join", value_name = "ID|-")]
    pub ids: Vec<String>,
    /// The click folder.
    #[arg(long, env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR")]
    pub clicks: Option<PathBuf>,
    /// Write this CSV file, such as one of conversions, with the columns of the clicks whose
    /// ids it has; - is standard input.
    #[arg(long, value_name = "FILE", requires = "column")]
    pub join: Option<PathBuf>,
    /// With --join: the column that has the ids, by its name or counted from 1.
    #[arg(long, value_name = "NAME|N", requires = "join")]
    pub column: Option<String>,
    /// Keys that the ids were signed with [default: .state/click-key in the folder].
    #[arg(long, value_name = "FILE")]
    pub click_key: Option<PathBuf>,
    /// How to print them.
    #[arg(long, value_enum, default_value = default_name::<RowFormatName>())]
    pub format: Option<RowFormatName>,
    /// CSV that Excel and other spreadsheets open as a table: with a byte order mark and `;`,
    /// and an apostrophe before what would be a formula.
    #[arg(long)]
    pub excel: bool,
    /// Which columns: names with commas between them; behind a `+`, these beside the
    /// usual ones. Those of --join are time,key,target,tag,host,path,query,referer.
    #[arg(long, value_name = "NAMES", value_parser = ChosenColumns::parse)]
    pub columns: Option<ChosenColumns>,
    /// The file to write, put in its place when all is in it [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// With --join: what was found, as JSON, on standard output, or on standard error where
    /// that has the rows.
    #[arg(long, requires = "join")]
    pub json: bool,
}

impl GetArguments {
    /// The keys that were named, or those of the folder.
    pub(super) fn keys(&self, clicks: &Path) -> anyhow::Result<ClickKeys> {
        match &self.click_key {
            Some(path) => key_file::load(path),
            None => key_file::load_beside(clicks),
        }
    }
}
