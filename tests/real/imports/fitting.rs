//! What is asked of random files: paths that a source fits, or nearly.

use fastrand::Rng;

/// One of these.
pub fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.usize(..from.len())]
}

/// A path for a source, where segments with other than letters stand for what may be there.
pub fn path(rng: &mut Rng, source: &str, literals: &[&str]) -> String {
    let mut path = String::new();
    for segment in source.split(['?', '#']).next().unwrap().split('/') {
        let plain = segment.bytes().all(|it| it.is_ascii_alphanumeric() || b"._-".contains(&it));
        let filled = match (segment, plain) {
            ("" | "." | "^" | "$", _) => continue,
            (_, true) if rng.u8(..12) > 0 => segment.to_owned(),
            _ => match rng.u8(..9) {
                0 => continue,
                1 => format!("{}/{}", pick(rng, literals), pick(rng, literals)),
                2 => "7".to_owned(),
                3 => segment.chars().filter(char::is_ascii_alphanumeric).collect(),
                4 => format!("{}-x", pick(rng, literals)),
                _ => pick(rng, literals).to_owned(),
            },
        };
        path.push('/');
        path.push_str(&filled);
    }
    match rng.u8(..10) {
        0 | 1 if path.ends_with('/') => {
            path.pop();
        }
        0 | 1 => path.push('/'),
        2 => path.push_str("/b"),
        3 => path.push('x'),
        4 => path = path.to_ascii_uppercase(),
        _ => {}
    }
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    if path.starts_with('/') { path } else { format!("/{path}") }
}
