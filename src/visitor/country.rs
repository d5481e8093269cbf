//! Countries by their codes of two letters (ISO 3166-1 alpha-2).

use core::fmt;

use crate::words::shown;

/// All that ISO 3166-1 assigns (2026), and `XK` and `ZZ`, which it leaves to its users:
/// files of addresses say `XK` for Kosovo.
const CODES: &[u8] = b"\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM \
    DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS \
    GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ \
    MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV \
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
    VN VU WF WS XK YE YT ZA ZM ZW ZZ";

/// The members of the European Union (2026).
const IN_EU: &[u8] = b"\
    AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";

static KNOWN: [u32; 26] = bits(CODES);
static MEMBERS: [u32; 26] = bits(IN_EU);

/// What people write that is no country, and what is meant.
const MEANT: [(&[u8; 2], &str); 10] = [
    (b"UK", "write GB"),
    (b"EL", "write GR"),
    (b"EN", "write GB, or Language=en for a language"),
    (b"AN", "write BQ, CW or SX"),
    (b"CS", "write RS or ME"),
    (b"YU", "write RS or ME"),
    (b"SU", "write RU, or another that came of it"),
    (b"TP", "write TL"),
    (b"ZR", "write CD"),
    (b"EU", "it is 27 of them, and a value of a condition: Country=EU"),
];

/// For each first letter, a bit for each second.
const fn bits(codes: &[u8]) -> [u32; 26] {
    let mut bits = [0; 26];
    let mut at = 0;
    while at < codes.len() {
        bits[(codes[at] - b'A') as usize] |= 1 << (codes[at + 1] - b'A');
        at += 3;
    }
    bits
}

/// A country, as its two capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(pub [u8; 2]);

impl Country {
    /// Of a visitor whose country is not known.
    pub const UNKNOWN: Self = Self(*b"ZZ");

    /// Reads a code in any case; `ZZ` is one too.
    ///
    /// # Errors
    ///
    /// There is no such country; with what is meant.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let code = <[u8; 2]>::try_from(text.to_ascii_uppercase());
        let country = code.ok().map(Self).filter(|country| country.is_in(&KNOWN));
        country.ok_or_else(|| {
            let meant = MEANT.iter().find(|(wrong, _)| text.eq_ignore_ascii_case(*wrong));
            let remedy = meant.map_or(
                "write the two letters of ISO 3166-1, as DE, or ZZ for unknown",
                |(_, remedy)| remedy,
            );
            let text = shown(text);
            match meant {
                Some(_) => format!("{text} is not a country; {remedy}"),
                None => format!("`{text}` is not a country; {remedy}"),
            }
        })
    }

    /// Whether it is one of the 27 members of the European Union.
    #[inline]
    #[must_use]
    pub fn is_in_eu(self) -> bool {
        self.is_in(&MEMBERS)
    }

    #[inline]
    fn is_in(self, set: &[u32; 26]) -> bool {
        let [first, second] = self.0.map(|letter| letter.wrapping_sub(b'A'));
        second < 26 && set.get(usize::from(first)).is_some_and(|bits| bits >> second & 1 == 1)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_any_case() {
        let check = |text: &str, want: &str| {
            assert_eq!(Country::parse(text.as_bytes()).unwrap().to_string(), want);
        };
        check("DE", "DE");
        check("de", "DE");
        check("gB", "GB");
        check("zw", "ZW");
        check("ad", "AD");
        check("xk", "XK");
        check("zz", "ZZ");
    }

    #[test]
    fn what_is_no_country_is_refused_with_a_remedy() {
        let check = |text: &str, want: &str| {
            assert_eq!(Country::parse(text.as_bytes()).unwrap_err(), want);
        };
        check("UK", "UK is not a country; write GB");
        check("uk", "uk is not a country; write GB");
        check("EL", "EL is not a country; write GR");
        check(
            "EU",
            "EU is not a country; it is 27 of them, and a value of a condition: Country=EU",
        );
        let ask = "write the two letters of ISO 3166-1, as DE, or ZZ for unknown";
        for text in
            ["", "d", "QQ", "AA", "XX", "DEU", "Germany", "de-AT", "1a", "d\n", "é", "[{", "@@"]
        {
            check(text, &format!("`{}` is not a country; {ask}", shown(text.as_bytes())));
        }
    }

    #[test]
    fn as_many_as_there_are() {
        let letters = b'A'..=b'Z';
        let all = letters.clone().flat_map(|one| letters.clone().map(move |two| [one, two]));
        let known: Vec<_> = all.filter_map(|code| Country::parse(&code).ok()).collect();
        assert_eq!(known.len(), 249 + 2);
        assert_eq!(known.iter().filter(|country| country.is_in_eu()).count(), 27);
    }

    #[test]
    fn members_of_the_union() {
        let check = |code: &[u8; 2], want| assert_eq!(Country(*code).is_in_eu(), want);
        check(b"DE", true);
        check(b"GR", true);
        check(b"HR", true);
        check(b"GB", false);
        check(b"CH", false);
        check(b"ZZ", false);
        check(b"\0\xff", false);
        check(b"Az", false);
    }
}
