//! Digests of whole files.

use std::fs::File;
use std::io;

use crate::clicks::format::listed::Digest;
use crate::pace;

/// Bytes that are hashed at once: as many as BLAKE3 takes side by side, so that they stay in
/// the first cache between being copied and being hashed. And what that takes, about.
const STEP_BYTES: usize = 16 * 1024;
const STEP_NS: u32 = 6_000;

/// The digest of the first `bytes` of a file, read by `read`, which fills what it is
/// given from there on and says how far it could; `None` if the file is shorter.
///
/// # Errors
///
/// Those of reading.
pub fn digest(
    bytes: u64,
    mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<Option<Digest>> {
    let mut hasher = blake3::Hasher::new();
    let (mut buffer, mut at) = (vec![0; STEP_BYTES], 0);
    while at < bytes {
        let wanted = (bytes - at).min(STEP_BYTES as u64) as usize;
        let count = read(&mut buffer[..wanted], at)?;
        if count == 0 {
            return Ok(None);
        }
        hasher.update(&buffer[..count]);
        at += count as u64;
        pace::done(STEP_NS);
    }
    Ok(Some(*hasher.finalize().as_bytes()))
}

/// That of a whole file of this length; `None` if it is shorter or longer.
///
/// # Errors
///
/// Those of reading it.
pub fn of_file(file: &File, bytes: u64) -> io::Result<Option<Digest>> {
    if file.metadata()?.len() != bytes {
        return Ok(None);
    }
    of_start(file, bytes)
}

/// That of the first `bytes` of a file; `None` if it is shorter.
///
/// # Errors
///
/// Those of reading it.
pub fn of_start(file: &File, bytes: u64) -> io::Result<Option<Digest>> {
    use std::os::unix::fs::FileExt;
    digest(bytes, |buffer, at| file.read_at(buffer, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_b3sum_has_it() {
        let bytes = b"IETF";
        let read = |buffer: &mut [u8], at: u64| {
            buffer[0] = bytes[at as usize];
            Ok(1)
        };
        let hex: String =
            digest(4, read).unwrap().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, blake3::hash(bytes).to_hex().as_str());
        let empty = digest(0, |_, _| Ok(0)).unwrap().unwrap();
        assert_eq!(&empty[..4], [0xaf, 0x13, 0x49, 0xb9], "that of nothing, from its paper");
        assert_eq!(digest(5, |_, _| Ok(0)).unwrap(), None);
    }
}
