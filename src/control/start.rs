//! A server from start to end: from a plan to shards that serve, then the loop,
//! then the stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Instant;

use anyhow::{Context, bail};

use super::admin::Socket;
use super::journal::Who;
use super::live::{Ask, Desk, Opening, Shards};
use super::plan::{EngineWish, IpWish, Plan};
use super::server::{RunningShard, Server};
use super::{banner, signals, stop};
use crate::clicks::{
    ClickKeys, IpKeys, Keeper, KeeperOptions, Privacy, ShardInfo, folder, key_file, left_behind,
};
use crate::disk::state;
use crate::engine::listener::listen_all;
use crate::engine::{self, Engine, Seat};
use crate::machine::Machine;
use crate::machine::clock::unix_us;
use crate::machine::cpus::{choose_cpus, ranges};
use crate::mailbox::{Mailbox, Published};
use crate::say::say;
use crate::shard::{Settings, Shard};
use crate::sources::watch::{LastRead, Watch};

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
    signals::watch(event_sender)?;

    let watch = plan.watch.then(|| Watch::new(&plan.sources.paths)).transpose()?;
    let started = Instant::now();
    let (base, report) = plan.sources.read_base()?;
    let read_in = started.elapsed();
    let problems = report.problems.len();
    if problems > 0 {
        say(format_args!("{problems} bad lines:\n{}", report.to_string().trim_end()));
    }
    let Some(base) = base else {
        bail!(
            "{problems} bad lines, so nothing is served; mend them, or serve the rest with \
             --on-bad-line skip"
        );
    };

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
    let state = match &plan.state {
        Some(state) => {
            state::make_at(state)
                .with_context(|| format!("cannot make the state folder {}", state.display()))?;
            state.clone()
        }
        None => state::make(&plan.clicks)
            .with_context(|| format!("cannot make a folder in {}", plan.clicks.display()))?,
    };
    let socket = Socket::open(&state)?;
    let opening = Arc::new(Opening::new(&state, base, plan.keep_generations)?);
    let (privacy, ip_keys) = choose_privacy(plan)?;
    let settings = Settings { connections_max, privacy, ..plan.settings.clone() };

    let mut shards = Vec::new();
    for ((&cpu, listeners), clicks) in cpus.iter().zip(listeners).zip(writers) {
        let mailbox = Arc::new(Mailbox::new().context("cannot make a mailbox")?);
        let published = Arc::new(Published::default());
        let (ready_sender, ready) = channel();
        let (settings, opening, counts) = (settings.clone(), opening.clone(), published.clone());
        let seat = Seat {
            cpu,
            listeners,
            mailbox: mailbox.clone(),
            ready: ready_sender,
            build: Box::new(move |now| {
                Shard::new(opening.replicate(), clicks, settings, counts, now)
            }),
        };
        let running = engine::start(engine, seat)?;
        shards.push(RunningShard { cpu, mailbox, published, running, ready });
    }
    wait_until_ready(&mut shards)?;

    let banner = banner::Banner {
        links: opening.served.editor().len(),
        generation: opening.generation,
        changes: opening.served.changes().len(),
        promoted: opening.from,
        left_out: problems,
        table_bytes: opening.served.base().table.memory().total(cpus.len()),
        read_in,
        engine,
        engine_reason,
        cores: ranges(&cpus),
        addresses,
        clicks: plan.clicks.clone(),
        admin: socket.path().to_owned(),
        click_key_made,
        connections_per_core: connections_max,
        fallback: settings.fallback.as_ref().map(|target| target.text().to_owned()),
        warnings: machine.warnings(cpus.len(), wished, plan.listening.backlog),
    };
    banner.print(plan.json);

    let (asks, for_desk) = channel();
    let for_shards = Shards::of(&shards);
    let (own, sources) = (asks.clone(), plan.sources.clone());
    let last_read = LastRead::default();
    let opening = Arc::into_inner(opening).context("a shard is still being built")?;
    let desk = Desk::start(opening, sources, last_read.clone(), for_shards, (own, for_desk))?;
    let admin = socket.serve(asks.clone())?;
    if let Some(watch) = watch {
        let asks = asks.clone();
        let reload =
            move || asks.send(Ask::Reload { who: Who::itself("watch"), reply: None }).is_ok();
        watch.start(reload, last_read)?;
    }
    tell_what_was_left(&plan.clicks)?;

    let server = Server { plan, shards, events, asks, desk, admin };
    server.watch(ip_keys);
    stop::stop(server, keeper)
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

/// The keys that sign click ids, and the file if it was made for them.
fn open_keys(plan: &Plan) -> anyhow::Result<(ClickKeys, Option<PathBuf>)> {
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
    keys: ClickKeys,
    cpus: &[usize],
) -> anyhow::Result<(Keeper, Vec<crate::clicks::Writer>)> {
    let shards: Vec<ShardInfo> =
        cpus.iter().map(|&cpu| ShardInfo { cpu: u16::try_from(cpu).unwrap_or(u16::MAX) }).collect();
    let options = KeeperOptions {
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
    IpKeys::forget(&plan.clicks)?;
    Ok((privacy, None))
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
