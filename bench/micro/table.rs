//! The links: those of `bench/make-links`, put together in memory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use carom::links::{
    CheckedTarget, Format, Key, KeyScratch, Link, Links, OnBadLine, Options, Origin, Source,
    Status, Table, TableBuilder, load,
};
use carom::rules::Rule;
use fastrand::Rng;

/// Every key's size.
pub const KEY_BYTES: usize = 11;
/// Every target's size.
pub const TARGET_BYTES: usize = 46;

/// The key of the link at `index`; seven digits number ten million.
pub fn key(index: usize) -> [u8; KEY_BYTES] {
    let mut key = *b"/go/0000000";
    let mut rest = index;
    // Not `format!`: millions of them are drawn before anything is measured.
    for digit in key[4..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    key
}

/// Where it sends.
pub fn target(index: usize) -> String {
    format!("https://store.example/p/{index:07}?ref=aff_{:06}", index % 1_000_000)
}

/// A table of `count` links.
pub fn build(count: usize) -> Table {
    let mut builder = TableBuilder::with_capacity(count, count * (KEY_BYTES + TARGET_BYTES));
    let mut scratch = KeyScratch::default();
    for index in 0..count {
        let (key, target) = (key(index), target(index));
        let key = Key::parse(&key, &mut scratch).expect("a good key");
        let target = CheckedTarget::parse(target.as_bytes()).expect("a good target");
        let link = Link {
            key,
            status: Status::Found,
            target: Some(target),
            options: Options::default(),
            rule: Rule::default(),
            origin: Origin::default(),
        };
        builder.add(&link).expect("every key is there once");
    }
    builder.finish().with_generation(1)
}

/// A shard's links over such a table. Ten million of them take seconds to put
/// together, so it is done once, by the first benchmark that asks for them.
pub fn links(count: usize) -> Rc<Links> {
    thread_local! {
        static MADE: RefCell<HashMap<usize, Rc<Links>>> = RefCell::default();
    }
    MADE.with_borrow_mut(|made| {
        let links =
            made.entry(count).or_insert_with(|| Rc::new(Links::replicate(&Arc::new(build(count)))));
        Rc::clone(links)
    })
}

/// What the four lines of each key say beside their target.
const RULES: [&str; 4] =
    ["Device=ios", "Device=android Language!=de", "weight=70", "weight=30 sticky=visitor"];

/// The lines of `count` keys with four rules each.
fn lines_with_rules(count: usize) -> String {
    let mut lines = String::with_capacity(count * 4 * 90);
    for index in 0..count {
        for rule in RULES {
            let key = key(index);
            let key = core::str::from_utf8(&key).expect("a key is ASCII");
            lines.push_str(&format!("{key} {} {rule}\n", target(index)));
        }
    }
    lines
}

/// A table of `count` keys with four rules each.
pub fn build_with_rules(count: usize) -> Table {
    let lines = lines_with_rules(count);
    let source = Source::new("links", lines.as_bytes(), Format::Native);
    let table = load(&[source], OnBadLine::Refuse).table.expect("every line is good");
    table.with_generation(1)
}

/// A shard's links over such a table.
pub fn links_with_rules(count: usize) -> Rc<Links> {
    Rc::new(Links::replicate(&Arc::new(build_with_rules(count))))
}

/// `count` keys of a table of `links` links, drawn uniformly, the same ones
/// each time.
pub fn drawn(links: usize, count: usize) -> Vec<[u8; KEY_BYTES]> {
    let mut random = Rng::with_seed(1);
    (0..count).map(|_| key(random.usize(..links))).collect()
}
