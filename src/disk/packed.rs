//! Files that are compressed, told from their first bytes, and what they unpack to.

use std::io::{self, BufReader, Cursor, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

/// First bytes of files that other programs unpack, and those programs.
const OTHERS: [(&[u8], &str); 3] =
    [(b"\xfd7zXZ\0", "xzcat"), (b"\x04\x22\x4d\x18", "lz4cat"), (b"\x1f\x9d", "zcat")];
const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const ZIP: &[u8] = b"PK\x03\x04";
/// Bytes of a file that tell how it is compressed.
const FIRST_BYTES: u64 = 7;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// It is not, as far as its first bytes tell.
    Plain,
    Gzip,
    Zstd,
    /// It is a zip archive, as workbooks are, and read as it is.
    Zip,
    /// In a way that this program unpacks.
    Other(&'static str),
}

impl Packing {
    /// That of a file that begins so.
    #[must_use]
    pub fn of(first: &[u8]) -> Packing {
        if first.starts_with(GZIP) {
            return Packing::Gzip;
        }
        if first.starts_with(ZSTD) {
            return Packing::Zstd;
        }
        if first.starts_with(ZIP) {
            return Packing::Zip;
        }
        // A text may begin with the three letters.
        if first.starts_with(b"BZh") && first.get(4..7) == Some(b"1AY") {
            return Packing::Other("bzcat");
        }
        let other = OTHERS.iter().find(|(magic, _)| first.starts_with(magic));
        other.map_or(Packing::Plain, |(_, program)| Packing::Other(program))
    }
}

/// What a file holds, and how it was compressed.
pub struct Unpacked {
    pub packing: Packing,
    /// Its errors are sentences; [`ErrorKind::UnexpectedEof`] says that the file ends too early.
    pub reader: Box<dyn Read>,
}

/// Reads what `raw` holds, unpacked if it is gzip or zstd: members of gzip and frames of zstd
/// that stand one behind the other are one text. Memory does not grow with it.
///
/// # Errors
///
/// When it cannot be read, or is packed in another way; then the error says what `remedy`
/// makes of the program that unpacks it.
pub fn unpacked(
    mut raw: impl Read + 'static,
    remedy: impl Fn(&str) -> String,
) -> io::Result<Unpacked> {
    let mut first = Vec::new();
    raw.by_ref().take(FIRST_BYTES).read_to_end(&mut first)?;
    let packing = Packing::of(&first);
    let whole = Cursor::new(first).chain(raw);
    let reader: Box<dyn Read> = match packing {
        Packing::Plain | Packing::Zip => Box::new(whole),
        Packing::Gzip => {
            let reader = MultiGzDecoder::new(BufReader::new(whole));
            Box::new(Sentences { reader, name: "gzip" })
        }
        Packing::Zstd => Box::new(Sentences { reader: zstd(whole, &remedy)?, name: "zstd" }),
        Packing::Other(program) => {
            return Err(other(&remedy(program)));
        }
    };
    Ok(Unpacked { packing, reader })
}

/// What is said of a file that is not unpacked here, with what to do.
#[must_use]
pub fn other(remedy: &str) -> io::Error {
    io::Error::new(ErrorKind::Unsupported, format!("it is compressed; {remedy}"))
}

#[cfg(feature = "zstd")]
fn zstd(raw: impl Read + 'static, _: &dyn Fn(&str) -> String) -> io::Result<Box<dyn Read>> {
    Ok(Box::new(::zstd::Decoder::new(raw)?))
}

#[cfg(not(feature = "zstd"))]
fn zstd(_: impl Read + 'static, remedy: &dyn Fn(&str) -> String) -> io::Result<Box<dyn Read>> {
    let what = format!(
        "it is compressed with zstd, which this carom does not unpack; build it with the feature zstd \
         (cargo install --path . --features zstd), or {}",
        remedy("zstdcat")
    );
    Err(io::Error::new(ErrorKind::Unsupported, what))
}

/// Says of errors of unpacking what they mean.
struct Sentences<R> {
    reader: R,
    name: &'static str,
}

impl<R: Read> Read for Sentences<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).map_err(|error| match error.kind() {
            // The file itself could not be read.
            _ if error.raw_os_error().is_some() => error,
            ErrorKind::Interrupted => error,
            ErrorKind::UnexpectedEof => io::Error::new(
                ErrorKind::UnexpectedEof,
                format!(
                    "it ends in the middle of what is compressed with {}: it was cut off, or is still \
                     being written",
                    self.name
                ),
            ),
            _ => io::Error::new(
                ErrorKind::InvalidData,
                format!(
                    "it is compressed with {} and damaged, or something else stands behind that ({error})",
                    self.name
                ),
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One gzip member that holds `text`.
    fn gzip(text: &str) -> Vec<u8> {
        let mut packed = flate2::read::GzEncoder::new(text.as_bytes(), flate2::Compression::fast());
        let mut bytes = Vec::new();
        packed.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> io::Result<String> {
        let remedy = |program: &str| format!("write `{program} FILE`");
        let mut text = String::new();
        unpacked(Cursor::new(bytes.to_vec()), remedy)?.reader.read_to_string(&mut text)?;
        Ok(text)
    }

    fn check(bytes: &[u8], wanted: Result<&str, &str>) {
        match (read(bytes), wanted) {
            (Ok(text), Ok(wanted)) => assert_eq!(text, wanted),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (read, _) => panic!("{read:?}, not {wanted:?}"),
        }
    }

    #[test]
    fn told_from_the_first_bytes() {
        check(b"", Ok(""));
        check(b"a", Ok("a"));
        check(b"a line\n", Ok("a line\n"));
        check(b"BZh.example/a https://b/\n", Ok("BZh.example/a https://b/\n"));
        check(&gzip("a line\n"), Ok("a line\n"));
        check(&[gzip("a line\n"), gzip("b\n")].concat(), Ok("a line\nb\n"));
        check(b"BZh91AY&SY", Err("it is compressed; write `bzcat FILE`"));
        check(b"\xfd7zXZ\0\0", Err("`xzcat "));
        assert_eq!(Packing::of(b"PK\x03\x04\x14\0\x06"), Packing::Zip);
        #[cfg(not(feature = "zstd"))]
        check(
            ZSTD,
            Err(
                "build it with the feature zstd (cargo install --path . --features zstd), or write `zstdcat ",
            ),
        );
    }

    /// Every part of two members: the first alone is whole, as nothing tells that there are more.
    #[test]
    fn what_is_cut_off_is_not_whole() {
        let (first, both) = (gzip("a\n").len(), [gzip("a\n"), gzip("b\n")].concat());
        for size in 2..both.len() {
            match read(&both[..size]) {
                Ok(text) => assert_eq!((size, &*text), (first, "a\n")),
                Err(error) => assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{size}: {error}"),
            }
        }
        check(&both[..12], Err("it ends in the middle of what is compressed with gzip"));
    }

    #[test]
    fn what_is_damaged_or_followed_by_something_else_is_refused() {
        let mut damaged = gzip("a line that is long enough\n");
        damaged[14] ^= 0x20;
        check(&damaged, Err("it is compressed with gzip and damaged"));
        check(
            &[gzip("a\n"), b"/b https://b.example/\n".to_vec()].concat(),
            Err("or something else"),
        );
        check(&[gzip("a\n"), vec![0; 512]].concat(), Err("or something else"));
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn frames_of_zstd_are_one_text() {
        let frame = |text: &str| ::zstd::encode_all(text.as_bytes(), 1).unwrap();
        let both = [frame("a line\n"), frame("b\n")].concat();
        check(&both, Ok("a line\nb\n"));
        check(
            &both[..both.len() - 1],
            Err("it ends in the middle of what is compressed with zstd"),
        );
        check(&[frame("a\n"), b"something".to_vec()].concat(), Err("or something else"));
    }
}
