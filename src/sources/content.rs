//! What a link file holds: as it is, or unpacked where it is compressed.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::file;
use super::mark::{FileMark, Marking};
use crate::disk::packed::{Packing, unpacked};
use crate::limits::{PLACE_FILE_BYTES_MAX, UNPACKED_LINKS_BYTES_MAX};
use crate::links::{TableRoom, compiled};
use crate::pace;
use crate::words::mebibytes;

/// Bytes of a file that are read at once, and what that takes, about.
const BYTES_AT_ONCE: u64 = 256 * 1024;
const READ_NS: u32 = 100_000;
/// The same of one that is unpacked.
const UNPACKED_AT_ONCE: u64 = 32 * 1024;
const UNPACK_NS: u32 = 100_000;

/// A link file as it was read.
#[derive(Debug)]
pub struct Content {
    /// Its text.
    pub bytes: Vec<u8>,
    /// By what the file is known again, compressed if it is.
    pub mark: FileMark,
}

/// All of a file, in pieces, after each of which requests may go first.
///
/// # Errors
///
/// When it cannot be read: it is no regular file, is larger than there is room, or compressed
/// and not whole, damaged, too large or unpacked by another program alone.
pub fn of_file(path: &Path, room: TableRoom) -> io::Result<Content> {
    let file = file::open(path)?;
    let size = file.metadata().map_or(0, |about| about.len());
    room.check(size).map_err(io::Error::other)?;
    if size == 0 && packed_ending(&path.to_string_lossy()).is_some() {
        let what = "it is empty, and its name says that it is compressed: it was cut off, or is still \
                    being written";
        return Err(io::Error::new(ErrorKind::UnexpectedEof, what));
    }
    read(file, Some(size), path, room, UNPACKED_LINKS_BYTES_MAX)
}

/// The same of a file of countries or of a list.
///
/// # Errors
///
/// Those of [`of_file`].
pub fn of_place_file(path: &Path) -> io::Result<Content> {
    let file = file::open(path)?;
    let size = file.metadata().map_or(0, |about| about.len());
    if size > PLACE_FILE_BYTES_MAX {
        let what = format!(
            "it is larger than {}; take a file of countries or addresses alone",
            mebibytes(PLACE_FILE_BYTES_MAX)
        );
        return Err(io::Error::new(ErrorKind::FileTooLarge, what));
    }
    // It may grow while it is read.
    let raw = file.take(PLACE_FILE_BYTES_MAX);
    read(raw, Some(size), path, TableRoom::UNBOUNDED, PLACE_FILE_BYTES_MAX)
}

/// The same of standard input.
///
/// # Errors
///
/// Those of [`of_file`].
pub fn of_stdin() -> io::Result<Content> {
    let room = TableRoom::UNBOUNDED;
    read(io::stdin(), None, Path::new("-"), room, UNPACKED_LINKS_BYTES_MAX)
}

/// The name of a file without the ending that says how it is compressed: what is in it has
/// that name.
pub fn plain_name(name: &str) -> &str {
    packed_ending(name).map_or(name, |ending| &name[..name.len() - ending.len()])
}

/// The ending of a name that says how the file is compressed.
fn packed_ending(name: &str) -> Option<&str> {
    let ending = &name[name.rfind('.')?..];
    let is_known =
        [".gz", ".gzip", ".zst", ".zstd"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    is_known.then_some(ending)
}

/// Whether a file that is compressed ends too early; `None`: it is not compressed.
///
/// # Errors
///
/// When it cannot be read.
pub fn ends_too_early(file: File) -> io::Result<Option<bool>> {
    let unpacked = unpacked(file, |_| String::new())?;
    if !matches!(unpacked.packing, Packing::Gzip | Packing::Zstd) {
        return Ok(None);
    }
    match io::copy(&mut unpacked.reader.take(UNPACKED_LINKS_BYTES_MAX), &mut io::sink()) {
        Ok(_) => Ok(Some(false)),
        // What is damaged is told by who reads it.
        Err(error) => Ok(Some(error.kind() == ErrorKind::UnexpectedEof)),
    }
}

fn read(
    raw: impl Read + 'static,
    size: Option<u64>,
    path: &Path,
    room: TableRoom,
    unpacked_max: u64,
) -> io::Result<Content> {
    let marking = Marking::default();
    let remedy = |program: &str| format!("unpack it first: `{program} {} > OTHER`", path.display());
    let unpacked = unpacked(marking.of(raw), remedy)?;
    let program = match unpacked.packing {
        Packing::Gzip => Some("zcat"),
        Packing::Zstd => Some("zstdcat"),
        Packing::Plain | Packing::Zip | Packing::Other(_) => None,
    };
    let (at_once, ns) = match program {
        Some(_) => (UNPACKED_AT_ONCE, UNPACK_NS),
        None => (BYTES_AT_ONCE, READ_NS),
    };
    let (mut bytes, mut reader) = (Vec::new(), unpacked.reader);
    if let (None, Some(size)) = (program, size) {
        bytes.try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX))?;
    }
    while reader.by_ref().take(at_once).read_to_end(&mut bytes)? > 0 {
        // It may grow while it is read.
        room.check(bytes.len() as u64).map_err(io::Error::other)?;
        if let Some(program) = program.filter(|_| bytes.len() as u64 > unpacked_max) {
            let what = format!(
                "it unpacks to more than {}; {}, as a file that is not compressed may be larger",
                mebibytes(unpacked_max),
                remedy(program)
            );
            return Err(io::Error::new(ErrorKind::FileTooLarge, what));
        }
        pace::done(ns);
    }
    if let Some(program) = program {
        check_unpacked(&bytes, &remedy(program))?;
        bytes.shrink_to_fit();
    }
    Ok(Content { bytes, mark: marking.mark(&path.display().to_string()) })
}

/// Whether what was unpacked may be a link file.
fn check_unpacked(bytes: &[u8], remedy: &str) -> io::Result<()> {
    let what = if compiled::is_compiled(bytes) {
        format!("it is a compiled table, which is mapped as it lies, not unpacked; {remedy}")
    } else if bytes.get(257..262) == Some(b"ustar") {
        "it is an archive (tar); unpack it, and name the files in it".to_owned()
    } else if !matches!(Packing::of(bytes), Packing::Plain | Packing::Zip) {
        format!("it is compressed twice; {remedy}")
    } else {
        return Ok(());
    };
    Err(io::Error::new(ErrorKind::InvalidData, what))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read_within(bytes: Vec<u8>, room: TableRoom, unpacked_max: u64) -> Result<Content, String> {
        let path = Path::new("links.csv.gz");
        let read = read(Cursor::new(bytes), None, path, room, unpacked_max);
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn endings_are_left_out() {
        assert_eq!(plain_name("a/links.csv.gz"), "a/links.csv");
        assert_eq!(plain_name("a/_redirects.ZST"), "a/_redirects");
        assert_eq!(plain_name("a.gz/links"), "a.gz/links");
        assert_eq!(plain_name("links.csv"), "links.csv");
        assert_eq!(plain_name("ü"), "ü");
    }

    #[test]
    fn a_file_is_known_again_by_what_lies_on_the_disk() {
        let (text, packed) = (b"/a https://a.example/\n", gzip(b"/a https://a.example/\n"));
        let read = read_within(packed.clone(), TableRoom::UNBOUNDED, 1 << 20).unwrap();
        assert_eq!(read.bytes, text);
        assert_eq!(read.mark, FileMark::of("links.csv.gz", &packed));
        let read = read_within(text.to_vec(), TableRoom::UNBOUNDED, 1).unwrap();
        assert_eq!((&read.bytes[..], read.mark), (&text[..], FileMark::of("links.csv.gz", text)));
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused_before_it_is_in_memory() {
        let bomb = gzip(&vec![b'\n'; 16 << 20]);
        let said = read_within(bomb.clone(), TableRoom::UNBOUNDED, 1 << 20).unwrap_err();
        let want = "it unpacks to more than 1.0 MiB; unpack it first: `zcat links.csv.gz > OTHER`";
        assert!(said.starts_with(want), "{said}");
        let said = read_within(bomb, TableRoom::new(2 << 20, 0), u64::MAX).unwrap_err();
        assert!(said.starts_with("these links need 2.1 MiB"), "{said}");
    }

    #[test]
    fn what_is_no_link_file_says_so() {
        let check = |bytes: &[u8], want: &str| {
            let said = read_within(gzip(bytes), TableRoom::UNBOUNDED, 1 << 20).unwrap_err();
            assert!(said.contains(want), "{said}");
        };
        check(&gzip(b"/a https://a.example/\n"), "it is compressed twice; unpack it first: `zcat ");
        check(&compiled::MAGIC, "it is a compiled table");
        let mut archive = vec![0; 512];
        archive[257..262].copy_from_slice(b"ustar");
        check(&archive, "it is an archive (tar)");
    }
}
