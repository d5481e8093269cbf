//! `carom clicks get`: the clicks with these ids, each read where it stands.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::row_choice::{self, RowFormatName};
use crate::cli::pipe::is_broken_pipe;
use crate::cli::wishes::default_name;
use crate::clicks::{
    ChosenColumns, ClickId, ClickKeys, ClickPlace, IdRefused, Missing, find_click, key_file,
};
use crate::limits::CLICKS_FOLDER_DEFAULT;
use crate::say::say_to;
use crate::words::visible;

/// What `carom clicks get` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct GetArguments {
    /// Click ids, as links hand them on with {clickid}.
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
    /// The click folder.
    #[arg(long, env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR")]
    pub clicks: Option<PathBuf>,
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
    /// usual ones.
    #[arg(long, value_name = "NAMES", value_parser = ChosenColumns::parse)]
    pub columns: Option<ChosenColumns>,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &GetArguments) -> ExitCode {
    let out = BufWriter::new(io::stdout().lock());
    ExitCode::from(get(wish, out, &mut io::stderr().lock()))
}

/// Prints the clicks to `out`, and why one cannot be to `complaints`; returns the
/// exit status.
pub fn get(wish: &GetArguments, out: impl Write, complaints: &mut impl Write) -> u8 {
    let mut say = |sentence: &str| say_to(complaints, sentence);
    match print(wish, out, &mut say) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            say(&format!("{error:#}"));
            2
        }
    }
}

fn print(wish: &GetArguments, out: impl Write, say: &mut impl FnMut(&str)) -> anyhow::Result<u8> {
    let clicks = wish.clicks.as_deref().unwrap_or(Path::new(CLICKS_FOLDER_DEFAULT));
    let keys = match &wish.click_key {
        Some(path) => key_file::load(path)?,
        None => key_file::load_beside(clicks)?,
    };
    let columns = wish.columns.clone().unwrap_or_default();
    let mut rows = row_choice::begin(wish.format, wish.excel, &columns, out)?;
    let mut code = 0;
    for text in &wish.ids {
        let (id, place) = match open(&keys, text) {
            Ok(opened) => opened,
            Err(refused) => {
                say(&format!("{}: {refused}", visible(text)));
                code = code.max(1);
                continue;
            }
        };
        if !place.is_recorded() {
            say(&format!(
                "{id}: this click is not recorded: the click log had no room for it, so it was \
                 counted as lost"
            ));
            code = code.max(1);
            continue;
        }
        match find_click(clicks, &place)? {
            Ok(found) => {
                let mut entry = found.entry();
                entry.id = Some(id);
                rows.write(&entry)?;
            }
            Err(missing) => {
                say(&format!("{id}: {}", why(&missing, &place)));
                code = code.max(if matches!(missing, Missing::Unreadable(_)) { 2 } else { 1 });
            }
        }
    }
    rows.flush()?;
    Ok(code)
}

fn open(keys: &ClickKeys, text: &str) -> Result<(ClickId, ClickPlace), IdRefused> {
    let id = ClickId::parse(text.as_bytes())?;
    Ok((id, keys.open(id)?))
}

/// Why there is no click.
fn why(missing: &Missing, place: &ClickPlace) -> String {
    let ClickPlace { node, shard, segment, offset } = place;
    match missing {
        Missing::Deleted => {
            format!("segment {segment} of shard {shard}, which held it, was deleted")
        }
        Missing::NoSegment => format!(
            "segment {segment} of shard {shard} is not there yet; if this folder is a copy, it is \
             behind, else that segment and all later ones were deleted"
        ),
        Missing::NotWritten => format!(
            "segment {segment} of shard {shard} is not yet written up to byte {offset}; if this \
             folder is a copy, it is behind, else the click did not outlast a power loss"
        ),
        Missing::Gone => format!(
            "segment {segment} of shard {shard} ends before byte {offset}; the click did not \
             outlast a power loss"
        ),
        Missing::OtherNode(other) => {
            format!("this is a click of node {node}, and the folder is that of node {other}")
        }
        Missing::Damaged(reason) => format!(
            "the record at byte {offset} of segment {segment} of shard {shard} is damaged: {reason}"
        ),
        Missing::Unreadable(refused) => {
            format!("segment {segment} of shard {shard} cannot be read: {refused}")
        }
    }
}
