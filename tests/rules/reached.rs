//! Random visitors get to everything that rules can do: without it, agreement would say little.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::common::scale::seed;
use crate::generate::Generator;
use crate::model::{Line, Used, World};
use crate::print;
use crate::visitors::visitor;

#[test]
fn everything_is_reached() {
    let mut random = fastrand::Rng::with_seed(seed());
    let mut counts = BTreeMap::<String, usize>::new();
    for _ in 0..12 {
        let (world, families) = Generator::new(&mut random, Timestamp::now(), true).world(80);
        for family in &families {
            let mut used = Used::new();
            for _ in 0..8 {
                let visitor = visitor(&world, family, &mut random);
                for kind in held(&world, &family.keys, &visitor) {
                    *counts.entry(kind).or_default() += 1;
                }
                let possible = world.answers(&family.keys, &visitor, &used);
                let one = &possible[0];
                if let Some(line) = one.takes {
                    *used.entry(line).or_default() += 1;
                }
                let kind = match &one.answer.click {
                    None => "by itself".to_owned(),
                    Some(click) if click.verdict == "unknown" => format!("{:?}", click.via),
                    Some(click) if click.verdict == "gone" && click.variant == 0 => {
                        "none left".into()
                    }
                    Some(click) => format!("{:?} line {}", click.via.unwrap(), click.variant),
                };
                *counts.entry(kind).or_default() += 1;
                *counts.entry(format!("one of {}", possible.len())).or_default() += 1;
            }
        }
    }
    eprintln!("{counts:#?}");
    let conditions =
        ["Country", "Language", "Device", "IP", "Net", "Query.src", "Referer", "Time", "Day"];
    let both = |name: &str| [format!("{name} holds"), format!("{name} does not")];
    let answers = ["by itself", "None", "Some(\"fallback\")", "none left", "one of 2", "one of 3"];
    let lines = (1..=8).map(|line| format!("\"link\" line {line}"));
    let by_else = (1..=3).map(|line| format!("\"else\" line {line}"));
    let prefixes = (0..=3).map(|line| format!("\"prefix\" line {line}"));
    let all = conditions.iter().flat_map(|name| both(name)).chain(answers.map(str::to_owned));
    for kind in all.chain(lines).chain(by_else).chain(prefixes) {
        assert!(counts.contains_key(&kind), "never: {kind}");
    }
}

/// Which conditions hold for a visitor, and which do not.
fn held(world: &World, keys: &[usize], visitor: &crate::model::Visitor) -> Vec<String> {
    let lines = keys.iter().flat_map(|&key| &world.keys[key].lines);
    let conditions = lines.flat_map(|line| line.conditions.iter().map(move |it| (line.zone, it)));
    let one = |(zone, condition): (Option<&'static str>, &crate::model::Condition)| {
        let line = Line { conditions: vec![condition.clone()], zone, ..Line::default() };
        let holds = world.holds(&line, visitor) != condition.not;
        format!("{} {}", print::name(&condition.test), if holds { "holds" } else { "does not" })
    };
    conditions.map(one).collect()
}
