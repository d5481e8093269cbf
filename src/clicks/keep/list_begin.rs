//! The list of segments of a folder, opened to be added to. Where there is none it begins
//! with the segments that are there: from then on, one that it does not tell of is none of
//! carom's.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context;

use crate::clicks::folder::{self, SegmentFile};
use crate::clicks::format::id::ClickKeys;
use crate::clicks::format::list_line::ListKeys;
use crate::clicks::format::listed::{Harm, LIST_PLACE, Listed, ListedEvent};
use crate::clicks::format::origin::{self, Origin};
use crate::clicks::format::segment::Header;
use crate::clicks::list::file::SegmentList;
use crate::clicks::list::head;
use crate::clicks::staged::FirstPage;
use crate::disk::state;
use crate::words::counted;

/// An empty file in the state folder of a click folder that has, or had, a list.
const MARK: &str = "listed";

/// Opens the list of the click folder `clicks`, whose lines `keys` sign. Returns what the
/// operator is to be told, too.
///
/// # Errors
///
/// A sentence for the operator.
pub fn open_list(clicks: &Path, keys: &ClickKeys) -> anyhow::Result<(SegmentList, Option<String>)> {
    let cannot = || format!("cannot open the list of segments of {}", clicks.display());
    let mut list = SegmentList::open(clicks, keys).with_context(cannot)?;
    let said = match (list.is_new(), list.lacked_head()) {
        (true, _) => begin(&mut list, clicks, &ListKeys::new(keys)).with_context(cannot)?,
        (false, false) => None,
        (false, true) => Some(note_head(&mut list, clicks).with_context(cannot)?),
    };
    Ok((list, said))
}

/// What is told of the list itself.
fn of_list(event: ListedEvent) -> Listed {
    let (shard, number) = LIST_PLACE;
    Listed { shard, number, event }
}

fn note_head(list: &mut SegmentList, clicks: &Path) -> io::Result<String> {
    list.append(&[of_list(ListedEvent::Harmed(Harm::HeadGone))])?;
    list.sync()?;
    Ok(format!(
        "{} was removed, which says how long the list of segments is: lines may have been taken off \
         its end, and what they told of is not missed. See to who did that",
        head::path(clicks).display()
    ))
}

fn begin(list: &mut SegmentList, clicks: &Path, keys: &ListKeys) -> io::Result<Option<String>> {
    let mark = state::path(clicks).join(MARK);
    let (mut lines, mut strange) = (Vec::new(), Vec::new());
    let mut was_removed = mark.exists();
    for file in folder::list(clicks)? {
        let opened = match file.open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        let FirstPage::Of(header) = FirstPage::read(&opened)? else { continue };
        was_removed |= header.is_listed;
        let event = match is_own(&file, &header, keys) {
            true => {
                let (run, salt) = (header.run, header.salt);
                ListedEvent::Begun { run, salt, is_staged: false }
            }
            false => {
                strange.push(file.path);
                ListedEvent::Harmed(Harm::Unlisted)
            }
        };
        lines.push(Listed { shard: file.shard, number: file.number, event });
    }
    let found = counted(lines.len() as u64, "segment");
    let harm = was_removed.then_some(of_list(ListedEvent::Harmed(Harm::ListGone)));
    // Before any segment is made: a list without a line was removed.
    let lines: Vec<_> = [of_list(ListedEvent::Made)].into_iter().chain(harm).chain(lines).collect();
    list.append(&lines)?;
    list.sync()?;
    File::create(&mark)?;
    Ok(was_removed.then(|| {
        let strange = match strange.first() {
            Some(first) => format!(
                ". {} of them, {} first, carom did not sign",
                strange.len(),
                first.display()
            ),
            None => String::new(),
        };
        format!(
            "the list of segments of {} was removed, and another one begins with the {found} that \
             are there: what was removed before is not missed, unless by a page of `carom clicks \
             prove` that is kept elsewhere. Put .state back from a copy, with the server stopped; \
             the new list says that it is one{strange}",
            clicks.display()
        )
    }))
}

/// Whether carom wrote it, as far as that can be told where there is no list.
fn is_own(file: &SegmentFile, header: &Header, keys: &ListKeys) -> bool {
    let is_named = (header.shard, header.number) == (file.shard, file.number);
    // What is older than the list has no MAC.
    let is_older = !header.is_listed && header.mac.is_none();
    // Where the keys are gone too, nobody can tell.
    is_named && (is_older || matches!(origin::of(header, keys), Origin::Own | Origin::KeyGone(_)))
}
