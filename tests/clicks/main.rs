//! The click log: written by keepers, in files and in memory, damaged, killed, read.

mod cat;
mod clock;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod counted;
mod crafted;
mod damage;
mod erasure;
mod follow;
mod get;
mod hidden;
mod ids;
mod images;
mod keeper;
mod killed;
mod links;
mod model;
mod named;
mod names;
mod old_formats;
mod power;
mod printed;
mod proving;
mod python;
mod report_page;
mod scale;
mod started;
mod strays;
mod texts;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use carom::cli::clicks::cat::{CatArguments, cat};
use carom::cli::clicks::filter::FilterArguments;
use carom::cli::clicks::row_choice::FileFormatName;

/// The clicks of a folder as NDJSON.
fn wish(dir: &Path) -> CatArguments {
    CatArguments {
        paths: vec![dir.to_owned()],
        format: Some(FileFormatName::Ndjson),
        output: None,
        columns: None,
        follow: false,
        excel: false,
        click_key: None,
        filter: FilterArguments::default(),
        quiet: false,
    }
}

/// What `clicks cat` prints, what it complains of, and its exit status.
fn printed(wish: &CatArguments) -> (String, String, u8) {
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let status = cat(wish, &mut out, &mut complaints, &AtomicBool::new(false));
    (String::from_utf8(out).unwrap(), String::from_utf8(complaints).unwrap(), status)
}
