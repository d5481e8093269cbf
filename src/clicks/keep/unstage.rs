//! What a server left in its stage, brought to the disk by the next start: images of
//! the segments that it was writing when it was killed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::bring_back::{Brought, bring_image, is_sealed};
use super::open_segment::ServerRun;
use super::stage::Stage;
use super::stage_folder::{hold, is_own};
use super::trouble::Reporter;
use crate::clicks::folder::{parse_segment_name, segment_name};
use crate::clicks::format::listed::{Actor, DeletedWhy, Harm, Listed, ListedEvent};
use crate::clicks::format::origin::{self, Origin};
use crate::clicks::format::segment::Header;
use crate::clicks::list::file::SegmentList;
use crate::clicks::list::known::{Known, KnownSegments};
use crate::clicks::staged::{self, FirstPage, OWNER_NAME, PLACE_NAME, SPARE_ENDING, StagePlace};
use crate::disk::hold::LOCK_NAME;
use crate::disk::{self, regular};
use crate::machine::clock::{monotonic_us, unix_us};
use crate::words::counted;

/// Brings what an earlier server left in its stage to the disk, and makes the stage of
/// this one, if it is to have one for so many `shards`, `within` a folder. The lock of
/// `run`'s folder is held, and `list` is its list of segments.
///
/// # Errors
///
/// A sentence for the operator.
pub fn open(
    run: &ServerRun,
    within: Option<&Path>,
    shards: usize,
    list: &mut SegmentList,
    reporter: &Reporter,
) -> anyhow::Result<Option<Arc<Stage>>> {
    let clicks = &*run.folder;
    let name = clicks.join(PLACE_NAME);
    let named = StagePlace::read(clicks).with_context(|| {
        format!(
            "cannot read {}, which says where the last clicks of the last server may be; look \
             there, or delete it",
            name.display()
        )
    })?;
    let cannot_read = || format!("cannot read the list of segments of {}", clicks.display());
    let known = KnownSegments::of_folder(clicks).with_context(cannot_read)?.unwrap_or_default();
    let mut unstaging = Unstaging { clicks, run, known, list, reporter };
    match named {
        Some(place) => unstaging.run(&place)?,
        None => unstaging.run_unnamed(within)?,
    }
    within.map(|within| Stage::make(clicks, within, shards, reporter)).transpose()
}

/// The stage of an earlier server, and whose that is.
struct Unstaging<'a> {
    clicks: &'a Path,
    run: &'a ServerRun,
    known: KnownSegments,
    list: &'a mut SegmentList,
    reporter: &'a Reporter,
}

/// What was in a stage.
#[derive(Default)]
struct Images {
    /// That can be removed there.
    done: Vec<PathBuf>,
    /// Segments that were brought to the disk.
    brought: u64,
    /// Those that hold something.
    there: BTreeSet<(u16, u64)>,
    /// Those that no shard has used and that have no file.
    unused: Vec<(u16, u64)>,
    /// Those that were not as what was synced of them.
    changed: Vec<(u16, u64)>,
    /// Files that are left.
    strange: u64,
}

impl Unstaging<'_> {
    /// Brings everything in the stage to the disk, and removes it there. What does not
    /// certainly belong to the click folder is left as it is, and said.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: the disk does not take it. Nothing is removed then.
    fn run(&mut self, place: &StagePlace) -> anyhow::Result<()> {
        let stage = &place.folder;
        let name = self.clicks.join(PLACE_NAME);
        let forget = || {
            disk::folder::remove_file(&name)
                .with_context(|| format!("cannot delete {}", name.display()))
        };
        if let Err(why) = place.check(self.clicks) {
            self.reporter.say(format!(
                "the stage of the last server, {}, cannot be used: {why}. Clicks after its last \
                 sync may have been there. It goes with a restart of the machine or of a container",
                stage.display()
            ));
            let awaited = self.awaited();
            if !self.was_restarted(&awaited) {
                self.tell(&awaited, ListedEvent::Harmed(Harm::ImageGone))?;
            }
            return forget();
        }
        let _hold = hold(stage)?;
        let images = self.bring_all(stage)?;
        self.miss(stage, &images)?;
        self.tell(&images.changed, ListedEvent::Harmed(Harm::ImageChanged))?;
        let event = ListedEvent::Deleted { by: Actor::Server, why: DeletedWhy::Unused };
        self.tell(&images.unused, event)?;
        self.tell_brought(&images)?;
        // From here on nobody looks for them there.
        forget()?;
        let delete = |path: &Path| {
            fs::remove_file(path).with_context(|| format!("cannot delete {}", path.display()))
        };
        images.done.iter().try_for_each(|path| delete(path))?;
        if images.strange == 0 {
            [OWNER_NAME, LOCK_NAME].iter().try_for_each(|name| delete(&stage.join(name)))?;
            fs::remove_dir(stage).with_context(|| format!("cannot delete {}", stage.display()))?;
        }
        if images.brought > 0 {
            self.reporter.say(format!(
                "brought {} that the last server was writing from its stage to the disk",
                counted(images.brought, "segment")
            ));
        }
        Ok(())
    }

    /// Has the list tell that these are on the disk now, so that nobody looks for their
    /// images again.
    fn tell_brought(&mut self, images: &Images) -> anyhow::Result<()> {
        let begun = |&(shard, number): &(u16, u64)| {
            let known = self.known.get(shard, number)?;
            let is_open = known.contents.is_none() || self.is_harmed((shard, number));
            let is_unused = images.unused.contains(&(shard, number));
            let is_staged = known.is_staged && is_open && !is_unused;
            let event = ListedEvent::Begun { run: known.run, salt: known.salt, is_staged: false };
            is_staged.then_some(Listed { shard, number, event })
        };
        let listed: Vec<_> = images.there.iter().filter_map(begun).collect();
        self.add(&listed)
    }

    /// Nothing says where the stage of the last server was, if it had one.
    fn run_unnamed(&mut self, within: Option<&Path>) -> anyhow::Result<()> {
        let (name, awaited) = (self.clicks.join(PLACE_NAME), self.awaited());
        let user = rustix::process::geteuid().as_raw();
        if let Some(place) = within.and_then(|within| staged::find(within, self.clicks, user)) {
            let is_missed = self.known.harmed(Harm::ImageGone).next().is_some();
            // Else it was removed when everything was on the disk, and a kill came then.
            if is_missed || !awaited.is_empty() {
                self.reporter.say(format!(
                    "{} was removed, which says where the last clicks of the last server are; they \
                     were found in {}. See to who did that",
                    name.display(),
                    place.folder.display()
                ));
            }
            return self.run(&place);
        }
        if awaited.is_empty() || self.was_restarted(&awaited) {
            return Ok(());
        }
        self.reporter.say(format!(
            "{} was removed, which says where the last clicks of the last server are: what it \
             recorded after its last sync in {} is not found. If its stage is still there, stop this \
             server and start it with --clicks-stage and the folder that has it",
            name.display(),
            counted(awaited.len() as u64, "segment")
        ));
        self.tell(&awaited, ListedEvent::Harmed(Harm::ImageGone))
    }

    /// The segments that the last server was writing in its stage, and that are not sealed
    /// on the disk.
    fn awaited(&self) -> Vec<(u16, u64)> {
        let begun = |it: &(u16, u64, &Known)| it.2.is_staged && it.2.contents.is_none();
        let open: Vec<_> = self.known.all().filter(begun).collect();
        let last = self.known.all().map(|(.., known)| known.run).max();
        let is_awaited = |(shard, number, known): &&(u16, u64, &Known)| {
            Some(known.run) == last
                && !self.is_harmed((*shard, *number))
                && !is_sealed(&self.clicks.join(segment_name(*shard, *number)))
        };
        open.iter().filter(is_awaited).map(|&(shard, number, _)| (shard, number)).collect()
    }

    fn is_own(&self, header: &Header) -> bool {
        origin::of(header, &self.run.keys) == Origin::Own
    }

    /// It was missed by a start before.
    fn is_harmed(&self, segment: (u16, u64)) -> bool {
        self.known.harmed(Harm::ImageGone).any(|harmed| harmed == segment)
    }

    /// Whether the machine was started again since these were made: then what was in memory
    /// is gone.
    fn was_restarted(&self, segments: &[(u16, u64)]) -> bool {
        let boot = |&(shard, number): &(u16, u64)| {
            let path = self.clicks.join(segment_name(shard, number));
            match regular::open(&path).and_then(|file| FirstPage::read(&file)) {
                Ok(FirstPage::Of(header)) if self.is_own(&header) => Some(header.boot),
                _ => None,
            }
        };
        match segments.iter().find_map(boot) {
            Some(boot) => boot != self.run.boot,
            // Nothing of them was ever synced.
            None => {
                let booted_us = unix_us().saturating_sub(monotonic_us());
                segments.iter().any(|&(shard, number)| {
                    self.known.get(shard, number).is_some_and(|known| known.run < booted_us)
                })
            }
        }
    }

    fn bring_all(&self, stage: &Path) -> anyhow::Result<Images> {
        let cannot =
            || format!("cannot look into the stage of the last server, {}", stage.display());
        let mut images = Images::default();
        for entry in fs::read_dir(stage).with_context(cannot)? {
            let name = entry.with_context(cannot)?.file_name();
            let image = stage.join(&name);
            if is_own(&name) {
                continue;
            }
            if Path::new(&name).extension().is_some_and(|ending| ending == SPARE_ENDING) {
                images.done.push(image);
                continue;
            }
            let segment = name.to_str().and_then(parse_segment_name);
            self.bring(&image, segment, &mut images)?;
        }
        Ok(images)
    }

    fn bring(
        &self,
        image: &Path,
        segment: Option<(u16, u64)>,
        images: &mut Images,
    ) -> anyhow::Result<()> {
        let path = self.clicks.join(image.file_name().unwrap_or_default());
        let brought = match segment {
            Some(segment) => bring_image(image, &path, segment, &self.known).with_context(|| {
                format!(
                    "cannot bring the clicks in {} to {}; see to the disk, free some space if it is \
                     full, and start again. Until then they are in memory only",
                    image.display(),
                    path.display()
                )
            })?,
            None => Brought::Strange,
        };
        match brought {
            Brought::Whole(others) => {
                images.brought += 1;
                images.there.extend(segment);
                if others > 0 {
                    images.changed.extend(segment);
                    self.reporter.say(format!(
                        "{} differs in {} from what was synced to {}, so somebody changed one of \
                         them. What was synced stays; see to who did that",
                        image.display(),
                        counted(8 * others, "byte"),
                        path.display()
                    ));
                }
            }
            Brought::Unused(has_file) => {
                images.there.extend(segment);
                images.unused.extend(segment.filter(|_| !has_file));
            }
            Brought::Deleted => images.there.extend(segment),
            Brought::Emptied => {}
            Brought::Strange => {
                images.strange += 1;
                self.reporter.say(format!(
                    "{} is not of this click folder, and is left as it is",
                    image.display()
                ));
                return Ok(());
            }
        }
        images.done.push(image.to_owned());
        Ok(())
    }

    /// Says which segments the list tells of that were written in the stage, and are not
    /// there, nor sealed on the disk.
    fn miss(&mut self, stage: &Path, images: &Images) -> anyhow::Result<()> {
        let mut missed = self.awaited();
        missed.retain(|segment| !images.there.contains(segment));
        let [(shard, number), ..] = missed[..] else { return Ok(()) };
        self.reporter.say(format!(
            "{} that the last server was writing in the stage {} {} not there or emptied, {} first. \
             Clicks that were recorded there after the last sync are gone, and nothing tells how \
             many; see to who empties the stage",
            counted(missed.len() as u64, "segment"),
            stage.display(),
            if missed.len() == 1 { "is" } else { "are" },
            segment_name(shard, number)
        ));
        self.tell(&missed, ListedEvent::Harmed(Harm::ImageGone))
    }

    /// Has the list tell this of these, before anything is done about it.
    fn tell(&mut self, segments: &[(u16, u64)], event: ListedEvent) -> anyhow::Result<()> {
        let listed: Vec<_> =
            segments.iter().map(|&(shard, number)| Listed { shard, number, event }).collect();
        self.add(&listed)
    }

    fn add(&mut self, listed: &[Listed]) -> anyhow::Result<()> {
        let told = self.list.append(listed).and_then(|_| self.list.sync());
        told.with_context(|| {
            format!("cannot add to the list of segments {}", self.list.path().display())
        })
    }
}
