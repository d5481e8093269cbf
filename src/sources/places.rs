//! Files that tell of addresses, as an operator names them: countries (`--geo`) and named
//! lists (`--list`).

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use super::content;
use crate::limits::LIST_NAME_BYTES_MAX;
use crate::links::PlaceNames;
use crate::visitor::{Places, PlacesBuilder, is_list_name};
use crate::words::counted;

/// A file of a list: `NAME=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// Of the list.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

impl FromStr for NamedFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
            return Err("write NAME=FILE, as tor=lists/tor.txt".to_owned());
        };
        if !is_list_name(name.as_bytes()) {
            return Err(format!(
                "a list is called by 1 to {LIST_NAME_BYTES_MAX} of a-z, 0-9 and -, as tor=lists/tor.txt"
            ));
        }
        Ok(Self { name: name.to_owned(), path: path.into() })
    }
}

/// All of them; read again on every reload.
#[derive(Clone, Debug, Default)]
pub struct PlaceFiles {
    /// Those that tell countries. A later one goes before an earlier one.
    pub geo: Vec<PathBuf>,
    /// Those of lists; several may be one list.
    pub lists: Vec<NamedFile>,
}

/// By what a change of a file is seen: device, inode, size, and its last change.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// What the files told when they were read.
#[derive(Clone, Debug)]
pub struct PlacesRead {
    /// What answers.
    pub places: Arc<Places>,
    /// How long that took.
    pub took: Duration,
    /// Each file as it was, in order, and its ranges.
    files: Vec<(PathBuf, Stamp, usize)>,
}

impl PlaceFiles {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.geo.is_empty() && self.lists.is_empty()
    }

    /// What rules may ask for, by name.
    pub fn names(&self) -> PlaceNames {
        PlaceNames { countries: !self.geo.is_empty(), lists: self.list_names() }
    }

    /// All files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.geo.iter().chain(self.lists.iter().map(|list| &list.path)).cloned().collect()
    }

    /// The names of the lists, each once, as they are named first: the order of their bits.
    pub fn list_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for list in &self.lists {
            if !names.contains(&list.name) {
                names.push(list.name.clone());
            }
        }
        names
    }

    /// Reads all of them.
    ///
    /// # Errors
    ///
    /// When one cannot be read or is wrong, with its lines.
    pub fn read(&self) -> anyhow::Result<PlacesRead> {
        let started = Instant::now();
        let names = self.list_names();
        let mut builder =
            PlacesBuilder::new(names.iter().cloned()).map_err(|what| anyhow!(what))?;
        let mut files = Vec::new();
        for path in &self.geo {
            let (stamp, bytes) = read(path, "--geo")?;
            let ranges = builder.countries(&path.display().to_string(), &bytes)?;
            files.push((path.clone(), stamp, ranges));
        }
        for NamedFile { name, path } in &self.lists {
            let (stamp, bytes) = read(path, "--list")?;
            // It is among them.
            let list = names.iter().position(|it| it == name).unwrap_or_default();
            let ranges = builder.list(list, &path.display().to_string(), &bytes)?;
            files.push((path.clone(), stamp, ranges));
        }
        let places = Arc::new(builder.build().map_err(|what| anyhow!("--list: {what}"))?);
        Ok(PlacesRead { places, took: started.elapsed(), files })
    }
}

impl PlacesRead {
    /// Whether all files are, by the look of them, as they were when they were read.
    pub fn is_of_now(&self) -> bool {
        self.files.iter().all(|(path, read, _)| read.is_some() && stamp(path) == *read)
    }

    /// What is said where a file has lost more than `percent` of the ranges that it had.
    pub fn loses_most(&self, before: &Self, percent: u8) -> Option<String> {
        for ((path, _, now), (_, _, before)) in self.files.iter().zip(&before.files) {
            let lost = before.saturating_sub(*now);
            if lost as u128 * 100 > *before as u128 * u128::from(percent) {
                return Some(format!(
                    "{} has {} in the place of {before}; a reload may lose {percent} % (serve \
                     --max-loss). If that is meant, use `carom links reload --force`; otherwise \
                     put the whole file there",
                    path.display(),
                    counted(*now, "range")
                ));
            }
        }
        None
    }
}

fn read(path: &Path, flag: &str) -> anyhow::Result<(Stamp, Vec<u8>)> {
    let stamp = stamp(path);
    let content = content::of_place_file(path)
        .with_context(|| format!("{flag}: cannot read {}", path.display()))?;
    Ok((stamp, content.bytes))
}

fn stamp(path: &Path) -> Stamp {
    let about = fs::metadata(path).ok()?;
    Some((about.dev(), about.ino(), about.size(), about.mtime(), about.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn lists_by_name() {
        let good = "tor-exit2=a=b.txt".parse::<NamedFile>().unwrap();
        assert_eq!((&*good.name, good.path.to_str()), ("tor-exit2", Some("a=b.txt")));
        for wrong in ["", "tor", "tor=", "=f", "Tor=f", "t_r=f"] {
            assert!(wrong.parse::<NamedFile>().is_err(), "{wrong}");
        }
        assert!(format!("{}=f", "a".repeat(33)).parse::<NamedFile>().is_err());
    }

    #[test]
    fn files_are_read_again_and_one_that_has_shrunk_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let [geo, list, more] = ["geo.csv.gz", "tor", "more"].map(|name| folder.path().join(name));
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(b"192.0.2.0/24,DE\n").unwrap();
        fs::write(&geo, packed.finish().unwrap()).unwrap();
        fs::write(&list, "192.0.2.1\n192.0.2.2\n192.0.2.3\n").unwrap();
        fs::write(&more, "192.0.2.9\n").unwrap();
        let named = |path: &PathBuf| NamedFile { name: "tor".to_owned(), path: path.clone() };
        let files = PlaceFiles { geo: vec![geo], lists: vec![named(&list), named(&more)] };
        assert_eq!((files.paths().len(), files.list_names()), (3, vec!["tor".to_owned()]));
        let before = files.read().unwrap();
        let address = |last| [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last];
        let lists = |last| before.places.of(&address(last)).lists;
        assert_eq!([lists(1), lists(9), lists(4)], [1, 1, 0]);
        assert_eq!(before.places.of(&address(4)).country.0, *b"DE");
        assert!(before.is_of_now());
        fs::write(&list, "192.0.2.1\n").unwrap();
        assert!(!before.is_of_now());
        let after = files.read().unwrap();
        let said = after.loses_most(&before, 50).unwrap();
        assert!(
            said.contains("tor has 1 range in the place of 3; a reload may lose 50 %"),
            "{said}"
        );
        assert_eq!((after.loses_most(&before, 70), before.loses_most(&after, 50)), (None, None));
        fs::write(&list, "192.0.2.1\nx\n").unwrap();
        let said = format!("{:#}", files.read().unwrap_err());
        assert!(said.contains("tor:2: `x` is no network"), "{said}");
        fs::remove_file(&list).unwrap();
        let said = format!("{:#}", files.read().unwrap_err());
        assert!(said.starts_with("--list: cannot read "), "{said}");
    }
}
