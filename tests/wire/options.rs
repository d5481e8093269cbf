//! Cases of links with options and macros: what they add to a reply, mixed with
//! plain links on one connection.

use carom::limits::{LOCATION_BYTES_MAX, REQUESTS_PER_ROUND_MAX};

use crate::cases::{A, Case, GET_A, case, head};

pub fn cases() -> Vec<Case> {
    [queries(), fields(), times(), clicks(), macros(), mixed()].into_iter().flatten().collect()
}

fn get(path: &str) -> String {
    head(&format!("GET {path}"), "")
}

fn queries() -> Vec<Case> {
    vec![
        case("query=keep", get("/keep?a=1&b"), "302 https://k.example/?ref=mine&a=1&b#top"),
        case(
            "query=keep, ours wins",
            get("/keep?r%65f=x&a"),
            "302 https://k.example/?ref=mine&a#top",
        ),
        case("query=keep without one", get("/keep"), "302 https://k.example/?ref=mine#top"),
        case("query=keep, empty", get("/keep?"), "302 https://k.example/?ref=mine#top"),
        case(
            "query=keep of a prefix",
            get("/pk/x?a=%0d%0aX:y"),
            "302 https://k.example/x?a=%0d%0aX:y",
        ),
        case(
            "query=override",
            get("/over?ref=theirs&a=1"),
            "302 https://o.example/?ref=theirs&a=1",
        ),
        case("query=override without one", get("/over"), "302 https://o.example/?ref=mine"),
        case(
            "query=override, raw bytes",
            get("/over?\u{e9}=\"<;"),
            "302 https://o.example/?ref=mine&%C3%A9=%22%3C%3B",
        ),
        case("query=drop", get("/drop?a=1"), "302 https://d.example/"),
        case(
            "a query that is too long",
            get(&format!("/keep?{}", "\u{e9}".repeat(LOCATION_BYTES_MAX / 5))),
            "414",
        ),
    ]
}

fn fields() -> Vec<Case> {
    vec![
        case("slash=ignore", get("/slash/"), "302 https://s.example/"),
        case("punctuation=ignore", get("/slash."), "302 https://s.example/"),
        case("slash=ignore of a prefix", get("/slashes"), "302 https://s.example/"),
        case("slash=ignore, with more behind", get("/slash/x"), "404"),
        case("RFC 9111 §5.2.2.1 max-age", get("/cached"), "301 max-age=3600 https://c.example/"),
        case(
            "RFC 9111 §5.2.2.7 private",
            get("/private"),
            "302 private, max-age=60 https://c.example/x",
        ),
        case("410 that may be cached", get("/gone-cached"), "410 max-age=60"),
        case("Referrer-Policy", get("/referrer"), "302 max-age=0 no-referrer https://r.example/"),
        case("HEAD says the same", head("HEAD /cached", ""), "301 max-age=3600 https://c.example/"),
        case("HEAD of a 410", head("HEAD /gone-cached", ""), "410 max-age=60"),
        case("405 says nothing of it", head("POST /cached", ""), "405"),
    ]
}

fn times() -> Vec<Case> {
    vec![
        case("before its time: 410, not cached", get("/early"), "410"),
        case(
            "before its time: else, not for good",
            get("/early-else"),
            "307 https://soon.example/early-else",
        ),
        case("after its time: 410, no policy", get("/late"), "410"),
        case("after its time: else", get("/late-else/x/y?a=1"), "302 https://over.example/x/y?a=1"),
        case("in its time", get("/now"), "302 max-age=60 https://n.example/"),
    ]
}

fn clicks() -> Vec<Case> {
    vec![
        case("id of the click", get("/id"), "302 https://i.example/"),
        case("tag of the click", get("/tag"), "302 https://t.example/"),
    ]
}

fn macros() -> Vec<Case> {
    let said = |fields: &str| head("GET /m/ua", fields);
    vec![
        case("{slug}", get("/m/./slug"), "302 https://m.example/slug?s=slug"),
        case("{query} alone", get("/m/query?a=b&c=%26"), "302 https://m.example/?x=1&a=b&c=%26#f"),
        case("{query} alone, none", get("/m/query"), "302 https://m.example/?x=1#f"),
        case("{query} as a value", get("/m/value?a=b&c"), "302 https://m.example/?q=a%3Db%26c"),
        case(
            "{query:NAME}",
            get("/m/name?o&p=a%2Fb+c&p=d"),
            "302 https://m.example/a%2Fb%20c/?p=a%2Fb%20c",
        ),
        case("{query:NAME} that is a step up", get("/m/name?p=.."), "302 https://m.example//?p=.."),
        case(
            "{query:NAME} with line ends",
            get("/m/name?p=%0d%0aX:%20y"),
            "302 https://m.example/%0D%0AX%3A%20y/?p=%0D%0AX%3A%20y",
        ),
        case(
            "{ua}, {referer}",
            said("User-Agent: a/1 (b; c)\r\nReferer: https://r/?a&b#c\r\n"),
            "302 https://m.example/?u=a%2F1%20%28b%3B%20c%29&r=https%3A%2F%2Fr%2F%3Fa%26b%23c",
        ),
        case("{ua}, {referer} not sent", said(""), "302 https://m.example/?u=&r="),
        case(
            "{host}",
            "GET /m/host HTTP/1.1\r\nHost: A.Example:8080\r\n\r\n",
            "302 https://m.example/a.example",
        ),
        case(
            "{host} of an absolute target",
            "GET http://b.example/m/host HTTP/1.1\r\nHost: x\r\n\r\n",
            "302 https://m.example/b.example",
        ),
        case("{host} without one", "GET /m/host HTTP/1.0\r\n\r\n", "302 https://m.example/ close"),
        case(
            "a user agent that is too long",
            said(&format!("User-Agent: {}\r\n", "/".repeat(LOCATION_BYTES_MAX / 3))),
            "414",
        ),
    ]
}

fn mixed() -> Vec<Case> {
    let all = get("/M/All?i=1&u=2&z");
    let sent = "307 private, max-age=5 unsafe-url https://m.example/?i=1&u=&z#Allx";
    let of_one_round =
        [all.clone(), GET_A.to_owned(), get("/keep?a"), head("HEAD /gone-cached", "")].concat();
    let answers = format!("{sent} {A} 302 https://k.example/?ref=mine&a#top 410 max-age=60");
    let many = REQUESTS_PER_ROUND_MAX / 4 + 1;
    vec![
        case("all options at once", all.clone(), sent),
        case(
            "plain ones between them",
            of_one_round.repeat(many),
            &[&*answers].repeat(many).join(" "),
        ),
        case(
            "HTTP/1.0 keep-alive",
            all.replace("1.1\r\n", "1.0\r\nConnection: keep-alive\r\n").repeat(2),
            &format!("{sent} {sent}"),
        ),
        case(
            "close",
            all.replace("Host: x\r\n", "Host: x\r\nConnection: close\r\n") + GET_A,
            &format!("{sent} close"),
        ),
    ]
}
