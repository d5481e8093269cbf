//! Tests of `segment.rs`.

use super::*;

/// One that nobody signed.
pub(in crate::clicks::format) fn header() -> Header {
    Header {
        version: VERSION,
        number: 42,
        run: 1_763_800_000_000_000,
        node: 7,
        shard: 3,
        cpu: 5,
        key: 2,
        is_listed: true,
        mac: None,
        boot: *b"0123456789abcdef",
        made_us: 1_763_800_000_000_001,
        made_monotonic_us: 99,
        file_bytes: 65_536,
        salt: Salt::new(0xdead_beef),
    }
}

fn check(change: impl Fn(&mut [u8]), expected: Result<Header, SegmentRefused>) {
    let mut page = header().page();
    change(&mut page[..]);
    assert_eq!(Header::read(&page[..]), expected);
}

#[test]
fn a_header_comes_back() {
    check(|_| (), Ok(header()));
}
#[test]
fn the_copy_stands_in() {
    check(|page| page[..512].fill(0xff), Ok(header()));
}
#[test]
fn both_damaged() {
    check(
        |page| {
            page[20] = 1;
            page[2068] = 1;
        },
        Err(SegmentRefused::Damaged),
    );
}
#[test]
fn zeros() {
    check(|page| page.fill(0), Err(SegmentRefused::Foreign));
}
#[test]
fn text() {
    check(|page| page.fill(b'x'), Err(SegmentRefused::Foreign));
}
/// A header of another version must be taken so.
fn of_version(version: u8, expected: Result<Header, SegmentRefused>) {
    let other = |page: &mut [u8]| {
        for at in [0, 2048] {
            page[at + 8] = version;
            let checksum = crc32c::crc32c(&page[at..at + 92]).to_le_bytes();
            page[at + 92..at + 96].copy_from_slice(&checksum);
        }
    };
    check(other, expected);
}
#[test]
fn a_later_version() {
    of_version(5, Err(SegmentRefused::Version(5)));
}
#[test]
fn the_version_before_tags() {
    of_version(2, Ok(Header { version: 2, ..header() }));
}
#[test]
fn the_version_before_tails() {
    of_version(3, Ok(Header { version: 3, ..header() }));
}
#[test]
fn the_version_before_texts() {
    of_version(1, Err(SegmentRefused::Version(1)));
}
#[test]
fn nothing_at_all() {
    assert_eq!(Header::read(b""), Err(SegmentRefused::Foreign));
    assert_eq!(Header::read(&MAGIC), Err(SegmentRefused::Damaged));
}

#[test]
fn blocks_come_back() {
    let salt = Salt::new(1);
    let mut page = header().page();
    assert_eq!(StartBlock::read(&page[..], salt), PageBlock::Absent);
    assert_eq!(Seal::read(&page[..], salt), PageBlock::Absent);
    assert_eq!(read_lost(&page[..], salt), PageBlock::Absent);

    let start = StartBlock { first_sequence: 5, first_us: 6 };
    let seal = Seal {
        used_bytes: 5000,
        clicks: 10,
        lost: 2,
        first_sequence: 5,
        last_sequence: 16,
        last_us: 8,
        reason: SealReason::Stopped,
        suspect: true,
        set_back: false,
    };
    page[START_AT..][..START_BYTES].copy_from_slice(&start.encode(salt));
    page[SEAL_AT..][..SEAL_BYTES].copy_from_slice(&seal.encode(salt));
    page[LOST_AT..][..8].copy_from_slice(&encode_lost(3, salt));
    for (suspect, set_back) in [(false, true), (true, true), (false, false)] {
        let seal = Seal { suspect, set_back, ..seal };
        let mut page = header().page();
        page[SEAL_AT..][..SEAL_BYTES].copy_from_slice(&seal.encode(salt));
        assert_eq!(Seal::read(&page[..], salt), PageBlock::Written(seal));
    }
    assert_eq!(StartBlock::read(&page[..], salt), PageBlock::Written(start));
    assert_eq!(Seal::read(&page[..], salt), PageBlock::Written(seal));
    assert_eq!(read_lost(&page[..], salt), PageBlock::Written(3));

    page[LOST_AT] ^= 1;
    page[SEAL_AT + 60] ^= 1;
    assert_eq!(read_lost(&page[..], salt), PageBlock::Damaged(Flaw::Checksum));
    assert_eq!(Seal::read(&page[..], salt), PageBlock::Damaged(Flaw::Checksum));
}

#[test]
fn a_tally_too_large_stays_at_the_largest() {
    let mut page = header().page();
    page[LOST_AT..][..8].copy_from_slice(&encode_lost(u64::MAX, Salt::new(1)));
    assert_eq!(read_lost(&page[..], Salt::new(1)), PageBlock::Written(u64::from(u32::MAX)));
}
