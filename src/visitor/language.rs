//! The language that a visitor likes best, and ranges of languages that rules name.

use crate::limits::{LANGUAGE_TAG_BYTES_MAX, LANGUAGES_BYTES_READ};
use crate::words::shown;

/// The quality of a tag that says none, in billionths.
const WHOLE: u32 = 1_000_000_000;

/// The tag of an `Accept-Language` with the highest quality, of equals the first. What is
/// no tag, `*` and a quality of 0 are passed over.
#[inline]
#[must_use]
pub fn preferred_language(accept_language: &[u8]) -> Option<&[u8]> {
    let mut best = (0, None);
    let mut elements = accept_language.split(|&byte| byte == b',');
    let mut read = 0;
    while let Some(element) = elements.next().filter(|element| {
        read += element.len() + 1;
        read <= LANGUAGES_BYTES_READ + 1
    }) {
        let (tag, quality) = tag_and_quality(element);
        if quality > best.0 && is_tag(tag) {
            best = (quality, Some(tag));
            // None can be liked better.
            if quality == WHOLE {
                break;
            }
        }
    }
    best.1
}

/// An element of the list, and its quality; one that is no number from 0 to 1 is 0.
fn tag_and_quality(element: &[u8]) -> (&[u8], u32) {
    let mut parts = element.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    let tag = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| match part {
        [b'q' | b'Q', b'=', value @ ..] => Some(quality(value).unwrap_or(0)),
        _ => None,
    });
    (tag, quality.unwrap_or(WHOLE))
}

/// A number from 0 to 1, in billionths; what is smaller is left out.
fn quality(text: &[u8]) -> Option<u32> {
    let point = text.iter().position(|&byte| byte == b'.');
    let (whole, part) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[][..]),
    };
    if whole.is_empty() && part.is_empty() || !part.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = part.iter().chain(core::iter::repeat(&b'0')).take(9);
    let part = digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    match whole {
        b"1" if part == 0 => Some(WHOLE),
        b"0" | b"" => Some(part),
        _ => None,
    }
}

/// Whether this is a tag: up to eight letters, then letters and digits behind hyphens
/// (RFC 4647 §2.1, without `*`).
fn is_tag(text: &[u8]) -> bool {
    let mut subtags = text.split(|&byte| byte == b'-');
    let first = subtags.next().unwrap_or_default();
    let fits = |subtag: &[u8]| (1..=8).contains(&subtag.len());
    fits(first)
        && first.iter().all(u8::is_ascii_alphabetic)
        && subtags.all(|subtag| fits(subtag) && subtag.iter().all(u8::is_ascii_alphanumeric))
}

/// Whether a tag is one of a range: equal, or more precise (basic filtering, RFC 4647 §3.3.1).
#[inline]
#[must_use]
pub fn is_language(range: &[u8], tag: &[u8]) -> bool {
    tag.split_at_checked(range.len()).is_some_and(|(start, rest)| {
        matches!(rest, [] | [b'-', ..]) && start.eq_ignore_ascii_case(range)
    })
}

/// Languages of two letters: ISO 639-1 (2026), and those that had other letters before,
/// as old phones still send them.
const LANGUAGES: &[u8] = b"\
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv \
    cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr \
    ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw \
    ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv \
    ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq \
    sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh \
    yi yo za zh zu in iw ji jw mo";

/// Countries that are written for their language, and what is meant.
const MEANT: [(&str, &str); 13] = [
    ("at", "de-AT, or Country=AT for the country"),
    ("cn", "zh"),
    ("cz", "cs"),
    ("dk", "da"),
    ("gb", "en-GB, or Country=GB for the country"),
    ("gr", "el"),
    ("jp", "ja"),
    ("nz", "en-NZ, or Country=NZ for the country"),
    ("rs", "sr"),
    ("ua", "uk"),
    ("us", "en-US, or Country=US for the country"),
    ("au", "en-AU, or Country=AU for the country"),
    ("vn", "vi"),
];

/// Checks what a condition names as a language: a tag or the beginning of one (RFC 5646).
///
/// # Errors
///
/// No visitor can have such a tag; with what would be right.
pub fn check_range(range: &[u8]) -> Result<(), String> {
    match remedy(range) {
        None => Ok(()),
        Some(right) => Err(format!("`{}` is not a language; {right}", shown(range))),
    }
}

fn remedy(range: &[u8]) -> Option<String> {
    let usual = Some("write a tag, as de or pt-BR".to_owned());
    if range.len() > LANGUAGE_TAG_BYTES_MAX {
        return Some(format!(
            "write a tag of at most {LANGUAGE_TAG_BYTES_MAX} bytes, as de or pt-BR"
        ));
    }
    if range == b"*" {
        return Some("leave out Language, so that the line holds for any".to_owned());
    }
    let with_hyphens: Vec<u8> =
        range.iter().map(|&byte| if byte == b'_' { b'-' } else { byte }).collect();
    if range.contains(&b'_') && is_tag(&with_hyphens) {
        return Some(format!("write {}", shown(&with_hyphens)));
    }
    if !is_tag(range) {
        return usual;
    }
    let mut subtags = range.split(|&byte| byte == b'-');
    let language = subtags.next().unwrap_or_default();
    match language.len() {
        // What follows is anybody's own.
        1 if matches!(language, b"x" | b"X" | b"i" | b"I") => return None,
        2 if !is_assigned(language) => {
            let meant = MEANT.iter().find(|(it, _)| language.eq_ignore_ascii_case(it.as_bytes()));
            return meant.map(|(_, meant)| format!("write {meant}")).or(usual);
        }
        2 | 3 => {}
        _ => return usual,
    }
    // Browsers know that country by its other letters.
    let is_british = subtags.next().is_some_and(|region| region.eq_ignore_ascii_case(b"uk"));
    is_british.then(|| format!("write {}-GB", shown(language)))
}

fn is_assigned(language: &[u8]) -> bool {
    LANGUAGES.split(|&byte| byte == b' ').any(|known| known.eq_ignore_ascii_case(language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_liked_best() {
        let check = |sent: &str, want: &str| {
            let tag = preferred_language(sent.as_bytes()).unwrap_or_default();
            assert_eq!(String::from_utf8_lossy(tag), want, "{sent}");
        };
        check("de", "de");
        check("en-US,en;q=0.9", "en-US");
        check("de-AT,de;q=0.9,en;q=0.8", "de-AT");
        check("de;q=0.5,en", "en");
        check("de;q=0.5, en;q=0.8 ,fr;q=0.8", "en");
        check("de;q=0.5,en;q=0.50,fr;q=0.501", "fr");
        check("de;q=0.001,en;q=0.0009", "de");
        check(" \tde ; q=0.3", "de");
        check("de;Q=0.2,en;q=0.1", "de");
        check("de;level=1;q=0.2,en;q=0.3", "en");
        check("de;,en", "de");
        check("de;q=1.000,en", "de");
        check("de;q=.5,en;q=.6", "en");
        check("de;q=0.,en;q=1.", "en");
        check(",,de,", "de");
        check("x-klingon,de", "x-klingon");
        check("zh-Hant-TW", "zh-Hant-TW");
        check("de;q=0,en;q=0.1", "en");
        check("*", "");
        check("*,de;q=0.1", "de");
        check("*;q=0.9,de;q=0", "");
        check("", "");
        check("-", "");
        check("de;q=2", "");
        check("de;q=1.1", "");
        check("de;q=-1", "");
        check("de;q=", "");
        check("de;q= 0.5", "");
        check("de;q=0.5.5", "");
        check("de;q=.", "");
        check("de;q=1e0", "");
        check("de_AT,fr;q=0.1", "fr");
        check("123,fr;q=0.1", "fr");
        check("abcdefghi,fr;q=0.1", "fr");
        check("de-,fr;q=0.1", "fr");
        check("de-abcdefghi,fr;q=0.1", "fr");
        check("d\u{e9},fr;q=0.1", "fr");
    }

    #[test]
    fn of_a_long_list_its_beginning_is_read() {
        let behind = |bytes: usize| format!("en;q=0.1{},de", ",".repeat(bytes - 8 - 3));
        let tag = |sent: &str| preferred_language(sent.as_bytes()).map(<[u8]>::to_vec);
        assert_eq!(tag(&behind(LANGUAGES_BYTES_READ)), Some(b"de".to_vec()));
        assert_eq!(tag(&behind(LANGUAGES_BYTES_READ + 1)), Some(b"en".to_vec()));
        assert_eq!(tag(&"a".repeat(100_000)), None);
        assert_eq!(tag(&",".repeat(100_000)), None);
        assert_eq!(tag(&(";".repeat(100_000) + ",de")), None);
    }

    #[test]
    fn tags_of_a_range() {
        let check = |range: &str, tag: &str, want| {
            assert_eq!(is_language(range.as_bytes(), tag.as_bytes()), want, "{range} {tag}");
        };
        check("de", "de", true);
        check("de", "DE-at", true);
        check("DE", "de-AT", true);
        check("de-CH", "de-ch-1996", true);
        check("zh-Hant", "zh-hant-TW", true);
        check("x", "x-y", true);
        check("de", "den", false);
        check("de-AT", "de", false);
        check("de-AT", "de-ATX", false);
        check("zh-TW", "zh-Hant-TW", false);
        check("de", "en-de", false);
        check("de", "", false);
    }

    #[test]
    fn what_conditions_may_name() {
        for range in [
            "de",
            "pt-BR",
            "zh-Hant",
            "de-CH-1996",
            "gsw",
            "x",
            "i-klingon",
            "iw",
            "en-419",
            "EN-gb",
        ] {
            assert_eq!(check_range(range.as_bytes()), Ok(()), "{range}");
        }
        let check = |range: &str, want: &str| {
            let said = check_range(range.as_bytes()).unwrap_err();
            assert_eq!(said, format!("`{range}` is not a language; {want}"));
        };
        check("de_AT", "write de-AT");
        check("en-UK", "write en-GB");
        check("jp", "write ja");
        check("US", "write en-US, or Country=US for the country");
        check("*", "leave out Language, so that the line holds for any");
        for range in [
            "", "d", "german", "de-", "-de", "de AT", "1", "qq", "de-*", "de;q=1", "de_", "e\u{e9}",
        ] {
            check(range, "write a tag, as de or pt-BR");
        }
        let long = "de-".to_owned() + &"a-".repeat(40);
        assert!(check_range(long.as_bytes()).unwrap_err().contains("at most 64 bytes"));
    }
}
