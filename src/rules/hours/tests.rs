use super::*;

#[test]
fn hours_in_one_form() {
    let check = |text: &str, want: &str| {
        let hours = Hours::parse(text.as_bytes()).unwrap();
        assert_eq!(hours.to_string(), want, "{text}");
        let mut stored = Vec::new();
        hours.store(&mut stored);
        assert_eq!(Hours::read(&stored), hours);
        assert_eq!(Hours::parse(want.as_bytes()), Ok(hours));
    };
    check("08:00-17:30", "08:00-17:30");
    check("8:00-9:05", "08:00-09:05");
    check("22:00-06:00", "22:00-06:00");
    check("22:00-24:00", "22:00-24:00");
    check("22:00-00:00", "22:00-24:00");
    check("22:00-24:00,00:00-06:00", "22:00-06:00");
    check("22:00-06:00,12:00-13:00", "12:00-13:00,22:00-06:00");
    check("12:00-13:00,09:00-10:00", "09:00-10:00,12:00-13:00");
    check("12:00-13:00,13:00-14:00", "12:00-14:00");
    check("12:00-15:00,13:00-14:00", "12:00-15:00");
    check("12:00-13:00,12:00-13:00", "12:00-13:00");
    check("06:00-22:00,22:00-06:00", "00:00-24:00");
    check("00:00-24:00", "00:00-24:00");
    check("00:00-00:01", "00:00-00:01");
    check("23:59-24:00", "23:59-24:00");
    check("23:59-00:01", "23:59-00:01");
}

#[test]
fn minutes_in_hours() {
    let check = |text: &str, minute: u16, want: bool| {
        assert_eq!(Hours::parse(text.as_bytes()).unwrap().holds(minute), want, "{text} {minute}");
    };
    check("08:00-17:30", 8 * 60, true);
    check("08:00-17:30", 8 * 60 - 1, false);
    check("08:00-17:30", 17 * 60 + 29, true);
    check("08:00-17:30", 17 * 60 + 30, false);
    check("22:00-06:00", 0, true);
    check("22:00-06:00", 1439, true);
    check("22:00-06:00", 359, true);
    check("22:00-06:00", 360, false);
    check("22:00-06:00", 22 * 60 - 1, false);
    check("22:00-06:00,12:00-13:00", 12 * 60, true);
    check("00:00-24:00", 1439, true);
    assert!(!Hours::read(b"").holds(0));
    assert!(!Hours::read(b"\0\0\x10").holds(0));
}

#[test]
fn what_are_no_hours() {
    let check = |text: &str, range: &str, want: &str| {
        let said = Hours::parse(text.as_bytes()).unwrap_err();
        assert_eq!(said, format!("`{range}` is no range of hours; {want}"));
    };
    let all_day = "for the whole day write 00:00-24:00, or leave out Time";
    check("08:00-08:00", "08:00-08:00", all_day);
    check("00:00-00:00", "00:00-00:00", all_day);
    check("24:00-24:00", "24:00-24:00", all_day);
    check("12:00-13:00,24:00-06:00", "24:00-06:00", "write 00:00 for the beginning of a day");
    for text in [
        "",
        "8-17",
        "08:00",
        "08:00-",
        "-08:00",
        "08:60-09:00",
        "24:01-25:00",
        "1:0-2:0",
        "0x:00-1:00",
    ] {
        check(text, text, "write one as 22:00-06:00");
    }
    check("08:00-09:00-10:00", "08:00-09:00-10:00", "write one as 22:00-06:00");
    check("08:00-09:00,", "", "write one as 22:00-06:00");
    check("08:00:00-09:00", "08:00:00-09:00", "write one as 22:00-06:00");
}

#[test]
fn days_in_one_form() {
    let check = |text: &str, want: &str| {
        let days = Days::parse(text.as_bytes()).unwrap();
        assert_eq!(days.to_string(), want, "{text}");
        let mut stored = Vec::new();
        days.store(&mut stored);
        assert_eq!(Days::read(&stored), days);
        assert_eq!(Days::parse(want.as_bytes()), Ok(days));
    };
    check("fri", "fri");
    check("FRI,Sat", "fri,sat");
    check("sat,fri,fri", "fri,sat");
    check("mon-fri", "mon-fri");
    check("mon,tue,wed,thu,fri", "mon-fri");
    check("sat-mon", "sat-mon");
    check("mon,sat,sun", "sat-mon");
    check("sun,mon", "sun,mon");
    check("mon-tue", "mon,tue");
    check("mon,wed,fri", "mon,wed,fri");
    check("mon-wed,fri-sun", "fri-wed");
    check("tue-wed,fri-sat", "tue,wed,fri,sat");
    check("mon-sun", "mon-sun");
    check("sun-sat", "mon-sun");
    check("sun", "sun");
}

#[test]
fn days_that_hold() {
    let check = |text: &str, want: [u8; 7]| {
        let days = Days::parse(text.as_bytes()).unwrap();
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|day| u8::from(days.holds(day))), want, "{text}");
    };
    check("mon", [1, 0, 0, 0, 0, 0, 0]);
    check("mon-fri", [1, 1, 1, 1, 1, 0, 0]);
    check("sat-mon", [1, 0, 0, 0, 0, 1, 1]);
    check("sun-mon,wed", [1, 0, 1, 0, 0, 0, 1]);
    assert!(!Days(0xff).holds(7) && !Days::read(b"").holds(0));
    assert_eq!(Days::name(6), "sun");
}

#[test]
fn what_is_no_day() {
    let check = |text: &str, part: &str| {
        let names = "mon, tue, wed, thu, fri, sat, sun";
        let want = format!("`{part}` is no day; write one of {names}, or a range as mon-fri");
        assert_eq!(Days::parse(text.as_bytes()), Err(want));
    };
    check("", "");
    check("monday", "monday");
    check("mon,", "");
    check("mon-", "");
    check("mon-fri-sun", "mon-fri-sun");
    check("1-5", "1");
    check("mo", "mo");
    let said = Days::parse(b"mon-MON").unwrap_err();
    assert!(said.ends_with("write mon for that day, or leave out Day for all"), "{said}");
}
