//! nginx and haproxy: their configs, from the templates in bench/peers, and their
//! link tables.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::table::{self, FALLBACK};

const NGINX: &str = include_str!("../peers/nginx.conf");
const HAPROXY: &str = include_str!("../peers/haproxy.cfg");

/// Fewer than the usual limit on open files, which haproxy needs two of for each.
const CONNECTIONS: usize = 8192;

/// Writes what nginx needs into `folder`, and says how to start it.
pub fn nginx(
    folder: &Path,
    address: SocketAddr,
    links: usize,
    log: bool,
) -> anyhow::Result<Command> {
    let program = find("nginx")?;
    table::write(&folder.join("links.map"), links, ";")?;
    let access_log = if log {
        format!("{}/access.log combined buffer=64k flush=1s", folder.display())
    } else {
        "off".to_owned()
    };
    // nginx takes the table's size from this: about half full, whatever the links.
    let hash_size = (links * 2).next_power_of_two().max(2048);
    let config = fill(
        NGINX,
        &[
            ("files", (CONNECTIONS * 2).to_string()),
            ("connections", CONNECTIONS.to_string()),
            ("folder", folder.display().to_string()),
            ("access_log", access_log),
            ("map_hash_max_size", hash_size.to_string()),
            ("fallback", FALLBACK.to_owned()),
            ("address", address.to_string()),
        ],
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, config)?;
    let mut command = Command::new(program);
    command.arg("-p").arg(folder).arg("-c").arg(path).args(["-e", "stderr"]);
    Ok(command)
}

/// Writes what haproxy needs into `folder`, and says how to start it.
pub fn haproxy(folder: &Path, address: SocketAddr, links: usize) -> anyhow::Result<Command> {
    let program = find("haproxy")?;
    table::write(&folder.join("links.map"), links, "")?;
    let config = fill(
        HAPROXY,
        &[
            ("connections", CONNECTIONS.to_string()),
            ("folder", folder.display().to_string()),
            ("fallback", FALLBACK.to_owned()),
            ("address", address.to_string()),
        ],
    );
    let path = folder.join("haproxy.cfg");
    fs::write(&path, config)?;
    let mut command = Command::new(program);
    command.arg("-db").arg("-f").arg(path);
    Ok(command)
}

/// What a peer calls itself, with its version.
pub fn version(name: &str) -> Option<String> {
    let output = Command::new(find(name).ok()?).arg("-v").output().ok()?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let text = String::from_utf8_lossy(&text);
    let words: Vec<_> = text.lines().next()?.split_whitespace().take(3).collect();
    Some(words.join(" ").replace("nginx version: ", ""))
}

/// Distributions keep servers where a user's PATH may not look.
fn find(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let mut found = folders.map(|folder| folder.join(name)).filter(|path| path.is_file());
    match found.next() {
        Some(path) => fs::canonicalize(&path).with_context(|| path.display().to_string()),
        None => bail!("{name} is not installed; scripts/bench-setup installs it"),
    }
}

fn fill(template: &str, words: &[(&str, String)]) -> String {
    // The head of a template talks about itself.
    let text =
        template.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let text = words
        .iter()
        .fold(text, |text, (word, value)| text.replace(&["{", word, "}"].concat(), value));
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No word of a template is left open: a brace with a letter behind it is one.
    #[test]
    fn templates_are_filled_whole() {
        let words = [
            "files",
            "connections",
            "folder",
            "access_log",
            "map_hash_max_size",
            "fallback",
            "address",
        ];
        let words: Vec<_> = words.map(|word| (word, "x".to_owned())).to_vec();
        for template in [NGINX, HAPROXY] {
            let text = fill(template, &words);
            let open = text
                .match_indices('{')
                .any(|(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_lowercase()));
            assert!(!open, "{text}");
        }
    }
}
