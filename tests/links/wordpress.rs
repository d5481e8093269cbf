//! What the WordPress plugin Redirection exports.

use crate::common::carom;

const FILE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/redirection/redirection.json");

#[test]
fn redirects_are_taken_passed_over_and_refused() {
    let ran = carom(["links", "convert", FILE, "--verbose", "--on-bad-line=skip"]);
    let want = "/sale https://shop.example/sale query=keep nocase\n\
                /sale/ https://shop.example/sale query=keep nocase\n\
                /docs/* https://docs.example/:splat 301 query=keep\n\
                /gone 410\n";
    assert_eq!((ran.code, &*ran.out), (Some(1), want), "{ran:?}");
    for said in [
        "refused: FILE:45: no key can ask for its condition (`login`)",
        "passed over: FILE:79: the redirect of /shop/old, whose group `Old shop` is disabled",
        "4 links taken, 0 of them changed in meaning, 1 line refused",
    ] {
        assert!(ran.err.contains(&said.replace("FILE", FILE)), "{said}: {ran:?}");
    }
}
