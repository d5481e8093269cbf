//! A sink as it is written down and registered, and the way to it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

#[cfg(feature = "parquet")]
use super::parquet;
use super::sink::Sink;
use super::{files, stream};
use crate::clicks::{ChosenColumns, RowFormat};

/// The sinks, as they are written, for messages.
pub const SINKS: &str = "stdout, file:DIR or parquet:DIR";

/// What is said where Parquet is wanted and was not built in.
#[cfg(not(feature = "parquet"))]
pub const NO_PARQUET: &str = "this carom was built without Parquet; build it with \
                              `cargo build --release --features parquet`";

/// The name under which standard output was registered where none was given, when it was
/// then registered.
pub const STDOUT_NAME: &str = "stdout";

/// What kind of sink, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkKind {
    /// Standard output.
    Stdout,
    /// A folder that gets a file of rows for each batch.
    File(PathBuf),
    /// A folder that gets Parquet files, by date and hour.
    Parquet(PathBuf),
}

/// A sink, and how clicks are written for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// What and where.
    pub kind: SinkKind,
    /// How rows are written, where there are rows.
    pub format: RowFormat,
    /// Which columns there are. They stay the same for as long as the sink is
    /// registered.
    pub columns: ChosenColumns,
    /// Whether files of rows are compressed.
    pub is_zstd: bool,
    /// Whether clicks get their id.
    pub has_ids: bool,
}

impl SinkKind {
    /// Reads one of [`SINKS`].
    ///
    /// # Errors
    ///
    /// A sentence that says what can be written.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let folder = |path: &str| {
            ensure!(!path.is_empty(), "name a folder behind the colon: {text}DIR");
            std::path::absolute(path).with_context(|| format!("`{path}` is no path"))
        };
        Ok(match text.split_once(':') {
            None if text == "stdout" => Self::Stdout,
            Some(("file", path)) => Self::File(folder(path)?),
            Some(("parquet", path)) => Self::Parquet(folder(path)?),
            _ => bail!("no sink is written `{text}`; write {SINKS}"),
        })
    }
}

/// As it was typed, but with a whole path, so that it is the same from any folder.
impl fmt::Display for SinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::File(folder) => write!(f, "file:{}", folder.display()),
            Self::Parquet(folder) => write!(f, "parquet:{}", folder.display()),
        }
    }
}

/// All that decides what a batch looks like there.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        if !matches!(self.kind, SinkKind::Parquet(_)) {
            f.write_str(match self.format {
                RowFormat::Ndjson => " ndjson",
                RowFormat::Csv => " csv",
            })?;
        }
        f.write_str(if self.is_zstd { " zstd" } else { "" })?;
        f.write_str(if self.has_ids { "" } else { " no-ids" })?;
        match self.columns_to_register() {
            columns if columns.is_empty() => Ok(()),
            columns => write!(f, " columns={columns}"),
        }
    }
}

impl Address {
    /// The address that the same words made before segments told of links: its tables have
    /// fewer columns.
    #[must_use]
    pub fn once(&self) -> Self {
        Self { columns: self.columns.once(), ..self.clone() }
    }

    fn columns_to_register(&self) -> String {
        let has_rows = !matches!(self.kind, SinkKind::Parquet(_));
        match self.format {
            // Objects have whatever has a value, if none are named.
            RowFormat::Ndjson if has_rows => self.columns.to_string(),
            _ => self.columns.to_register(),
        }
    }

    /// The name it is registered under unless it is given another: its kind, its
    /// folder's name, and a checksum of the folder's path. Standard output is the same
    /// for everybody who looks, and has none.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        /// Of the folder's name, characters.
        const FOLDER_MAX: usize = 32;
        let (kind, folder) = match &self.kind {
            SinkKind::Stdout => return None,
            SinkKind::File(folder) => ("file", folder),
            SinkKind::Parquet(folder) => ("parquet", folder),
        };
        let last = folder.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let plain = last.chars().filter(char::is_ascii_alphanumeric).take(FOLDER_MAX);
        let checksum = crc32c::crc32c(folder.as_os_str().as_encoded_bytes());
        Some(format!("{kind}-{}-{checksum:08x}", plain.collect::<String>()))
    }

    /// The sink; its folder is made if it is not there.
    ///
    /// # Errors
    ///
    /// A sentence when there cannot be such a sink.
    pub fn open(&self) -> anyhow::Result<Box<dyn Sink>> {
        ensure!(
            cfg!(feature = "zstd") || !self.is_zstd,
            "this carom was built without zstd; build it with \
             `cargo build --release --features zstd`"
        );
        ensure!(
            !self.is_zstd || matches!(self.kind, SinkKind::File(_)),
            "--zstd is for file:DIR; pipe standard output through zstd, and Parquet files are \
             compressed anyway"
        );
        Ok(match &self.kind {
            SinkKind::Stdout => {
                Box::new(stream::StreamSink::new(self.format, &self.columns, io::stdout())?)
            }
            SinkKind::File(folder) => Box::new(files::FilesSink::open(
                folder,
                self.format,
                self.columns.clone(),
                self.is_zstd,
            )?),
            #[cfg(feature = "parquet")]
            SinkKind::Parquet(folder) => {
                Box::new(parquet::ParquetSink::open(folder, &self.columns)?)
            }
            #[cfg(not(feature = "parquet"))]
            SinkKind::Parquet(_) => bail!(NO_PARQUET),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ship::register::check_name;

    fn address(text: &str) -> Address {
        let kind = SinkKind::parse(text).unwrap();
        let columns = ChosenColumns::default();
        Address { kind, format: RowFormat::Ndjson, columns, is_zstd: false, has_ids: true }
    }

    fn check(text: &str, shown: &str, name: Option<&str>) {
        let address = address(text);
        assert_eq!(address.to_string(), shown);
        let found = address.name();
        if let Some(found) = &found {
            check_name(found).unwrap();
        }
        let before_checksum = found.as_ref().map(|name| name.rsplit_once('-').unwrap().0);
        assert_eq!(before_checksum, name);
    }

    fn refuse(text: &str, expected: &str) {
        let refusal = SinkKind::parse(text).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }

    #[test]
    fn standard_output() {
        check("stdout", "stdout ndjson", None);
    }
    #[test]
    fn a_folder() {
        check("file:/var/lib/out", "file:/var/lib/out ndjson", Some("file-out"));
    }
    #[test]
    fn a_folder_with_a_long_and_strange_name() {
        let folder = format!("parquet:/é-{}", "x".repeat(99));
        let shown = format!("{folder} columns=+key,target,via");
        check(&folder, &shown, Some(&format!("parquet-{}", "x".repeat(32))));
    }
    #[test]
    fn nowhere() {
        refuse("", "write stdout, file:DIR or parquet:DIR");
        refuse("kafka:broker", "write stdout, file:DIR or parquet:DIR");
        refuse("parquet:", "name a folder behind the colon: parquet:DIR");
    }

    #[test]
    fn every_kind_is_read_as_it_is_shown() {
        let folder = || PathBuf::from("/a");
        for kind in [SinkKind::Stdout, SinkKind::File(folder()), SinkKind::Parquet(folder())] {
            // A new one goes into the list above, too.
            let (SinkKind::Stdout | SinkKind::File(_) | SinkKind::Parquet(_)) = kind;
            let shown = kind.to_string();
            assert_eq!(SinkKind::parse(&shown).unwrap(), kind);
            let word = shown.trim_end_matches("/a");
            assert!(SINKS.contains(word), "{word}");
        }
    }

    #[test]
    fn folders_of_one_name_are_told_apart() {
        assert_ne!(address("file:/a/out").name(), address("file:/b/out").name());
    }

    #[test]
    fn what_changes_the_bytes_changes_the_address() {
        let csv = Address { format: RowFormat::Csv, ..address("file:/a") };
        assert_eq!(csv.to_string(), "file:/a csv columns=+key,target,via");
        assert_eq!(csv.once().to_string(), "file:/a csv");
        let packed = Address { is_zstd: true, ..csv };
        assert_eq!(packed.to_string(), "file:/a csv zstd columns=+key,target,via");
        let columns = ChosenColumns::parse("+country,reason").unwrap();
        let rows = Address { columns: columns.clone(), ..address("file:/a") };
        assert_eq!(rows.to_string(), "file:/a ndjson columns=+country,reason");
        let more = Address { columns, ..address("parquet:/a") };
        assert_eq!(more.to_string(), "parquet:/a columns=+key,target,via,country,reason");
        assert_eq!(more.once().to_string(), "parquet:/a columns=+country,reason");
        let without = Address { has_ids: false, ..address("parquet:/a") }.once();
        assert_eq!(without.to_string(), "parquet:/a no-ids");
    }
}
