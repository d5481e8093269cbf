//! Link files of any bytes through every reader, with a file that includes itself:
//! no panic, no memory that grows faster than the file, each line and message
//! whole. What was accepted, written as native lines, is printable ASCII but for labels,
//! so that no reply has a byte that RFC 9110 §5.5 forbids in a field value, and is read
//! again as the same links.
#![no_main]

use carom::links::{Columns, Format, Help, Include, OnBadLine, Source, load};
use libfuzzer_sys::fuzz_target;

const COLUMNS: [&str; 2] =
    ["key=1,target=2", "key=to,target=from,status=3,tag=4,until=5,options=6"];

fuzz_target!(|data: &[u8]| {
    let [first, second, text @ ..] = data else { return };
    let (_, format) = Format::ALL[usize::from(*first) % Format::ALL.len()];
    let columns: Option<Columns> = COLUMNS
        .get(usize::from(*second))
        .map(|wish| wish.parse().expect("a wish for columns that can be"));
    let include = |pattern: &str| match pattern.len() % 3 {
        0 => Err("there is no such file".to_owned()),
        _ => Ok(vec![(pattern.to_owned(), text[..text.len().min(400) / 2].to_vec())]),
    };
    let help = Help {
        base: Some("https://b.example"),
        columns: columns.as_ref(),
        include: Some(Include(&include)),
        ..Help::default()
    };
    let loaded = load(&[Source { help, ..Source::new("fuzz", text, format) }], OnBadLine::Skip);
    let report = loaded.report;
    for problem in report.problems.iter().chain(&report.changed) {
        assert!(problem.line > 0 && !problem.message.is_empty());
        assert!(!problem.message.contains('\n') && problem.message.len() < 4096);
    }
    // Each redirect of a server is a row for each of its names.
    let most = (text.len() + 400 * report.files.len()).pow(2);
    assert!(report.links() + report.problems.len() <= most);
    let table = loaded.table.expect("bad lines are skipped");
    let native: String = table.links().map(|link| format!("{link}\n")).collect();
    // Labels of clicks may be of any script: they are in no reply.
    let words = native.split([' ', '\n']).filter(|word| !word.starts_with("tag="));
    assert!(words.flat_map(str::bytes).all(|byte| byte.is_ascii_graphic()));
    assert!(!native.contains(|character: char| character != '\n' && character.is_control()));
    let again = load(&[Source::new("again", native.as_bytes(), Format::Native)], OnBadLine::Skip);
    assert_eq!(again.report.problems, []);
    assert_eq!(again.report.links(), table.len());
});
