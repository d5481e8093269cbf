//! Logs that are compressed, told from their first bytes.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// First bytes of files that other programs unpack, and those programs.
const OTHERS: [(&[u8], &str); 4] = [
    (b"BZh", "bzcat"),
    (b"\xfd7zXZ\0", "xzcat"),
    (b"\x04\x22\x4d\x18", "lz4cat"),
    (b"PK\x03\x04", "unzip -p"),
];
const MAGIC_BYTES_MAX: u64 = 6;

/// Reads what `raw` holds, unpacked if it is gzip or zstd. Memory does not grow with it.
///
/// # Errors
///
/// When it cannot be read, or is packed in another way; then the error names the program
/// that unpacks it.
pub fn unpacked(mut raw: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let mut first = Vec::new();
    raw.by_ref().take(MAGIC_BYTES_MAX).read_to_end(&mut first)?;
    let whole = Cursor::new(first.clone()).chain(raw);
    if first.starts_with(b"\x1f\x8b") {
        // Parts that were written one behind the other are one log.
        return Ok(Box::new(MultiGzDecoder::new(BufReader::new(whole))));
    }
    if first.starts_with(b"\x28\xb5\x2f\xfd") {
        return zstd(whole);
    }
    match OTHERS.iter().find(|(magic, _)| first.starts_with(magic)) {
        Some((_, program)) => Err(compressed(program)),
        None => Ok(Box::new(whole)),
    }
}

#[cfg(feature = "zstd")]
fn zstd(raw: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    Ok(Box::new(::zstd::Decoder::new(raw)?))
}

#[cfg(not(feature = "zstd"))]
fn zstd(_: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    Err(compressed("zstdcat"))
}

fn compressed(program: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("it is compressed; write `{program} LOG | carom links replay -`"),
    )
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

    fn check(bytes: &[u8], wanted: Result<&str, &str>) {
        let read = unpacked(Cursor::new(bytes.to_vec())).and_then(|mut text| {
            let mut whole = String::new();
            text.read_to_string(&mut whole).map(|_| whole)
        });
        match (read, wanted) {
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
        check(&gzip("a line\n"), Ok("a line\n"));
        check(&[gzip("a line\n"), gzip("b\n")].concat(), Ok("a line\nb\n"));
        check(&gzip("a line\n")[..12], Err(""));
        check(b"BZh91AY", Err("`bzcat LOG | carom links replay -`"));
        check(b"\xfd7zXZ\0\0", Err("`xzcat "));
        check(b"PK\x03\x04", Err("`unzip -p "));
        #[cfg(not(feature = "zstd"))]
        check(b"\x28\xb5\x2f\xfd", Err("`zstdcat "));
        #[cfg(feature = "zstd")]
        check(&::zstd::encode_all(&b"a line\n"[..], 1).unwrap(), Ok("a line\n"));
    }
}
