//! A server from start to end: from a plan to shards that serve, then the loop,
//! then the stop.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use crossbeam_channel::Sender;

use super::banner::Banner;
use super::plan::{EngineWish, IpWish, ServePlan};
use super::running::RunningServer;
use super::{retention, signals, split_key, stop};
use crate::clicks::key_file::MadeKey;
use crate::clicks::{
    ClickKeys, IpKeys, Keeper, KeeperOptions, Privacy, ShardInfo, Writer, folder, key_file,
    left_behind,
};
use crate::control::admin::AdminSocket;
use crate::control::caps::CapKeeper;
use crate::control::live::{Bounds, Desk, KnownPlaces, Opening, Who, Wish, say_bad_lines};
use crate::control::shards::{Contact, Shards};
use crate::disk::state;
use crate::engine::listener::listen_all;
use crate::engine::{self, Engine, Running, Seat};
use crate::limits::{SIGNALS_WAITING_MAX, WISHES_WAITING_MAX};
use crate::links::{Change, TableRoom};
use crate::machine::clock::unix_us;
use crate::machine::cpus::{choose_cpus, ranges};
use crate::machine::{Machine, memory_bytes};
use crate::mailbox::{Mailbox, Published};
use crate::say::say;
use crate::shard::{Settings, Shard};
use crate::sources::Base;
use crate::sources::watch::{LastRead, Watch};
use crate::words::counted;

/// Serves until a signal says stop.
///
/// # Errors
///
/// A sentence for the operator: bad lines in the link files, an address or the
/// click folder that cannot be had, an engine that is refused, or a shard that
/// failed.
pub fn serve(plan: &ServePlan) -> anyhow::Result<()> {
    abort_on_panic();
    let (signal_sender, signals) = sync_channel(SIGNALS_WAITING_MAX);
    signals::watch(signal_sender)?;

    let watched = || Watch::new(&plan.sources.paths, &plan.places.paths());
    let watch = plan.watch.then(watched).transpose()?;
    let ground = Ground::choose(plan)?;
    let cpus = &ground.cpus;
    let room = table_room(plan, cpus.len());
    let (base, left_out, read_in) = read_links(plan, room)?;
    let waits = |address| {
        say(format_args!("{address} is in use; waiting a moment, as a killed carom may hold it"));
    };
    let places = KnownPlaces::open(&plan.places)?;
    let (addresses, listeners) = listen_all(&plan.listen, cpus.len(), plan.listening, &waits)?;
    let clicks_made = make_clicks(&plan.clicks)?;
    let (keys, key_path, key_made) = open_keys(plan)?;
    let (keeper, writers) = open_clicks(plan, keys.clone(), cpus)?;
    let state = make_state(plan)?;
    let socket = AdminSocket::open(&state)?;
    let opening = Arc::new(Opening::new(&state, base, plan.keep_generations)?);
    let (privacy, ip_keys) = choose_privacy(plan)?;
    let (connections_max, split_key) = (ground.connections_max, split_key::load_or_make(&state)?);
    let settings = Settings { connections_max, privacy, split_key, ..plan.settings.clone() };
    let caps = open_caps(plan, &state, &opening, cpus.len())?;
    let first = First { settings: &settings, opening: &opening, places: places.as_ref(), caps };
    let (shards, running) = start_shards(&ground, listeners, writers, &first)?;

    let key_warning = key_made.as_ref().and_then(|made| made.warning(&key_path));
    let banner = Banner {
        links: opening.served.editor().len(),
        generation: opening.generation,
        changes: opening.served.changes().len(),
        promoted: opening.from,
        left_out,
        table_bytes: opening.served.base().table.memory().total(cpus.len()),
        read_in,
        engine: ground.engine,
        engine_reason: ground.engine_reason,
        cores: ranges(cpus),
        addresses,
        clicks: plan.clicks.clone(),
        clicks_made,
        retention: plan.retention,
        admin: socket.path().to_owned(),
        click_key_made: key_made.is_some().then_some(key_path),
        connections_per_core: connections_max,
        fallback: settings.builtins.fallback.as_ref().map(|target| target.text().to_owned()),
        warnings: ground.warnings.into_iter().chain(key_warning).collect(),
    };
    banner.print(plan.json);

    let opening = Arc::into_inner(opening).context("a shard is still being built")?;
    let (wishes, for_desk) = crossbeam_channel::bounded(WISHES_WAITING_MAX);
    let (sources, last_read) = (plan.sources.clone(), LastRead::default());
    let (builtins, loss_percent_max) = (settings.builtins, plan.loss_percent_max);
    let bounds = Bounds { room, loss_percent_max, builtins, split_key };
    let (to_tell, all) = (last_read.clone(), shards.clone());
    let desk = Desk::start(opening, sources, places, bounds, to_tell, all, for_desk)?;
    let admin = socket.serve(wishes.clone(), &plan.sources.reading)?;
    start_watch(watch, wishes.clone(), last_read)?;
    tell_what_was_left(&plan.clicks)?;
    let retention = retention::start(plan, keys)?;

    let server = RunningServer { plan, shards, running, signals, wishes, desk, admin };
    server.watch(ip_keys);
    drop(retention);
    stop::stop(server, keeper)
}

/// Has what is watched be read again when it changes.
fn start_watch(
    watch: Option<Watch>,
    wishes: Sender<Wish>,
    last_read: LastRead,
) -> anyhow::Result<()> {
    let reload = move || wishes.send(Wish::reload(Who::itself("watch"))).is_ok();
    watch.map_or(Ok(()), |watch| watch.start(reload, last_read))
}

/// The links that are to be served, how many bad lines were left out, and how long
/// reading took.
fn read_links(plan: &ServePlan, room: TableRoom) -> anyhow::Result<(Base, usize, Duration)> {
    let started = Instant::now();
    let (base, report) = plan.sources.read_base(room)?;
    let read_in = started.elapsed();
    let problems = report.problems.len();
    if problems > 0 {
        say_bad_lines(&report);
    }
    let base = base.with_context(|| {
        format!(
            "{}, so nothing is served; mend what is wrong, or serve the rest with --on-bad-line \
             skip",
            counted(problems, "bad line")
        )
    })?;
    Ok((base, problems, read_in))
}

/// Memory for tables. Each shard has a copy of the index, and the control side another.
fn table_room(plan: &ServePlan, shards: usize) -> TableRoom {
    let all = plan.table_bytes_max.or_else(|| memory_bytes().map(|bytes| bytes / 2));
    TableRoom::new(all.unwrap_or(u64::MAX), shards + 1)
}

/// What the machine grants of what was wished.
struct Ground {
    cpus: Vec<usize>,
    engine: Engine,
    engine_reason: String,
    /// Connections of each shard.
    connections_max: usize,
    warnings: Vec<String>,
}

impl Ground {
    fn choose(plan: &ServePlan) -> anyhow::Result<Self> {
        let machine = Machine::survey()?;
        let cpus = choose_cpus(plan.cores.as_ref(), &machine.cpus)?;
        retention::check(plan, cpus.len())?;
        let wished = plan.settings.connections_max;
        let (engine, engine_reason) = choose_engine(plan.engine)?;
        let connections_max = machine.connections_per_shard(wished, cpus.len())?;
        let warnings = machine.warnings(cpus.len(), wished, plan.listening.backlog);
        Ok(Self { cpus, engine, engine_reason, connections_max, warnings })
    }
}

/// What is counted of caps, with room for those of the links that are served.
fn open_caps(
    plan: &ServePlan,
    state: &Path,
    opening: &Opening,
    shards: usize,
) -> anyhow::Result<Arc<CapKeeper>> {
    let served = &opening.served;
    // Looking through all links takes a moment.
    let sets_caps = |(_, change): (_, &Change)| match change {
        Change::Set(lines) => lines.contains(" cap="),
        Change::Unset => false,
    };
    let has_caps = served.base().table.counts().caps > 0 || served.changes().iter().any(sets_caps);
    let links = served.editor().links().take(if has_caps { usize::MAX } else { 0 });
    let lines: Vec<_> = links.flat_map(|link| link.caps()).collect();
    CapKeeper::open(state, &plan.clicks, shards, &lines)
}

fn make_state(plan: &ServePlan) -> anyhow::Result<PathBuf> {
    match &plan.state {
        Some(state) => {
            state::make_at(state)
                .with_context(|| format!("cannot make the state folder {}", state.display()))?;
            Ok(state.clone())
        }
        None => state::make(&plan.clicks)
            .with_context(|| format!("cannot make a folder in {}", plan.clicks.display())),
    }
}

/// What each shard begins with.
struct First<'a> {
    settings: &'a Settings,
    opening: &'a Arc<Opening>,
    places: Option<&'a KnownPlaces>,
    caps: Arc<CapKeeper>,
}

/// Starts a shard on each CPU, and waits until all of them serve.
fn start_shards(
    ground: &Ground,
    listeners: Vec<Vec<TcpListener>>,
    writers: Vec<Writer>,
    first: &First<'_>,
) -> anyhow::Result<(Shards, Vec<Running>)> {
    let (mut contacts, mut running, mut ready) = (Vec::new(), Vec::new(), Vec::new());
    for (number, ((&cpu, listeners), clicks)) in
        ground.cpus.iter().zip(listeners).zip(writers).enumerate()
    {
        let mailbox = Arc::new(Mailbox::new().context("cannot make a mailbox")?);
        let published = Arc::new(Published::default());
        let (ready_sender, is_ready) = sync_channel(1);
        let (settings, opening) = (first.settings.clone(), first.opening.clone());
        let places = first.places.map(|known| known.places().clone());
        let (counts, shard_caps) = (published.clone(), first.caps.shard(number));
        let seat = Seat {
            cpu,
            listeners,
            mailbox: mailbox.clone(),
            ready: ready_sender,
            build: Box::new(move |now| {
                let shard = Shard::new(opening.replicate(), clicks, settings, counts, now);
                let mut shard = shard.with_caps(shard_caps);
                if let Some(places) = places {
                    shard.set_places(places);
                }
                shard
            }),
        };
        running.push(engine::start(ground.engine, seat)?);
        ready.push(is_ready);
        contacts.push(Contact { cpu, mailbox, published });
    }
    for (at, is_ready) in ready.into_iter().enumerate() {
        // The sender is dropped unsent where a shard ended instead.
        if is_ready.recv().is_err() {
            running.swap_remove(at).join()?;
            bail!("the shard on CPU {} ended before it served", ground.cpus[at]);
        }
    }
    Ok((Shards::new(contacts, first.caps.clone()), running))
}

/// Reads what a killed server left in the click folder, beside the serving, and
/// says what it is.
fn tell_what_was_left(clicks: &Path) -> anyhow::Result<()> {
    let clicks = clicks.to_owned();
    let tell = move || match left_behind(&clicks) {
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

/// Makes the click folder, if there is none; whether it did. Not without the folder that it
/// is to be in: that may be a disk that is not mounted, or a mistyped path.
fn make_clicks(folder: &Path) -> anyhow::Result<bool> {
    if folder.is_dir() {
        return Ok(false);
    }
    let within = crate::disk::folder::of(folder);
    ensure!(
        within.is_dir(),
        "cannot make the click folder {}: there is no folder {}. Mount its disk, or make it",
        folder.display(),
        within.display()
    );
    folder::make(folder)?;
    Ok(true)
}

/// The keys that sign click ids, their file, and what of it was made.
fn open_keys(plan: &ServePlan) -> anyhow::Result<(ClickKeys, PathBuf, Option<MadeKey>)> {
    let path = match &plan.click_key {
        Some(path) => path.clone(),
        None => {
            state::make(&plan.clicks)
                .with_context(|| format!("cannot make a folder in {}", plan.clicks.display()))?;
            key_file::beside(&plan.clicks)
        }
    };
    let (keys, made) = key_file::load_or_make(&path, &plan.clicks)?;
    Ok((keys, path, made))
}

fn open_clicks(
    plan: &ServePlan,
    keys: ClickKeys,
    cpus: &[usize],
) -> anyhow::Result<(Keeper, Vec<Writer>)> {
    let shards: Vec<ShardInfo> =
        cpus.iter().map(|&cpu| ShardInfo { cpu: u16::try_from(cpu).unwrap_or(u16::MAX) }).collect();
    let options = KeeperOptions {
        segment_bytes: plan.segment_bytes,
        reserve: plan.reserve,
        segment_age: plan.segment_age,
        sync_interval: plan.sync_interval,
        stage: plan.clicks_stage.clone(),
        node: plan.node,
        spare: plan.clicks_spare.clone(),
        keys,
        report: Box::new(say),
    };
    Keeper::open(&plan.clicks, &shards, options)
}

/// The rule for addresses, and its keys if it has any.
fn choose_privacy(plan: &ServePlan) -> anyhow::Result<(Privacy, Option<IpKeys>)> {
    let privacy = match plan.ip {
        IpWish::Full => Privacy::Full,
        IpWish::Truncate => Privacy::Truncate,
        IpWish::Hash => {
            let keys = IpKeys::open(&plan.clicks, unix_us()).context("--ip hash")?;
            return Ok((Privacy::Hash(keys.today()), Some(keys)));
        }
    };
    IpKeys::forget(&plan.clicks)?;
    Ok((privacy, None))
}
