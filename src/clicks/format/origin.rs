//! Whether carom wrote the header of a segment: its MAC, which nobody can make who has
//! not the click key.

use super::list_line::ListKeys;
use super::segment::{Header, HeaderMac};

/// What the MAC is taken with is derived from a click key for this alone.
const CONTEXT: &str = "carom 2026-11-28 header of a segment";

/// Who wrote a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Carom, with one of the keys.
    Own,
    /// Somebody who has not the key that it names.
    Foreign,
    /// Anybody, with the key of this number, which is not there.
    KeyGone(u8),
    /// Anybody: it has no MAC, as those of carom before it signed them.
    Unsigned,
}

/// Has the newest key sign it.
pub fn sign(header: &mut Header, keys: &ListKeys) {
    header.key = keys.newest();
    // That it has one is signed, too.
    header.mac = Some(HeaderMac::default());
    header.mac = mac(header, keys);
}

/// Who wrote it.
#[must_use]
pub fn of(header: &Header, keys: &ListKeys) -> Origin {
    match (header.mac, mac(header, keys)) {
        (None, _) => Origin::Unsigned,
        (Some(_), None) => Origin::KeyGone(header.key),
        (mac, expected) if mac == expected => Origin::Own,
        _ => Origin::Foreign,
    }
}

/// `None` where the key is not there.
fn mac(header: &Header, keys: &ListKeys) -> Option<HeaderMac> {
    let hash = blake3::keyed_hash(&keys.derived(header.key, CONTEXT)?, &header.signed());
    hash.as_bytes().first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::format::id::ClickKeys;
    use crate::clicks::format::segment::tests::header;

    fn keys(text: &str) -> ListKeys {
        ListKeys::new(&ClickKeys::parse(text).unwrap())
    }

    const KEY: &str = "1 000102030405060708090a0b0c0d0e0f\n";

    #[test]
    fn what_carom_signed_is_known_and_no_bit_of_it_can_be_changed() {
        let mut signed = header();
        sign(&mut signed, &keys(KEY));
        let page = signed.page();
        assert_eq!(of(&Header::read(&page[..]).unwrap(), &keys(KEY)), Origin::Own);
        for bit in (16 * 8..92 * 8).filter(|bit| *bit != 39 * 8 + 1) {
            let mut page = page.clone();
            page[bit / 8] ^= 1 << (bit % 8);
            let checksum = crc32c::crc32c(&page[..92]).to_le_bytes();
            page[92..96].copy_from_slice(&checksum);
            let read = Header::read(&page[..]).unwrap();
            // A bit that nothing is read from is as it was written.
            assert!(of(&read, &keys(KEY)) != Origin::Own || read == signed, "bit {bit}");
        }
    }

    #[test]
    fn others() {
        let of_keys = |text| {
            let mut signed = header();
            sign(&mut signed, &keys(text));
            of(&signed, &keys(KEY))
        };
        assert_eq!(of(&header(), &keys(KEY)), Origin::Unsigned);
        assert_eq!(of_keys("2 000102030405060708090a0b0c0d0e0f\n"), Origin::KeyGone(2));
        assert_eq!(of_keys("1 100102030405060708090a0b0c0d0e0f\n"), Origin::Foreign);
    }
}
