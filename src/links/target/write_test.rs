use super::*;
use crate::limits::{CLICK_ID_BYTES, LOCATION_BYTES_MAX, TARGET_BYTES_MAX};

fn rest(splat: &[u8]) -> Captured<'_> {
    Captured::new(splat, 0, b"")
}

/// Whatever is accepted can stand in a field value, byte for byte.
#[test]
fn no_accepted_target_can_break_a_header() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut accepted = 0;
    for _ in 0..50_000 {
        let mut target = b"https://a.example/x?y=:splat#z{clickid}".to_vec();
        for _ in 0..rng.usize(1..3) {
            let at = rng.usize(..target.len());
            target[at] = rng.u8(..);
        }
        if let Ok(checked) = validate(&target) {
            accepted += 1;
            assert!(checked.bytes().iter().all(|byte| (0x21..=0x7e).contains(byte)));
            let mut out = Vec::new();
            let splat: Vec<u8> = (0..rng.usize(..20)).map(|_| rng.u8(..)).collect();
            Target::from(checked).write(&rest(&splat), &mut out).unwrap();
            assert!(out.iter().all(|byte| (0x21..=0x7e).contains(byte)));
            assert_eq!(validate(&out).map(Checked::bytes), Ok(&out[..]));
        }
    }
    assert!(accepted > 1_000);
}

fn filled(target: &str, splat: &str) -> String {
    let mut out = b"Location: ".to_vec();
    let target = Target::from(validate(target.as_bytes()).unwrap());
    target.write(&rest(splat.as_bytes()), &mut out).unwrap();
    String::from_utf8(out).unwrap().split_off(10)
}

#[test]
fn splats() {
    let check = |target: &str, splat: &str, want: &str| assert_eq!(filled(target, splat), want);
    check("https://a/x", "ignored", "https://a/x");
    check("https://a/dp/:splat", "B01/x", "https://a/dp/B01/x");
    check("https://a/dp/:splat", "", "https://a/dp/");
    check("https://a/:splat/:splat?u=:splat", "b", "https://a/b/b?u=b");
    check("https://a/:splat", "x%20y%3Fz", "https://a/x%20y%3Fz");
    check("https://a/:splat", "x?y#z", "https://a/x%3Fy%23z");
    check("https://a/:splat", "a&b=c+d;e", "https://a/a&b=c+d;e");
    check("https://a/?u=:splat", "a&b=c+d;e#f", "https://a/?u=a%26b%3Dc%2Bd%3Be%23f");
    check("https://a/?u=:splat", "a/b%26c", "https://a/?u=a/b%26c");
    check("https://a/#:splat", "a#b&c", "https://a/#a%23b%26c");
    check("https://a/:splat", "x\r\ny é", "https://a/x%0D%0Ay%20%C3%A9");
    check("https://a/:splat", "100%", "https://a/100%25");
    check("https://a/:splatter/:splat", "b", "https://a/:splatter/b");
    check("https://a?x=:splat", "b", "https://a?x=b");
}

#[test]
fn click_ids() {
    let id = b"00040c00001a00021wqgs0kr7e";
    let check = |target: &str, want: &str| {
        let checked = validate(target.as_bytes()).unwrap();
        let target = Target::from(checked);
        assert!(target.has_click_id() && target.plain().is_none());
        let (mut first, mut out) = (Vec::new(), Vec::new());
        target.write(&rest(b"a&b"), &mut first).unwrap();
        assert_eq!(first, want.replace('@', &"0".repeat(26)).as_bytes());
        target.write_with_id(&rest(b"a&b"), id, &mut out).unwrap();
        assert_eq!(out, want.replace('@', str::from_utf8(id).unwrap()).as_bytes());
    };
    check("https://a/?c={clickid}", "https://a/?c=@");
    check("https://a/{clickid}", "https://a/@");
    check("https://a#{clickid}", "https://a#@");
    check("https://a/{clickid}{clickid}/x?{clickid}&b#{clickid}", "https://a/@@/x?@&b#@");
    check("https://a/:splat?c={clickid}&u=:splat", "https://a/a&b?c=@&u=a%26b");
    check("https://a/:splat{clickid}:splat", "https://a/a&b@a&b");
    check("https://a/:{clickid}", "https://a/:@");
}

#[test]
fn nothing_but_click_ids_still_fits() {
    let text = ["https://a/", &"{clickid}".repeat((TARGET_BYTES_MAX - 10) / 9)].concat();
    let target = Target::from(validate(text.as_bytes()).unwrap());
    let mut out = Vec::new();
    assert_eq!(target.write(&rest(b""), &mut out), Ok(()));
    assert_eq!(out.len(), 10 + (text.len() - 10) / 9 * CLICK_ID_BYTES);
}

#[test]
fn a_fallback_has_no_splat() {
    let fallback = |target: &str| Fallback::new(validate(target.as_bytes()).unwrap());
    assert!(fallback("https://a/:splat").is_none());
    let kept = fallback("https://a/{clickid}").unwrap();
    assert_eq!(kept.text(), "https://a/{clickid}");
    assert!(kept.target().has_click_id());
}

#[test]
fn a_location_is_bounded() {
    let target = Target::from(validate(b"https://a/:splat").unwrap());
    let mut out = b"before".to_vec();
    let longest = vec![b'x'; LOCATION_BYTES_MAX - 10];
    assert_eq!(target.write(&rest(&longest), &mut out), Ok(()));
    assert_eq!(out.len(), 6 + LOCATION_BYTES_MAX);
    out.truncate(6);
    let longer = vec![b'x'; LOCATION_BYTES_MAX - 9];
    assert_eq!(target.write(&rest(&longer), &mut out), Err(TooLong));
    assert_eq!(target.write(&rest(&[b' '; 4096]), &mut out), Err(TooLong));
    assert_eq!(out, b"before");
}

#[test]
fn plain_targets_are_known() {
    let target = |text: &'static str| Target::from(validate(text.as_bytes()).unwrap());
    assert_eq!(target("https://a/").plain(), Some(&b"https://a/"[..]));
    assert_eq!(target("https://a/:splat").plain(), None);
    assert_eq!(target("https://a/{clickid}").plain(), None);
}
