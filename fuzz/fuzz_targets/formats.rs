//! Link files of any bytes through every reader, with a file that includes itself:
//! no panic, no memory that grows faster than the file, each line and message
//! whole; and an accepted link never makes a reply with a byte that RFC 9110 §5.5
//! forbids in a field value.
#![no_main]

use carom::links::{Format, Help, Include, OnBadLine, Source, load};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, text)) = data.split_first() else { return };
    let name = Format::NAMES[usize::from(*first) % Format::NAMES.len()];
    let format: Format = name.parse().expect("a name of a format");
    let include = |pattern: &str| match pattern.len() % 3 {
        0 => Err("there is no such file".to_owned()),
        _ => Ok(vec![(pattern.to_owned(), text[..text.len().min(400) / 2].to_vec())]),
    };
    let help = Help { base: Some("https://b.example"), include: Some(Include(&include)) };
    let loaded = load(&[Source { help, ..Source::new("fuzz", text, format) }], OnBadLine::Skip);
    let report = loaded.report;
    for problem in report.problems.iter().chain(&report.changed) {
        assert!(problem.line > 0 && !problem.message.is_empty());
        assert!(!problem.message.contains('\n') && problem.message.len() < 4096);
    }
    // Each redirect of a server is a row for each of its names.
    let most = (text.len() + 400 * report.files.len()).pow(2);
    assert!(report.links() + report.problems.len() <= most);
});
