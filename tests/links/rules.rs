//! Each error and each warning of the tables in `docs/rules.md`: a case, and what is said of it.

use serde_json::Value;

use crate::common::{Engine, Setup, carom};

/// What `links check` says of lines of a file, as `problems` or as `notes`.
fn said(text: &str, has_countries: bool, kind: &str) -> Vec<(u64, String)> {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let links = put("links.txt", text);
    let geo = put("geo.csv", "192.0.2.0,192.0.2.255,DE\n");
    let list = format!("office={}", put("office.txt", "192.0.2.0/24\n"));
    let own = ["--list", &list, "--geo", &geo];
    let own = if has_countries { &own[..] } else { &own[..2] };
    let ran = carom([&["links", "check", "--json"], own, &[&*links]].concat());
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!(ran.code == Some(0), report["problems"] == Value::Array(Vec::new()), "{ran:?}");
    let lines = report[kind].as_array().unwrap().iter();
    lines
        .map(|it| (it["line"].as_u64().unwrap(), it["message"].as_str().unwrap().to_owned()))
        .collect()
}

/// That line is wrong, and the message has each of these words.
#[track_caller]
fn wrong(text: &str, line: u64, words: &[&str]) {
    check(text, said(text, true, "problems"), line, words);
}

#[track_caller]
fn check(text: &str, said: Vec<(u64, String)>, line: u64, words: &[&str]) {
    let has = |(at, message): &(u64, String)| {
        *at == line && words.iter().all(|word| message.contains(word))
    };
    assert!(said.iter().any(has), "{text}\n{words:?} in line {line} of {said:#?}");
    // What is wrong; what would be right.
    let is_sentence = |(_, message): &(u64, String)| {
        let parts = [";", ":", " is written ", ", which it is about"];
        parts.iter().any(|part| message.contains(part))
    };
    assert!(said.iter().all(is_sentence), "{said:#?}");
}

/// A line with these words, and one for all others.
fn one(words: &str) -> String {
    format!("/a https://a.example/ {words}\n/a https://b.example/\n")
}

/// Two lines with these words.
fn two(first: &str, second: &str) -> String {
    format!("/a https://a.example/ {first}\n/a https://b.example/ {second}\n")
}

#[test]
fn keys_and_lines() {
    let apart = "/a https://a.example/ Device=ios\n/b https://b.example/\n/a https://c.example/\n";
    wrong(
        apart,
        3,
        &["/a is already defined at ", "links.txt:1; put the lines of one key together"],
    );
    wrong(&two("", ""), 2, &["is already defined at "]);
    let never = [&one("Device=ios"), "/a https://c.example/ Device=android\n"].concat();
    wrong(&never, 3, &["never gets here: line 2 answers everybody; put this line before it"]);
    let by_else = two("cap=5/day else=https://e.example/", "Device=ios");
    wrong(&by_else, 2, &["never gets here: line 1 answers everybody"]);
    wrong(&two("Device=ios id=5", "id=6"), 2, &["id=5", "id=6"]);
    let many: String = (0..65).map(|at| format!("/a https://a.example/ Query.n={at}\n")).collect();
    wrong(&many, 65, &["more than 64 lines"]);
    wrong(&one("Device=ios cache=60"), 1, &["a cached reply asks no rule; leave out cache="]);
    wrong(&one("cap=5/day cache=60"), 1, &["a cached reply asks no rule; leave out cache="]);
    wrong(&two("weight=1", "weight=1 cache=60"), 2, &["a cached reply asks no rule"]);
    wrong(
        &one("Device=ios else=https://e.example/"),
        1,
        &["else= needs a from=, an until= or a cap="],
    );
    wrong(&two("Device=ios", "cap=1/day else="), 2, &["else"]);
    wrong(&one("cap=5/day cap=6/day"), 1, &["cap= is there twice; write it once"]);
    let many: Vec<_> = (0..17).map(|at| format!("Query.n!={at}")).collect();
    wrong(&one(&many.join(" ")), 1, &["17 conditions; at most 16"]);
    let many: Vec<_> = (0..65).map(|at| at.to_string()).collect();
    wrong(&one(&format!("Query.n={}", many.join(","))), 1, &["65 values; at most 64"]);
}

#[test]
fn splits() {
    wrong(&two("weight=70", ""), 1, &["weight= stands alone"]);
    wrong(&two("Device=ios weight=70", "Device=android weight=30"), 1, &["weight= stands alone"]);
    wrong(&two("weight=0", "weight=0"), 1, &["all weights of the split are 0"]);
    for weight in ["1000001", "-1", "1.5", "70%", ""] {
        wrong(&two(&format!("weight={weight}"), "weight=1"), 1, &["not a number up to 1000000"]);
    }
    wrong(&two("weight=1 sticky=ip", "weight=1 sticky=off"), 2, &["sticky=off differs"]);
    for sticky in ["cookie", "query:", "query"] {
        wrong(
            &two(&format!("weight=1 sticky={sticky}"), "weight=1"),
            1,
            &["visitor, ip, off or query:NAME"],
        );
    }
    wrong(&one("Device=ios sticky=ip"), 1, &["sticky= needs a weight="]);
}

#[test]
fn places() {
    let no_geo = said(&one("Country=DE"), false, "problems");
    check("Country=DE", no_geo, 1, &["give a file of them with --geo"]);
    // A server knows what it has.
    for (rule, words) in [("Country=DE", "with --geo"), ("Net=home", "--list home=FILE")] {
        let refusal = Setup::new(Engine::Epoll, &one(rule)).refusal();
        assert!(refusal.contains(words), "{refusal}");
    }
    wrong(&one("Country=UK"), 1, &["UK is not a country; write GB"]);
    for code in ["QQ", "GER", "Germany", "d"] {
        wrong(&one(&format!("Country={code}")), 1, &["is not a country; write the two letters"]);
    }
    wrong(&one("IP=10.0.0.1/8"), 1, &["write 10.0.0.0/8"]);
    wrong(&one("IP=2001:db8::1/32"), 1, &["write 2001:db8::/32"]);
    for address in ["10.0.0", "10.0.0.0/33", "localhost", "2001:db8::/129"] {
        wrong(&one(&format!("IP={address}")), 1, &["is no address; write 192.0.2.7"]);
    }
    wrong(&one("Net=home"), 1, &["no list home; give it with --list home=FILE"]);
    wrong(&one("IP=@home"), 1, &["no list home; give it with --list home=FILE"]);
    wrong(&one("Net=Home"), 1, &["`Home` is no name of a list"]);
}

#[test]
fn who_asks() {
    for tag in ["de_AT", "de;q=1", "*", "d", "toolonglanguage"] {
        wrong(&one(&format!("Language={tag}")), 1, &["anguage", tag]);
    }
    wrong(&one("Device=nokia"), 1, &["nokia", "android", "chromeos", "mobile", "other"]);
    for host in ["https://example.com", "example.com/x", ".example.com"] {
        wrong(&one(&format!("Referer={host}")), 1, &["is no host; write example.com"]);
    }
    for value in ["Country=", "Query.src=", "Device=ios,", "IP=,192.0.2.1"] {
        wrong(&one(value), 1, &["empty value"]);
    }
    wrong(&one("country=DE"), 1, &["country= is written Country="]);
    wrong(&one("query.src=DE"), 1, &["is written Query.NAME="]);
    wrong(&one("Query=DE"), 1, &["Query.NAME="]);
    wrong(&one("Query.=DE"), 1, &["`Query.=DE`"]);
    wrong(&one("Role=admin"), 1, &["Role= is no condition here; leave out"]);
    wrong(&one("Weather=sun"), 1, &["Weather= is not an option of a link"]);
}

#[test]
fn times_and_caps() {
    for time in ["9-17", "25:00-26:00", "12:60-13:00", "09:00", "24:00-06:00", "09:00-09:00"] {
        wrong(&one(&format!("Time={time}")), 1, &["is no range of hours; ", time]);
    }
    for day in ["friday", "8", "mon-"] {
        wrong(&one(&format!("Day={day}")), 1, &["is no day; write one of mon, tue"]);
    }
    wrong(&one("Day=mon-mon"), 1, &["is no range of days; write mon for that day"]);
    wrong(&one("Day=mon tz=Berlin"), 1, &["`Berlin` is no time zone", "Europe/Berlin"]);
    wrong(&one("Device=ios tz=Europe/Berlin"), 1, &["tz= needs a Time=, a Day= or a cap="]);
    wrong(&one("cap=5"), 1, &["cap=5 names no period; write cap=N/minute"]);
    for cap in ["0/day", "x/day", "-1/day", "1099511627777/day"] {
        wrong(&one(&format!("cap={cap}")), 1, &["cap=", "is not a number from 1 to 1099511627776"]);
    }
    wrong(&one("cap=5/week"), 1, &["cap=5/week"]);
}

#[test]
fn warnings() {
    let noted = |text: &str, line: u64, words: &[&str]| {
        assert_eq!(said(text, true, "problems"), [], "{text}");
        check(text, said(text, true, "notes"), line, words);
    };
    for status in ["301", "308"] {
        let text = format!("/a https://a.example/ {status} Device=ios\n/a https://b.example/\n");
        noted(&text, 1, &["browsers remember a", status, "write 302 or 307"]);
    }
    noted(
        "/a https://a.example/ Device=ios\n",
        1,
        &["none of the lines of /a", "without conditions"],
    );
    let covered =
        [&two("Device=ios", "Device=ios Language=de"), "/a https://c.example/\n"].concat();
    noted(&covered, 2, &["is answered by line 1"]);
    let nothing = |text: &str| {
        assert_eq!(
            (said(text, true, "problems"), said(text, true, "notes")),
            (vec![], vec![]),
            "{text}"
        );
    };
    nothing(
        &[&two("Device=ios cap=5/day", "Device=ios Language=de"), "/a https://c.example/\n"]
            .concat(),
    );
    nothing(&[&two("Device=ios", "Device=ios,android"), "/a https://c.example/\n"].concat());
    nothing(&two("weight=1", "weight=1"));
}
