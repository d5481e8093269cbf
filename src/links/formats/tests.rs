//! Whole files, written as the documentation of their programs shows them, and any
//! bytes made of them.

use super::row::written;
use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/", $name))
    };
}

/// Files, their formats, and the rows they come to.
const FIXTURES: &[(&str, Format, &str)] = &[
    (fixture!("nginx/maps.conf"), Format::Nginx, fixture!("nginx/maps.rows")),
    (fixture!("nginx/server.conf"), Format::Nginx, fixture!("nginx/server.rows")),
    (
        fixture!("haproxy/paths.map"),
        Format::Haproxy(HaproxyMatch::Str),
        fixture!("haproxy/paths.rows"),
    ),
    (
        fixture!("haproxy/beginnings.map"),
        Format::Haproxy(HaproxyMatch::Beg),
        fixture!("haproxy/beginnings.rows"),
    ),
    (
        fixture!("haproxy/domains.map"),
        Format::Haproxy(HaproxyMatch::Dom),
        fixture!("haproxy/domains.rows"),
    ),
    (fixture!("netlify/_redirects"), Format::Netlify, fixture!("netlify/_redirects.rows")),
    (fixture!("pages/_redirects"), Format::Pages, fixture!("pages/_redirects.rows")),
];

fn included(pattern: &str) -> Included {
    match pattern {
        "more.map" => Ok(vec![(pattern.to_owned(), fixture!("nginx/more.map").into())]),
        _ => Err("there is no such file".to_owned()),
    }
}

fn source<'a>(text: &'a [u8], format: Format) -> Source<'a> {
    let help = Help {
        base: Some("https://base.example"),
        include: Some(Include(&included)),
        ..Help::default()
    };
    Source { help, ..Source::new("fixture", text, format) }
}

#[test]
fn fixtures_come_to_their_rows() {
    for (text, format, want) in FIXTURES {
        let mut rows = written(|take| read(&source(text.as_bytes(), *format), take)).join("\n");
        rows.push('\n');
        assert!(rows == *want, "{format:?}:\n{rows}");
    }
}

#[test]
fn any_bytes_can_be_read_in_every_format() {
    const SEED: u64 = 5;
    const TURNS: usize = 120;
    const BYTES: &[u8] = b" \t\r\n\0/?*:=;{}\"'\\$~^()#.!&%\xff\xe9a1";
    let formats: Vec<Format> = Format::ALL.iter().map(|(_, format)| *format).collect();
    let mut random = fastrand::Rng::with_seed(SEED);
    for (text, ..) in FIXTURES {
        for turn in 0..TURNS {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..random.usize(1..12) {
                let at = random.usize(..bytes.len());
                match random.u8(..4) {
                    0 => bytes[at] = BYTES[random.usize(..BYTES.len())],
                    1 => bytes.insert(at, BYTES[random.usize(..BYTES.len())]),
                    2 => bytes.truncate(at.max(1)),
                    _ => {
                        let end = (at + random.usize(1..20)).min(bytes.len());
                        let piece = bytes[at..end].to_vec();
                        let to = random.usize(..bytes.len());
                        bytes.splice(to..to, piece);
                    }
                }
            }
            for &format in &formats {
                let mut rows = 0;
                read(&source(&bytes, format), |line, written| {
                    rows += 1;
                    match written {
                        Line::Within(_) => {}
                        Line::Refused(message) | Line::Changed(_, message) => {
                            assert!(line > 0 && !message.is_empty(), "seed {SEED}, turn {turn}");
                        }
                        Line::Link(_) | Line::Other(_) | Line::Note(_) | Line::Defaults(_) => {
                            assert!(line > 0);
                        }
                    }
                });
                assert!(rows <= 16 * bytes.len(), "seed {SEED}, turn {turn}: {rows} rows");
            }
        }
    }
}
