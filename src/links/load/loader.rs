//! Rows of link files, one after the other, into one table.

use super::pending::{Pending, said};
use super::report::{FileReport, Problem, Report};
use crate::links::formats::{Defaults, Format, PlaceNames, Row, Source};
use crate::links::key::{Key, KeyScratch, Loose, key_of};
use crate::links::link::{Link, Options, Origin, Setting, Status};
use crate::links::room::{TableRoom, TooLarge};
use crate::links::table::TableBuilder;
use crate::links::targets::{CheckedTarget, Schemes};
use crate::rules::{Rule, is_of_rules};

/// What some formats remember of each link while they are read, bytes, about.
const SEEN_BYTES: u64 = 160;

/// One table in the making.
pub struct Loader<'s> {
    /// Of files, as in [`Report::files`].
    pub names: Vec<String>,
    pub builder: TableBuilder,
    scratch: KeyScratch,
    /// Room for a path in lower case.
    folded: Vec<u8>,
    /// The lines of one key, if those that came last are such.
    pending: Pending,
    /// What was found of them when the last one had come: what is wrong, and what is noted.
    late: Vec<(Origin, String)>,
    late_notes: Vec<(Origin, String)>,
    /// Files of keys that were counted as good before that.
    uncounted: Vec<u32>,
    /// Room for the rule of a line.
    rule: Vec<u8>,
    /// What links say that do not say it themselves.
    pub defaults: Defaults,
    /// What is known of addresses, if anything is.
    places: Option<&'s PlaceNames>,
    /// Which schemes targets may have.
    schemes: Schemes,
    /// How much it all may take.
    room: TableRoom,
    /// What the format remembers of each link.
    seen_bytes: u64,
    /// What is said of lines takes so much.
    pub said_bytes: u64,
    /// There is not so much room.
    pub too_large: Option<TooLarge>,
}

impl<'s> Loader<'s> {
    pub fn new(sources: &[Source<'s>], room: TableRoom) -> Loader<'s> {
        let lines = |source: &Source<'_>| memchr::memchr_iter(b'\n', source.text).count() + 1;
        let (mut lines, mut bytes) = sources.iter().fold((0, 0), |(count, bytes), source| {
            (count + lines(source), bytes + source.text.len())
        });
        // Lines that are no links, such as empty ones, must not take what there is not.
        let left = usize::try_from(room.left()).unwrap_or(usize::MAX);
        (lines, bytes) = (lines.min(left / 64), bytes.min(left / 2));
        Loader {
            names: Vec::new(),
            builder: TableBuilder::with_capacity(lines, bytes),
            scratch: KeyScratch::default(),
            folded: Vec::new(),
            pending: Pending::default(),
            late: Vec::new(),
            late_notes: Vec::new(),
            uncounted: Vec::new(),
            rule: Vec::new(),
            defaults: Defaults::default(),
            places: None,
            schemes: Schemes::NONE,
            room,
            seen_bytes: 0,
            said_bytes: 0,
            too_large: None,
        }
    }

    /// What follows is of this source.
    pub fn begin(&mut self, source: &Source<'s>) {
        self.seen_bytes = if source.format == Format::Native { 0 } else { SEEN_BYTES };
        self.defaults = source.help.defaults.cloned().unwrap_or_default();
        self.schemes = source.help.schemes.cloned().unwrap_or_default();
        self.places = source.help.places;
    }

    /// Whether there is room for one more link.
    pub fn look_for_room(&mut self) {
        let seen = self.seen_bytes * self.builder.len() as u64;
        let needed = self.builder.bytes(self.room.copies()) + seen + self.said_bytes;
        self.too_large = self.room.check(needed).err();
    }

    /// The place of a file in the report, which is within the one at `first`.
    pub fn file_within(&mut self, first: usize, name: &str, report: &mut Report) -> usize {
        let known = self.names[first..].iter().position(|known| known == name);
        if known.is_none() {
            self.names.push(name.to_owned());
            report.files.push(FileReport::new(name));
        }
        known.map_or(report.files.len() - 1, |known| first + known)
    }

    /// What is said of a line.
    pub fn problem(&mut self, file: usize, line: u32, message: String) -> Problem {
        let file_name = self.names[file].clone();
        // Lists grow to twice of what is in them.
        let bytes = 2 * size_of::<Problem>() + file_name.len() + message.len();
        self.said_bytes += bytes as u64;
        Problem { file, file_name, line, message }
    }

    /// Tells what was found of a key's lines when the last of them had come.
    pub fn tell_late(&mut self, report: &mut Report) {
        if self.late.is_empty() && self.late_notes.is_empty() {
            return;
        }
        for file in core::mem::take(&mut self.uncounted) {
            report.files[file as usize].links -= 1;
        }
        for (Origin { file, line }, message) in core::mem::take(&mut self.late) {
            report.files[file as usize].bad_lines += 1;
            report.problems.push(self.problem(file as usize, line, message));
        }
        for (Origin { file, line }, message) in core::mem::take(&mut self.late_notes) {
            report.notes.push(self.problem(file as usize, line, message));
        }
    }

    /// No more lines come for the key whose lines are pending.
    pub fn finish_key(&mut self) {
        if !self.pending.is_some() {
            return;
        }
        let counted = self.pending.counted_in();
        let (late, notes) = (&mut self.late, &mut self.late_notes);
        let before = late.len();
        self.pending.finish(
            &mut self.builder,
            |origin, message| late.push((origin, message)),
            |origin, message| notes.push((origin, message)),
            &self.names,
        );
        if late.len() > before {
            self.uncounted.extend(counted);
        }
    }

    /// Makes a link of a row, or a further line of one. Says how many links came with it.
    /// The first thing that is wrong with it is the one that is told.
    pub fn take(&mut self, origin: Origin, row: Row<'_>) -> Result<usize, String> {
        // A file in another encoding would load as links that nobody can ask
        // for, because browsers send UTF-8.
        if !row.key.is_ascii() && core::str::from_utf8(row.key).is_err() {
            return Err("the key is not UTF-8; save the file as UTF-8".to_owned());
        }
        let taken = self.take_line(origin, row);
        // Without it the other lines would answer for it.
        if taken.is_err() {
            if self.pending.has(row.key) {
                self.pending.spoil();
            } else if row.settings.iter().any(|setting| is_of_rules(setting.name)) {
                self.finish_key();
                self.pending.begin(row.key, &Key::NONE);
                self.pending.spoil();
            }
        }
        taken
    }

    fn take_line(&mut self, origin: Origin, row: Row<'_>) -> Result<usize, String> {
        let mut settings: Vec<Setting<'_>> = Vec::new();
        let defaults = core::mem::take(&mut self.defaults);
        defaults.with(row.settings, row.status == Some(b"410"), &mut settings);
        let taken = self.take_with(origin, row, &settings, defaults.status());
        drop(settings);
        self.defaults = defaults;
        taken
    }

    fn take_with(
        &mut self,
        origin: Origin,
        row: Row<'_>,
        settings: &[Setting<'_>],
        default_status: Status,
    ) -> Result<usize, String> {
        let options = Options::parse(settings, &self.schemes)?;
        let mut rule_room = core::mem::take(&mut self.rule);
        let taken = self.rule_of(settings, &mut rule_room).and_then(|rule| {
            options.check_else(rule.cap().is_some())?;
            self.take_link(origin, row, options, rule, default_status)
        });
        self.rule = rule_room;
        taken
    }

    fn rule_of<'r>(
        &self,
        settings: &[Setting<'_>],
        room: &'r mut Vec<u8>,
    ) -> Result<Rule<'r>, String> {
        let mut of_rules = settings.iter().filter(|setting| is_of_rules(setting.name)).peekable();
        // As most are.
        if of_rules.peek().is_none() {
            return Ok(Rule::default());
        }
        let of_rules: Vec<_> = of_rules.map(|setting| (setting.name, setting.value)).collect();
        let rule = Rule::parse(&of_rules, room)?;
        match &self.places {
            Some(places) => places.check(&rule).map(|()| rule),
            None => Ok(rule),
        }
    }

    fn take_link(
        &mut self,
        origin: Origin,
        row: Row<'_>,
        options: Options<'_>,
        rule: Rule<'_>,
        default_status: Status,
    ) -> Result<usize, String> {
        // As a default it holds for those keys that can have it.
        let own = row.settings.iter().any(|setting| setting.name == b"punctuation");
        let mut loose = Loose { punctuation: options.loose.punctuation && own, ..options.loose };
        let is_same = self.pending.has(row.key);
        if is_same {
            let theirs = self.pending.loose();
            let is_said = row
                .settings
                .iter()
                .any(|setting| matches!(setting.name, b"nocase" | b"slash" | b"punctuation"));
            if is_said && loose != theirs {
                return Err(format!(
                    "{}{loose} has other lines that do not say so; write it in the first of them, or in each",
                    String::from_utf8_lossy(row.key)
                ));
            }
            loose = theirs;
        }
        let (mut scratch, mut folded) =
            (core::mem::take(&mut self.scratch), core::mem::take(&mut self.folded));
        let taken = key_of(row.key, loose, &mut scratch, &mut folded).and_then(|mut key| {
            key.loose.punctuation |= options.loose.punctuation && !key.is_open();
            let status = match row.status {
                None => default_status,
                Some(status) => Status::parse(status)?,
            };
            let target = match row.target {
                [] => None,
                target => {
                    let checked = CheckedTarget::parse_allowing(target, &self.schemes);
                    Some(checked.map_err(|problem| problem.to_string())?)
                }
            };
            self.take_checked(row.key, &Link { key, status, target, options, rule, origin })
        });
        (self.scratch, self.folded) = (scratch, folded);
        taken
    }

    fn take_checked(&mut self, written: &[u8], link: &Link<'_>) -> Result<usize, String> {
        if self.pending.is_some() {
            if self.pending.has(written) || self.pending.has_key(&link.key) {
                return self.pending.add(link).map(|()| 0);
            }
            self.finish_key();
        }
        // The next line may have the same key, and answer where this one does not.
        let Link { options, rule, .. } = link;
        let is_for_all = rule.is_empty() && (options.is_always() || options.otherwise.is_some());
        if is_for_all {
            let added = self.builder.add(link);
            let are_rules = self.builder.has_rules();
            let said = |problem| said(&problem, &link.key, are_rules, &self.names);
            return added.map(|()| 1).map_err(said);
        }
        self.pending.begin(written, &link.key);
        self.pending.add(link).map(|()| self.pending.count())
    }
}
