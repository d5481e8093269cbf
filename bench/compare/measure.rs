//! One turn of one server: load from here, CPU time from the kernel.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::results::Measurement;
use super::server::Server;
use crate::load::{self, Limit, LoadPlan, Moment};
use crate::machine::{CpuTime, tree_cpu};
use crate::requests::Requests;

/// What a server gets in a turn.
pub struct Load<'a> {
    pub requests: &'a Requests,
    pub connections: usize,
    pub pipeline: usize,
    pub new_connections: bool,
    pub rate: Option<f64>,
    pub seconds: f64,
    pub stop: &'a AtomicBool,
}

/// Load before anything counts.
const WARM_UP: Duration = Duration::from_millis(300);
const TIMEOUT: Duration = Duration::from_secs(5);

/// Loads the server and says what a reply cost it.
pub fn measure(server: &Server, load: &Load<'_>) -> anyhow::Result<Measurement> {
    let plan = LoadPlan {
        target: server.address,
        requests: load.requests,
        connections: load.connections,
        pipeline: load.pipeline,
        new_connections: load.new_connections,
        rate: load.rate,
        limit: Limit::Time(Duration::from_secs_f64(load.seconds)),
        warm_up: WARM_UP,
        timeout: TIMEOUT,
        expect: &[302],
        stop: load.stop,
    };
    let (mut before, mut after) = (CpuTime::default(), CpuTime::default());
    let outcome = load::run(&plan, &mut |moment| match moment {
        Moment::Started => before = tree_cpu(server.pid()),
        Moment::Ended => after = tree_cpu(server.pid()),
        Moment::Running(..) => {}
    })?;
    let used = after.since(before);
    let each_us = |time: Duration| time.as_secs_f64() * 1e6 / outcome.replies.max(1) as f64;
    Ok(Measurement {
        user_us: each_us(used.user),
        system_us: each_us(used.system),
        rate: outcome.rate(),
        p50_us: outcome.latency_us(50.0),
        p99_us: outcome.latency_us(99.0),
        p999_us: outcome.latency_us(99.9),
        replies: outcome.replies,
        errors: outcome.errors(),
        generator_cpu: outcome.generator_cpu,
        generator_waited: outcome.generator_waited,
    })
}
