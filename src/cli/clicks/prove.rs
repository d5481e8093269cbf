//! `carom clicks prove`: what became of every click, on a signed page.

use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::Args;

use super::filter::time;
use crate::cli::pipe::is_broken_pipe;
use crate::cli::progress::Progress;
use crate::clicks::proof::{self, Proof, SignedPage};
use crate::clicks::{ClickKeys, Ledger, key_file};
use crate::disk::regular;
use crate::limits::CLICKS_FOLDER_DEFAULT;
use crate::limits::PROOF_BYTES_MAX;
use crate::say::say_to;
use crate::ship::register;
use crate::words::{visible, visible_json};

/// What `carom clicks prove` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct ProveArguments {
    /// The click folder.
    #[arg(env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR")]
    pub folder: PathBuf,
    /// Only segments whose first click is of this time or later: RFC 3339, a date (UTC), today,
    /// yesterday, or so long ago, such as 2h or 7d.
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "check")]
    pub since: Option<u64>,
    /// Only segments whose first click is before this time.
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "check")]
    pub until: Option<u64>,
    /// Print the page as one JSON object.
    #[arg(long, conflicts_with = "check")]
    pub json: bool,
    /// Check a page that was made before, text or JSON: that it was signed with this
    /// folder's key, and that what it says still holds.
    #[arg(long, value_name = "PAGE")]
    pub check: Option<PathBuf>,
    /// Keys that sign pages and the list of segments [default: .state/click-key in the
    /// folder].
    #[arg(long, value_name = "FILE")]
    pub click_key: Option<PathBuf>,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &ProveArguments) -> ExitCode {
    let out = BufWriter::new(io::stdout().lock());
    ExitCode::from(prove(wish, out, &mut io::stderr().lock()))
}

/// Prints the page to `out`, and what stands against it to `complaints`; returns the exit
/// status.
pub fn prove(wish: &ProveArguments, out: impl Write, complaints: &mut impl Write) -> u8 {
    let said = match &wish.check {
        Some(page) => check(wish, page, out),
        None => print(wish, out),
    };
    match said {
        Ok((findings, is_whole)) => {
            findings.iter().for_each(|finding| say_to(complaints, visible(finding)));
            u8::from(!is_whole || !findings.is_empty())
        }
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            say_to(complaints, format_args!("{error:#}"));
            2
        }
    }
}

fn keys(wish: &ProveArguments) -> anyhow::Result<ClickKeys> {
    let folder = &wish.folder;
    let metadata =
        folder.metadata().with_context(|| format!("cannot read {}", folder.display()))?;
    ensure!(metadata.is_dir(), "{} is no folder; name the click folder", folder.display());
    let keys = match &wish.click_key {
        Some(path) => key_file::load(path),
        None => key_file::load_beside(&wish.folder),
    };
    keys.context(
        "a page is signed with the click key; run this as the owner of the folder, or name \
                  the key with --click-key",
    )
}

/// Findings, and whether every click is accounted for.
type Outcome = (Vec<String>, bool);

fn print(wish: &ProveArguments, mut out: impl Write) -> anyhow::Result<Outcome> {
    let keys = keys(wish)?;
    let times: Range<u64> = wish.since.unwrap_or(0)..wish.until.unwrap_or(u64::MAX);
    let mut progress = Progress::new(None);
    let step = |ledger: &Ledger| progress.step(|| ledger.read_bytes());
    let Proof { mut page, findings } = proof::prove(&wish.folder, &keys, times, None, step)?;
    drop(progress);
    for name in register::names(&wish.folder)? {
        let clicks = register::read(&wish.folder, &name)?.clicks;
        page.sinks.push((name, clicks));
    }
    let is_whole = page.is_whole();
    let signed = page.sign(&keys);
    if wish.json {
        writeln!(out, "{}", visible_json(&serde_json::to_value(&signed)?))?;
    } else {
        out.write_all(signed.text().as_bytes())?;
    }
    out.flush()?;
    Ok((findings, is_whole))
}

fn check(wish: &ProveArguments, path: &Path, mut out: impl Write) -> anyhow::Result<Outcome> {
    let keys = keys(wish)?;
    let cannot = || format!("cannot read the page {}", path.display());
    let text = read(path).with_context(cannot)?;
    let Some(signed) = SignedPage::read(&text) else {
        bail!(
            "{} is no page of `carom clicks prove`, or was changed after it was made",
            path.display()
        );
    };
    match signed.is_genuine(&keys) {
        Some(true) => {}
        Some(false) => bail!("{} was not signed with click key {}", path.display(), signed.key),
        None => bail!(
            "{} is signed with click key {}, which is not in the key file; name it with --click-key",
            path.display(),
            signed.key
        ),
    }
    let mut progress = Progress::new(None);
    let step = |ledger: &Ledger| progress.step(|| ledger.read_bytes());
    let differences = proof::check(&wish.folder, &keys, &signed.page, step)?;
    drop(progress);
    if differences.is_empty() {
        let total = signed.page.total();
        writeln!(
            out,
            "{}: genuine, and what it says still holds: {} answered, {} recorded or deleted by \
             rule, {} lost, {} missing",
            path.display(),
            total.answered,
            total.recorded + total.deleted,
            total.lost,
            total.missing
        )?;
    }
    out.flush()?;
    Ok((differences, true))
}

fn read(path: &Path) -> io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    regular::open(path)?.take(PROOF_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}
