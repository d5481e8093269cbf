//! No circle of files: whoever reads a file can begin with those it stands on.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::House;
use crate::names::Place;
use crate::{house, toy};

/// Files, the one that names and the one that is named, with where and how.
pub type Arrows = BTreeMap<(String, String), String>;

impl House {
    pub fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (at, module) in self.modules.iter().enumerate() {
            let from = &module.file;
            let said = &self.files[from].said;
            for mention in &module.mentions {
                // To hand a name on is not to stand on it.
                if mention.handed_on.as_ref().is_some_and(|name| !said.contains(name)) {
                    continue;
                }
                for place in self.find(at, &mention.path) {
                    let Place::Item(module) = place else { continue };
                    let to = &self.modules[module].file;
                    if to != from {
                        let how = format!("line {}, {}", mention.line, mention.path.join("::"));
                        arrows.entry((from.clone(), to.clone())).or_insert(how);
                    }
                }
            }
        }
        arrows
    }
}

type Circle = BTreeSet<String>;

/// All files that lead to each other, a set for each circle.
fn circles(arrows: &Arrows) -> BTreeSet<Circle> {
    let mut next = BTreeMap::<&str, Vec<&str>>::new();
    for (from, to) in arrows.keys() {
        next.entry(from).or_default().push(to);
    }
    let mut reached = BTreeMap::new();
    for from in next.keys() {
        let (mut to, mut open) = (BTreeSet::new(), vec![*from]);
        while let Some(at) = open.pop() {
            open.extend(next.get(at).into_iter().flatten().filter(|file| to.insert(**file)));
        }
        reached.insert(*from, to);
    }
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|all| all.contains(to));
    let in_circles = reached.keys().filter(|file| leads(file, file));
    let circle = |file: &&str| {
        let mates = reached[file].iter().filter(|mate| leads(mate, file));
        mates.map(|mate| (*mate).to_owned()).collect()
    };
    in_circles.map(circle).collect()
}

fn told(circle: &Circle, arrows: &Arrows) -> String {
    let within = |(from, to): &(String, String)| circle.contains(from) && circle.contains(to);
    let arrows = arrows.iter().filter(|(ends, _)| within(ends));
    arrows.map(|((from, to), how)| format!("  {from} -> {to} ({how})\n")).collect()
}

#[test]
fn no_files_stand_on_each_other() {
    let arrows = house().arrows();
    let circles: String = circles(&arrows).iter().map(|it| told(it, &arrows) + "\n").collect();
    assert!(circles.is_empty(), "files stand on each other in a circle:\n{circles}");
}

fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let circles = circles(&toy::house(files).arrows());
    circles.into_iter().map(|circle| circle.into_iter().collect()).collect()
}

#[test]
fn a_circle_is_seen_through_what_a_module_hands_on() {
    let files = [
        ("lib.rs", "mod room; mod other;"),
        ("room/mod.rs", "mod a; mod b; pub use a::A; pub(crate) use b::B;"),
        ("room/a.rs", "use super::B; pub struct A(B);"),
        ("room/b.rs", "pub fn b(_: &crate::room::A) {} pub struct B;"),
        ("other.rs", "use crate::room::{A, B};"),
    ];
    assert_eq!(circles_of(&files), [["room/a.rs", "room/b.rs"]]);
}

#[test]
fn a_module_and_its_child_make_a_circle_only_if_each_uses_the_other() {
    let lib = ("lib.rs", "mod room;");
    let child = ("room/child.rs", "use super::Room; impl Room { pub fn go(&self) {} }");
    let declares = ("room/mod.rs", "mod child; pub struct Room;");
    assert_eq!(circles_of(&[lib, child, declares]), [[""; 0]; 0]);
    let child = ("room/child.rs", "use super::Room; pub const SIZE: u8 = 1;");
    let uses = ("room/mod.rs", "mod child; pub struct Room; fn f() { let _ = child::SIZE; }");
    assert_eq!(circles_of(&[lib, child, uses]), [["room/child.rs", "room/mod.rs"]]);
    let hands_on = ("room/mod.rs", "mod child; pub struct Room; pub use child::SIZE;");
    assert_eq!(circles_of(&[lib, child, hands_on]), [[""; 0]; 0]);
    let both = ("room/mod.rs", "mod child; pub struct Room([u8; SIZE]); pub use child::SIZE;");
    assert_eq!(circles_of(&[lib, child, both]), [["room/child.rs", "room/mod.rs"]]);
}

#[test]
fn a_circle_is_seen_in_macros_and_attributes_but_not_in_tests() {
    let lib = ("lib.rs", "mod a; mod b;");
    let b = ("b.rs", "use crate::a; pub fn b() { a::a(); }");
    let circle = [["a.rs", "b.rs"]];
    let called = ("a.rs", "pub fn a() { println!(\"{}\", crate::b::b()); }");
    assert_eq!(circles_of(&[lib, b, called]), circle);
    let attribute = ("a.rs", "#[arg(value_parser = super::b::b)] pub fn a() {}");
    assert_eq!(circles_of(&[lib, b, attribute]), circle);
    let tested = ("a.rs", "pub fn a() {} #[cfg(test)] mod tests { use crate::b::b; }");
    assert_eq!(circles_of(&[lib, b, tested]), [[""; 0]; 0]);
}
