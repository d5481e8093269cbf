//! The end of a server.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::running::RunningServer;
use super::signals::Signalled;
use crate::clicks::{Keeper, Summary};
use crate::control::live::Wish;
use crate::limits::SEAL_MS_MIN;
use crate::mailbox::{Message, ShardCounts};
use crate::say::say;
use crate::words::counted;

/// Stops: no new connections, requests under way are answered, clicks are
/// sealed. A second signal, or the drain timeout, ends what is left.
///
/// # Errors
///
/// When a shard failed.
pub fn stop(server: RunningServer<'_>, keeper: Keeper) -> anyhow::Result<()> {
    let RunningServer { plan, shards, running, signals, wishes, desk, admin } = server;
    say(format_args!(
        "stopping: {:?} for {} to finish",
        plan.drain_timeout,
        counted(shards.counts().connections, "connection")
    ));
    // Nothing is changed any more, so that whoever was answered is right.
    admin.stop();
    let _ = wishes.send(Wish::Stop);
    desk.join().map_err(|_| anyhow::anyhow!("the links thread panicked"))?;
    shards.post(|| Message::Drain);
    let deadline = Instant::now() + plan.drain_timeout;
    let (ended_sender, ended) = channel::<()>();
    let joining: Vec<_> = running
        .into_iter()
        .map(|shard| {
            let ended = ended_sender.clone();
            std::thread::spawn(move || {
                let result = shard.join();
                drop(ended);
                result
            })
        })
        .collect();
    drop(ended_sender);
    let mut cut = 0;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let stop_now = signals.try_iter().any(|signal| signal == Signalled::Stop);
        if stop_now || left.is_zero() {
            cut = shards.counts().connections;
            shards.post(|| Message::Abandon);
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
    shards.caps().finish();
    // Even if requests took all of the time, the disk has a moment.
    let sealed_by = deadline.max(Instant::now() + Duration::from_millis(SEAL_MS_MIN));
    let summary = keeper.finish_by(sealed_by);
    say(farewell(&shards.counts(), &summary, cut));
    Ok(())
}

fn farewell(counts: &ShardCounts, summary: &Summary, cut: u64) -> String {
    let cut = match cut {
        0 => String::new(),
        count => format!("; {} cut", counted(count, "connection")),
    };
    let doubtful = match summary.doubtful {
        0 => String::new(),
        count => format!(", {count} of those recorded may be gone"),
    };
    let refused = match counts.unrecorded {
        0 => String::new(),
        count => format!(", {} refused for want of room", counted(count, "request")),
    };
    let undelivered = match counts.undelivered {
        0 => String::new(),
        count => format!(", {} whose reply was not delivered", counted(count, "click")),
    };
    format!(
        "stopped: {}, {} recorded in {}, {} lost{doubtful}{undelivered}{refused}{cut}",
        counted(counts.requests, "request"),
        counted(summary.clicks, "click"),
        counted(summary.segments, "segment"),
        summary.lost
    )
}
