//! Which running server is meant.

use std::path::PathBuf;

use clap::Args;

use crate::disk::state;
use crate::limits::CLICKS_FOLDER_DEFAULT;

/// Which server, and how to print.
#[derive(Args, Clone, Debug)]
pub struct ServerArguments {
    /// Click folder of the server
    #[arg(long, env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR")]
    clicks: Option<PathBuf>,
    /// State folder of the server [default: .state in the click folder]
    #[arg(long, env = "CAROM_STATE", value_name = "DIR")]
    state: Option<PathBuf>,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}

impl ServerArguments {
    /// The click folder of the server.
    pub fn clicks_folder(&self) -> PathBuf {
        self.clicks.clone().unwrap_or_else(|| CLICKS_FOLDER_DEFAULT.into())
    }

    /// The state folder of the server.
    pub fn state_folder(&self) -> PathBuf {
        self.state.clone().unwrap_or_else(|| state::path(&self.clicks_folder()))
    }
}
