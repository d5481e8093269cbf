//! `carom serve`: what was typed, and the plan it makes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, ValueEnum};

use super::reading::ReadingArguments;
use crate::clicks::Privacy;
use crate::connection::Timeouts;
use crate::control::{EngineWish, IpWish, Plan, Sources, serve};
use crate::engine::Engine;
use crate::engine::listener::ListenOptions;
use crate::limits::{
    CONNECTIONS_PER_SHARD_MAX, GENERATIONS_KEPT_MAX, SEGMENT_AGE_MS_MIN, SEGMENT_BYTES_MAX,
    SEGMENT_BYTES_MIN, SEGMENTS_READY_DEFAULT, SEGMENTS_READY_MAX,
};
use crate::links::{Fallback, OnBadLine, targets};
use crate::machine::cpus::Cores;
use crate::say::say;
use crate::shard::{Settings, WhenFull};

const AFTER_HELP: &str = "\
Signals: SIGHUP reads the link files again, and keeps the old links if any line is bad (so \
does a change, with --watch). \
SIGTERM and SIGINT stop: what is under way is answered and the click log is sealed.

Times are written 10s, 250ms, 1m; sizes 64MiB, 1GiB.

Example: carom serve links.txt --listen 0.0.0.0:80 --listen '[::]:80' --clicks /var/lib/carom";

/// What `carom serve` was told.
#[derive(Debug, Args)]
#[command(about, long_about = None, after_help = AFTER_HELP)]
pub struct ServeArguments {
    /// Link files; together they make one table
    #[arg(env = "CAROM_LINKS", required = true, value_delimiter = ',')]
    links: Vec<PathBuf>,

    /// Address to listen on; may be repeated. IPv6 as [::]:80
    #[arg(
        long,
        env = "CAROM_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDR",
        value_delimiter = ',',
        value_parser = address
    )]
    listen: Vec<SocketAddr>,

    /// CPUs to serve on, one shard each: a count (4) or a list (0-3,8)
    /// [default: all this process may use]
    #[arg(long, env = "CAROM_CORES", value_name = "LIST|N")]
    cores: Option<Cores>,

    /// What moves bytes; auto takes io_uring where it is allowed, else epoll
    #[arg(long, env = "CAROM_ENGINE", default_value = "auto")]
    engine: EngineName,

    /// Folder of the click log
    #[arg(long, env = "CAROM_CLICKS", default_value = "./clicks", value_name = "DIR")]
    clicks: PathBuf,

    /// Folder of the admin socket, the journal of links and kept generations
    /// [default: .state in the click folder]
    #[arg(long, env = "CAROM_STATE", value_name = "DIR")]
    state: Option<PathBuf>,

    /// Read the link files again when they, or what they include, change
    #[arg(long, env = "CAROM_WATCH")]
    watch: bool,

    /// Tables kept for `carom links rollback`, and as many changes of them
    #[arg(
        long,
        env = "CAROM_KEEP_GENERATIONS",
        default_value_t = 5,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=GENERATIONS_KEPT_MAX as i64)
    )]
    keep_generations: u32,

    /// Where an unknown key is sent, with a 302 [default: none, it is answered 404]
    #[arg(long, env = "CAROM_FALLBACK", value_name = "URL", value_parser = fallback)]
    fallback: Option<Fallback>,

    #[command(flatten)]
    reading: ReadingArguments,

    /// When a line is bad: refuse to start or reload, or skip it and serve the rest
    #[arg(long, env = "CAROM_ON_BAD_LINE", default_value = "refuse", value_name = "refuse|skip")]
    on_bad_line: OnBadLine,

    /// Time for a whole request head; after it 408
    #[arg(long, env = "CAROM_HEADER_TIMEOUT", default_value = "10s", value_name = "TIME", value_parser = time)]
    header_timeout: Duration,

    /// Time a kept connection may be idle
    #[arg(long, env = "CAROM_IDLE_TIMEOUT", default_value = "60s", value_name = "TIME", value_parser = time)]
    idle_timeout: Duration,

    /// Time without progress before a client that does not read is cut off
    #[arg(long, env = "CAROM_SEND_TIMEOUT", default_value = "30s", value_name = "TIME", value_parser = time)]
    send_timeout: Duration,

    /// Time to finish what is under way when stopping
    #[arg(long, env = "CAROM_DRAIN_TIMEOUT", default_value = "10s", value_name = "TIME", value_parser = time)]
    drain_timeout: Duration,

    /// Most connections on each core; fewer if RLIMIT_NOFILE says so
    #[arg(
        long,
        env = "CAROM_MAX_CONNECTIONS",
        default_value_t = CONNECTIONS_PER_SHARD_MAX as u32,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=CONNECTIONS_PER_SHARD_MAX as i64)
    )]
    max_connections: u32,

    /// Connections the kernel holds ready to be accepted, for each core and address
    #[arg(
        long,
        env = "CAROM_BACKLOG",
        default_value_t = 4096,
        value_name = "N",
        value_parser = clap::value_parser!(i32).range(1..)
    )]
    backlog: i32,

    /// Time the kernel keeps a silent new connection to itself (TCP_DEFER_ACCEPT);
    /// 0s to see every connection at once
    #[arg(long, env = "CAROM_DEFER_ACCEPT", default_value = "5s", value_name = "TIME", value_parser = time)]
    defer_accept: Duration,

    /// Size of a segment of the click log
    #[arg(long, env = "CAROM_SEGMENT_SIZE", default_value = "128MiB", value_name = "SIZE", value_parser = segment_size)]
    segment_size: ByteSize,

    /// Segments kept ready for each core beside the one it writes, with all their space
    #[arg(
        long,
        env = "CAROM_RESERVE",
        default_value_t = SEGMENTS_READY_DEFAULT as u32,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=SEGMENTS_READY_MAX as i64)
    )]
    reserve: u32,

    /// Time after its first click when a segment is sealed, full or not
    #[arg(long, env = "CAROM_SEGMENT_AGE", default_value = "5m", value_name = "TIME", value_parser = segment_age)]
    segment_age: Duration,

    /// How often clicks are synced to disk
    #[arg(long, env = "CAROM_SYNC_INTERVAL", default_value = "250ms", value_name = "TIME", value_parser = time)]
    sync_interval: Duration,

    /// Number of this machine, in click ids and segments: another on each machine
    #[arg(long, env = "CAROM_NODE", default_value_t = 0, value_name = "N")]
    node: u16,

    /// Keys that sign click ids; a new one is made where there is no such file
    /// [default: .state/click-key in the click folder]
    #[arg(long, env = "CAROM_CLICK_KEY", value_name = "FILE")]
    click_key: Option<PathBuf>,
    /// When there is no room for clicks: drop them and count them, or refuse requests
    /// with 503
    #[arg(long, env = "CAROM_WHEN_FULL", default_value = "drop")]
    when_full: WhenFullName,

    /// What clicks keep of visitors' addresses: all, the /24 of IPv4 and the /48 of
    /// IPv6, or a hash whose key changes daily and is forgotten after 48 hours
    #[arg(long, env = "CAROM_IP", default_value = "truncate")]
    ip: IpName,

    /// Print what is served, once it is, as one line of JSON on standard output
    #[arg(long, env = "CAROM_JSON")]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EngineName {
    Auto,
    #[value(name = "io_uring", alias = "io-uring")]
    IoUring,
    Epoll,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum WhenFullName {
    Drop,
    Refuse,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum IpName {
    Full,
    Truncate,
    Hash,
}

/// Serves; the exit code says whether it went well.
pub fn run(arguments: &ServeArguments) -> ExitCode {
    match serve(&arguments.plan()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

impl ServeArguments {
    fn plan(&self) -> Plan {
        let ms = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX / 4).max(1);
        Plan {
            sources: Sources {
                paths: self.links.clone(),
                reading: self.reading.plan(),
                on_bad_line: self.on_bad_line,
            },
            listen: self.listen.clone(),
            cores: self.cores.clone(),
            engine: match self.engine {
                EngineName::Auto => EngineWish::Auto,
                EngineName::IoUring => EngineWish::Only(Engine::IoUring),
                EngineName::Epoll => EngineWish::Only(Engine::Epoll),
            },
            clicks: self.clicks.clone(),
            state: self.state.clone(),
            watch: self.watch,
            keep_generations: self.keep_generations as usize,
            segment_bytes: self.segment_size.as_u64(),
            reserve: self.reserve as usize,
            segment_age: self.segment_age,
            sync_interval: self.sync_interval.max(Duration::from_millis(1)),
            node: self.node,
            click_key: self.click_key.clone(),
            ip: match self.ip {
                IpName::Full => IpWish::Full,
                IpName::Truncate => IpWish::Truncate,
                IpName::Hash => IpWish::Hash,
            },
            settings: Settings {
                timeouts: Timeouts {
                    head_ms: ms(self.header_timeout),
                    idle_ms: ms(self.idle_timeout),
                    send_ms: ms(self.send_timeout),
                },
                connections_max: self.max_connections as usize,
                fallback: self.fallback.clone(),
                when_full: match self.when_full {
                    WhenFullName::Drop => WhenFull::Drop,
                    WhenFullName::Refuse => WhenFull::Refuse,
                },
                privacy: Privacy::Truncate,
            },
            listening: ListenOptions {
                backlog: self.backlog,
                defer_accept_s: self.defer_accept.as_secs().try_into().unwrap_or(u32::MAX),
            },
            drain_timeout: self.drain_timeout,
            json: self.json,
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "write an IP address and a port: 127.0.0.1:8080, 0.0.0.0:80 or [::]:80".to_owned()
    })
}

fn fallback(text: &str) -> Result<Fallback, String> {
    let checked = targets::validate(text.as_bytes()).map_err(|problem| problem.to_string())?;
    Fallback::new(checked)
        .ok_or_else(|| "a fallback cannot hold :splat; only a /* link can".to_owned())
}

fn time(text: &str) -> Result<Duration, String> {
    // A day is long enough for any of them, and far from where clocks wrap.
    const TIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);
    let time = text
        .parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|time| Duration::try_from(time).ok())
        .ok_or("write a time with its unit: 10s, 250ms or 1m")?;
    if time <= TIME_MAX { Ok(time) } else { Err("longer than a day".to_owned()) }
}

fn segment_age(text: &str) -> Result<Duration, String> {
    let age_min = Duration::from_millis(SEGMENT_AGE_MS_MIN);
    time(text).and_then(|age| {
        if age >= age_min { Ok(age) } else { Err(format!("shorter than {age_min:?}")) }
    })
}

fn segment_size(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize =
        text.parse().map_err(|_| "write a size with its unit: 64MiB or 1GiB".to_owned())?;
    if (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&size.as_u64()) {
        return Ok(size);
    }
    Err(format!(
        "a segment is between {} and {}",
        ByteSize::b(SEGMENT_BYTES_MIN),
        ByteSize::b(SEGMENT_BYTES_MAX)
    ))
}
