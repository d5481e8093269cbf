//! A server from start to end: plan, start, watch, drain.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::machine::{Cores, Machine, choose_cpus, ranges};
use super::signals::{self, Event};
use super::tables::{self, Sources};
use super::{banner, say};
use crate::clicks::files::unix_us;
use crate::clicks::id::Keys;
use crate::clicks::ip_keys::{self, IpKeys};
use crate::clicks::{
    Keeper, Options, Privacy, ShardInfo, Summary, folder, key_file, recovery, state,
};
use crate::engine::listener::{ListenOptions, listen_all};
use crate::engine::{self, Engine, Running, Seat};
use crate::links::Links;
use crate::mailbox::{Mailbox, Message};
use crate::shard::{Counts, Published, Settings, Shard};

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
pub struct Plan {
    /// The link files.
    pub sources: Sources,
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// CPUs to serve on; `None`: all allowed.
    pub cores: Option<Cores>,
    /// The engine.
    pub engine: EngineWish,
    /// The click folder.
    pub clicks: PathBuf,
    /// Size of a segment, bytes.
    pub segment_bytes: u64,
    /// Segments kept ready for each shard.
    pub reserve: usize,
    /// How long a segment is written.
    pub segment_age: Duration,
    /// How often clicks are synced.
    pub sync_interval: Duration,
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

/// Serves until a signal says stop.
///
/// # Errors
///
/// A sentence for the operator: bad lines in the link files, an address or the
/// click folder that cannot be had, an engine that is refused, or a shard that
/// failed.
pub fn serve(plan: &Plan) -> anyhow::Result<()> {
    abort_on_panic();
    let (event_sender, events) = channel();
    signals::watch(event_sender.clone())?;

    let read = plan.sources.read(1)?;
    let problems = read.report.problems.len();
    if problems > 0 {
        say(format_args!("{problems} bad lines:\n{}", read.report.to_string().trim_end()));
    }
    let Some(table) = read.table else {
        bail!(
            "{problems} bad lines, so nothing is served; mend them, or serve the rest with \
             --on-bad-line skip"
        );
    };
    let table = Arc::new(table);

    let machine = Machine::survey()?;
    let cpus = choose_cpus(plan.cores.as_ref(), &machine.cpus)?;
    let wished = plan.settings.connections_max;
    let (engine, engine_reason) = choose_engine(plan.engine)?;
    let connections_max = machine.connections_per_shard(wished, cpus.len())?;
    let waits = |address| {
        say(format_args!("{address} is in use; waiting a moment, as a killed carom may hold it"));
    };
    let (addresses, listeners) = listen_all(&plan.listen, cpus.len(), plan.listening, &waits)?;
    let (keys, click_key_made) = open_keys(plan)?;
    let (keeper, writers) = open_clicks(plan, keys, &cpus)?;
    let (privacy, ip_keys) = choose_privacy(plan)?;
    let settings = Settings { connections_max, privacy, ..plan.settings.clone() };

    let mut shards = Vec::new();
    for ((&cpu, listeners), clicks) in cpus.iter().zip(listeners).zip(writers) {
        let mailbox = Arc::new(Mailbox::new().context("cannot make a mailbox")?);
        let published = Arc::new(Published::default());
        let (ready_sender, ready) = channel();
        let (settings, table, counts) = (settings.clone(), table.clone(), published.clone());
        let seat = Seat {
            cpu,
            listeners,
            mailbox: mailbox.clone(),
            ready: ready_sender,
            build: Box::new(move |now| {
                Shard::new(Links::replicate(&table), clicks, settings, counts, now)
            }),
        };
        let running = engine::start(engine, seat)?;
        shards.push(RunningShard { cpu, mailbox, published, running, ready });
    }
    wait_until_ready(&mut shards)?;

    let banner = banner::Banner {
        links: table.len(),
        left_out: problems,
        table_bytes: table.memory().total(cpus.len()),
        read_in: read.took,
        engine,
        engine_reason,
        cores: ranges(&cpus),
        addresses,
        clicks: plan.clicks.clone(),
        click_key_made,
        connections_per_core: connections_max,
        fallback: settings.fallback.as_ref().map(|target| target.text().to_owned()),
        warnings: machine.warnings(cpus.len(), wished, plan.listening.backlog),
    };
    banner.print(plan.json);
    drop(table);
    tell_what_was_left(&plan.clicks)?;

    let server = Server { plan, shards, events, event_sender };
    server.watch(ip_keys);
    server.stop(keeper)
}

/// Reads what a killed server left in the click folder, beside the serving, and
/// says what it is.
fn tell_what_was_left(clicks: &Path) -> anyhow::Result<()> {
    let clicks = clicks.to_owned();
    let tell = move || match recovery::left_behind(&clicks) {
        Ok(None) => {}
        Ok(Some(tally)) => say(format_args!(
            "the last server in this click folder was killed; what it left unsealed: {tally}"
        )),
        Err(error) => say(format_args!("warning: what a killed server left is unread: {error:#}")),
    };
    std::thread::Builder::new()
        .name("recovery".into())
        .spawn(tell)
        .context("cannot start a thread")?;
    Ok(())
}

/// A panic is our own mistake: the process ends at once, as a kill would end it,
/// and the ledger stands as the last whole record left it.
fn abort_on_panic() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        default(info);
        say("this is a bug; the click log is whole up to here");
        std::process::abort();
    }));
}

fn choose_engine(wish: EngineWish) -> anyhow::Result<(Engine, String)> {
    Ok(match wish {
        EngineWish::Only(Engine::Epoll) => (Engine::Epoll, "asked for".to_owned()),
        EngineWish::Only(Engine::IoUring) => match engine::probe_io_uring() {
            Ok(()) => (Engine::IoUring, "asked for".to_owned()),
            Err(why) => bail!("--engine io_uring: {why}; --engine auto serves with epoll"),
        },
        EngineWish::Auto => match engine::probe_io_uring() {
            Ok(()) => (Engine::IoUring, "allowed here".to_owned()),
            Err(why) => {
                say(format_args!("warning: {why}. Serving with epoll."));
                (Engine::Epoll, "io_uring is refused".to_owned())
            }
        },
    })
}

/// The keys that sign click ids, and the file if it was made for them.
fn open_keys(plan: &Plan) -> anyhow::Result<(Keys, Option<PathBuf>)> {
    let path = match &plan.click_key {
        Some(path) => path.clone(),
        None => {
            folder::make(&plan.clicks)?;
            state::make(&plan.clicks)
                .with_context(|| format!("cannot make a folder in {}", plan.clicks.display()))?;
            key_file::beside(&plan.clicks)
        }
    };
    let (keys, is_made) = key_file::load_or_make(&path)?;
    Ok((keys, is_made.then_some(path)))
}

fn open_clicks(
    plan: &Plan,
    keys: Keys,
    cpus: &[usize],
) -> anyhow::Result<(Keeper, Vec<crate::clicks::Writer>)> {
    let shards: Vec<ShardInfo> =
        cpus.iter().map(|&cpu| ShardInfo { cpu: u16::try_from(cpu).unwrap_or(u16::MAX) }).collect();
    let options = Options {
        segment_bytes: plan.segment_bytes,
        reserve: plan.reserve,
        segment_age: plan.segment_age,
        sync_interval: plan.sync_interval,
        node: plan.node,
        keys,
        report: Box::new(say),
    };
    Keeper::open(&plan.clicks, &shards, options)
}

/// The rule for addresses, and its keys if it has any.
fn choose_privacy(plan: &Plan) -> anyhow::Result<(Privacy, Option<IpKeys>)> {
    let privacy = match plan.ip {
        IpWish::Full => Privacy::Full,
        IpWish::Truncate => Privacy::Truncate,
        IpWish::Hash => {
            let keys = IpKeys::open(&plan.clicks, unix_us()).context("--ip hash")?;
            return Ok((Privacy::Hash(keys.today()), Some(keys)));
        }
    };
    ip_keys::forget(&plan.clicks)?;
    Ok((privacy, None))
}

struct RunningShard {
    cpu: usize,
    mailbox: Arc<Mailbox>,
    published: Arc<Published>,
    running: Running,
    ready: Receiver<()>,
}

fn wait_until_ready(shards: &mut Vec<RunningShard>) -> anyhow::Result<()> {
    for at in 0..shards.len() {
        // The sender is dropped unsent where a shard ended instead.
        if shards[at].ready.recv().is_err() {
            let failed = shards.swap_remove(at);
            failed.running.join()?;
            bail!("the shard on CPU {} ended before it served", failed.cpu);
        }
    }
    Ok(())
}

struct Server<'a> {
    plan: &'a Plan,
    shards: Vec<RunningShard>,
    events: Receiver<Event>,
    event_sender: Sender<Event>,
}

impl Server<'_> {
    /// Acts on signals until one says stop, and on the turn of a day.
    fn watch(&self, mut ip_keys: Option<IpKeys>) {
        let mut is_unsaved = false;
        let mut generation = 1;
        let mut reloading = None;
        let mut reload_again = false;
        let mut watched = Counts::default();
        loop {
            let event = self.events.recv_timeout(Duration::from_secs(1));
            for shard in &self.shards {
                shard.mailbox.drop_retired();
            }
            if let Some(keys) = &mut ip_keys {
                is_unsaved = self.turn(keys, is_unsaved);
            }
            match event {
                Ok(Event::Stop) => break,
                Ok(Event::Reload) if reloading.is_some() => reload_again = true,
                Ok(Event::Reload) => reloading = self.start_reload(generation),
                Ok(Event::Reloaded) => {
                    if let Some(Ok(now)) = reloading.take().map(std::thread::JoinHandle::join) {
                        generation = now;
                    }
                    if std::mem::take(&mut reload_again) {
                        reloading = self.start_reload(generation);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    let counts = self.counts();
                    report_trouble(&watched, &counts);
                    watched = counts;
                }
                // `self` holds a sender, so there always is one.
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    /// Gives the shards the key of another day. Returns whether the keys are still
    /// to be written down, which is said once.
    fn turn(&self, keys: &mut IpKeys, was_unsaved: bool) -> bool {
        let before = keys.today();
        let result = keys.turn(unix_us());
        if keys.today() != before {
            self.post(|| Message::Privacy(Privacy::Hash(keys.today())));
        }
        if let Err(error) = &result
            && !was_unsaved
        {
            say(format_args!(
                "warning: the keys of hashed addresses in {} cannot be brought up to date: \
                 {error}. Until they are, a restart gives other hashes, and keys may stay longer \
                 than 48 hours; this is tried again every second",
                self.plan.clicks.display()
            ));
        }
        result.is_err()
    }

    fn start_reload(&self, generation: u32) -> Option<std::thread::JoinHandle<u32>> {
        let sources = self.plan.sources.clone();
        let shards: Vec<_> =
            self.shards.iter().map(|shard| (shard.cpu, shard.mailbox.clone())).collect();
        let ended = self.event_sender.clone();
        let thread = std::thread::Builder::new().name("carom-reload".to_owned());
        let spawned = thread.spawn(move || {
            let generation = tables::reload(&sources, generation, &shards);
            let _ = ended.send(Event::Reloaded);
            generation
        });
        spawned.map_err(|error| say(format_args!("not reloaded: {error}"))).ok()
    }

    fn counts(&self) -> Counts {
        let all = self.shards.iter().map(|shard| shard.published.load());
        all.fold(Counts::default(), |sum, counts| sum + counts)
    }

    /// Stops: no new connections, requests under way are answered, clicks are
    /// sealed. A second signal, or the drain timeout, ends what is left.
    fn stop(self, keeper: Keeper) -> anyhow::Result<()> {
        say(format_args!(
            "stopping: {} connections have {:?} to finish",
            self.counts().connections,
            self.plan.drain_timeout
        ));
        self.post(|| Message::Drain);
        let deadline = Instant::now() + self.plan.drain_timeout;
        let (ended_sender, ended) = channel::<()>();
        let published: Vec<_> = self.shards.iter().map(|s| s.published.clone()).collect();
        let mailboxes: Vec<_> = self.shards.iter().map(|s| s.mailbox.clone()).collect();
        let joining: Vec<_> = self
            .shards
            .into_iter()
            .map(|shard| {
                let ended = ended_sender.clone();
                std::thread::spawn(move || {
                    let result = shard.running.join();
                    drop(ended);
                    result
                })
            })
            .collect();
        drop(ended_sender);
        let abandon = || mailboxes.iter().for_each(|mailbox| mailbox.post(Message::Abandon));
        let mut cut = 0;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let stop_now = self.events.try_iter().any(|event| event == Event::Stop);
            if stop_now || left.is_zero() {
                cut = published.iter().map(|counts| counts.load().connections).sum();
                abandon();
                break;
            }
            // Woken when all have ended: then no sender is left.
            let wait = left.min(Duration::from_millis(100));
            if ended.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
        for thread in joining {
            thread.join().map_err(|_| anyhow::anyhow!("a shard could not be joined"))??;
        }
        let summary = keeper.finish();
        let counts = published.iter().fold(Counts::default(), |sum, p| sum + p.load());
        say(farewell(&counts, &summary, cut));
        Ok(())
    }

    fn post(&self, message: impl Fn() -> Message) {
        for shard in &self.shards {
            shard.mailbox.post(message());
        }
    }
}

fn farewell(counts: &Counts, summary: &Summary, cut: u64) -> String {
    let cut = if cut > 0 { format!("; {cut} connections were cut") } else { String::new() };
    let refused = match counts.unrecorded {
        0 => String::new(),
        count => format!(", {count} requests refused for want of room"),
    };
    format!(
        "stopped: {} requests, {} clicks recorded in {} segments, {} lost{refused}{cut}",
        counts.requests, summary.clicks, summary.segments, summary.lost
    )
}

/// At most a line a second for each kind of trouble.
fn report_trouble(before: &Counts, now: &Counts) {
    let refused = now.accepts_refused - before.accepts_refused;
    if refused > 0 {
        say(format_args!(
            "warning: out of descriptors {refused} times in the last second; new connections \
             wait; raise LimitNOFILE= or lower --max-connections"
        ));
    }
    let lost = now.clicks_lost - before.clicks_lost;
    if lost > 0 {
        say(format_args!(
            "warning: {lost} clicks were lost in the last second: no segment was ready. They are \
             counted in the click log; free space in its folder, or use a faster disk or a larger \
             --segment-size"
        ));
    }
    let unrecorded = now.unrecorded - before.unrecorded;
    if unrecorded > 0 {
        say(format_args!(
            "warning: {unrecorded} requests were refused (503) in the last second: no segment was \
             ready for their clicks. Free space in the click folder, or use a faster disk or a \
             larger --segment-size"
        ));
    }
    let evicted = now.evicted - before.evicted;
    if evicted > 0 {
        say(format_args!(
            "warning: {evicted} idle connections were closed to make room for new ones; \
             raise --max-connections, or shorten --idle-timeout"
        ));
    }
    let overloaded = now.overloaded - before.overloaded;
    if overloaded > 0 {
        say(format_args!(
            "warning: {overloaded} connections were cut: too many bytes waited for peers that \
             do not read or do not finish their requests"
        ));
    }
}
