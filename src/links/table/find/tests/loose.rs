//! Keys that take no notice of a slash at the end, or of punctuation.

use super::check;

#[test]
fn slashes_at_the_end() {
    check(
        "/a https://a slash=ignore\n/b/ https://b slash=ignore\n/c https://c\n/d https://d slash=ignore\n/d/ https://d-slash\n/E https://e slash=ignore nocase\nh.example/a https://own\n/ https://root slash=ignore\n/q?id=7 https://q slash=ignore\n",
        &[
            ("/a", "a"),
            ("/a/", "a"),
            ("/a//", "a"),
            ("/a/x", "-"),
            ("/b", "b"),
            ("/b/", "b"),
            ("/c/", "-"),
            // A key that is written so comes first.
            ("/d", "d"),
            ("/d/", "d-slash"),
            ("/e/", "e"),
            ("/E", "e"),
            ("h.example/a", "own"),
            ("h.example/a/", "a"),
            ("/", "root"),
            ("/q/?id=7", "q"),
            ("/q/?id=8", "-"),
        ],
    );
}

#[test]
fn both_spellings_may_be_there() {
    check(
        "/a https://a slash=ignore\n/a/ https://a-slash slash=ignore\n",
        &[("/a", "a"), ("/a/", "a-slash")],
    );
}

#[test]
fn slashes_at_the_end_of_open_keys() {
    check(
        "/amz/* https://amz/:splat slash=ignore\n/blog/:slug https://blog/:slug slash=ignore\n/:lang/x/ https://x/:lang slash=ignore\n/p/:a/* https://p/:a/:splat slash=ignore\n/plain/* https://plain/:splat\n/blog/* https://rest/:splat slash=ignore\n",
        &[
            ("/amz", "amz/"),
            ("/amz/", "amz/"),
            ("/amz/b", "amz/b"),
            ("/amz/b/", "amz/b/"),
            ("/blog/y", "blog/y"),
            ("/blog/y/", "blog/y"),
            ("/blog/y/z", "rest/y/z"),
            ("/blog", "rest/"),
            ("/de/x", "x/de"),
            ("/de/x/", "x/de"),
            ("/p/1", "p/1/"),
            ("/p/1/2/", "p/1/2/"),
            ("/plain", "-"),
        ],
    );
}

#[test]
fn punctuation_at_the_end() {
    check(
        "/go https://go punctuation=ignore\n/Any https://any punctuation=ignore nocase slash=ignore\n/dot. https://dot punctuation=ignore\n/x https://x\n/go! https://loud\n/q?a=1 https://q punctuation=ignore\n",
        &[
            ("/go", "go"),
            ("/go.", "go"),
            ("/go),%22", "go"),
            ("/go./", "-"),
            ("/go!", "loud"),
            ("/go!!", "go"),
            ("/aNy.", "any"),
            ("/any./", "any"),
            ("/any/.", "any"),
            ("/dot.", "dot"),
            ("/dot", "-"),
            ("/x.", "-"),
            ("/q.?a=1", "q"),
        ],
    );
}

#[test]
fn they_hold_for_hosts_that_stand_for_others() {
    check(
        "*.example/a https://below slash=ignore\nw.example/a/ https://own nocase\n/a https://any punctuation=ignore\n",
        &[
            ("x.example/a/", "below"),
            ("w.example/A/", "own"),
            ("w.example/a", "below"),
            ("other/a,", "any"),
            ("other/a/", "-"),
        ],
    );
}
