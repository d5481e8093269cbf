//! Patched links beside a table that is made anew of the same links.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::limits::{INDEX_SPARE, PATCHED_ENTRIES_CROWDED, PATTERN_SHAPES_MAX, QUERY_SHAPES_MAX};
use crate::links::*;

fn table(text: &str) -> Arc<Table> {
    let source = Source::new("l", text.as_bytes(), Format::Native);
    let loaded = load(&[source], OnBadLine::Refuse);
    assert_eq!(loaded.report.to_string(), "");
    Arc::new(loaded.table.unwrap())
}

const HOSTS: [&str; 4] = ["", "a.example", "*.example", "b.a.example"];
const PATHS: [&str; 7] = ["/", "/a", "/a/b", "/A/b/", "/c", "/a/b/c", "/d%2Fe"];
const QUERIES: [&str; 7] = ["a=1", "a=2", "b=1", "a=*", "a=1&b=*", "a=1&b=1", "c="];
const PATTERNS: [&str; 8] =
    ["/:x", "/a/:x", "/a/:y/c", "/a/:x/*", "/a/:x(word)", "/a/b*", "/:x/b*", "/a/b:x(any)"];

/// A key, as the editor takes it.
fn random_key(rng: &mut fastrand::Rng) -> String {
    let host = *rng.choice(&HOSTS).unwrap();
    let path = *rng.choice(&PATHS).unwrap();
    let nocase = ["", "", "", " nocase", " slash=ignore", " nocase slash=ignore"][rng.usize(..6)];
    match rng.u8(..8) {
        0 => format!("{host}{}/*{nocase}", path.trim_end_matches('/')),
        1 => {
            let query = rng.choice(QUERIES).unwrap();
            format!("{host}{}/*?{query}{nocase}", path.trim_end_matches('/'))
        }
        2 => format!("{host}{}{nocase}", rng.choice(PATTERNS).unwrap()),
        3..=5 => format!("{host}{path}?{}{nocase}", rng.choice(QUERIES).unwrap()),
        _ => format!("{host}{path}{nocase}"),
    }
}

fn random_line(rng: &mut fastrand::Rng, key: &str, number: usize) -> String {
    let (key, nocase) = key.split_once(' ').map_or((key, ""), |(key, _)| (key, " nocase"));
    match rng.u8(..6) {
        0 => format!("{key} 410{nocase}"),
        1 => format!("{key} https://t.example/{number} 301 query=keep tag=t{number}{nocase}"),
        2 => format!("{key} https://t.example/{number} id={} cache=60{nocase}", number + 1),
        _ => format!("{key} https://t.example/{number}{nocase}"),
    }
}

/// What a request is answered with, as far as a link says.
fn answer(links: &Links, host: &str, path: &str, query: &str) -> Option<String> {
    let mut scratch = LookupScratch::default();
    let ask = links.ask(host.as_bytes(), path.as_bytes());
    links.prefetch_slot(&ask);
    links.prefetch_entry(&ask);
    let hit = links.find(&ask, path.as_bytes(), Some(query.as_bytes()), &mut scratch)?;
    let rest = (hit.id, hit.exact, hit.splat_start);
    let link = links.link(&hit).unwrap();
    Some(format!("{link} {rest:?} {:?}", hit.answer(1)))
}

fn same_answers(rng: &mut fastrand::Rng, got: &Links, want: &Links, count: usize) {
    for _ in 0..count {
        let host = *rng.choice(&["x.example", "a.example", "b.a.example", ""]).unwrap();
        let path = *rng
            .choice(&["/", "/a", "/a/", "/A/B", "/a/b", "/a/b/c", "/a/x/c/d", "/a/bc", "/q"])
            .unwrap();
        let query = *rng.choice(&["", "a=1", "b=1&a=1", "a=2&a=1", "a=9&b=7&c"]).unwrap();
        let want = answer(want, host, path, query);
        assert_eq!(answer(got, host, path, query), want, "{host}{path}?{query}");
    }
}

fn lines(links: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = links.collect();
    lines.sort();
    lines
}

#[test]
fn patched_links_answer_as_a_new_table_does() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for round in 0..40 {
        // By key as it is spelled in the table.
        let mut model: BTreeMap<String, String> = BTreeMap::new();
        for number in 0..rng.usize(..30) {
            let key = random_key(&mut rng);
            let line = random_line(&mut rng, &key, number);
            model.insert(named(table(&line).links().next().unwrap()), line);
        }
        let base = table(&model.values().map(|line| format!("{line}\n")).collect::<String>());
        let mut editor = Editor::new(&base);
        let mut shard = Links::replicate(&base);
        for step in 0..60 {
            let generation = round * 100 + step + 2;
            let key = match model.keys().nth(rng.usize(..60)) {
                Some(key) if rng.bool() => key.clone(),
                _ => random_key(&mut rng),
            };
            let line = random_line(&mut rng, &key, 1_000 + step as usize);
            let key = named(table(&line).links().next().unwrap());
            let patch = if rng.bool() {
                model.insert(key, line.clone());
                Some(editor.set(&line, generation).unwrap())
            } else {
                let was_there = model.remove(&key).is_some();
                let patch = editor.unset(&key, generation).unwrap();
                assert_eq!(patch.is_some(), was_there, "{key}");
                patch
            };
            if let Some(patch) = patch {
                assert_eq!(patch.generation(), generation);
                shard.apply(&patch);
                assert_eq!(shard.generation(), generation);
            }
            assert_eq!(editor.len(), model.len());
            let fresh = table(&model.values().map(|line| format!("{line}\n")).collect::<String>());
            let fresh_lines = lines(fresh.links().map(|link| link.to_string()));
            assert_eq!(lines(editor.links().map(|link| link.to_string())), fresh_lines);
            let fresh = Links::replicate(&fresh);
            same_answers(&mut rng, &shard, &fresh, 20);
            if step % 20 == 0 {
                let folded = Arc::new(editor.fold().unwrap());
                assert_eq!(folded.len(), model.len());
                assert_eq!(lines(folded.links().map(|link| link.to_string())), fresh_lines);
                same_answers(&mut rng, &Links::replicate(&folded), &fresh, 20);
                same_answers(&mut rng, &editor.links_for_shard(), &fresh, 20);
            }
        }
    }
}

fn named(link: Listed<'_>) -> String {
    let key = link.key();
    key.name()
}

/// Links of which some are patched. Every other table is one that was compiled.
fn random_editor(rng: &mut fastrand::Rng) -> Editor {
    // What a placeholder is called makes no difference to its key, but to its line.
    let random_key = |rng: &mut fastrand::Rng| {
        let key = random_key(rng);
        if rng.bool() { key.replace(":x", ":other") } else { key }
    };
    let mut lines: BTreeMap<(u64, Loose), String> = BTreeMap::new();
    for _ in 0..rng.usize(..40) {
        let key = random_key(rng);
        let line = random_line(rng, &key, 0);
        let one = table(&line);
        let key = one.links().next().unwrap().key();
        let (key, loose) = (key.id(), key.loose);
        lines.insert((key, loose), line);
    }
    let mut base = table(&lines.values().map(|line| format!("{line}\n")).collect::<String>());
    if rng.bool() {
        let mut bytes = Vec::new();
        compiled::write(&base, b"", |piece| {
            bytes.extend_from_slice(piece);
            Ok::<(), ()>(())
        })
        .unwrap();
        base = Arc::new(compiled::read(bytes.into()).unwrap().table);
    }
    let mut editor = Editor::new(&base);
    for _ in 0..rng.usize(..40) {
        let key = random_key(rng);
        if rng.bool() {
            editor.set(&random_line(rng, &key, 0), 2).unwrap();
        } else {
            editor.unset(&key, 2).unwrap();
        }
    }
    editor
}

/// The differences of two sets of lines, by the keys that they have in the native format.
fn plain_differences(old: &Editor, new: &Editor) -> Vec<String> {
    let lines = |editor: &Editor| -> BTreeMap<String, String> {
        editor.links().map(|link| (named(link), link.to_string())).collect()
    };
    let (old, new) = (lines(old), lines(new));
    let mut differences = Vec::new();
    for (key, line) in &new {
        match old.get(key) {
            None => differences.push(format!("+ {line}")),
            Some(before) if before != line => differences.push(format!("- {before}\n+ {line}")),
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
    differences.extend(gone.map(|(_, line)| format!("- {line}")));
    differences.sort();
    differences
}

#[test]
fn snapshots_differ_as_their_lines_do() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut all = DifferenceCounts::default();
    for _ in 0..400 {
        let (old, new) = (random_editor(&mut rng), random_editor(&mut rng));
        let (before, after) = (old.snapshot(), new.snapshot());
        let mut got = Vec::new();
        let counts = compare(&before, &after, |difference| {
            got.push(match difference {
                LinkDifference::Added(link) => format!("+ {link}"),
                LinkDifference::Removed(link) => format!("- {link}"),
                LinkDifference::Changed { before, after } => format!("- {before}\n+ {after}"),
            });
        });
        got.sort();
        assert_eq!(got, plain_differences(&old, &new));
        let count = |begin: &str| got.iter().filter(|line| line.starts_with(begin)).count();
        assert_eq!(counts.added, count("+"));
        assert_eq!(counts.removed + counts.changed, count("-"));
        assert_eq!(counts.same + counts.changed + counts.removed, old.len());
        assert_eq!(counts.same + counts.changed + counts.added, new.len());
        all.same += counts.same;
        all.changed += counts.changed;
    }
    assert!(all.same > 100 && all.changed > 100, "{all:?}");
}

#[test]
fn native_lines_come_back() {
    let text = "/a https://a.example/:splat\n";
    let text = text.replace("/a ", "/a/* ")
        + "a.example/x?b=2&a=* https://b.example/?c={clickid}#f 308 query=override cache=5 referrer=no-referrer from=2025-01-01T00:00:00Z until=2026-01-01T00:00:00.5Z else=https://e.example/ id=7 tag=x nocase\n/y 410\n*.b.example/:x/z https://z.example/ 303\n";
    let once: Vec<String> = table(&text).links().map(|link| link.to_string()).collect();
    assert_eq!(once.join("\n"), text.trim_end().replace("b=2&a=*", "a=*&b=2"));
    let again: Vec<String> = table(&once.join("\n")).links().map(|link| link.to_string()).collect();
    assert_eq!(again, once);
}

#[test]
fn places_are_used_again() {
    let base = table("/x https://x.example/\n");
    let mut editor = Editor::new(&base);
    for generation in 0..20_000 {
        editor.set(&format!("/k{} https://a.example/", generation % 7), generation).unwrap();
        editor.set(&format!("/k{} https://b.example/", generation % 7), generation).unwrap();
        assert!(editor.unset(&format!("/k{}", generation % 7), generation).unwrap().is_some());
    }
    assert_eq!((editor.len(), editor.is_crowded()), (1, false));
    assert!(editor.unset("/x", 1).unwrap().is_some());
    assert!(editor.is_empty() && editor.unset("/x", 1).unwrap().is_none());
}

#[test]
fn crowded_editors_say_so_before_they_refuse() {
    let base = table("");
    let mut editor = Editor::new(&base);
    let mut crowded = None;
    for number in 0.. {
        if editor.is_crowded() {
            crowded.get_or_insert(number);
        }
        match editor.set(&format!("/{number} https://a.example/"), number) {
            Ok(_) => {}
            Err(problem) => {
                assert_eq!(problem, EditProblem::Crowded);
                let crowded = crowded.unwrap() as usize;
                assert!(crowded >= INDEX_SPARE && crowded < number as usize);
                assert!(crowded < PATCHED_ENTRIES_CROWDED);
                assert_eq!(editor.len(), number as usize);
                break;
            }
        }
    }
    // A new table has room again.
    let folded = Arc::new(editor.fold().unwrap());
    let mut editor = Editor::new(&folded);
    assert!(!editor.is_crowded());
    editor.set("/new https://a.example/", 1).unwrap();
}

#[test]
fn refused_lines_change_nothing() {
    let mut editor = Editor::new(&table("/x https://x.example/\n"));
    let mut refused = |line: &str, want: &str| {
        let message = editor.set(line, 9).unwrap_err().to_string();
        assert!(message.contains(want), "{line}: {message}");
    };
    refused("", "write one link");
    refused("# nothing", "write one link");
    refused("/a https://a/\n/b https://b/", "write one link");
    refused("/a javascript://a/", "http");
    refused("/a", "has no target");
    let before = editor.links_for_shard().generation();
    assert!(editor.unset("//", 9).unwrap_err().to_string().contains("two slashes"));
    assert!(editor.unset("/y", 9).unwrap().is_none());
    assert_eq!((editor.len(), editor.links_for_shard().generation()), (1, before));
}

#[test]
fn an_editor_takes_what_a_table_takes() {
    let check = |line: &dyn Fn(usize) -> String, count_max: usize, fits: &str, want: &str| {
        let lines = |count| (0..count).map(|at| line(at) + " https://a/\n").collect::<String>();
        let mut editor = Editor::new(&table(&lines(count_max - 1)));
        editor.set(&(line(count_max - 1) + " https://a/"), 1).unwrap();
        let refused = editor.set(&(line(count_max) + " https://a/"), 2).unwrap_err().to_string();
        assert!(refused.contains(want), "{refused}");
        editor.set(&format!("{fits} https://a/"), 2).unwrap();
        let text = lines(count_max + 1);
        let source = Source::new("l", text.as_bytes(), Format::Native);
        let report = load(&[source], OnBadLine::Refuse).report;
        assert_eq!(report.problems.len(), 1);
        assert_eq!(report.problems[0].message, refused);
    };
    let text = |at| format!("/a/{}-:x(int)", "y".repeat(at));
    check(&text, PATTERN_SHAPES_MAX, "/a/zz-:x(int)", "begin as this one does");
    check(&|at| format!("/q?p{at}=1"), QUERY_SHAPES_MAX, "/q?p7=2", "sets of query parameters");
}
