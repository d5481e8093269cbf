//! Links that would take more memory than they may: they are refused, with the figure,
//! before it is taken, and what is served goes on.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::common::process::memory;
use crate::common::{self, Engine, Server, Setup};
use crate::{LINKS, both_engines, check, done, file, refused, replace};

const REMEDY: &str = "(--max-table-memory); raise it, leave links out, or serve a table made with";

fn many(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        let _ = writeln!(text, "/go/campaign-{n:08}/landing https://shop.example/{n}?utm=c{n} 302");
    }
    text
}

/// The links of [`LINKS`] are served.
fn goes_on(server: &Server) {
    let want = [("/a", Some("https://a.example/")), ("/go/campaign-00000000/landing", None)];
    check(server, &want);
}

fn is_too_large(said: &str, max: &str) {
    let words = format!("all together may take {max} {REMEDY}");
    assert!(said.contains("these links need ") && said.contains(&words), "{said}");
}

both_engines!(what_is_read_beside_the_serving, |engine| {
    let server = Setup::new(engine, LINKS).flag("--max-table-memory", "4MiB").start();
    let before = memory(server.pid()).anonymous;
    // The file alone is too large; its table is; many lines without a link are.
    let texts = [many(100_000), many(20_000), format!("{}x\n", "# none\n".repeat(1 << 19))];
    for text in &texts[..2] {
        let path = file(&server, "large.txt", text);
        let (code, said) = refused(&server, &["stage", &path]);
        assert_eq!(code, 1, "{said}");
        is_too_large(&said, "4.0 MiB");
        replace(&server.setup.links[0], text);
        let (_, said) = refused(&server, &["reload"]);
        is_too_large(&said, "4.0 MiB");
        goes_on(&server);
    }
    server.signal(Signal::HUP);
    server.wait_until_said("not reloaded, generation 1 stays: these links need", 2);
    let path = file(&server, "comments.txt", &texts[2]);
    let (_, said) = refused(&server, &["stage", &path]);
    assert!(said.contains("4.0 MiB") || said.contains("1 bad line"), "{said}");
    let grown = memory(server.pid()).anonymous.saturating_sub(before);
    assert!(grown < 24 << 20, "{grown} bytes more");
    goes_on(&server);
    // What fits is taken as ever.
    let path = file(&server, "small.txt", &many(100));
    done(&server, &["stage", &path]);
    done(&server, &["promote"]);
    check(&server, &[("/go/campaign-00000000/landing", Some("https://shop.example/0?utm=c0"))]);
});

both_engines!(many_that_are_set, |engine| {
    let server = Setup::new(engine, LINKS).flag("--max-table-memory", "4MiB").start();
    let path = file(&server, "set.txt", &many(30_000));
    let (code, said) = refused(&server, &["set", "--from", &path]);
    assert_eq!(code, 1, "{said}");
    is_too_large(&said, "4.0 MiB");
    assert!(said.contains("; nothing is changed"), "{said}");
    goes_on(&server);
    let path = file(&server, "set.txt", &many(9_000));
    done(&server, &["set", "--from", &path]);
    check(&server, &[("/go/campaign-00000000/landing", Some("https://shop.example/0?utm=c0"))]);
});

#[test]
fn what_is_served_at_start() {
    let setup = Setup::new(Engine::Epoll, &many(20_000)).flag("--max-table-memory", "3MiB");
    is_too_large(&setup.refusal(), "3.0 MiB");
    let setup = Setup::new(Engine::Epoll, &many(20_000)).flag("--max-table-memory", "16MiB");
    check(
        &setup.start(),
        &[("/go/campaign-00000000/landing", Some("https://shop.example/0?utm=c0"))],
    );
}

#[test]
fn a_compiled_table_needs_no_more_than_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("links.txt"), many(20_000)).unwrap();
    let ran = crate::carom(["links", "compile", &path("links.txt"), "-o", &path("links.table")]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut setup = Setup::new(Engine::Epoll, "").flag("--max-table-memory", "3MiB");
    setup.links = vec![path("links.table").into()];
    drop(setup.start());
    let mut setup = Setup::new(Engine::Epoll, "").flag("--max-table-memory", "100KiB");
    setup.links = vec![path("links.table").into()];
    is_too_large(&setup.refusal(), "0.1 MiB");
}

/// Bad lines are told rather than that they are too many.
#[test]
fn a_file_of_bad_lines() {
    let server = Setup::new(Engine::Epoll, LINKS).flag("--max-table-memory", "4MiB").start();
    let path = file(&server, "bad.txt", &"x\n".repeat(200_000));
    let (code, said) = refused(&server, &["stage", &path]);
    assert!(code == 1 && said.contains("bad.txt:1: "), "{said}");
    goes_on(&server);
}

/// A cgroup of this test, with a limit; removed at the end.
struct Cgroup(PathBuf);

impl Cgroup {
    /// `None`, with a message, where none can be made.
    fn with_limit(bytes: u64) -> Option<Self> {
        let name = format!("carom-test-{}", std::process::id());
        for (root, file) in
            [("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")]
        {
            let made = Self(Path::new(root).join(&name));
            let is_made = fs::create_dir(&made.0).is_ok()
                && made.0.join(file).exists()
                && fs::write(made.0.join(file), bytes.to_string()).is_ok();
            if is_made {
                return Some(made);
            }
        }
        eprintln!(
            "skipped: no cgroup with a memory limit can be made here (root, cgroup v1 or v2)"
        );
        None
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// Without a word of the operator, the bound is half of what the cgroup has: a stage that
/// would take all of it is refused, and the server lives.
#[test]
fn where_the_cgroup_has_little() {
    let Some(cgroup) = Cgroup::with_limit(192 << 20) else { return };
    let enter = format!("echo $$ > {}/cgroup.procs && exec \"$0\" \"$@\"", cgroup.0.display());
    let mut server = Setup::new(Engine::Epoll, LINKS).through(&["sh", "-c", &enter]).start();
    for count in [2_000_000, 600_000] {
        let path = file(&server, "large.txt", &many(count));
        let (_, said) = refused(&server, &["stage", &path]);
        is_too_large(&said, "96.0 MiB");
        goes_on(&server);
    }
    let path = file(&server, "fits.txt", &many(100_000));
    done(&server, &["stage", &path]);
    done(&server, &["promote"]);
    assert_eq!(server.stop().0, Some(0));
}
