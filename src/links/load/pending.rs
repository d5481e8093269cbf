//! Lines of one key that stand together, until the last of them has come: its rules.

use core::fmt::Write as _;
use core::ops::Range;

use crate::limits::RULE_LINES_MAX;
use crate::links::key::{Key, Loose};
use crate::links::link::{Link, Options, Origin, RuleLine, Status, put};
use crate::links::table::{AddProblem, AdmittedLink, TableBuilder, admit};
use crate::rules::{Rule, Sticky};

/// The lines of one key. All their bytes lie in one piece of memory, which is used again
/// for the next key.
#[derive(Debug, Default)]
pub struct Pending {
    text: Vec<u8>,
    /// Its key as the first line has it.
    written: Range<usize>,
    key: KeyPlaces,
    id: Option<u64>,
    lines: Vec<LinePlaces>,
    /// A line of it is wrong.
    is_bad: bool,
    /// It was counted as a link.
    is_counted: bool,
    /// Room for the stored options of the entry, and its lines.
    options: Vec<u8>,
    block: Vec<u8>,
}

/// A key, in places of the text.
#[derive(Clone, Debug, Default)]
struct KeyPlaces {
    host: Range<usize>,
    path: Range<usize>,
    query: Range<usize>,
    prefix: bool,
    pattern: bool,
    loose: Loose,
}

/// A line, in places of the text.
#[derive(Clone, Debug)]
struct LinePlaces {
    origin: Origin,
    status: Status,
    blanks: u8,
    target: Range<usize>,
    options: Range<usize>,
    rule: Range<usize>,
}

impl Pending {
    /// Whether there are lines.
    pub fn is_some(&self) -> bool {
        !self.lines.is_empty() || self.is_bad
    }

    /// Whether a line with a key that is written so is of these.
    pub fn has(&self, written: &[u8]) -> bool {
        self.is_some() && self.text[self.written.clone()] == *written
    }

    /// Whether a line with this key is.
    pub fn has_key(&self, key: &Key<'_>) -> bool {
        self.is_some() && self.key() == *key
    }

    /// What their key takes no notice of.
    pub fn loose(&self) -> Loose {
        self.key.loose
    }

    /// The file in which its key counts as a link so far.
    pub fn counted_in(&self) -> Option<u32> {
        self.lines.first().map(|line| line.origin.file).filter(|_| self.is_counted)
    }

    fn key(&self) -> Key<'_> {
        let at = |range: &Range<usize>| &self.text[range.clone()];
        let KeyPlaces { host, path, query, prefix, pattern, loose } = &self.key;
        Key {
            host: at(host),
            path: at(path),
            query: at(query),
            prefix: *prefix,
            pattern: *pattern,
            loose: *loose,
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let at = self.text.len();
        self.text.extend_from_slice(bytes);
        at..self.text.len()
    }

    /// Begins with the key of a first line, which is written so.
    pub fn begin(&mut self, written: &[u8], key: &Key<'_>) {
        debug_assert!(!self.is_some());
        self.text.clear();
        self.id = None;
        self.written = self.keep(written);
        self.key = KeyPlaces {
            host: self.keep(key.host),
            path: self.keep(key.path),
            query: self.keep(key.query),
            prefix: key.prefix,
            pattern: key.pattern,
            loose: key.loose,
        };
    }

    /// Counts it as a link.
    pub fn count(&mut self) -> usize {
        self.is_counted = true;
        1
    }

    /// A line of it is wrong, so none of them is taken.
    pub fn spoil(&mut self) {
        self.is_bad = true;
    }

    /// Adds a line.
    ///
    /// # Errors
    /// What is wrong with it where it stands.
    pub fn add(&mut self, link: &Link<'_>) -> Result<(), String> {
        let AdmittedLink { blanks, target, options } =
            admit(link).map_err(|problem| problem.to_string())?;
        if let Some(last) = self.lines.last()
            && self.line(last).is_final()
        {
            return Err(format!(
                "{} never gets here: line {} answers everybody; put this line before it, or give that one a condition",
                link.key, last.origin.line
            ));
        }
        if link.status == Status::Gone && link.rule.cap().is_some() {
            return Err(
                "cap= says nothing of a 410, which sends nobody anywhere; leave it out".to_owned()
            );
        }
        if self.lines.len() >= RULE_LINES_MAX {
            return Err(format!("{} has more than {RULE_LINES_MAX} lines; use fewer", link.key));
        }
        if let (Some(id), Some(other)) = (options.id, self.id)
            && id != other
        {
            return Err(format!(
                "{} has id={other} in an earlier line; leave out id={id}",
                link.key
            ));
        }
        self.id = self.id.or(options.id);
        let mut room = core::mem::take(&mut self.options);
        options.store(&mut room);
        let line = LinePlaces {
            origin: link.origin,
            status: link.status,
            blanks,
            target: self.keep(target),
            options: self.keep(&room),
            rule: self.keep(link.rule.bytes()),
        };
        self.options = room;
        self.lines.push(line);
        Ok(())
    }

    fn line(&self, line: &LinePlaces) -> RuleLine<'_> {
        let at = |range: &Range<usize>| &self.text[range.clone()];
        RuleLine {
            status: line.status,
            target: at(&line.target),
            blanks: line.blanks,
            options: at(&line.options),
            rule: Rule::stored(at(&line.rule)),
        }
    }

    /// Puts the key into the table, and forgets it. `wrong` is told what is wrong, by line,
    /// and `note` what may not be meant. Returns how many lines it had.
    ///
    /// A line that stands alone and says nothing of rules is a link as any other.
    pub fn finish(
        &mut self,
        builder: &mut TableBuilder,
        mut wrong: impl FnMut(Origin, String),
        mut note: impl FnMut(Origin, String),
        names: &[String],
    ) {
        let count = self.lines.len();
        if self.is_bad {
            let written = String::from_utf8_lossy(&self.text[self.written.clone()]);
            for line in &self.lines {
                wrong(line.origin, format!("another line of {written} is wrong; mend that one"));
            }
        } else if count > 0 {
            let mut problems = Vec::new();
            self.check(&mut |origin, message| problems.push((origin, message)), &mut note);
            if problems.is_empty() {
                if let Err(problem) = self.put(builder) {
                    let message = said(&problem, &self.key(), !self.is_plain(), names);
                    for line in &self.lines {
                        wrong(line.origin, message.clone());
                    }
                }
            } else {
                let first = problems[0].0.line;
                let key = self.key().to_string();
                for line in &self.lines {
                    let own = problems.iter().position(|(origin, _)| *origin == line.origin);
                    wrong(
                        line.origin,
                        match own {
                            Some(at) => problems[at].1.clone(),
                            None => format!("line {first} of {key} is wrong; mend that one"),
                        },
                    );
                }
            }
        }
        self.lines.clear();
        (self.is_bad, self.is_counted) = (false, false);
    }

    fn is_plain(&self) -> bool {
        matches!(&self.lines[..], [only] if only.rule.is_empty())
    }

    fn put(&mut self, builder: &mut TableBuilder) -> Result<(), AddProblem> {
        let mut block = core::mem::take(&mut self.block);
        let mut room = core::mem::take(&mut self.options);
        block.clear();
        let first = self.line(&self.lines[0]);
        let put_first = match self.is_plain() {
            true => builder.add_lines(&self.key(), self.id, &first, self.lines[0].origin),
            false => {
                put(first.rule.bytes(), &mut block);
                for line in &self.lines[1..] {
                    self.line(line).store(&mut block);
                }
                let options = Options::stored(first.options);
                options.with_rules(&block).store(&mut room);
                let first = RuleLine { options: &room, ..first };
                builder.add_lines(&self.key(), self.id, &first, self.lines[0].origin)
            }
        };
        (self.block, self.options) = (block, room);
        put_first
    }

    /// Checks what the lines say together.
    fn check(&self, wrong: &mut impl FnMut(Origin, String), note: &mut impl FnMut(Origin, String)) {
        if self.is_plain() {
            return;
        }
        let lines: Vec<_> = self.lines.iter().map(|line| (line.origin, self.line(line))).collect();
        for (origin, line) in &lines {
            if line.options().is_cached() {
                wrong(*origin, "cache= stands in a line of rules, and a cached reply asks no rule; leave out cache=".to_owned());
            }
            if matches!(line.status, Status::MovedPermanently | Status::PermanentRedirect) {
                note(
                    *origin,
                    format!(
                        "browsers remember a {} and do not ask again, whatever the rules say then; write 302 or 307",
                        line.status.code()
                    ),
                );
            }
        }
        check_splits(&lines, wrong);
        for (at, (origin, line)) in lines.iter().enumerate() {
            let covers = |earlier: &RuleLine<'_>| covers(earlier, line);
            if let Some((first, _)) = lines[..at].iter().find(|(_, earlier)| covers(earlier)) {
                note(
                    *origin,
                    format!(
                        "whoever this line is for is answered by line {}; put it before that one, or leave it out",
                        first.line
                    ),
                );
            }
        }
        if lines.iter().all(|(_, line)| line.rule.conditions().next().is_some()) {
            let mut message = String::new();
            let _ = write!(
                message,
                "whoever fits none of the lines of {} is answered as if it were not there; add a line without conditions for all others",
                self.key()
            );
            note(lines[lines.len() - 1].0, message);
        }
    }
}

fn check_splits(lines: &[(Origin, RuleLine<'_>)], wrong: &mut impl FnMut(Origin, String)) {
    let mut rest = lines;
    while let Some((_, first)) = rest.first() {
        let conditions = first.rule.condition_bytes();
        let same = |line: &&(Origin, RuleLine<'_>)| {
            line.1.rule.weight().is_some() && line.1.rule.condition_bytes() == conditions
        };
        let count = rest.iter().take_while(same).count();
        let (split, behind) = rest.split_at(count.max(1));
        rest = behind;
        if count == 0 {
            continue;
        }
        let origin = split[0].0;
        if count == 1 {
            wrong(origin, "weight= stands alone; a split is two or more neighbouring lines with the same conditions, each with its weight=".to_owned());
        }
        let weights = split.iter().filter_map(|(_, line)| line.rule.weight());
        if weights.map(u64::from).sum::<u64>() == 0 {
            wrong(
                origin,
                "all weights of the split are 0; give one of its lines a share".to_owned(),
            );
        }
        let stickies = split.iter().filter_map(|(at, line)| Some((at, line.rule.sticky()?)));
        let mut said: Option<Sticky<'_>> = None;
        for (at, sticky) in stickies {
            if *said.get_or_insert(sticky) != sticky {
                wrong(
                    *at,
                    format!(
                        "sticky={sticky} differs from an earlier line of the split; write it once"
                    ),
                );
            }
        }
    }
}

/// Whether nobody whom a line is for gets past an earlier one.
fn covers(earlier: &RuleLine<'_>, line: &RuleLine<'_>) -> bool {
    let always =
        earlier.rule.cap().is_none() && earlier.options().is_always() || earlier.has_else();
    let (_, zone) = earlier.rule.condition_bytes();
    let (_, own_zone) = line.rule.condition_bytes();
    always
        && earlier.rule.weight().is_none()
        && (zone.is_empty() || zone == own_zone)
        && earlier.rule.conditions().all(|asked| line.rule.conditions().any(|own| own == asked))
}

/// What a table does not take, as a sentence.
pub fn said(problem: &AddProblem, key: &Key<'_>, are_rules: bool, names: &[String]) -> String {
    let together = if are_rules { "put the lines of one key together, or " } else { "" };
    match problem {
        AddProblem::Duplicate(first) => format!(
            "{key}{} is already defined at {}:{}; {together}remove one of them",
            key.loose.to_string().replace(" nocase", " in any case"),
            names[first.file as usize],
            first.line
        ),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
