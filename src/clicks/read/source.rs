//! Where a reader gets its bytes: a file, or memory in tests.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use crate::limits::SEGMENT_HEADER_BYTES;

/// Bytes that can be read at any place, and may change while they are read.
pub trait ReadAt {
    /// Reads from `at` until `bytes` is full or there are no more, and returns
    /// how many were read.
    ///
    /// # Errors
    ///
    /// Those of pread(2).
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize>;

    /// How many bytes there are now.
    ///
    /// # Errors
    ///
    /// Those of fstat(2).
    fn bytes(&self) -> io::Result<u64>;

    /// A place at or after `at` before which everything is zero, or `None` when
    /// all the rest is zero.
    ///
    /// # Errors
    ///
    /// Those of lseek(2).
    fn data_from(&self, at: u64) -> io::Result<Option<u64>> {
        Ok(Some(at))
    }
}

impl<S: ReadAt> ReadAt for &S {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        S::read_at(self, bytes, at)
    }

    fn bytes(&self) -> io::Result<u64> {
        S::bytes(self)
    }

    fn data_from(&self, at: u64) -> io::Result<Option<u64>> {
        S::data_from(self, at)
    }
}

impl ReadAt for File {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < bytes.len() {
            match FileExt::read_at(self, &mut bytes[filled..], at + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    /// Reserved space that was never written reads as zeros; the file system
    /// knows where it is, so that 128 MiB of it need not be read.
    fn data_from(&self, at: u64) -> io::Result<Option<u64>> {
        match seek(self, SeekFrom::Data(at)) {
            Ok(place) => Ok(Some(place)),
            Err(Errno::NXIO) => Ok(None),
            Err(Errno::INVAL | Errno::NOTSUP) => Ok(Some(at)),
            Err(error) => Err(error.into()),
        }
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

/// How much is looked at in one go for a byte that is not zero.
const STEP_BYTES: usize = 64 * 1024;

/// The span from the first to after the last byte in `at..end` that is not
/// zero; `None` if all are.
///
/// # Errors
///
/// Those of the source.
pub fn written_span(source: &impl ReadAt, at: u64, end: u64) -> io::Result<Option<(u64, u64)>> {
    let mut span: Option<(u64, u64)> = None;
    let mut step = vec![0; STEP_BYTES];
    let mut place = at;
    while place < end {
        match source.data_from(place)? {
            Some(data) if data < end => place = data,
            _ => break,
        }
        let want = STEP_BYTES.min((end - place) as usize);
        let count = source.read_at(&mut step[..want], place)?;
        let bytes = &step[..count];
        if let Some(first) = bytes.iter().position(|&byte| byte != 0) {
            let last = bytes.iter().rposition(|&byte| byte != 0).expect("there is a first");
            let begin = span.map_or(place + first as u64, |(begin, _)| begin);
            span = Some((begin, place + last as u64 + 1));
        }
        if count < want {
            break;
        }
        place += count as u64;
    }
    Ok(span)
}

/// The first page of a segment, or what there is of it.
pub fn read_page(source: &impl ReadAt) -> io::Result<Vec<u8>> {
    let mut page = vec![0; SEGMENT_HEADER_BYTES];
    let count = source.read_at(&mut page, 0)?;
    page.truncate(count);
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marks: &[usize], expected: Option<(u64, u64)>) {
        let mut bytes = vec![0; 3 * STEP_BYTES];
        for &mark in marks {
            bytes[mark] = 1;
        }
        assert_eq!(written_span(&bytes, 8, bytes.len() as u64).unwrap(), expected);
        let file = tempfile::tempfile().unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        for &mark in marks {
            file.write_all_at(&[1], mark as u64).unwrap();
        }
        assert_eq!(written_span(&file, 8, bytes.len() as u64).unwrap(), expected);
    }

    #[test]
    fn zeros() {
        check(&[], None);
    }
    #[test]
    fn before_the_span() {
        check(&[7], None);
    }
    #[test]
    fn one_byte() {
        check(&[8], Some((8, 9)));
    }
    #[test]
    fn far_apart() {
        check(&[9, STEP_BYTES, 3 * STEP_BYTES - 1], Some((9, 3 * STEP_BYTES as u64)));
    }
}
