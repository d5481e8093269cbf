//! The lines of a log file, one after the other.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use crate::disk::packed::{self, Packing, unpacked};
use crate::limits::REPLAY_LINE_BYTES_MAX;

/// A file that counts what is read of it.
struct Counted {
    reader: Box<dyn Read>,
    bytes: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.reader.read(buffer)?;
        self.bytes.set(self.bytes.get() + size as u64);
        Ok(size)
    }
}

/// Lines of a log as they come.
pub struct LogFile {
    reader: BufReader<Box<dyn Read>>,
    bytes: Option<u64>,
    read_bytes: Rc<Cell<u64>>,
    line: Vec<u8>,
}

impl LogFile {
    /// Begins to read; `-` is standard input. What is compressed is unpacked.
    ///
    /// # Errors
    ///
    /// When there is no such file, it cannot be read, or is compressed in a way that is
    /// not known.
    pub fn open(path: &Path) -> io::Result<Self> {
        let (reader, bytes): (Box<dyn Read>, _) = if path == Path::new("-") {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(path)?;
            let about = file.metadata()?;
            if about.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            (Box::new(file), about.is_file().then_some(about.len()))
        };
        let read_bytes = Rc::<Cell<u64>>::default();
        let remedy = |program: &str| format!("write `{program} LOG | carom links replay -`");
        let unpacked = unpacked(Counted { reader, bytes: read_bytes.clone() }, remedy)?;
        if unpacked.packing == Packing::Zip {
            return Err(packed::other(&remedy("unzip -p")));
        }
        let reader = BufReader::with_capacity(REPLAY_LINE_BYTES_MAX, unpacked.reader);
        Ok(Self { reader, bytes, read_bytes, line: Vec::new() })
    }

    /// How large it is, if that is known.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// How much of it was read, as it lies there: compressed, if it is.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes.get()
    }

    /// The next line, without its end. Of a line that is too long, which is no
    /// request, the beginning of that length.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let most = REPLAY_LINE_BYTES_MAX as u64;
        let mut size = (&mut self.reader).take(most).read_until(b'\n', &mut self.line)?;
        if size == REPLAY_LINE_BYTES_MAX && self.line.last() != Some(&b'\n') {
            size += self.reader.skip_until(b'\n')?;
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok((size > 0).then(|| line.strip_suffix(b"\r").unwrap_or(line)))
    }
}
