//! What an operator wishes of a server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::engine::Engine;
use crate::engine::listener::ListenOptions;
use crate::machine::cpus::Cores;
use crate::retention::Rules;
use crate::shard::Settings;
use crate::sources::{PlaceFiles, Sources};

/// Which engine an operator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineWish {
    /// io_uring where it is allowed, else epoll.
    Auto,
    /// This one or none.
    Only(Engine),
}

/// What an operator wants kept of visitors' addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpWish {
    /// All.
    Full,
    /// The /24 of IPv4, the /48 of IPv6.
    Truncate,
    /// A hash whose key changes every day.
    Hash,
}

/// Everything `serve` needs to know, as an operator wishes it.
#[derive(Debug, Clone)]
pub struct ServePlan {
    /// The link files.
    pub sources: Sources,
    /// Files that tell of addresses.
    pub places: PlaceFiles,
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// CPUs to serve on; `None`: all allowed.
    pub cores: Option<Cores>,
    /// The engine.
    pub engine: EngineWish,
    /// The click folder.
    pub clicks: PathBuf,
    /// Where the click log goes on while the click folder takes nothing.
    pub clicks_spare: Option<PathBuf>,
    /// The state folder; `None`: in the click folder.
    pub state: Option<PathBuf>,
    /// Generations kept for a rollback.
    pub keep_generations: usize,
    /// Links that a reload may lose, per cent of those that it replaces.
    pub loss_percent_max: u8,
    /// Memory that all tables may take together, bytes; `None`: half of what there is.
    pub table_bytes_max: Option<u64>,
    /// Read the link files again when they change.
    pub watch: bool,
    /// Size of a segment, bytes.
    pub segment_bytes: u64,
    /// Segments kept ready for each shard.
    pub reserve: usize,
    /// How long a segment is written.
    pub segment_age: Duration,
    /// How often clicks are synced.
    pub sync_interval: Duration,
    /// The folder in memory in which clicks are written first, if any.
    pub clicks_stage: Option<PathBuf>,
    /// What is deleted of the click log.
    pub retention: Rules,
    /// Number of this machine.
    pub node: u16,
    /// The file of the keys that sign click ids; `None`: in the click folder.
    pub click_key: Option<PathBuf>,
    /// What is kept of visitors' addresses.
    pub ip: IpWish,
    /// Settings of every shard; `connections_max` as wished, before
    /// RLIMIT_NOFILE is asked, and `privacy` before a key is there.
    pub settings: Settings,
    /// How listening sockets are made.
    pub listening: ListenOptions,
    /// How long stopping may take.
    pub drain_timeout: Duration,
    /// Say at start what is served as one line of JSON on standard output.
    pub json: bool,
}
