//! The link table that all servers get, in the form each wants.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Key of the link at `index`: 11 bytes, as bench/make-links writes them.
pub fn key(index: usize) -> String {
    format!("/go/{index:07}")
}

/// Its target: 46 bytes.
pub fn target(index: usize) -> String {
    format!("https://store.example/p/{index:07}?ref=aff_{:06}", index % 1_000_000)
}

/// Where unknown keys go, with every server.
pub const FALLBACK: &str = "https://store.example/";

/// The target that `path` should be sent to.
pub fn expected(path: &str) -> Option<String> {
    path.strip_prefix("/go/")?.parse().ok().map(target)
}

/// Writes `count` links as carom and haproxy read them, or as an nginx map.
pub fn write(path: &Path, count: usize, end_of_line: &str) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for index in 0..count {
        writeln!(file, "{} {}{end_of_line}", key(index), target(index))?;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_that_of_make_links() {
        assert_eq!(key(7), "/go/0000007");
        assert_eq!(target(1_000_007), "https://store.example/p/1000007?ref=aff_000007");
        assert_eq!(expected("/go/0000007"), Some(target(7)));
        assert_eq!(expected("/other"), None);
    }
}
