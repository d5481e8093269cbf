//! Tests of `id.rs`.

use super::*;

/// Key 0: the bytes 0 to 15. The key of SipHash's own test vectors.
const OLD: &str = "0 000102030405060708090a0b0c0d0e0f 2025-11-22T10:00:00Z\n";
/// The digits of a third.
const HEX: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";
/// Key 3.
const NEW: &str = "3 fedcba98765432100123456789abcdef\n";

fn keys(text: &str) -> ClickKeys {
    ClickKeys::parse(text).unwrap()
}

const HERE: ClickPlace = ClickPlace { node: 1, shard: 3, segment: 42, offset: 4216 };
const LAST: ClickPlace =
    ClickPlace { node: u16::MAX, shard: 1023, segment: u32::MAX as u64, offset: (1 << 31) - 8 };

/// `place` signed with the last of `keys` must be these bytes and this text, and
/// open again.
fn vector(keys: &str, place: ClickPlace, bytes: &str, text: &str) {
    let keys = self::keys(keys);
    let id = keys.sign(place);
    let hex: String = id.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((&*hex, &*id.to_string()), (bytes, text));
    assert_eq!(ClickId::parse(text.as_bytes()), Ok(id));
    assert_eq!(ClickId::from_bytes(id.to_bytes()), id);
    assert_eq!(keys.open(id), Ok(place));
    if id.0 >> MAC_BITS & 3 == 0 {
        let document = include_str!("../../../../docs/click-log.md");
        assert!(document.contains(&format!("| `{bytes}` | `{text}` |")));
    }
}

// Made with another implementation; those of key 0 stand in the document. Ids
// that are out in the world must open for ever.
#[test]
fn first_of_all() {
    let place = ClickPlace { node: 0, shard: 0, segment: 1, offset: 4096 };
    vector(OLD, place, "0000000000000040000800a24c589fdd", "000000000001000200m965h7yx");
}
#[test]
fn somewhere() {
    vector(OLD, HERE, "000100c000000a8000083cbc3209e0ee", "00040c00001a00021wqgs0kr7e");
}
#[test]
fn largest() {
    vector(OLD, LAST, "fffffffffffffffffffffc1690b2f45e", "7zzzzzzzzzzzzzzzzw2t8b5x2y");
}
#[test]
fn lost() {
    let place = ClickPlace { node: 7, shard: 2, segment: 9, offset: 0 };
    vector(OLD, place, "000700800000024000000064733f97bc", "000w08000009000000chskz5xw");
    assert!(!place.is_recorded());
}
#[test]
fn another_key() {
    let both = &[OLD, NEW].concat();
    vector(both, HERE, "000100c000000a8000083f83ebe8ed85", "00040c00001a00021zgfnyhvc5");
}

#[test]
fn the_hash_is_the_one_of_its_authors() {
    let bytes: [u8; 15] = std::array::from_fn(|at| at as u8);
    let key = std::array::from_fn(|at| at as u8);
    let hash = SipHasher24::new_with_key(&key).hash(&bytes);
    assert_eq!(hash, 0xa129_ca61_49be_45e5); // Aumasson and Bernstein, appendix A
}

#[test]
fn any_place_comes_back() {
    let seed = fastrand::u64(..);
    println!("SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let keys = keys(&[OLD, NEW].concat());
    let mut before: Option<(ClickPlace, ClickId)> = None;
    for _ in 0..10_000 {
        let digits = random.u32(..=32);
        let place = ClickPlace {
            node: random.u16(..),
            shard: random.u16(..1024),
            segment: random.u64(..1 << digits),
            offset: random.u64(..SEGMENT_BYTES_MAX / 8) * 8,
        };
        let id = keys.sign(place);
        assert_eq!(keys.open(id), Ok(place));
        assert_eq!(ClickId::parse(&id.text()), Ok(id));
        if let Some((place_before, id_before)) = before {
            assert_eq!(place.cmp(&place_before), id.cmp(&id_before));
            assert_eq!(id.cmp(&id_before), id.text().cmp(&id_before.text()));
        }
        before = Some((place, id));
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let (one, four) = (keys(OLD), keys(&format!("1 {HEX}\n2 {HEX}\n{NEW}{OLD}")));
    for place in [HERE, LAST] {
        let id = one.sign(place);
        for bit in 0..u128::BITS {
            let flipped = ClickId(id.0 ^ 1 << bit);
            let refused = match bit.checked_sub(MAC_BITS) {
                Some(bit @ 0..KEY_BITS) => IdRefused::UnknownKey(1 << bit),
                _ => IdRefused::Forged,
            };
            assert_eq!(one.open(flipped), Err(refused), "{bit}");
            let is_signed = four.open(flipped).is_ok();
            assert!(!is_signed, "{bit}");
        }
    }
}

/// What has no room in an id must give that of a lost click.
fn cannot_be_told(place: ClickPlace) {
    let keys = keys(OLD);
    let nowhere = ClickPlace { shard: 0, segment: 0, offset: 0, ..place };
    assert_eq!(keys.open(keys.sign(place)), Ok(nowhere));
}

#[test]
fn shard_too_high() {
    cannot_be_told(ClickPlace { shard: 1024, ..HERE });
}
#[test]
fn segment_too_high() {
    cannot_be_told(ClickPlace { segment: 1 << 32, ..HERE });
}
#[test]
fn offset_too_high() {
    cannot_be_told(ClickPlace { offset: 1 << 31, ..HERE });
}
#[test]
fn offset_between_records() {
    cannot_be_told(ClickPlace { offset: 4100, ..HERE });
}

fn read_as(text: &str, expected: &str) {
    assert_eq!(ClickId::parse(text.as_bytes()).unwrap().to_string(), expected);
}

#[test]
fn either_case() {
    read_as("00040C00001A00021WQGS0KR7E", "00040c00001a00021wqgs0kr7e");
}
#[test]
fn letters_that_look_like_digits() {
    read_as("oO040c0000iIlL021wqgs0kr7e", "00040c00001111021wqgs0kr7e");
}

fn no_id(text: &str) {
    assert_eq!(ClickId::parse(text.as_bytes()), Err(IdRefused::Shape), "{text}");
}

#[test]
fn no_ids() {
    no_id("");
    no_id("00040c00001a00021wqgs0kr7");
    no_id("00040c00001a00021wqgs0kr7e0");
    no_id("80040c00001a00021wqgs0kr7e"); // 129 bits
    no_id("00040c00001a00021wqgs0kr7u");
    no_id("00040c00001a-0021wqgs0kr7e");
    no_id("00040c00001a00021wqgs0kré");
}

#[test]
fn zeros_are_nobodys_id() {
    let id = ClickId::parse(&[b'0'; CLICK_ID_BYTES]).unwrap();
    assert_eq!(keys(OLD).open(id), Err(IdRefused::Forged));
}

#[test]
fn all_keys_verify_and_the_last_signs() {
    let both = keys(&format!("# ours\n\n{OLD}  {NEW}"));
    assert_eq!(both.open(keys(OLD).sign(HERE)), Ok(HERE));
    assert_eq!(both.open(keys(NEW).sign(HERE)), Ok(HERE));
    assert_eq!(both.sign(HERE), keys(NEW).sign(HERE));
    assert_eq!(both.newest(), 3);
    assert_eq!(both.sign_as(0, HERE), Some(keys(OLD).sign(HERE)));
    assert_eq!((both.sign_as(1, HERE), both.sign_as(4, HERE)), (None, None));
    assert_eq!(format!("{both:?}"), "[0, 3]");
    let other = keys(&OLD.replace('f', "e"));
    assert_eq!(other.open(keys(OLD).sign(HERE)), Err(IdRefused::Forged));
}

#[test]
fn a_new_file_can_be_read() {
    let random = std::array::from_fn(|at| at as u8);
    let text = ClickKeys::generate(0, random, "2025-11-22T10:00:00Z");
    assert!(text.ends_with(OLD), "{text}");
    assert_eq!(keys(&text).sign(HERE), keys(OLD).sign(HERE));
}

/// The text must be refused because of this line, in these words.
fn bad(text: &str, line: usize, words: &str) {
    let bad = ClickKeys::parse(text).unwrap_err();
    assert_eq!(bad.line, line, "{text}");
    assert!(bad.to_string().contains(words), "{bad}");
}

#[test]
fn bad_key_files() {
    bad("", 1, "there is no key");
    bad("# nothing\n\n", 2, "there is no key");
    bad(&format!("{OLD}4 {HEX}"), 2, "0 to 3");
    bad(HEX, 1, "0 to 3");
    bad("1", 1, "32 hex digits");
    bad("1 # 0", 1, "32 hex digits");
    bad(&format!("1 {}", &HEX[1..]), 1, "32 hex digits");
    bad(&format!("1 +{}", &HEX[1..]), 1, "32 hex digits");
    bad(&format!("{OLD}{OLD}"), 2, "key 0 is there already");
    bad(&format!("1 {HEX} yesterday"), 1, "2025-01-31T08:00:00Z");
    bad(&format!("1 {HEX} 2025-11-22T10:00:00Z now"), 1, "more than");
}
