//! Tests of `record.rs`.

use super::*;
use crate::clicks::format::click::{Flags, SHARED, Verdict};
use crate::clicks::format::click_bytes::{click_room, encode};
use crate::clicks::format::lengths::{
    CLICK_RECORD_BYTES_MAX, CLICK_ROOM_MAX, GAP_BYTES, LINK_RECORD_BYTES_MAX, RECORD_BYTES_MAX,
    RECORD_BYTES_MAX_BEFORE_4, TEXT_BYTES_MAX, TEXT_RECORD_BYTES_MAX, text_bytes,
};
use crate::clicks::format::scratch::RecordScratch;
use crate::clicks::format::tail::{AddressSource, TAIL_BYTES, Tail, TlsSession};
use crate::clicks::format::text::{StringField, TextPlace, encode_text};
use crate::limits::{LOGGED_KEY_BYTES_MAX, LOGGED_TARGET_BYTES_MAX};

const SALT: u32 = 77;

/// Where each of the shared strings of a click stands; `None` in the click itself.
type StringPlaces = [Option<TextPlace>; SHARED];

fn fields_of(click: &Click<'_>, places: &StringPlaces) -> StringFields {
    let strings = click.shared();
    std::array::from_fn(|index| match places[index] {
        Some(place) => StringField::at(place),
        None => StringField::here(strings[index].len()),
    })
}

/// The record of `click`, number 9.
fn record_of(click: &Click<'_>, places: &StringPlaces) -> Vec<u8> {
    let mut scratch = RecordScratch::filled_with(0xee);
    let click = click.cut();
    encode(&click, &fields_of(&click, places), 9, Salt::new(SALT), &mut scratch).to_vec()
}

fn decoded(record: &[u8]) -> DecodedRecord<'_> {
    decode(record, Salt::new(SALT), RECORD_BYTES_MAX)
}

fn click() -> Click<'static> {
    Click {
        time_us: 1_763_800_000_123_456,
        link: 0x0123_4567_89ab_cdef,
        generation: 3,
        ip: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        status: 302,
        verdict: Verdict::REDIRECT,
        flags: Flags::HEAD | Flags::PREFETCH,
        variant: 4,
        reason: 0,
        signals: 0,
        tail: Tail::default(),
        host: b"go.example",
        path: b"/go/x?y=1",
        referer: b"https://r.example/",
        user_agent: b"curl/8",
        tag: b"",
    }
}

fn tail() -> Tail {
    let (ip_from, tls) = (AddressSource::PROXY, TlsSession::V13.resumed());
    let came = Tail { ip_from, tls, ..Tail::default() };
    Tail { visitor: 0x0102_0304_0506_0708, country: *b"AT", ..came }
}

/// `sent` must come back as `expected`, and take `bytes`.
fn check(sent: Click<'_>, expected: Click<'_>, bytes: usize) {
    let record = record_of(&sent, &StringPlaces::default());
    assert_eq!(record.len(), bytes);
    let body = RecordBody::Click(expected, fields_of(&expected, &StringPlaces::default()));
    let whole = DecodedRecord::Whole(SegmentRecord { bytes, sequence: 9, body });
    assert_eq!(decoded(&record), whole);
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
    same(Click { verdict: Verdict::UNKNOWN, status: 404, link: 0, ..click() }, 120);
}
#[test]
fn gone() {
    same(Click { verdict: Verdict::GONE, status: 410, flags: Flags::NONE, ..click() }, 120);
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
    same(Click { path, host, referer, user_agent, tag, ..click() }, RECORD_BYTES_MAX_BEFORE_4);
}
#[test]
fn one_that_does_not_count() {
    same(Click { reason: 201, signals: 0x8001, ..click() }, 120);
}
#[test]
fn a_tail_takes_its_twelve_bytes() {
    let [path, host, referer, user_agent, tag] = [&b""[..]; 5];
    let bare = Click { path, host, referer, user_agent, tag, ..click() };
    assert_eq!(TAIL_BYTES, 12);
    same(Click { tail: Tail { visitor: 1, ..Tail::default() }, ..bare }, 88);
    same(Click { tail: tail(), ..bare }, 88);
    same(Click { tail: tail(), tag: b"s", ..bare }, 96);
    same(Click { tail: Tail { country: *b"DE", ..Tail::default() }, ..bare }, 88);
    same(Click { tail: Tail { ip_from: AddressSource::PEER, ..Tail::default() }, ..bare }, 88);
    same(Click { tail: Tail { tls: TlsSession::V12, ..Tail::default() }, ..bare }, 88);
}
#[test]
fn longest_with_a_tail() {
    let [path, host, referer, user_agent, tag] =
        [&[b'p'; 512][..], &[b'h'; 253], &[b'r'; 200], &[b'u'; 255], &[b't'; 64]];
    let click = Click { path, host, referer, user_agent, tag, tail: tail(), ..click() };
    same(click, CLICK_RECORD_BYTES_MAX);
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
        RECORD_BYTES_MAX_BEFORE_4,
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

    let judged = Click { reason: 21, signals: 0x2001, tail: tail(), ..click() };
    let record = record_of(&judged, &places);
    assert_eq!(record[..4], 128_u32.to_le_bytes());
    assert_eq!(record[8..16], [1, 0, 0x2e, 0x01, 3, 8, 4, 21]);
    assert_eq!(record[44..48], [9, 0, 0x01, 0x20]);
    assert_eq!(record[76..88], [12, 0xa2, b'A', b'T', 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(&record[88..], b"/go/x?y=1go.examplehttps://r.example/\0\0\0");

    let mut scratch = RecordScratch::filled_with(0xee);
    let record = encode_text(b"curl/8.7.1", 9, Salt::new(SALT), &mut scratch);
    assert_eq!(record[..4], 40_u32.to_le_bytes());
    assert_eq!(record[8..16], [3, 0, 10, 0, 0, 0, 0, 0]);
    assert_eq!(record[16..24], 9_u64.to_le_bytes());
    assert_eq!(&record[24..], b"curl/8.7.1\0\0\0\0\0\0");

    let record = link().encode(9, Salt::new(SALT), &mut scratch);
    assert_eq!(record[..4], 72_u32.to_le_bytes());
    assert_eq!(record[8..16], [4, 7, 7, 0, 20, 0, 0, 0]);
    assert_eq!(record[16..24], 9_u64.to_le_bytes());
    assert_eq!(record[24..32], 0x0123_4567_89ab_cdef_u64.to_le_bytes());
    assert_eq!(record[32..40], [3, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(&record[40..], b"/go/teahttps://tea.example/\0\0\0\0\0");
}

/// A click whose strings stand where `mask` says must come back without those.
fn refers(mask: [bool; SHARED]) {
    let places =
        std::array::from_fn(|index| mask[index].then(|| TextPlace::of(4096 + index as u64 * 8)));
    let click = Click { tag: b"spring", ..click() };
    let record = record_of(&click, &places);
    let DecodedRecord::Whole(whole) = decoded(&record) else { panic!() };
    let shared = click.shared();
    let rest = std::array::from_fn(|index| if mask[index] { &b""[..] } else { shared[index] });
    assert_eq!(whole.body, RecordBody::Click(click.with_shared(rest), fields_of(&click, &places)));
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
    let mut scratch = RecordScratch::filled_with(0xee);
    let record = encode_text(&text, 9, Salt::new(SALT), &mut scratch);
    assert_eq!(record.len(), record_bytes);
    let DecodedRecord::Whole(whole) = decoded(record) else { panic!() };
    assert_eq!(
        whole,
        SegmentRecord { bytes: record_bytes, sequence: 9, body: RecordBody::Text(&text) }
    );
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
    let mut scratch = RecordScratch::new();
    for step in 0..5_000 {
        let [path, host, referer, user_agent, tag] =
            [1, 7, 49, 343, 2401].map(|factor| &bytes[..step * factor % 601]);
        let click = Click { path, host, referer, user_agent, tag, ..click() }.cut();
        let texts = click.shared().iter().map(|text| text_bytes(text.len())).sum::<usize>();
        let record =
            encode(&click, &fields_of(&click, &places), 9, Salt::new(SALT), &mut scratch).len();
        let room = click_room(&click);
        assert!(record + texts <= room && room <= CLICK_ROOM_MAX);
    }
}

#[test]
fn a_gap() {
    let gap = Gap { count: 5, from_us: 10, to_us: 20 };
    let record = gap.encode(9, Salt::new(SALT));
    let DecodedRecord::Whole(whole) = decoded(&record) else { panic!() };
    assert_eq!(whole, SegmentRecord { bytes: GAP_BYTES, sequence: 9, body: RecordBody::Gap(gap) });
    assert_eq!(whole.sequence_after(), 14);
}

/// A record of 80 bytes after `change`, its frame closed again.
fn reframed(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let bare = Click { host: b"", path: b"", referer: b"", user_agent: b"", ..click() };
    let mut record = record_of(&bare, &StringPlaces::default());
    change(&mut record);
    frame::close(&mut record, Salt::new(SALT));
    record
}

fn misshapen(change: impl Fn(&mut [u8])) {
    let record = reframed(change);
    assert_eq!(decoded(&record), DecodedRecord::Damaged(Flaw::Shape));
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
    misshapen(|record| record[8..12].copy_from_slice(&[text::TYPE, 0, 57, 0]));
}
#[test]
fn a_text_shorter_than_the_record() {
    misshapen(|record| record[8..12].copy_from_slice(&[text::TYPE, 0, 48, 0]));
}
#[test]
fn an_empty_text() {
    let mut record = vec![0; 24];
    record[8] = text::TYPE;
    frame::close(&mut record, Salt::new(SALT));
    assert_eq!(decoded(&record), DecodedRecord::Damaged(Flaw::Shape));
}
#[test]
fn no_type() {
    misshapen(|record| record[8] = 0);
}
#[test]
fn a_gap_of_the_wrong_length() {
    misshapen(|record| record[8] = gap::TYPE);
}
#[test]
fn a_type_of_tomorrow_is_a_record() {
    let record = reframed(|record| record[8] = 6);
    let DecodedRecord::Whole(whole) = decoded(&record) else { panic!() };
    assert_eq!((whole.body, whole.sequence_after()), (RecordBody::Other(6), 9));
}
#[test]
fn what_was_not_delivered() {
    let undelivered = Undelivered { count: 5, from_us: 10, to_us: 20 };
    let mut record = undelivered.encode(9, Salt::new(SALT)).to_vec();
    let DecodedRecord::Whole(whole) = decoded(&record) else { panic!() };
    assert_eq!((whole.body, whole.sequence_after()), (RecordBody::Undelivered(undelivered), 9));
    // None at all, or with less than it should say.
    record[32] = 0;
    frame::close(&mut record, Salt::new(SALT));
    assert_eq!(decoded(&record), DecodedRecord::Damaged(Flaw::Shape));
    let mut short = record[..40].to_vec();
    frame::close(&mut short, Salt::new(SALT));
    assert_eq!(decoded(&short), DecodedRecord::Damaged(Flaw::Shape));
}

/// A click with a tail of `bytes`, put in by hand.
fn tailed(bytes: &[u8]) -> Vec<u8> {
    let bare = Click { host: b"", path: b"/p", referer: b"", user_agent: b"", ..click() };
    let mut record = record_of(&bare, &StringPlaces::default());
    record.truncate(76);
    record.extend(bytes);
    record.extend(b"/p");
    record.resize(record.len().next_multiple_of(8), 0);
    record[13] |= 1 << 3;
    frame::close(&mut record, Salt::new(SALT));
    record
}

#[track_caller]
fn tells(bytes: &[u8], expected: Tail) {
    let record = tailed(bytes);
    let DecodedRecord::Whole(whole) = decoded(&record) else { panic!("it is no record") };
    let RecordBody::Click(click, _) = whole.body else { panic!("it is no click") };
    assert_eq!((click.tail, click.path), (expected, &b"/p"[..]));
    assert_eq!(click.flags, Flags::HEAD | Flags::PREFETCH);
}

#[test]
fn a_tail_of_tomorrow_tells_what_is_known_today() {
    let mut bytes = tail().encode().to_vec();
    bytes.resize(255, 0xdd);
    bytes[0] = 255;
    tells(&bytes, tail());
    tells(
        &[2, 0x57],
        Tail { tls: TlsSession::of(5), ip_from: AddressSource::of(7), ..Tail::default() },
    );
}
#[test]
fn a_shorter_tail_tells_less() {
    let bytes = [12, 0xa2, b'A', b'T', 8, 7, 6, 5, 4, 3, 2, 1];
    for length in 1..=12_u8 {
        let mut bytes = bytes[..usize::from(length)].to_vec();
        bytes[0] = length;
        let mut padded = bytes.clone();
        padded.resize(12, 0);
        tells(&bytes, Tail::split_off(&[&[12], &padded[1..]].concat()).unwrap().0);
    }
}
#[test]
fn a_tail_without_its_own_length() {
    let record = tailed(&[0, 0, 0, 0]);
    assert_eq!(decoded(&record), DecodedRecord::Damaged(Flaw::Shape));
}
#[test]
fn a_tail_longer_than_the_record() {
    let record = tailed(&[200, 0, 0, 0]);
    assert_eq!(decoded(&record), DecodedRecord::Damaged(Flaw::Shape));
}

#[test]
fn what_nobody_knows_is_its_number() {
    let record = reframed(|record| (record[9], record[12], record[13]) = (77, 0, 0x70));
    let DecodedRecord::Whole(whole) = decoded(&record) else { panic!("it is no record") };
    let RecordBody::Click(click, _) = whole.body else { panic!("it is no click") };
    assert_eq!(click.verdict.number_and_word(), (77, None));
    assert_eq!(click.verdict.to_string(), "77");
    assert_eq!(Verdict::GONE.to_string(), "gone");
    assert_eq!(AddressSource::of(9).number_and_word(), (9, None));
    assert_eq!(TlsSession::of(13).number_and_word(), (5, None));
    assert!(TlsSession::of(13).is_resumed());
}

fn link() -> LoggedLink<'static> {
    LoggedLink {
        link: 0x0123_4567_89ab_cdef,
        variant: 7,
        generation: 3,
        key: b"/go/tea",
        target: b"https://tea.example/",
        is_key_cut: false,
        is_target_cut: false,
    }
}

/// `sent` must come back as `expected`, and take `bytes`.
fn check_link(sent: LoggedLink<'_>, expected: LoggedLink<'_>, bytes: usize) {
    let mut scratch = RecordScratch::filled_with(0xee);
    let record = sent.encode(9, Salt::new(SALT), &mut scratch);
    let body = RecordBody::Link(expected);
    assert_eq!(decoded(record), DecodedRecord::Whole(SegmentRecord { bytes, sequence: 9, body }));
    assert_eq!(SegmentRecord { bytes, sequence: 9, body }.sequence_after(), 9);
}

#[test]
fn what_a_link_was() {
    check_link(link(), link(), 72);
    let gone = LoggedLink { target: b"", is_key_cut: true, ..link() };
    check_link(gone, gone, 48);
}
#[test]
fn what_the_longest_link_was() {
    let (key, target) = (&[b'k'; LOGGED_KEY_BYTES_MAX + 1], &[b't'; LOGGED_TARGET_BYTES_MAX + 1]);
    let [whole_key, whole_target] = [&key[1..], &target[1..]];
    let whole = LoggedLink { key: whole_key, target: whole_target, ..link() };
    check_link(whole, whole, LINK_RECORD_BYTES_MAX);
    let (is_key_cut, is_target_cut) = (true, true);
    let cut = LoggedLink { is_key_cut, is_target_cut, ..whole };
    check_link(LoggedLink { key, target, ..link() }, cut, LINK_RECORD_BYTES_MAX);
}
#[test]
fn a_link_of_tomorrow_tells_what_is_known_today() {
    let mut record = link().encode(9, Salt::new(SALT), &mut RecordScratch::new()).to_vec();
    record.extend([0xdd; 64]);
    frame::close(&mut record, Salt::new(SALT));
    let DecodedRecord::Whole(whole) = decoded(&record) else { panic!("it is no record") };
    assert_eq!((whole.body, whole.bytes), (RecordBody::Link(link()), 136));
}
#[test]
fn a_link_longer_than_its_record() {
    for at in [10, 12] {
        let mut record = link().encode(9, Salt::new(SALT), &mut RecordScratch::new()).to_vec();
        record[at] = 30;
        frame::close(&mut record, Salt::new(SALT));
        assert_eq!(decoded(&record), DecodedRecord::Damaged(Flaw::Shape));
    }
}
#[test]
fn older_formats_have_shorter_records() {
    let mut record = vec![0; RECORD_BYTES_MAX_BEFORE_4 + 8];
    record[8] = 99;
    frame::close(&mut record, Salt::new(SALT));
    let before = decode(&record, Salt::new(SALT), RECORD_BYTES_MAX_BEFORE_4);
    assert_eq!(before, DecodedRecord::Damaged(Flaw::Length));
    assert!(matches!(decoded(&record), DecodedRecord::Whole(_)));
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
            bytes[8] = rng.u8(..6);
            frame::close(&mut bytes[..length], Salt::new(SALT));
        }
        let _ = decoded(&bytes);
    }
}
