//! What each kind of file says, and what is said of a bad one.

use super::written::{Written, country, map, text};
use super::{places, said};

fn check_countries(file: &[u8], want: &[(&str, &str)]) {
    let places = places(&[file], &[]).unwrap();
    assert!(places.has_countries());
    for (address, want) in want {
        assert_eq!(said(&places, address), *want, "{address}");
    }
}

fn check_list(file: &str, want: &[(&str, bool)]) {
    let places = places(&[], &[("a", file.as_bytes())]).unwrap();
    assert!(!places.has_countries());
    for (address, want) in want {
        assert_eq!(said(&places, address) == "ZZ 0", *want, "{address} of {file}");
    }
}

#[test]
fn tables_of_countries() {
    let two = [("1.0.0.0", "AU"), ("1.0.0.255", "AU"), ("1.0.1.0", "ZZ"), ("2001:db8::1", "DE")];
    check_countries(b"1.0.0.0,1.0.0.255,AU\n2001:db8::,2001:db8::ffff,DE\n", &two);
    check_countries(b"\xef\xbb\xbf1.0.0.0/24,au\r\n2001:db8::/112,de", &two);
    check_countries(
        b"start_ip,end_ip,country\n1.0.0.0,1.0.0.255,AU\n2001:db8::,2001:db8::9,DE",
        &two,
    );
    check_countries(
        b"network,country,country_code\n1.0.0.0/24,Australia,AU\n2001:db8::/64,X,DE",
        &two,
    );
    let numbers =
        b"\"0\",\"16777215\",\"-\",\"-\"\n\"16777216\",\"16777471\",\"AU\",\"Australia\"\n";
    check_countries(numbers, &two[..3]);
    check_countries(b"281470698520576,281470698520831,AU,Australia\n", &two[..3]);
    check_countries(
        b"# ours\n\n10.0.0.0/8,UK # the office\n11.0.0.0/8,EU",
        &[("10.1.2.3", "GB"), ("11.1.2.3", "ZZ")],
    );
}

#[test]
fn of_ranges_that_overlap_the_last_file_and_the_shortest_hold() {
    let first = b"10.0.0.0/8,DE\n10.1.0.0/16,FR\n10.1.0.0/16,IT\n10.0.0.0/7,ES";
    let want = [("10.0.0.1", "DE"), ("10.1.0.1", "IT"), ("10.2.0.1", "DE"), ("11.0.0.1", "ES")];
    check_countries(first, &want);
    let both = places(&[first, b"0.0.0.0/1,US\n10.1.2.0/24,ZZ"], &[]).unwrap();
    assert_eq!([said(&both, "10.1.2.3"), said(&both, "200.0.0.1")], ["US", "ZZ"]);
}

#[test]
fn lists_of_networks() {
    let want = [("192.0.2.0", true), ("192.0.2.255", true), ("192.0.3.0", false), ("::1", false)];
    check_list("# ours\r\n\r\n192.0.2.0/24 # a\n", &want);
    check_list("192.0.2.0/25 ; SBL1\n192.0.2.128/25", &want);
    check_list("192.0.2.0-192.0.2.255", &want);
    check_list("192.0.2.0,192.0.2.255,what,ever", &want);
    check_list("192.0.2.0\n192.0.2.0/24\n192.0.2.255", &want);
    check_list(
        "::1\n255.255.255.255\n::ffff:10.0.0.0/104",
        &[("::1", true), ("::2", false), ("255.255.255.255", true), ("10.9.9.9", true)],
    );
    check_list("0.0.0.0/0", &[("0.0.0.0", true), ("255.255.255.255", true), ("::", false)]);
    check_list("::/0", &[("::", true), ("ffff::", true), ("10.0.0.1", false)]);
}

#[test]
fn lists_in_json() {
    let google = r#"{"creationTime": "2026-11-01", "prefixes": [
        {"ipv6Prefix": "2001:4860:4801:10::/64"}, {"ipv4Prefix": "66.249.64.0/27"}]}"#;
    let want = [("66.249.64.31", true), ("66.249.64.32", false), ("2001:4860:4801:10::7", true)];
    check_list(google, &want);
    let amazon = r#"{"prefixes": [{"ip_prefix": "66.249.64.0/27", "region": "x"}],
        "ipv6_prefixes": [{"ipv6_prefix": "2001:4860:4801:10::/64"}]}"#;
    check_list(amazon, &want);
}

#[test]
fn each_list_has_a_bit_and_several_files_share_it() {
    let lists: [(&str, &[u8]); 3] =
        [("a", b"10.0.0.0/8"), ("a", b"11.0.0.1"), ("b", b"10.0.0.0/16")];
    let places = places(&[b"10.0.0.0/9,DE"], &lists).unwrap();
    let check = |address: &str, want: &str| assert_eq!(said(&places, address), want, "{address}");
    check("10.0.0.1", "DE 0 1");
    check("10.1.0.1", "DE 0");
    check("10.200.0.1", "ZZ 0");
    check("11.0.0.1", "ZZ 0");
    check("11.0.0.2", "ZZ");
    assert_eq!((places.list(b"a"), places.list(b"b"), places.list(b"c")), (Some(0), Some(1), None));
    assert_eq!((places.names().join(" "), places.ranges()), ("a b".to_owned(), 4));
}

#[test]
fn databases() {
    let file = Written::new()
        .with("1.0.0.0/24", &country("AU"))
        .with("1.0.1.0/24", &map(&[("registered_country", map(&[("iso_code", text("CN"))]))]))
        .with("1.0.2.0/24", &map(&[("country_code", text("JP"))]))
        .with("1.0.3.0/24", &map(&[("country", text("KR"))]))
        .with("1.0.4.0/24", &map(&[("country", text("Korea")), ("country_code", text("KR"))]))
        .with("1.0.5.0/24", &map(&[("asn", text("AS1"))]))
        .with("2001:db8::/32", &country("DE"))
        .bytes();
    check_countries(
        &file,
        &[
            ("0.255.255.255", "ZZ"),
            ("1.0.0.7", "AU"),
            ("1.0.1.7", "CN"),
            ("1.0.2.7", "JP"),
            ("1.0.3.7", "KR"),
            ("1.0.4.7", "KR"),
            ("1.0.5.7", "ZZ"),
            ("2001:db8:ffff::1", "DE"),
            ("2001:db9::1", "ZZ"),
        ],
    );
    let list = places(&[], &[("a", &file)]).unwrap();
    assert_eq!([said(&list, "1.0.5.7"), said(&list, "1.0.6.7")], ["ZZ 0", "ZZ"]);
}

#[test]
fn bad_files_say_where_and_what_would_be_right() {
    let check = |file: &[u8], want: &str| {
        let said = places(&[file], &[]).unwrap_err();
        assert_eq!(said, want);
    };
    check(
        b"1.0.0.0/24,AU\n1.0.1.0,1.0.1.255,Narnia\n",
        "geo:2: `Narnia` is no country; write its \
        two letters (ISO 3166-1 alpha-2), as DE",
    );
    check(
        b"\n\n1.0.1.0,1.0.0.0,DE",
        "geo:3: `1.0.1.0` is behind `1.0.0.0`; write the first address \
        before the last",
    );
    check(
        b"1.0.1.0/24",
        "geo:1: the country is missing; write start,end,CC or network,CC, as \
        192.0.2.0/24,DE",
    );
    check(b"1.0.0.1/24,DE", "geo:1: `1.0.0.1/24` has bits set behind its prefix; write 1.0.0.0/24");
    check(b"", "geo: it tells no country of any address; put the whole file there");
    check(b"1.0.0.0/24,ZZ", "geo: it tells no country of any address; put the whole file there");
    check(b"{}", "geo: this is a list of networks, which tells no country; pass it as --list");
    let database = Written::new().with("1.0.0.0/24", &country("Mars")).bytes();
    check(&database, "geo: 1.0.0.0/24: `Mars` is no country; take a database of countries");
    let said = places(&[&database[..database.len() - 9]], &[]).unwrap_err();
    assert!(said.starts_with("geo: this MMDB file is damaged: "), "{said}");
    let said = places(&[], &[("l", b"{\"prefixes\":\n [{\"ipv4Prefix\": 5}]}")]).unwrap_err();
    assert!(said.starts_with("l:2: invalid type: integer"), "{said}");
    let said = places(&[], &[("l", b"{\"prefixes\": [{\"ipv4Prefix\": \"10.0.0.1/8\"}]}")]);
    assert!(said.unwrap_err().starts_with("l: prefix 1: `10.0.0.1/8` has bits set"), "host bits");
    let many = "x\n".repeat(100);
    let said = places(&[], &[("l", format!("10.0.0.1\n{many}").as_bytes())]).unwrap_err();
    assert!(said.ends_with("\nand 80 more bad lines of l"), "{said}");
    let names = (0..65).map(|at| at.to_string());
    assert!(super::PlacesBuilder::new(names).is_err_and(|what| what.starts_with("65 lists")));
}

/// Each of these ends, though its tree has no end or far too many networks.
#[test]
fn trees_that_go_in_circles() {
    let good = Written::new().with("1.0.0.0/24", &country("AU")).bytes();
    for node in 0..120 {
        let mut file = good.clone();
        // Both sides lead to a node before this one, or to itself.
        file[8 * node..8 * node + 8].fill(0);
        let said = places(&[&file], &[]);
        assert!(said.as_ref().is_err_and(|what| what.contains("geo: ")), "{node}: {said:?}");
    }
}
