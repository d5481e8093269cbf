//! A journal of any bytes, as it is and with its groups sealed by checksums that are
//! right: no panic; what is believed is whole, in order, and the same when it is written
//! and read again.
#![no_main]

use carom::control::journal::{Damage, HEADER, decode, encode};
use libfuzzer_sys::fuzz_target;

/// Parts groups that are made up. It is not in UTF-8, so never in a group that is good.
const END: u8 = 0xff;

/// A group as the journal has it, whatever its text.
fn sealed(text: &[u8]) -> Vec<u8> {
    let mut group = (text.len() as u32).to_le_bytes().to_vec();
    group.extend(crc32c::crc32c(text).to_le_bytes());
    let crc = crc32c::crc32c(&group);
    group.extend(crc.to_le_bytes());
    group.extend(text);
    group
}

fn check(bytes: &[u8]) {
    let decoded = match decode(bytes) {
        Ok(decoded) => decoded,
        Err(Damage::Header) => return assert!(!bytes.starts_with(HEADER)),
        Err(Damage::Group(at)) => return assert!((HEADER.len()..bytes.len()).contains(&at)),
    };
    assert!(decoded.whole <= bytes.len());
    assert!(decoded.records.is_sorted_by_key(|record| record.generation));
    assert_eq!(decode(&bytes[..decoded.whole]).as_ref(), Ok(&decoded));
    let mut again = HEADER.to_vec();
    encode(&decoded.records, &mut again).expect("no longer than a group may be");
    assert_eq!(decode(&again).expect("just written").records, decoded.records);
}

fuzz_target!(|data: &[u8]| {
    check(data);
    let groups = data.split(|&byte| byte == END);
    let made_up: Vec<Vec<u8>> =
        std::iter::once(HEADER.to_vec()).chain(groups.map(sealed)).collect();
    check(&made_up.concat());
});
