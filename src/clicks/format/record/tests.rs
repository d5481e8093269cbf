//! Tests of `record.rs`.

use super::*;

const SALT: u32 = 77;

/// The record of `click`, number 9.
fn record_of(click: &Click<'_>, places: &TextPlaces) -> Vec<u8> {
    let mut scratch = Scratch([0xee; RECORD_BYTES_MAX]);
    encode(&click.cut(), places, 9, Salt::new(SALT), &mut scratch).to_vec()
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
        tag: b"",
    }
}

/// `sent` must come back as `expected`, and take `bytes`.
fn check(sent: Click<'_>, expected: Click<'_>, bytes: usize) {
    let record = record_of(&sent, &TextPlaces::default());
    assert_eq!(record.len(), bytes);
    let body = Body::Click(expected, TextPlaces::default());
    let whole = Decoded::Record(Record { bytes, sequence: 9, body });
    assert_eq!(decode(&record, Salt::new(SALT)), whole);
}

fn same(sent: Click<'_>, bytes: usize) {
    check(sent, sent, bytes);
}

#[test]
fn typical() {
    same(click(), 76 + 44);
}
#[test]
fn no_strings() {
    same(Click { host: b"", path: b"", referer: b"", user_agent: b"", ..click() }, 80);
}
#[test]
fn unknown() {
    same(Click { verdict: Verdict::Unknown, status: 404, link: 0, ..click() }, 120);
}
#[test]
fn gone() {
    same(Click { verdict: Verdict::Gone, status: 410, flags: Flags::NONE, ..click() }, 120);
}
#[test]
fn bytes_that_are_no_text() {
    same(Click { user_agent: b"\0\xff\xfe\n", ..click() }, 120);
}
#[test]
fn a_tag_takes_its_field_and_itself() {
    same(Click { tag: b"spring", ..click() }, 136);
    same(Click { tag: b"s", host: b"", path: b"", referer: b"", user_agent: b"", ..click() }, 88);
}
#[test]
fn longest() {
    let [path, host, referer, user_agent, tag] =
        [&[b'p'; 512][..], &[b'h'; 253], &[b'r'; 200], &[b'u'; 255], &[b't'; 64]];
    same(Click { path, host, referer, user_agent, tag, ..click() }, RECORD_BYTES_MAX);
}
#[test]
fn one_byte_too_long() {
    let [path, host, referer, user_agent, tag] =
        [&[b'p'; 513][..], &[b'h'; 254], &[b'r'; 201], &[b'u'; 256], &[b't'; 65]];
    let flags = Flags::PATH_CUT | Flags::HOST_CUT | Flags::REFERER_CUT | Flags::USER_AGENT_CUT;
    let flags = flags | Flags::TAG_CUT | click().flags;
    check(
        Click { path, host, referer, user_agent, tag, ..click() },
        Click {
            path: &path[..512],
            host: &host[..253],
            referer: &referer[..200],
            user_agent: &user_agent[..255],
            tag: &tag[..64],
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
    check(Click { path, ..click() }, Click { path: &path[..512], flags, ..click() }, 624);
}

#[test]
fn the_bytes_are_those_in_the_document() {
    let places = [None, None, Some(TextPlace::of(0x5008)), None];
    let record = record_of(&click(), &places);
    assert_eq!(record[..4], 120_u32.to_le_bytes());
    let mut summed = SALT.to_le_bytes().to_vec();
    summed.extend(&record[8..]);
    assert_eq!(record[4..8], crc32c::crc32c(&summed).to_le_bytes());
    assert_eq!(record[8..16], [1, 0, 0x2e, 0x01, 3, 0, 4, 0]);
    assert_eq!(record[16..24], 9_u64.to_le_bytes());
    assert_eq!(record[44..48], [9, 0, 0, 0]);
    assert_eq!(record[64..76], [10, 0, 0, 0, 18, 0, 0, 0, 0x01, 0x0a, 0, 0x80]);
    assert_eq!(&record[76..], b"/go/x?y=1go.examplehttps://r.example/\0\0\0\0\0\0\0");

    let record = record_of(&Click { tag: b"spring", ..click() }, &places);
    assert_eq!(record[..4], 128_u32.to_le_bytes());
    assert_eq!(record[12..14], [3, 2]);
    assert_eq!(record[64..80], [10, 0, 0, 0, 18, 0, 0, 0, 0x01, 0x0a, 0, 0x80, 6, 0, 0, 0]);
    assert_eq!(&record[80..], b"/go/x?y=1go.examplehttps://r.example/spring\0\0\0\0\0");

    let mut scratch = Scratch([0xee; RECORD_BYTES_MAX]);
    let record = encode_text(b"curl/8.7.1", 9, Salt::new(SALT), &mut scratch);
    assert_eq!(record[..4], 40_u32.to_le_bytes());
    assert_eq!(record[8..16], [3, 0, 10, 0, 0, 0, 0, 0]);
    assert_eq!(record[16..24], 9_u64.to_le_bytes());
    assert_eq!(&record[24..], b"curl/8.7.1\0\0\0\0\0\0");
}

/// A click whose strings stand where `mask` says must come back without those.
fn refers(mask: [bool; SHARED]) {
    let places =
        std::array::from_fn(|index| mask[index].then(|| TextPlace::of(4096 + index as u64 * 8)));
    let click = Click { tag: b"spring", ..click() };
    let record = record_of(&click, &places);
    let Decoded::Record(whole) = decode(&record, Salt::new(SALT)) else { panic!() };
    let shared = click.shared();
    let rest = std::array::from_fn(|index| if mask[index] { &b""[..] } else { shared[index] });
    assert_eq!(whole.body, Body::Click(click.with_shared(rest), places));
}

#[test]
fn any_of_its_strings_elsewhere() {
    for mask in 0..1 << SHARED {
        refers(std::array::from_fn(|index| mask >> index & 1 != 0));
    }
}

/// A text of `bytes` must come back, in a record of `record_bytes`.
fn text(bytes: usize, record_bytes: usize) {
    let text = vec![b't'; bytes];
    let mut scratch = Scratch([0xee; RECORD_BYTES_MAX]);
    let record = encode_text(&text, 9, Salt::new(SALT), &mut scratch);
    assert_eq!(record.len(), record_bytes);
    let Decoded::Record(whole) = decode(record, Salt::new(SALT)) else { panic!() };
    assert_eq!(whole, Record { bytes: record_bytes, sequence: 9, body: Body::Text(&text) });
    assert_eq!(whole.sequence_after(), 9);
}

#[test]
fn shortest_text() {
    text(1, 32);
}
#[test]
fn whole_words_of_text() {
    text(16, 40);
}
#[test]
fn longest_text() {
    text(TEXT_BYTES_MAX, TEXT_RECORD_BYTES_MAX);
}

/// What a click takes with texts of all its strings is no more than was reckoned.
#[test]
fn room_for_a_click_and_its_texts() {
    let bytes = [b'x'; 600];
    let places = [Some(TextPlace::of(4096)); SHARED];
    let mut scratch = Scratch::new();
    for step in 0..5_000 {
        let [path, host, referer, user_agent, tag] =
            [1, 7, 49, 343, 2401].map(|factor| &bytes[..step * factor % 601]);
        let click = Click { path, host, referer, user_agent, tag, ..click() }.cut();
        let texts = click.shared().iter().map(|text| text_bytes(text.len())).sum::<usize>();
        let record = encode(&click, &places, 9, Salt::new(SALT), &mut scratch).len();
        let room = click_room(&click);
        assert!(record + texts <= room && room <= CLICK_ROOM_MAX);
    }
}

#[test]
fn a_gap() {
    let gap = Gap { count: 5, from_us: 10, to_us: 20 };
    let record = encode_gap(&gap, 9, Salt::new(SALT));
    let Decoded::Record(whole) = decode(&record, Salt::new(SALT)) else { panic!() };
    assert_eq!(whole, Record { bytes: GAP_BYTES, sequence: 9, body: Body::Gap(gap) });
    assert_eq!(whole.sequence_after(), 14);
}

/// A record of 80 bytes after `change`, its frame closed again.
fn reframed(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let bare = Click { host: b"", path: b"", referer: b"", user_agent: b"", ..click() };
    let mut record = record_of(&bare, &TextPlaces::default());
    change(&mut record);
    frame::close(&mut record, Salt::new(SALT));
    record
}

fn misshapen(change: impl Fn(&mut [u8])) {
    let record = reframed(change);
    assert_eq!(decode(&record, Salt::new(SALT)), Decoded::Damaged(Flaw::Shape));
}

#[test]
fn strings_longer_than_the_record() {
    misshapen(|record| record[44] = 5);
}
#[test]
fn a_host_longer_than_any_record() {
    misshapen(|record| record[64..68].copy_from_slice(&(u32::MAX >> 1).to_le_bytes()));
}
#[test]
fn a_text_longer_than_the_record() {
    misshapen(|record| record[8..12].copy_from_slice(&[TYPE_TEXT, 0, 57, 0]));
}
#[test]
fn a_text_shorter_than_the_record() {
    misshapen(|record| record[8..12].copy_from_slice(&[TYPE_TEXT, 0, 48, 0]));
}
#[test]
fn an_empty_text() {
    let mut record = vec![0; 24];
    record[8] = TYPE_TEXT;
    frame::close(&mut record, Salt::new(SALT));
    assert_eq!(decode(&record, Salt::new(SALT)), Decoded::Damaged(Flaw::Shape));
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
    let record = reframed(|record| record[8] = 4);
    let Decoded::Record(whole) = decode(&record, Salt::new(SALT)) else { panic!() };
    assert_eq!((whole.body, whole.sequence_after()), (Body::Other(4), 9));
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
            bytes[8] = rng.u8(..5);
            frame::close(&mut bytes[..length], Salt::new(SALT));
        }
        let _ = decode(&bytes, Salt::new(SALT));
    }
}
