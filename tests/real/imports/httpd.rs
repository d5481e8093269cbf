//! A real Apache, which answers for many files at once: each has addresses of its own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use carom::links::Format;

use super::compare::{Answer, Case, host_and_target};
use crate::common::{Client, connect, until};

const MODULES: [&str; 5] = ["mpm_event", "authz_core", "alias", "dir", "rewrite"];
/// Tries to get a port that nobody else takes before Apache does.
const TRIES: usize = 10;
/// What a configuration writes for the address of its servers.
pub const ADDRESS: &str = "*:80";

/// A running Apache. Dropped, it is ended.
pub struct Httpd {
    child: Child,
    port: u16,
}

/// Where Apache's modules are; `None`, with a message, where it is not installed.
pub fn modules() -> Option<PathBuf> {
    let modules = PathBuf::from("/usr/lib/apache2/modules");
    let is_there = modules.is_dir() && Path::new("/usr/sbin/apache2").is_file();
    if !is_there {
        eprintln!("skipped: apache2 is not installed");
    }
    is_there.then_some(modules)
}

fn address(number: usize, port: u16) -> SocketAddr {
    (Ipv4Addr::new(127, 78, (number / 250) as u8, (number % 250) as u8 + 1), port).into()
}

impl Httpd {
    /// One that answers for all of these.
    pub fn start(modules: &Path, folder: &Path, cases: &[Case], maps: &[(&str, &str)]) -> Self {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        for (name, text) in maps {
            fs::write(folder.join(name), text).unwrap();
        }
        for _ in 0..TRIES {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let config = folder.join("httpd.conf");
            fs::write(&config, text(modules, folder, port, cases)).unwrap();
            let mut command = Command::new("/usr/sbin/apache2");
            command.arg("-f").arg(&config).arg("-DFOREGROUND");
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            let mut ended = false;
            until("Apache answers or ends", || {
                ended = child.try_wait().unwrap().is_some();
                ended || std::net::TcpStream::connect(address(0, port)).is_ok()
            });
            if !ended {
                return Self { child, port };
            }
        }
        let log = fs::read_to_string(folder.join("error.log")).unwrap_or_default();
        panic!("Apache does not start: {log}");
    }

    /// What it answers for the file of this number. A 410 has no location.
    pub fn ask(&self, number: usize, asks: &[String]) -> Vec<Answer> {
        let address = address(number, self.port);
        let mut client = Client::new(connect(address));
        let answer = |asked: &String| {
            let (host, target) = host_and_target(asked);
            let reply = client.get(host, target).expect("an answer");
            if reply.close {
                client = Client::new(connect(address));
            }
            match reply.status {
                410 => Some((410, String::new())),
                status => reply.location.map(|location| (status, capitals(&location))),
            }
        };
        asks.iter().map(answer).collect()
    }
}

impl Drop for Httpd {
    fn drop(&mut self) {
        // Its children end with it, which a kill would leave behind.
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        );
        let _ = self.child.wait();
    }
}

/// With escapes as carom writes them: `[NE]` sends what was decoded.
pub fn capitals(location: &str) -> String {
    let location = location.replace(' ', "%20").replace('é', "%C3%A9");
    let mut out = String::new();
    for (at, part) in location.split('%').enumerate() {
        match part.split_at_checked(2).filter(|_| at > 0) {
            Some((digits, rest)) => out += &format!("%{}{rest}", digits.to_ascii_uppercase()),
            None => out += &format!("{}{part}", if at > 0 { "%" } else { "" }),
        }
    }
    out
}

fn text(modules: &Path, folder: &Path, port: u16, cases: &[Case]) -> String {
    let at = folder.display();
    let mut text = format!("ServerRoot {at}\nPidFile {at}/pid\nMutex file:{at} default\n");
    for module in MODULES {
        let file = modules.join(format!("mod_{module}.so"));
        text += &format!("LoadModule {module}_module {}\n", file.display());
    }
    text += &format!(
        "User www-data\nGroup www-data\nServerName main.example\nErrorLog {at}/error.log\n\
         LogLevel crit\nStartServers 1\nThreadsPerChild 8\nMaxRequestWorkers 16\nKeepAliveTimeout 60\n\
         MaxKeepAliveRequests 0\nDirectoryIndex disabled\n<Directory {at}>\nAllowOverride All\nRequire all granted\n</Directory>\n"
    );
    for (number, case) in cases.iter().enumerate() {
        let address = address(number, port);
        text += &format!("Listen {address}\n");
        let root = folder.join(format!("root{number}"));
        fs::create_dir_all(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        if case.format == Format::Htaccess {
            fs::write(root.join(".htaccess"), &case.text).unwrap();
            let root = root.display();
            text += &format!(
                "<VirtualHost {address}>\nServerName main.example\nDocumentRoot {root}\n</VirtualHost>\n"
            );
        } else {
            text += &case.text.replace(ADDRESS, &address.to_string());
        }
    }
    text
}
