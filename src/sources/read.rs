//! Link files, read into a table.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::content::{self, Content};
use super::includes::Includes;
use super::mark::FileMark;
use super::table_file;
use crate::links::{
    Columns, Defaults, FileReport, Format, Help, Include, OnBadLine, PlaceNames, Problem, Report,
    Schemes, Source, Table, TableRoom, ZoneName, load_within,
};

/// Where links come from, as an operator wishes; read again on every reload.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The link files, in order.
    pub paths: Vec<PathBuf>,
    /// How they are read.
    pub reading: Reading,
    /// What becomes of the other links when a line is wrong.
    pub on_bad_line: OnBadLine,
}

/// How link files are read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Their format; `None`: as each file looks.
    pub format: Option<Format>,
    /// `https://host`, before targets that are only a path.
    pub base: Option<String>,
    /// Which columns of a table of values mean what; `None`: by their names.
    pub columns: Option<Columns>,
    /// Before the path of every key without a host: `/go`.
    pub prefix: Option<String>,
    /// The host of every key without one.
    pub host: Option<String>,
    /// Where times in a table are meant that say no time zone.
    pub zone: Option<ZoneName>,
    /// Which sheet of a workbook; `None`: the first.
    pub sheet: Option<String>,
    /// What links say that do not say it themselves.
    pub defaults: Option<Defaults>,
    /// Which schemes targets may have beside http and https.
    pub schemes: Option<Schemes>,
    /// What is known of addresses; `None`: that shows only where the links are served.
    pub places: Option<PlaceNames>,
}

impl Reading {
    /// The same, with what `usual` says of what links mean where this says nothing. What
    /// files look like is for each to say.
    #[must_use]
    pub fn or(self, usual: &Reading) -> Reading {
        Reading {
            base: self.base.or_else(|| usual.base.clone()),
            prefix: self.prefix.or_else(|| usual.prefix.clone()),
            host: self.host.or_else(|| usual.host.clone()),
            zone: self.zone.or_else(|| usual.zone.clone()),
            defaults: self.defaults.or_else(|| usual.defaults.clone()),
            schemes: self.schemes.or_else(|| usual.schemes.clone()),
            places: self.places.or_else(|| usual.places.clone()),
            ..self
        }
    }

    /// The format of a file of this name with this content.
    pub fn format_of(&self, name: &str, text: &[u8]) -> Format {
        self.format.unwrap_or_else(|| {
            Format::detect(content::plain_name(name), text, self.columns.is_some())
        })
    }
}

/// What link files hold: a table, and what was found while it was read.
pub struct Contents {
    /// The table; `None` where a bad line refused all.
    pub table: Option<Arc<Table>>,
    /// Files, links, and every bad line.
    pub report: Report,
    /// Of a compiled table: what it says of where it is from, as JSON.
    pub about: Option<String>,
    /// How long reading and building took.
    pub took: Duration,
}

/// A table as its files say, without changes.
#[derive(Debug)]
pub struct Base {
    pub table: Arc<Table>,
    /// What it was read from.
    pub files: Vec<FileMark>,
    /// Of a compiled table: what it says of where it is from.
    pub about: Option<String>,
}

/// A link file, and what it includes.
struct LinkFile {
    name: String,
    format: Format,
    content: Content,
    includes: Includes,
}

impl Sources {
    /// Reads all files into one table to be served, unless a bad line refuses it.
    ///
    /// # Errors
    ///
    /// When a file cannot be read; it is named. When it takes more than the room for it.
    pub fn read_base(&self, room: TableRoom) -> anyhow::Result<(Option<Base>, Report)> {
        read(self, &content::of_file, room)
    }

    /// The same for a command that only looks at them.
    ///
    /// # Errors
    ///
    /// When a file cannot be read; it is named.
    pub fn read(&self) -> anyhow::Result<Contents> {
        self.contents(&content::of_file)
    }

    /// The same; - is standard input.
    ///
    /// # Errors
    ///
    /// When a file cannot be read; it is named.
    pub fn read_here(&self) -> anyhow::Result<Contents> {
        self.contents(&|path, room| match path == Path::new("-") {
            true => content::of_stdin(),
            false => content::of_file(path, room),
        })
    }

    fn contents(&self, content: ReadContent<'_>) -> anyhow::Result<Contents> {
        let started = Instant::now();
        let (base, report) = read(self, content, TableRoom::UNBOUNDED)?;
        let (table, about) = base.map(|base| (base.table, base.about)).unzip();
        Ok(Contents { table, report, about: about.flatten(), took: started.elapsed() })
    }
}

/// How a link file is read, if there is room for it.
type ReadContent<'a> = &'a dyn Fn(&Path, TableRoom) -> io::Result<Content>;

/// Reads link files: their table, unless a bad line refuses it, and what was wrong.
///
/// # Errors
///
/// When one cannot be read; it is named. When it takes more than the room for it.
fn read(
    sources: &Sources,
    content: ReadContent<'_>,
    mut room: TableRoom,
) -> anyhow::Result<(Option<Base>, Report)> {
    if let Some(compiled) = read_compiled(sources, room)? {
        return Ok(compiled);
    }
    let mut link_files = Vec::new();
    for path in &sources.paths {
        let content = content(path, room)
            .with_context(|| format!("cannot read the link file {}", path.display()))?;
        room = room.beside(content.bytes.len() as u64);
        let name = path.display().to_string();
        let format = sources.reading.format_of(&name, &content.bytes);
        let includes = Includes::read(&Source::new(&name, &content.bytes, format), room);
        room = room.beside(includes.bytes());
        link_files.push(LinkFile { name, format, content, includes });
    }
    let finders = link_files.iter().map(|file| |pattern: &str| file.includes.get(pattern));
    let finders: Vec<_> = finders.collect();
    let parts: Vec<Source<'_>> = link_files
        .iter()
        .zip(&finders)
        .map(|(file, finder)| Source {
            help: Help {
                base: sources.reading.base.as_deref(),
                columns: sources.reading.columns.as_ref(),
                prefix: sources.reading.prefix.as_deref(),
                host: sources.reading.host.as_deref(),
                zone: sources.reading.zone.as_ref(),
                sheet: sources.reading.sheet.as_deref(),
                include: Some(Include(finder)),
                defaults: sources.reading.defaults.as_ref(),
                schemes: sources.reading.schemes.as_ref(),
                places: sources.reading.places.as_ref(),
            },
            ..Source::new(&file.name, &file.content.bytes, file.format)
        })
        .collect();
    let loaded = load_within(&parts, sources.on_bad_line, room)?;
    let files = link_files.iter().flat_map(LinkFile::marks).collect();
    let base = loaded.table.map(|table| Base { table: Arc::new(table), files, about: None });
    Ok((base, loaded.report))
}

/// A compiled table in place of link files, if there is one.
fn read_compiled(
    sources: &Sources,
    room: TableRoom,
) -> anyhow::Result<Option<(Option<Base>, Report)>> {
    for path in &sources.paths {
        if !table_file::is_compiled(path)? {
            continue;
        }
        if sources.paths.len() > 1 {
            bail!(
                "{} is a compiled table, which stands alone; compile all files into one, or name \
                 only link files",
                path.display()
            );
        }
        let (compiled, mark) = table_file::open(path)?;
        let table = Arc::new(compiled.table);
        room.check(table.held_bytes(room.copies()))?;
        let file =
            FileReport { name: mark.name.clone(), links: table.len(), ..FileReport::default() };
        let mut report = Report { files: vec![file], ..Report::default() };
        if let Some(places) = &sources.reading.places {
            report.problems = unknown_places(&table, places, &mark.name);
        }
        if !report.problems.is_empty() && sources.on_bad_line == OnBadLine::Refuse {
            return Ok(Some((None, report)));
        }
        let about = Some(String::from_utf8_lossy(&compiled.about).into_owned());
        return Ok(Some((Some(Base { table, files: vec![mark], about }), report)));
    }
    Ok(None)
}

/// What a compiled table asks of addresses that is not known here.
fn unknown_places(table: &Table, places: &PlaceNames, name: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if table.counts().with_rules == 0 {
        return problems;
    }
    for link in table.links() {
        for line in link.lines().into_iter().flatten() {
            if let Err(what) = places.check(&line.rule) {
                let message = format!("{}: {what}", link.name());
                problems.push(Problem { file: 0, file_name: name.to_owned(), line: 0, message });
            }
        }
    }
    problems
}

impl LinkFile {
    /// By what it and the files it includes are known again.
    fn marks(&self) -> Vec<FileMark> {
        let mut included: Vec<_> = self.includes.files().collect();
        included.sort();
        included.dedup();
        let included = included.into_iter().map(|(name, bytes)| FileMark::of(name, bytes));
        std::iter::once(self.content.mark.clone()).chain(included).collect()
    }
}
