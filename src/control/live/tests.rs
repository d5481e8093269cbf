//! A desk without shards: what it answers, and in which order, while its workers are
//! held up. A gate holds up whoever opens a file until the test opens it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::control::caps::CapKeeper;
use crate::control::shards::Shards;
use crate::disk::regular::gate::Gate;
use crate::limits::{KEYS_PATCHED_MAX, QUERY_SHAPES_MAX, READINGS_WAITING_MAX, WISHES_WAITING_MAX};
use crate::links::{OnBadLine, TableRoom};
use crate::rules::SplitKey;
use crate::shard::Builtins;
use crate::sources::{Reading, Sources};

/// How long an answer may take that is held up by nothing.
const PATIENCE: Duration = Duration::from_secs(60);

struct Rig {
    folder: PathBuf,
    wishes: Sender<Wish>,
    desk: JoinHandle<()>,
}

impl Rig {
    /// A desk that serves these links, in a folder that may have a past.
    fn start(folder: &Path, links: &str) -> Self {
        Self::start_with(folder, links, |_| {})
    }

    fn start_with(folder: &Path, links: &str, change: impl FnOnce(&mut Opening)) -> Self {
        fs::write(folder.join("links"), links).unwrap();
        let sources = sources(folder.join("links"));
        let base = sources.read_base(TableRoom::UNBOUNDED).unwrap().0.unwrap();
        let state = folder.join("state");
        fs::create_dir_all(&state).unwrap();
        let mut opening = Opening::new(&state, base, 5).unwrap();
        change(&mut opening);
        let (wishes, heard) = crossbeam_channel::bounded(WISHES_WAITING_MAX);
        let shards = Shards::new(Vec::new(), CapKeeper::in_memory(1));
        let bounds = Bounds {
            room: TableRoom::UNBOUNDED,
            loss_percent_max: 100,
            builtins: Builtins::default(),
            split_key: SplitKey([0; 16]),
        };
        let desk =
            Desk::start(opening, sources, None, bounds, Default::default(), shards, heard).unwrap();
        Self { folder: folder.to_owned(), wishes, desk }
    }

    fn stop(self) {
        self.wishes.send(Wish::Stop).unwrap();
        self.desk.join().unwrap();
    }

    fn ask(&self, wish: impl FnOnce(Asker) -> Wish) -> Answer {
        let (reply, answer) = Asker::new(None);
        self.wishes.send(wish(reply)).unwrap();
        answer
    }

    fn edit(&self, edit: Edit) -> Answer {
        let edit = check(&edit).unwrap();
        self.ask(|reply| Wish::Edit { edit, who: Who::itself("test"), reply })
    }

    fn set(&self, lines: &str) -> Answer {
        self.edit(Edit::Set {
            name: "f".into(),
            lines: lines.into(),
            schemes: crate::links::Schemes::NONE,
            defaults: crate::links::Defaults::default(),
            places: None,
        })
    }

    fn stage(&self, file: &str) -> Answer {
        let sources = sources(self.folder.join(file));
        self.ask(|reply| Wish::Stage {
            sources: Box::new(sources),
            who: Who::itself("test"),
            reply,
        })
    }

    fn promote(&self) -> Answer {
        self.ask(|reply| Wish::Promote { who: Who::itself("test"), reply })
    }

    fn roll_back(&self, to: u32) -> Answer {
        self.ask(|reply| Wish::Rollback { to: Some(to), who: Who::itself("test"), reply })
    }

    /// The link that answers this path.
    fn link(&self, path: &str) -> Option<String> {
        match done(self.ask(|reply| Wish::Show { url: path.into(), reply })) {
            Done::Shown { link, .. } => link,
            other => panic!("{other:?}"),
        }
    }

    fn export(&self) -> String {
        let (to, mut pieces) = mpsc::channel(1);
        self.wishes.send(Wish::Export { to }).unwrap();
        let mut text = Vec::new();
        loop {
            match pieces.blocking_recv() {
                Some(ExportPiece::Text(piece)) => text.extend(piece),
                Some(ExportPiece::End) => return String::from_utf8(text).unwrap(),
                None => panic!("it broke off"),
            }
        }
    }

    /// Holds up whoever reads this file next.
    fn hold(&self, name: &str) -> Held {
        let path = self.folder.join(name);
        Held { gate: Gate::close(path.clone()), path }
    }
}

struct Held {
    gate: Gate,
    path: PathBuf,
}

impl Held {
    /// Lets go once somebody is held up, who finds this text in the file.
    fn tell(self, text: &str) {
        self.gate.open(|| fs::write(self.path, text).unwrap());
    }
}

fn sources(path: PathBuf) -> Sources {
    let reading = Reading { format: Some("native".parse().unwrap()), ..Reading::default() };
    Sources { paths: vec![path], reading, on_bad_line: OnBadLine::Refuse }
}

/// What is answered, in time.
fn result(answer: Answer) -> Result<Done, NotDone> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, answer).await });
    answer.expect("an answer in time").expect("an answer")
}

fn done(answer: Answer) -> Done {
    result(answer).unwrap()
}

/// How many keys an edit changed.
fn changed(answer: Answer) -> usize {
    match done(answer) {
        Done::Edited { changed, .. } => changed,
        other => panic!("{other:?}"),
    }
}

fn reason(answer: Answer) -> Reason {
    result(answer).unwrap_err().reason
}

fn is_open(answer: &mut Answer) -> bool {
    matches!(answer.try_recv(), Err(oneshot::error::TryRecvError::Empty))
}

/// More links than shards are told of one by one.
fn many(target: &str) -> String {
    (0..=KEYS_PATCHED_MAX).map(|key| format!("/m/{key} https://{target}/{key}\n")).collect()
}

const FIRST: &str = "/a https://first.example/\n";

#[test]
fn long_work_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Rig::start(folder.path(), FIRST);
    fs::write(folder.path().join("second"), "/a https://second.example/\n").unwrap();
    done(desk.stage("second"));
    done(desk.promote());
    desk.stop();
    // After a restart tables are on the disk alone.
    let desk = Rig::start(folder.path(), FIRST);
    assert_eq!(desk.link("/a").unwrap(), "/a https://second.example/");
    let held = desk.hold("state/generations/1.table");
    let mut rollback = desk.roll_back(1);
    // What comes behind it, of the same kind, waits; everything else is done.
    let mut bulk = desk.set(&many("many.example"));
    assert_eq!(changed(desk.set("/b https://b.example/")), 1);
    assert_eq!(desk.link("/b").unwrap(), "/b https://b.example/");
    assert!(
        desk.export().ends_with(" 2 links\n/a https://second.example/\n/b https://b.example/\n")
    );
    done(desk.ask(|reply| Wish::Generations { reply }));
    done(desk.stage("second"));
    assert!(is_open(&mut rollback) && is_open(&mut bulk));
    held.tell("no table");
    assert_eq!(reason(rollback), Reason::Disk);
    assert_eq!(changed(bulk), KEYS_PATCHED_MAX + 1);
    let links = ["/a", "/b", "/m/7"].map(|path| desk.link(path).unwrap());
    let want =
        ["/a https://second.example/", "/b https://b.example/", "/m/7 https://many.example/7"];
    assert_eq!(links, want);
    desk.stop();
    // As the journal tells it.
    let desk = Rig::start(folder.path(), FIRST);
    assert_eq!(["/a", "/b", "/m/7"].map(|path| desk.link(path).unwrap()), want);
    desk.stop();
}

#[test]
fn what_is_changed_while_files_are_read_lies_over_them() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Rig::start(folder.path(), FIRST);
    let held = desk.hold("links");
    let mut reload = desk.ask(|reply| Wish::Reload {
        who: Who::itself("test"),
        is_forced: false,
        reply: Some(reply),
    });
    assert_eq!(changed(desk.set("/b https://b.example/")), 1);
    assert_eq!(changed(desk.set(&many("many.example"))), KEYS_PATCHED_MAX + 1);
    assert!(is_open(&mut reload));
    held.tell("/a https://new.example/\n/b https://file.example/\n");
    match done(reload) {
        Done::Served(about) => assert_eq!((about.generation, about.changes), (4, 8194)),
        other => panic!("{other:?}"),
    }
    assert_eq!(desk.link("/a").unwrap(), "/a https://new.example/");
    assert_eq!(desk.link("/b").unwrap(), "/b https://b.example/");
    assert_eq!(desk.link("/m/8").unwrap(), "/m/8 https://many.example/8");
    let all = desk.edit(Edit::ResetAll);
    assert_eq!(changed(all), KEYS_PATCHED_MAX + 2);
    assert_eq!(desk.link("/b").unwrap(), "/b https://file.example/");
    assert_eq!(changed(desk.edit(Edit::ResetAll)), 0);
    desk.stop();
}

#[test]
fn what_is_staged_is_compared_with_the_changes_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Rig::start(folder.path(), FIRST);
    fs::write(folder.path().join("second"), "/a https://second.example/\n").unwrap();
    done(desk.stage("second"));
    assert_eq!(changed(desk.set(&many("many.example"))), KEYS_PATCHED_MAX + 1);
    for _ in 0..2 {
        match done(desk.ask(|reply| Wish::Differences { reply })) {
            Done::Differences { added: 0, removed: 0, changed: 1, lines, hidden: 0, .. } => {
                assert_eq!(lines, ["- /a https://first.example/\n+ /a https://second.example/"]);
            }
            other => panic!("{other:?}"),
        }
    }
    done(desk.promote());
    assert_eq!(desk.link("/a").unwrap(), "/a https://second.example/");
    assert_eq!(desk.link("/m/0").unwrap(), "/m/0 https://many.example/0");
    done(desk.roll_back(1));
    assert_eq!(desk.export().lines().skip(1).collect::<Vec<_>>(), [FIRST.trim_end()]);
    desk.stop();
}

#[test]
fn a_refused_change_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Rig::start_with(folder.path(), FIRST, |opening| opening.journal.break_file());
    assert_eq!(reason(desk.set("/a https://refused.example/")), Reason::Disk);
    assert_eq!(desk.link("/a").unwrap(), "/a https://first.example/");
    // The next has the journal written anew first.
    assert_eq!(changed(desk.set("/b https://b.example/")), 1);
    desk.stop();
    let desk = Rig::start(folder.path(), FIRST);
    assert_eq!(desk.link("/a").unwrap(), "/a https://first.example/");
    assert_eq!(desk.link("/b").unwrap(), "/b https://b.example/");
    desk.stop();
}

/// What was refused may be in the file all the same. It is written anew at once, not only
/// before the next change.
#[test]
fn a_refused_change_is_gone_from_the_journal_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/links.journal");
    let desk = Rig::start_with(folder.path(), FIRST, |opening| {
        opening.journal.break_file();
        opening.journal.leaves_refused = true;
    });
    assert_eq!(reason(desk.set("/a https://refused.example/")), Reason::Disk);
    let until = Instant::now() + PATIENCE;
    while fs::read(&path).unwrap().windows(9).any(|bytes| bytes == b"refused.e") {
        assert!(Instant::now() < until, "it stays in the journal");
        std::thread::yield_now();
    }
    // Nothing comes behind it but the end.
    desk.stop();
    let desk = Rig::start(folder.path(), FIRST);
    assert_eq!(desk.link("/a").unwrap(), "/a https://first.example/");
    desk.stop();
}

#[test]
fn a_promotion_that_the_journal_refuses_stays_staged() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Rig::start_with(folder.path(), FIRST, |opening| {
        // What is staged is told, too, and is staged all the same.
        opening.journal.break_file();
        opening.journal.broken_rewrites = 1;
    });
    fs::write(folder.path().join("second"), "/a https://second.example/\n").unwrap();
    done(desk.stage("second"));
    assert_eq!(reason(desk.promote()), Reason::Disk);
    assert_eq!(desk.link("/a").unwrap(), "/a https://first.example/");
    done(desk.promote());
    assert_eq!(desk.link("/a").unwrap(), "/a https://second.example/");
    desk.stop();
}

#[test]
fn only_so_many_readings_wait() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Rig::start(folder.path(), FIRST);
    let held = desk.hold("slow");
    let mut first = desk.stage("slow");
    let waiting: Vec<Answer> = (0..READINGS_WAITING_MAX).map(|_| desk.stage("links")).collect();
    assert_eq!(reason(desk.stage("links")), Reason::Unavailable);
    assert!(is_open(&mut first));
    held.tell("/a 410\n");
    done(first);
    waiting.into_iter().for_each(|answer| drop(done(answer)));
    desk.stop();
}

#[test]
fn changes_one_by_one_make_room_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Rig::start(folder.path(), FIRST);
    let mut open = Vec::new();
    for round in 0..8 {
        let lines = (0..1000).map(|key| format!("/k/{round}/{key} https://k.example/{key}\n"));
        open.push(desk.set(&lines.collect::<String>()));
    }
    open.into_iter().for_each(|answer| assert_eq!(changed(answer), 1000));
    for round in 0..8 {
        assert!(desk.link(&format!("/k/{round}/999")).is_some());
    }
    desk.stop();
}

#[test]
fn what_is_staged_outlasts_a_change_that_clashes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Rig::start(folder.path(), FIRST);
    let shapes = (0..QUERY_SHAPES_MAX).map(|at| format!("/q?p{at}=1 https://q.example/{at}\n"));
    fs::write(folder.path().join("shapes"), shapes.collect::<String>()).unwrap();
    done(desk.stage("shapes"));
    assert_eq!(changed(desk.set("/q?zz=1 https://set.example/")), 1);
    assert_eq!(reason(desk.ask(|reply| Wish::Differences { reply })), Reason::Wrong);
    assert_eq!(reason(desk.promote()), Reason::Wrong);
    assert_eq!(changed(desk.edit(Edit::ResetAll)), 1);
    done(desk.promote());
    assert_eq!(desk.link("/q?p1=1").unwrap(), "/q?p1=1 https://q.example/1");
    desk.stop();
}
