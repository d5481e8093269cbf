//! Tests of `record.rs`.

use super::*;

const SALT: u32 = 77;

/// The record of `click`, number 9.
fn record_of(click: &Click<'_>) -> Vec<u8> {
    encode(click, 9, Salt::new(SALT), &mut Scratch([0xee; RECORD_BYTES_MAX])).to_vec()
}

fn click() -> Click<'static> {
    Click {
        time_us: 1_763_800_000_123_456,
        link: 0x0123_4567_89ab_cdef,
        generation: 3,
        ip: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        status: 302,
        verdict: Verdict::Redirect,
        flags: Flags::HEAD | Flags::PREFETCH,
        variant: 4,
        host: b"go.example",
        path: b"/go/x?y=1",
        referer: b"https://r.example/",
        user_agent: b"curl/8",
    }
}

/// `sent` must come back as `expected`, and take `bytes`.
fn check(sent: Click<'_>, expected: Click<'_>, bytes: usize) {
    let record = record_of(&sent);
    assert_eq!(record.len(), bytes);
    assert_eq!(click_bytes(&sent), bytes);
    let body = Body::Click(expected);
    let whole = Decoded::Record(Record { bytes, sequence: 9, body });
    assert_eq!(decode(&record, Salt::new(SALT)), whole);
}

fn same(sent: Click<'_>, bytes: usize) {
    check(sent, sent, bytes);
}

#[test]
fn typical() {
    same(click(), 64 + 48);
}
#[test]
fn no_strings() {
    same(Click { host: b"", path: b"", referer: b"", user_agent: b"", ..click() }, 64);
}
#[test]
fn unknown() {
    same(Click { verdict: Verdict::Unknown, status: 404, link: 0, ..click() }, 112);
}
#[test]
fn gone() {
    same(Click { verdict: Verdict::Gone, status: 410, flags: Flags::NONE, ..click() }, 112);
}
#[test]
fn bytes_that_are_no_text() {
    same(Click { user_agent: b"\0\xff\xfe\n", ..click() }, 112);
}
#[test]
fn longest() {
    let [path, host, referer, user_agent] =
        [&[b'p'; 512][..], &[b'h'; 253], &[b'r'; 200], &[b'u'; 255]];
    same(Click { path, host, referer, user_agent, ..click() }, RECORD_BYTES_MAX);
}
#[test]
fn one_byte_too_long() {
    let [path, host, referer, user_agent] =
        [&[b'p'; 513][..], &[b'h'; 254], &[b'r'; 201], &[b'u'; 256]];
    let flags = Flags::PATH_CUT | Flags::HOST_CUT | Flags::REFERER_CUT | Flags::USER_AGENT_CUT;
    let flags = flags | click().flags;
    check(
        Click { path, host, referer, user_agent, ..click() },
        Click {
            path: &path[..512],
            host: &host[..253],
            referer: &referer[..200],
            user_agent: &user_agent[..255],
            flags,
            ..click()
        },
        RECORD_BYTES_MAX,
    );
}
#[test]
fn only_what_is_cut_is_flagged() {
    let path = &[b'p'; 600][..];
    let flags = Flags::PATH_CUT | click().flags;
    check(Click { path, ..click() }, Click { path: &path[..512], flags, ..click() }, 616);
}

#[test]
fn the_bytes_are_those_in_the_document() {
    let record = record_of(&click());
    assert_eq!(record[..4], 112_u32.to_le_bytes());
    let mut summed = SALT.to_le_bytes().to_vec();
    summed.extend(&record[8..]);
    assert_eq!(record[4..8], crc32c::crc32c(&summed).to_le_bytes());
    assert_eq!(record[8..16], [1, 0, 0x2e, 0x01, 3, 0, 4, 6]);
    assert_eq!(record[44..48], [9, 0, 10, 18]);
    assert_eq!(
        record[64..].trim_ascii_end(),
        b"/go/x?y=1go.examplehttps://r.example/curl/8\0\0\0\0\0"
    );
}

#[test]
fn a_gap() {
    let gap = Gap { count: 5, from_us: 10, to_us: 20 };
    let record = encode_gap(&gap, 9, Salt::new(SALT));
    let Decoded::Record(whole) = decode(&record, Salt::new(SALT)) else { panic!() };
    assert_eq!(whole, Record { bytes: GAP_BYTES, sequence: 9, body: Body::Gap(gap) });
    assert_eq!(whole.sequence_after(), 14);
}

/// A record of 64 bytes after `change`, its frame closed again.
fn reframed(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut record =
        record_of(&Click { host: b"", path: b"", referer: b"", user_agent: b"", ..click() });
    change(&mut record);
    frame::close(&mut record, Salt::new(SALT));
    record
}

fn misshapen(change: impl Fn(&mut [u8])) {
    let record = reframed(change);
    assert_eq!(decode(&record, Salt::new(SALT)), Decoded::Damaged(Reason::Shape));
}

#[test]
fn strings_longer_than_the_record() {
    misshapen(|record| record[46] = 1);
}
#[test]
fn a_verdict_nobody_knows() {
    misshapen(|record| record[9] = 3);
}
#[test]
fn no_type() {
    misshapen(|record| record[8] = 0);
}
#[test]
fn a_gap_of_the_wrong_length() {
    misshapen(|record| record[8] = TYPE_GAP);
}
#[test]
fn a_type_of_tomorrow_is_a_record() {
    let record = reframed(|record| record[8] = 3);
    let Decoded::Record(whole) = decode(&record, Salt::new(SALT)) else { panic!() };
    assert_eq!((whole.body, whole.sequence_after()), (Body::Other(3), 9));
}

#[test]
fn any_bytes_will_do() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..20_000 {
        let mut bytes: Vec<u8> = (0..rng.usize(..200)).map(|_| rng.u8(..)).collect();
        // A frame that holds, so that the decoders behind it are reached.
        if bytes.len() >= 24 && rng.bool() {
            let length = bytes.len() / 8 * 8;
            bytes[8] = rng.u8(..4);
            frame::close(&mut bytes[..length], Salt::new(SALT));
        }
        let _ = decode(&bytes, Salt::new(SALT));
    }
}
