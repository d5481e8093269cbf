//! `carom-bench loading`: how long a link table takes to be read and checked, and
//! the most memory that takes, beside the peers on the same links.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::compare::results::Spread;
use crate::compare::{markdown, peers, report, table};
use crate::machine;
use crate::place::Place;

const AFTER_HELP: &str = "\
Each program reads the same links from text and ends: `carom links check`, `nginx -t`, \
`haproxy -c`. They take turns on one CPU.

Example: carom-bench loading --links 1000000 --rounds 3";

/// What `carom-bench loading` was told.
#[derive(Debug, Args)]
#[command(about, long_about = None, after_help = AFTER_HELP)]
pub struct LoadingArguments {
    /// Sizes of the table, in links
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1000000,10000000",
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    links: Vec<u32>,

    /// Rounds for each size
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,

    /// CPU of the programs
    #[arg(long, default_value_t = 0, value_name = "N")]
    cpu: usize,

    #[command(flatten)]
    place: Place,
}

/// What one program took for one size.
struct Row {
    program: &'static str,
    links: usize,
    seconds: Vec<f64>,
    memory_mib: Vec<f64>,
}

/// One run.
struct Run {
    time: Duration,
    memory_bytes: u64,
}

/// Between two looks at how much memory a program has.
const LOOK_EVERY: Duration = Duration::from_millis(2);
const TIME_MAX: Duration = Duration::from_secs(600);
/// Larger tables are read by carom alone: nginx takes minutes for ten million links.
const PEERS_LINKS_MAX: usize = 2_000_000;

/// Measures.
pub fn command(arguments: &LoadingArguments) -> anyhow::Result<ExitCode> {
    let carom = arguments.place.carom()?;
    let work = arguments.place.folders()?;
    machine::pin(&[arguments.cpu])?;
    let mut rows = Vec::new();
    for &links in &arguments.links {
        rows.extend(size(arguments, &carom, work.path(), links as usize)?);
    }
    let text = text_of(&rows);
    writeln!(std::io::stdout().lock(), "{text}")?;
    let about = report::about();
    let word = |name: &str| about[name].as_str().unwrap_or("–").to_owned();
    let name = report::file_name(&about, "-loading");
    let page = format!(
        "# Reading a link table\n\n{}, Linux {}, {}, {}; {} rounds, one CPU, links of the size in \
         bench/make-links. Medians (least–most); memory is the most a process ever had.\n\n{text}",
        word("cpu"),
        word("kernel"),
        word("nginx"),
        word("haproxy"),
        arguments.rounds
    );
    let all = json!({"about": about, "rows": rows.iter().map(json_of).collect::<Vec<_>>()});
    report::save_page(&arguments.place.out, &name, &all, &page)?;
    Ok(ExitCode::SUCCESS)
}

/// All programs on one size, taking turns.
fn size(
    arguments: &LoadingArguments,
    carom: &Path,
    work: &Path,
    links: usize,
) -> anyhow::Result<Vec<Row>> {
    let folder = work.join(links.to_string());
    fs::create_dir_all(&folder)?;
    let file = folder.join("links.txt");
    table::write(&file, links, "")?;
    let mut check = Command::new(carom);
    check.args(["links", "check"]).arg(&file);
    let mut programs = vec![("carom links check", check)];
    if links <= PEERS_LINKS_MAX {
        programs.extend(peers(&folder, links)?);
    }
    let row = |program| Row { program, links, seconds: Vec::new(), memory_mib: Vec::new() };
    let mut rows: Vec<_> = programs.iter().map(|(program, _)| row(*program)).collect();
    for round in 1..=arguments.rounds {
        for ((program, command), row) in programs.iter_mut().zip(&mut rows) {
            let run = run(command).with_context(|| format!("{program} of {links} links"))?;
            row.seconds.push(run.time.as_secs_f64());
            row.memory_mib.push(run.memory_bytes as f64 / f64::from(1 << 20));
            crate::say(format_args!(
                "{links} links, round {round} of {}: {program} {:.2} s",
                arguments.rounds,
                run.time.as_secs_f64()
            ));
        }
    }
    Ok(rows)
}

/// The peers that are installed, each about to read the same links and end.
fn peers(folder: &Path, links: usize) -> anyhow::Result<Vec<(&'static str, Command)>> {
    let mut programs = Vec::new();
    // Nothing listens: the address is only read.
    let address = "127.0.0.1:9".parse().expect("an address");
    match peers::nginx(folder, address, links, false) {
        Ok(mut nginx) => {
            nginx.arg("-t");
            programs.push(("nginx -t", nginx));
        }
        Err(error) => crate::say(format_args!("warning: without nginx: {error:#}")),
    }
    // haproxy wants a folder of its own: its map has the same name.
    let folder = folder.join("haproxy");
    fs::create_dir_all(&folder)?;
    match peers::haproxy(&folder, address, links) {
        Ok(mut haproxy) => {
            haproxy.arg("-c");
            programs.push(("haproxy -c", haproxy));
        }
        Err(error) => crate::say(format_args!("warning: without haproxy: {error:#}")),
    }
    Ok(programs)
}

fn run(command: &mut Command) -> anyhow::Result<Run> {
    let began = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let mut memory_bytes = 0;
    loop {
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                bail!("it ended with {status}");
            }
            return Ok(Run { time: began.elapsed(), memory_bytes });
        }
        if began.elapsed() > TIME_MAX {
            let _ = child.kill();
            let _ = child.wait();
            bail!("it took more than {} s", TIME_MAX.as_secs());
        }
        memory_bytes = memory_bytes.max(machine::memory_peak(child.id()));
        std::thread::sleep(LOOK_EVERY);
    }
}

fn text_of(rows: &[Row]) -> String {
    let head = ["links", "program", "seconds", "most memory, MiB", "bytes a link"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for row in rows {
        let memory = Spread::of(row.memory_mib.clone());
        let each = memory.map(|it| it.median * f64::from(1 << 20) / row.links as f64);
        lines.push(vec![
            row.links.to_string(),
            row.program.to_owned(),
            markdown::figures(Spread::of(row.seconds.clone()), 2),
            markdown::figures(memory, 0),
            each.map_or_else(|| "–".to_owned(), |it| format!("{it:.0}")),
        ]);
    }
    markdown::grid(&lines)
}

fn json_of(row: &Row) -> Value {
    json!({
        "program": row.program,
        "links": row.links,
        "seconds": row.seconds,
        "memory_mib": row.memory_mib,
    })
}
