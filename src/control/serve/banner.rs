//! The one screen at start: what is served, where, how.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use serde_json::json;

use crate::engine::Engine;
use crate::retention::{Rules, words};
use crate::say::say;
use crate::words::{counted, visible_json};

/// What an operator wants to see before the first request comes.
pub struct Banner {
    pub links: usize,
    pub generation: u32,
    pub changes: usize,
    pub promoted: Option<u32>,
    pub left_out: usize,
    pub table_bytes: usize,
    pub read_in: Duration,
    pub engine: Engine,
    pub engine_reason: String,
    pub cores: String,
    pub addresses: Vec<SocketAddr>,
    pub clicks: PathBuf,
    pub clicks_made: bool,
    pub retention: Rules,
    pub admin: PathBuf,
    pub click_key_made: Option<PathBuf>,
    pub connections_per_core: usize,
    pub fallback: Option<String>,
    pub warnings: Vec<String>,
}

impl Banner {
    /// Prints it for people on standard error, and with `as_json` as one line on
    /// standard output for programs.
    pub fn print(&self, as_json: bool) {
        for warning in &self.warnings {
            say(format_args!("warning: {warning}"));
        }
        say(self.text().trim_end());
        if as_json {
            // A program that closed the pipe does not want it.
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{}", visible_json(&self.json())).and_then(|()| out.flush());
        }
    }

    fn text(&self) -> String {
        let addresses: Vec<String> =
            self.addresses.iter().map(|address| format!("http://{address}")).collect();
        let left_out = match self.left_out {
            0 => String::new(),
            count => format!(", {} left out", counted(count, "bad line")),
        };
        let changes = match self.changes {
            0 => String::new(),
            count => format!(", {} over the files", counted(count, "change")),
        };
        let promoted = self.promoted.map_or(String::new(), |number| {
            format!("\n            those of generation {number}, which was promoted, as the link files are the same as then")
        });
        let key = self.click_key_made.as_ref().map_or(String::new(), |path| {
            format!("\n  click key {}, just made; keep it, click ids need it", path.display())
        });
        let made = if self.clicks_made { ", just made" } else { "" };
        let kept = words::rules(&self.retention);
        let kept = kept.map_or(String::new(), |rules| format!("\n  kept      {rules}"));
        let unknown = match &self.fallback {
            Some(target) => format!("302 to {target}"),
            None => "404".to_owned(),
        };
        format!(
            "serving\n\
             \x20 links     {} in {} of memory, read in {:.1?}{left_out}{changes}{promoted}\n\
             \x20 unknown   {unknown}\n\
             \x20 engine    {} ({})\n\
             \x20 cores     {}, each up to {}\n\
             \x20 listen    {}\n\
             \x20 clicks    {}{made}{key}{kept}\n\
             \x20 admin     {}\n\
             \x20 reload    kill -HUP {pid}     stop  kill {pid}",
            self.links,
            ByteSize::b(self.table_bytes as u64),
            self.read_in,
            self.engine,
            self.engine_reason,
            self.cores,
            counted(self.connections_per_core, "connection"),
            addresses.join("  "),
            self.clicks.display(),
            self.admin.display(),
            pid = std::process::id(),
        )
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "pid": std::process::id(),
            "links": self.links,
            "generation": self.generation,
            "changes": self.changes,
            "promoted": self.promoted,
            "bad_lines_left_out": self.left_out,
            "table_bytes": self.table_bytes,
            "read_ms": self.read_in.as_secs_f64() * 1e3,
            "engine": self.engine.to_string(),
            "engine_reason": self.engine_reason,
            "cores": self.cores,
            "connections_per_core": self.connections_per_core,
            "addresses": self.addresses,
            "clicks": self.clicks,
            "clicks_made": self.clicks_made,
            "keep_seconds": self.retention.keep.map(|keep| keep.as_secs_f64()),
            "max_disk_bytes": self.retention.disk_bytes_max,
            "admin_socket": self.admin,
            "click_key_made": self.click_key_made,
            "fallback": self.fallback,
            "warnings": self.warnings,
        })
    }
}
