//! `carom serve`: what was typed, and the plan it makes.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bytesize::ByteSize;
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use super::builtins::BuiltinArguments;
use super::places::PlaceArguments;
use super::quantities::{size, time, written_size, written_time};
use super::reading::ReadingArguments;
use super::retention::RetentionArguments;
use super::wishes::{Layers, default_name};
use crate::clicks::Privacy;
use crate::connection::Timeouts;
use crate::control::{EngineWish, IpWish, ServePlan, serve};
use crate::engine::Engine;
use crate::engine::listener::ListenOptions;
use crate::limits::{
    BACKLOG_DEFAULT, CLICKS_FOLDER_DEFAULT, CONNECTIONS_PER_SHARD_DEFAULT,
    CONNECTIONS_PER_SHARD_MAX, DEFER_ACCEPT_DEFAULT, DRAIN_TIMEOUT_DEFAULT,
    GENERATIONS_KEPT_DEFAULT, GENERATIONS_KEPT_MAX, HEADER_TIMEOUT_DEFAULT, IDLE_TIMEOUT_DEFAULT,
    LISTEN_DEFAULT, LOSS_PERCENT_DEFAULT, NODE_DEFAULT, SEGMENT_AGE_DEFAULT, SEGMENT_AGE_MS_MIN,
    SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SEGMENTS_READY_DEFAULT,
    SEGMENTS_READY_MAX, SEND_TIMEOUT_DEFAULT, SYNC_INTERVAL_DEFAULT, WAIT_FOR_LOG_DEFAULT,
    WAIT_FOR_LOG_MS_MAX,
};
use crate::links::OnBadLine;
use crate::machine::cpus::Cores;
use crate::rules::SplitKey;
use crate::say::say;
use crate::shard::{Settings, WhenFull};
use crate::sources::{Reading, Sources};

const AFTER_HELP: &str = "\
Signals: SIGHUP reads the link files, countries and lists again, and keeps the old links if any line is bad (so \
does a change, with --watch). \
SIGTERM and SIGINT stop: what is under way is answered and the click log is sealed.

Times are written 10s, 250ms, 1m; sizes 64MiB, 1GiB.

Example: carom serve links.txt --listen 0.0.0.0:80 --listen '[::]:80' --clicks /var/lib/carom";

/// What `carom serve` was told.
#[derive(Debug, Args)]
#[command(about, long_about = None, after_help = AFTER_HELP)]
pub struct ServeArguments {
    /// Link files; together they make one table. In the variable with commas between them
    #[arg(env = "CAROM_LINKS", required = true)]
    pub links: Vec<PathBuf>,

    /// Address to listen on; may be repeated. IPv6 as [::]:80; a port alone is that of every
    /// IPv4 address
    #[arg(
        long,
        env = "CAROM_LISTEN",
        default_value = LISTEN_DEFAULT.to_string(),
        value_name = "ADDR",
        value_delimiter = ',',
        value_parser = address
    )]
    listen: Option<Vec<SocketAddr>>,

    /// CPUs to serve on, one shard each: a count (4) or a list (0-3,8)
    /// [default: all this process may use]
    #[arg(long, env = "CAROM_CORES", value_name = "LIST|N")]
    cores: Option<Cores>,

    /// What moves bytes; auto takes io_uring where it is allowed, else epoll
    #[arg(long, env = "CAROM_ENGINE", default_value = default_name::<EngineName>())]
    engine: Option<EngineName>,

    /// Folder of the click log
    #[arg(long, env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR")]
    clicks: Option<PathBuf>,

    /// Spare folder of the click log, on another disk: clicks go on there while the click
    /// folder takes none [default: none]
    #[arg(long, env = "CAROM_CLICKS_SPARE", value_name = "DIR")]
    clicks_spare: Option<PathBuf>,

    /// Folder of the admin socket, the journal of links and kept generations
    /// [default: .state in the click folder]
    #[arg(long, env = "CAROM_STATE", value_name = "DIR")]
    state: Option<PathBuf>,

    /// Read the link files, countries and lists again when they, or what they include, change
    #[arg(long, env = "CAROM_WATCH", num_args = 0, default_missing_value = "true", value_parser = yes())]
    watch: Option<bool>,

    /// Tables kept for `carom links rollback`, and as many changes of them
    #[arg(
        long,
        env = "CAROM_KEEP_GENERATIONS",
        default_value = GENERATIONS_KEPT_DEFAULT.to_string(),
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=GENERATIONS_KEPT_MAX as i64)
    )]
    keep_generations: Option<u32>,

    /// Links that a reload may lose, per cent of those that it replaces. One that loses more
    /// is refused unless it is forced, as a file may be empty or the wrong one. With 100 all
    /// may be lost
    #[arg(
        long,
        env = "CAROM_MAX_LOSS",
        default_value = LOSS_PERCENT_DEFAULT.to_string(),
        value_name = "PERCENT",
        value_parser = clap::value_parser!(u8).range(..=100)
    )]
    max_loss: Option<u8>,

    #[command(flatten)]
    builtins: BuiltinArguments,

    #[command(flatten)]
    reading: ReadingArguments,

    #[command(flatten)]
    places: PlaceArguments,

    /// When a line is bad: refuse to start or reload, or skip it and serve the rest
    #[arg(long, env = "CAROM_ON_BAD_LINE", default_value = OnBadLine::default().name(), value_name = "refuse|skip")]
    on_bad_line: Option<OnBadLine>,

    /// Time for a whole request head; after it 408
    #[arg(long, env = "CAROM_HEADER_TIMEOUT", default_value = written_time(HEADER_TIMEOUT_DEFAULT), value_name = "TIME", value_parser = time)]
    header_timeout: Option<Duration>,

    /// Time a kept connection may be idle
    #[arg(long, env = "CAROM_IDLE_TIMEOUT", default_value = written_time(IDLE_TIMEOUT_DEFAULT), value_name = "TIME", value_parser = time)]
    idle_timeout: Option<Duration>,

    /// Time without progress before a client that does not read is cut off
    #[arg(long, env = "CAROM_SEND_TIMEOUT", default_value = written_time(SEND_TIMEOUT_DEFAULT), value_name = "TIME", value_parser = time)]
    send_timeout: Option<Duration>,

    /// Time to finish what is under way when stopping, and to bring clicks to the disk
    #[arg(long, env = "CAROM_DRAIN_TIMEOUT", default_value = written_time(DRAIN_TIMEOUT_DEFAULT), value_name = "TIME", value_parser = time)]
    drain_timeout: Option<Duration>,

    /// Memory that links may take: those that are served, those that are read to be
    /// staged or reloaded, and all copies of their index. Over it the new ones are refused
    /// [default: half of the memory of the machine, or of its cgroup if that has less]
    #[arg(long, env = "CAROM_MAX_TABLE_MEMORY", value_name = "SIZE", value_parser = size)]
    max_table_memory: Option<ByteSize>,

    /// Most connections on each core; fewer if RLIMIT_NOFILE says so
    #[arg(
        long,
        env = "CAROM_MAX_CONNECTIONS",
        default_value = CONNECTIONS_PER_SHARD_DEFAULT.to_string(),
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=CONNECTIONS_PER_SHARD_MAX as i64)
    )]
    max_connections: Option<u32>,

    /// Connections the kernel holds ready to be accepted, for each core and address
    #[arg(
        long,
        env = "CAROM_BACKLOG",
        default_value = BACKLOG_DEFAULT.to_string(),
        value_name = "N",
        value_parser = clap::value_parser!(i32).range(1..)
    )]
    backlog: Option<i32>,

    /// Time the kernel keeps a silent new connection to itself (TCP_DEFER_ACCEPT);
    /// 0s to see every connection at once
    #[arg(long, env = "CAROM_DEFER_ACCEPT", default_value = written_time(DEFER_ACCEPT_DEFAULT), value_name = "TIME", value_parser = time)]
    defer_accept: Option<Duration>,

    /// Largest size of a segment of the click log; the first have 4MiB, and sizes follow the
    /// rate of clicks
    #[arg(long, env = "CAROM_SEGMENT_SIZE", default_value = written_size(SEGMENT_BYTES_DEFAULT), value_name = "SIZE", value_parser = segment_size)]
    segment_size: Option<ByteSize>,

    /// Segments kept ready for each core beside the one it writes, with all their space;
    /// more while they are small, to cover a second of clicks (at most 64, and no more space
    /// than these of the largest size, or 64 MiB)
    #[arg(
        long,
        env = "CAROM_RESERVE",
        default_value = SEGMENTS_READY_DEFAULT.to_string(),
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=SEGMENTS_READY_MAX as i64)
    )]
    reserve: Option<u32>,

    /// Time after its first click when a segment is sealed, full or not
    #[arg(long, env = "CAROM_SEGMENT_AGE", default_value = written_time(SEGMENT_AGE_DEFAULT), value_name = "TIME", value_parser = segment_age)]
    segment_age: Option<Duration>,

    /// How often clicks are synced to disk
    #[arg(long, env = "CAROM_SYNC_INTERVAL", default_value = written_time(SYNC_INTERVAL_DEFAULT), value_name = "TIME", value_parser = time)]
    sync_interval: Option<Duration>,

    /// Write clicks into memory that outlives carom, a folder in /dev/shm, and from there
    /// to disk at each sync: redirects then never wait for the disk. A restart of the
    /// machine, or of a container with a /dev/shm of its own, takes what was not synced.
    /// Not with a spare folder
    /// [default: none, clicks are written into their files]
    #[arg(long, env = "CAROM_CLICKS_STAGE", value_name = "DIR")]
    clicks_stage: Option<PathBuf>,

    #[command(flatten)]
    retention: RetentionArguments,

    /// Number of this machine, in click ids and segments: another on each machine
    #[arg(long, env = "CAROM_NODE", default_value = NODE_DEFAULT.to_string(), value_name = "N")]
    node: Option<u16>,

    /// Keys that sign click ids; a new one is made where there is no such file
    /// [default: .state/click-key in the click folder]
    #[arg(long, env = "CAROM_CLICK_KEY", value_name = "FILE")]
    click_key: Option<PathBuf>,

    /// When there is no room for clicks, leave requests waiting for so long; 0s for
    /// not at all
    #[arg(long, env = "CAROM_WAIT_FOR_LOG", default_value = written_time(WAIT_FOR_LOG_DEFAULT), value_name = "TIME", value_parser = wait_for_log)]
    wait_for_log: Option<Duration>,

    /// When there still is none: drop clicks and count them, or refuse requests with 503
    #[arg(long, env = "CAROM_WHEN_FULL", default_value = default_name::<WhenFullName>())]
    when_full: Option<WhenFullName>,

    /// What clicks keep of visitors' addresses: all, the /24 of IPv4 and the /48 of
    /// IPv6, or a hash whose key changes daily and is forgotten after 48 hours
    #[arg(long, env = "CAROM_IP", default_value = default_name::<IpName>())]
    ip: Option<IpName>,

    /// Print what is served, once it is, as one line of JSON on standard output
    #[arg(long, env = "CAROM_JSON", num_args = 0, default_missing_value = "true", value_parser = yes())]
    json: Option<bool>,
}

#[derive(Debug, Default, Clone, Copy, ValueEnum)]
enum EngineName {
    #[default]
    Auto,
    #[value(name = "io_uring", alias = "io-uring")]
    IoUring,
    Epoll,
}

#[derive(Debug, Default, Clone, Copy, ValueEnum)]
enum WhenFullName {
    #[default]
    Drop,
    Refuse,
}

#[derive(Debug, Default, Clone, Copy, ValueEnum)]
enum IpName {
    Full,
    #[default]
    Truncate,
    Hash,
}

/// Serves; the exit code says whether it went well.
pub fn run(flags: &ServeArguments) -> ExitCode {
    match serve(&plan(&Layers(&[flags]))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// What is to be done when these were said.
fn plan(said: &Layers<'_, ServeArguments>) -> ServePlan {
    let sync_interval = said.first(|it| it.sync_interval).unwrap_or(SYNC_INTERVAL_DEFAULT);
    ServePlan {
        sources: sources(said),
        places: PlaceArguments::plan(said, |it| &it.places),
        listen: said.first(|it| it.listen.clone()).unwrap_or_else(|| vec![LISTEN_DEFAULT]),
        cores: said.first(|it| it.cores.clone()),
        engine: match said.first(|it| it.engine).unwrap_or_default() {
            EngineName::Auto => EngineWish::Auto,
            EngineName::IoUring => EngineWish::Only(Engine::IoUring),
            EngineName::Epoll => EngineWish::Only(Engine::Epoll),
        },
        clicks: said.first(|it| it.clicks.clone()).unwrap_or_else(|| CLICKS_FOLDER_DEFAULT.into()),
        clicks_spare: said.first(|it| it.clicks_spare.clone()),
        state: said.first(|it| it.state.clone()),
        table_bytes_max: said.first(|it| it.max_table_memory).map(|size| size.as_u64()),
        watch: said.first(|it| it.watch).unwrap_or_default(),
        keep_generations: said.first(|it| it.keep_generations).unwrap_or(GENERATIONS_KEPT_DEFAULT)
            as usize,
        loss_percent_max: said.first(|it| it.max_loss).unwrap_or(LOSS_PERCENT_DEFAULT),
        segment_bytes: said
            .first(|it| it.segment_size)
            .map_or(SEGMENT_BYTES_DEFAULT, |size| size.as_u64()),
        reserve: said.first(|it| it.reserve).unwrap_or(SEGMENTS_READY_DEFAULT) as usize,
        segment_age: said.first(|it| it.segment_age).unwrap_or(SEGMENT_AGE_DEFAULT),
        sync_interval: sync_interval.max(Duration::from_millis(1)),
        clicks_stage: said.first(|it| it.clicks_stage.clone()),
        retention: RetentionArguments::plan(said, |it| &it.retention),
        node: said.first(|it| it.node).unwrap_or(NODE_DEFAULT),
        click_key: said.first(|it| it.click_key.clone()),
        ip: match said.first(|it| it.ip).unwrap_or_default() {
            IpName::Full => IpWish::Full,
            IpName::Truncate => IpWish::Truncate,
            IpName::Hash => IpWish::Hash,
        },
        settings: settings(said),
        listening: listening(said),
        drain_timeout: said.first(|it| it.drain_timeout).unwrap_or(DRAIN_TIMEOUT_DEFAULT),
        json: said.first(|it| it.json).unwrap_or_default(),
    }
}

/// The link files, and how they are read.
fn sources(said: &Layers<'_, ServeArguments>) -> Sources {
    Sources {
        paths: said
            .first(|it| (!it.links.is_empty()).then(|| it.links.clone()))
            .unwrap_or_default(),
        reading: Reading {
            format: said.first(|it| it.reading.format),
            base: said.first(|it| it.reading.base.clone()),
            columns: said.first(|it| it.reading.columns.clone()),
            prefix: said.first(|it| it.reading.prefix.clone()),
            host: said.first(|it| it.reading.host.clone()),
            zone: said.first(|it| it.reading.tz.clone()),
            sheet: said.first(|it| it.reading.sheet.clone()),
            defaults: said.first(|it| it.reading.defaults.clone()),
            schemes: said.first(|it| it.reading.schemes.clone()),
            places: Some(PlaceArguments::plan(said, |it| &it.places).names()),
        },
        on_bad_line: said.first(|it| it.on_bad_line).unwrap_or_default(),
    }
}

/// What every shard goes by.
fn settings(said: &Layers<'_, ServeArguments>) -> Settings {
    let ms = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX / 4).max(1);
    Settings {
        timeouts: Timeouts {
            head_ms: ms(said.first(|it| it.header_timeout).unwrap_or(HEADER_TIMEOUT_DEFAULT)),
            idle_ms: ms(said.first(|it| it.idle_timeout).unwrap_or(IDLE_TIMEOUT_DEFAULT)),
            send_ms: ms(said.first(|it| it.send_timeout).unwrap_or(SEND_TIMEOUT_DEFAULT)),
        },
        connections_max: said
            .first(|it| it.max_connections)
            .unwrap_or(CONNECTIONS_PER_SHARD_DEFAULT) as usize,
        builtins: BuiltinArguments::plan(said, |it| &it.builtins),
        wait_for_log: said.first(|it| it.wait_for_log).unwrap_or(WAIT_FOR_LOG_DEFAULT),
        when_full: match said.first(|it| it.when_full).unwrap_or_default() {
            WhenFullName::Drop => WhenFull::Drop,
            WhenFullName::Refuse => WhenFull::Refuse,
        },
        privacy: Privacy::Truncate,
        split_key: SplitKey([0; 16]), // the state folder has it
    }
}

/// How listening sockets are made.
fn listening(said: &Layers<'_, ServeArguments>) -> ListenOptions {
    let defer_accept = said.first(|it| it.defer_accept).unwrap_or(DEFER_ACCEPT_DEFAULT);
    ListenOptions {
        backlog: said.first(|it| it.backlog).unwrap_or(BACKLOG_DEFAULT),
        defer_accept_s: defer_accept.as_secs().try_into().unwrap_or(u32::MAX),
    }
}

/// As an address with a port, `localhost:80`, `:80` or `80`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text).parse::<u16>();
    let local = text.strip_prefix("localhost:").map(str::parse::<u16>);
    match (text.parse(), port, local) {
        (Ok(address), ..) => Ok(address),
        (_, Ok(port), _) => Ok((Ipv4Addr::UNSPECIFIED, port).into()),
        (.., Some(Ok(port))) => Ok((Ipv4Addr::LOCALHOST, port).into()),
        _ => Err(
            "write an address and a port: 127.0.0.1:8080, 0.0.0.0:80 or [::]:80; localhost:8080 \
                  and :8080 will do too"
                .to_owned(),
        ),
    }
}

/// What says yes in a variable: 1, true, yes or on; and 0, false, no or off for no.
fn yes() -> BoolishValueParser {
    BoolishValueParser::new()
}

fn wait_for_log(text: &str) -> Result<Duration, String> {
    let longest = Duration::from_millis(WAIT_FOR_LOG_MS_MAX);
    time(text).and_then(|wait| {
        if wait <= longest { Ok(wait) } else { Err(format!("longer than {longest:?}")) }
    })
}

fn segment_age(text: &str) -> Result<Duration, String> {
    let age_min = Duration::from_millis(SEGMENT_AGE_MS_MIN);
    time(text).and_then(|age| {
        if age >= age_min { Ok(age) } else { Err(format!("shorter than {age_min:?}")) }
    })
}

fn segment_size(text: &str) -> Result<ByteSize, String> {
    let size = size(text)?;
    if (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&size.as_u64()) {
        return Ok(size);
    }
    Err(format!(
        "a segment is between {} and {}",
        ByteSize::b(SEGMENT_BYTES_MIN),
        ByteSize::b(SEGMENT_BYTES_MAX)
    ))
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches};

    use super::*;
    use crate::cli::wishes::Said;

    fn command() -> Command {
        Said::<ServeArguments>::augment_args(Command::new("serve"))
    }

    fn said(flags: &[String]) -> ServeArguments {
        let arguments = ["serve", "links.txt"].map(str::to_owned).into_iter();
        let matches = command().get_matches_from(arguments.chain(flags.iter().cloned()));
        Said::<ServeArguments>::from_arg_matches(&matches).unwrap().0
    }

    /// Every flag that has a default, with what help shows as that.
    fn defaults() -> Vec<String> {
        let flag = |argument: &clap::Arg| {
            let default = argument.get_default_values().first()?;
            Some(format!("--{}={}", argument.get_long()?, default.to_str()?))
        };
        command().get_arguments().filter_map(flag).collect()
    }

    #[test]
    fn what_help_shows_as_default_is_planned() {
        let (nothing, all) = (said(&[]), said(&defaults()));
        assert_eq!((nothing.node, all.node), (None, Some(NODE_DEFAULT)));
        let [nothing, all] = [nothing, all].map(|said| format!("{:?}", plan(&Layers(&[&said]))));
        assert_eq!(nothing, all);
        assert!(defaults().len() > 15, "{:?}", defaults());
    }

    #[test]
    fn addresses_as_people_write_them() {
        let check = |text: &str, want: &str| assert_eq!(address(text), Ok(want.parse().unwrap()));
        check("127.0.0.1:8080", "127.0.0.1:8080");
        check("[::]:80", "[::]:80");
        check(":8081", "0.0.0.0:8081");
        check("8081", "0.0.0.0:8081");
        check("localhost:0", "127.0.0.1:0");
        for wrong in
            ["", ":", "localhost", "localhost:x", "65536", "+80:", "example.com:80", "::80"]
        {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn flags_lie_over_what_is_said_elsewhere() {
        let [flags, elsewhere] = [&["--node=1", "--watch"][..], &["--node=2", "--reserve=9"]]
            .map(|said_so| said(&said_so.iter().map(|&flag| flag.to_owned()).collect::<Vec<_>>()));
        let plan = plan(&Layers(&[&flags, &elsewhere]));
        assert_eq!((plan.node, plan.reserve, plan.watch, plan.json), (1, 9, true, false));
        assert_eq!(plan.drain_timeout, DRAIN_TIMEOUT_DEFAULT);
    }
}
