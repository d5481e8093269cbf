//! Tells the program which commit it is built from, for `carom --version`.

use std::process::Command;

/// What git prints; `None` without git, or outside a repository.
fn git(arguments: &[&str]) -> Option<String> {
    let ran = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(ran.stdout).ok()?.trim().to_owned();
    (ran.status.success() && !text.is_empty()).then_some(text)
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CAROM_COMMIT");
    // Grows with each commit and checkout.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    // Packages are built outside a repository, and can say it.
    let said = std::env::var("CAROM_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = said.or_else(|| git(&["rev-parse", "--short=12", "HEAD"]));
    println!("cargo::rustc-env=CAROM_COMMIT={}", commit.unwrap_or_else(|| "unknown".to_owned()));
}
