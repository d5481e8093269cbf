//! Random rule sets and visitors: the server answers as the model, and its clicks say so.
//!
//! The suite does this small. `CAROM_RULES=100000 cargo test --release --test rules agree` does it with
//! so many rule sets on each engine, `CAROM_SEED` again with the same ones.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::both_engines;
use crate::common::scale::{from_env, seed};
use crate::common::{self, Engine, Server, Setup, carom};
use crate::drive::{Clients, Reply};
use crate::generate::{Family, Generator};
use crate::model::{Answer, Click, Possible, Used, Visitor, World};
use crate::print;
use crate::visitors::visitor;

/// Rule sets that one server has.
const SETS_PER_SERVER: usize = 1_000;
/// Visitors of each name of keys.
const VISITORS: usize = 16;
/// What one server is asked is over before any rule changes its mind.
const QUIET: Duration = Duration::from_secs(200);
/// Disagreements that are shown, those of the shortest keys first.
const SHOWN: usize = 4;

both_engines!(
    /// Each reply is the one that the model gives, and each click says which line gave it.
    model_and_server_agree,
    |engine| {
        let mut random = fastrand::Rng::with_seed(seed());
        let sets: usize = from_env("CAROM_RULES", 400);
        let mut asked = 0;
        for at in (0..sets).step_by(SETS_PER_SERVER) {
            // What one shard has of a cap, and does not use, another lacks for a moment.
            let (cores, has_caps) = [("1", true), ("2", false)][random.usize(..2)];
            asked += agree(engine, (cores, has_caps), SETS_PER_SERVER.min(sets - at), &mut random);
        }
        eprintln!("{}: {sets} rule sets and more, {asked} visitors", engine.name());
    }
);

/// Asks one server of so many rule sets. Returns how many visitors that were.
fn agree(
    engine: Engine,
    (cores, has_caps): (&str, bool),
    sets: usize,
    random: &mut fastrand::Rng,
) -> usize {
    let began = Instant::now();
    let (mut world, families) = Generator::new(random, Timestamp::now(), has_caps).world(sets);
    let has_v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if has_v6 {
        world.places.addresses.push(IpAddr::V6(Ipv6Addr::LOCALHOST));
    }
    let mut setup = Setup::new(engine, "").flag("--cores", cores);
    if has_v6 {
        setup = setup.flag("--listen", "[::1]:0");
    }
    if let Some(fallback) = &world.fallback {
        setup = setup.flag("--fallback", fallback);
    }
    setup = with_places(setup, &world);
    let texts = shuffled(&world, random);
    fs::write(&setup.links[0], texts.iter().map(|(_, text)| &**text).collect::<String>()).unwrap();
    let mut server = setup.start();
    let addresses: Vec<SocketAddr> =
        serde_json::from_value(server.started["addresses"].clone()).unwrap();
    let mut round =
        Round { world: &world, texts, clicks: BTreeMap::new(), disagreements: Vec::new() };
    let mut clients = Clients::new(&addresses);
    let asked = round.ask(&families, &mut clients, random);
    drop(clients);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    round.check_clicks(&server);
    assert!(began.elapsed() < QUIET, "so slow that rules may have changed their minds meanwhile");
    asked
}

/// Writes the files that say where addresses are, and the key of splits, as they are
/// documented.
fn with_places(setup: Setup, world: &World) -> Setup {
    let folder = setup.folder.path().to_owned();
    let put = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let mut setup = setup;
    for (name, text) in world.places.list_files() {
        let path = put(&format!("{name}.txt"), text);
        setup = setup.flag("--list", &format!("{name}={path}"));
    }
    let geo = put("geo.csv", world.places.csv());
    put_split_key(&setup.clicks_folder(), &world.split_key);
    setup.flag("--geo", &geo)
}

/// Puts the key of splits where a server with this click folder finds it.
pub fn put_split_key(clicks: &Path, key: &[u8; 16]) {
    let state = clicks.join(".state");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&state).unwrap();
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(state.join("split-key"));
    std::io::Write::write_all(&mut file.unwrap(), format!("{digits}\n").as_bytes()).unwrap();
}

/// All keys as they are written, in any order.
fn shuffled(world: &World, random: &mut fastrand::Rng) -> Vec<(usize, String)> {
    let mut texts: Vec<_> = Vec::new();
    for (at, key) in world.keys.iter().enumerate() {
        texts.push((at, print::key(key, random)));
    }
    random.shuffle(&mut texts);
    texts
}

struct Round<'w> {
    world: &'w World,
    texts: Vec<(usize, String)>,
    /// How many clicks of each kind there must be.
    clicks: BTreeMap<String, i64>,
    disagreements: Vec<String>,
}

impl Round<'_> {
    fn ask(
        &mut self,
        families: &[Family],
        clients: &mut Clients<'_>,
        random: &mut fastrand::Rng,
    ) -> usize {
        let has_caps = |family: &&Family| {
            let mut lines = family.keys.iter().flat_map(|&key| &self.world.keys[key].lines);
            lines.any(|line| line.cap.is_some())
        };
        let (counted, free): (Vec<_>, Vec<_>) = families.iter().partition(has_caps);
        let mut asked: Vec<(&Family, Visitor)> = Vec::new();
        for family in free {
            asked.extend((0..VISITORS).map(|_| (family, visitor(self.world, family, random))));
        }
        random.shuffle(&mut asked);
        let visitors: Vec<_> = asked.iter().map(|(_, visitor)| visitor.clone()).collect();
        let replies = clients.ask_all(&visitors, random);
        for ((family, visitor), reply) in asked.iter().zip(replies) {
            self.check(family, visitor, &reply, &mut Used::new());
        }
        // What is counted depends on who came before.
        let mut used = Used::new();
        for family in &counted {
            for _ in 0..VISITORS {
                let visitor = visitor(self.world, family, random);
                let reply = clients.ask(&visitor);
                self.check(family, &visitor, &reply, &mut used);
            }
        }
        self.say_disagreements();
        VISITORS * families.len()
    }

    fn check(&mut self, family: &Family, visitor: &Visitor, reply: &Reply, used: &mut Used) {
        let possible = self.world.answers(&family.keys, visitor, used);
        let is_it = |it: &&Possible| {
            (it.answer.status, &it.answer.location) == (reply.status, &reply.location)
        };
        let Some(Possible { answer, takes }) = possible.iter().find(is_it) else {
            let texts = self.texts.iter().filter(|(at, _)| family.keys.contains(at));
            let texts: String = texts.map(|(_, text)| &**text).collect();
            let expected: Vec<_> = possible.iter().map(|it| &it.answer).collect();
            let known = (
                self.world.places.country_of(visitor.address),
                self.world.places.lists_of(visitor.address),
            );
            self.disagreements.push(format!(
                "{texts}{visitor:?}, {known:?} at {}\n  is answered {reply:?}\n  and not {expected:?}\n",
                self.world.now
            ));
            return;
        };
        if let Some(line) = takes {
            *used.entry(*line).or_default() += 1;
        }
        if let Answer { click: Some(click), .. } = answer {
            *self.clicks.entry(told(reply.status, &visitor.path, click)).or_default() += 1;
        }
    }

    /// Shows the shortest, and fails.
    fn say_disagreements(&mut self) {
        self.disagreements.sort_by_key(String::len);
        let count = self.disagreements.len();
        let shown: Vec<_> = self.disagreements.iter().take(SHOWN).cloned().collect();
        assert!(count == 0, "{count} disagreements:\n{}", shown.join("\n"));
    }

    /// Compares what clicks there are with those that there must be.
    fn check_clicks(mut self, server: &Server) {
        let clicks = server.setup.clicks_folder();
        let columns = "status,path,link,variant,verdict,via,tag";
        let ran = carom(["clicks", "cat", clicks.to_str().unwrap(), "--columns", columns]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        for row in ran.out.lines() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let words = ["link", "verdict", "via", "tag"].map(text);
            let told = format!(
                "{} {} variant {} {words:?}",
                row["status"],
                text("path"),
                row["variant"].as_u64().unwrap_or(0)
            );
            *self.clicks.entry(told).or_default() -= 1;
        }
        self.clicks.retain(|_, count| *count != 0);
        let shown: Vec<_> = self.clicks.iter().take(2 * SHOWN).collect();
        assert!(shown.is_empty(), "clicks that are missing, or too many (below 0): {shown:#?}");
    }
}

fn told(status: u16, path: &str, click: &Click) -> String {
    let Click { link, variant, verdict, via, tag } = click;
    let link = if *link == 0 { String::new() } else { format!("{link:016x}") };
    let words = [&link, *verdict, via.unwrap_or_default(), tag].map(str::to_owned);
    format!("{status} {path} variant {variant} {words:?}")
}
