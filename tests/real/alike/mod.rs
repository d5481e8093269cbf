//! Random configurations answered by a real nginx and by carom's import of them: every
//! difference is a line that carom refused, or said to be changed. Skipped where nginx is
//! not installed. `CAROM_CONFIGS` sets how many configurations (10,000 as a campaign).

mod configs;
mod judge;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use carom::links::{Format, OnBadLine, Source, load};
use carom::replay::{DryShard, Pieces};
use carom::shard::Now;
use configs::{ADDRESSES, MADE_BY_HAND, Maker, is_asked, probes};
use judge::{Answer, Said, alike};

use crate::common::scale::{from_env, seed};
use crate::common::{Client, connect, cut_reply};
use crate::nginx::Nginx;

/// Configurations that one process of nginx serves.
const AT_ONCE: usize = 100;
/// What is asked of each.
const PROBES: usize = 60;

/// The address of a configuration's port.
fn address(number: usize, port: usize, nginx_port: u16) -> SocketAddr {
    let number = (number % AT_ONCE) as u8;
    (Ipv4Addr::new(127, 77, port as u8, number + 1), nginx_port).into()
}

fn ask_nginx(address: SocketAddr, asked: &[(&str, String)]) -> Vec<Answer> {
    let mut client = Client::new(connect(address));
    let mut answers = Vec::new();
    for (host, target) in asked {
        let reply = client.get(host, target).expect("an answer");
        if reply.close {
            client = Client::new(connect(address));
        }
        answers.push((reply.status, reply.location));
    }
    answers
}

fn ask_carom(shard: &mut DryShard, asked: &[(&str, String)]) -> Vec<Answer> {
    let (mut requests, mut replies) = (Pieces::default(), Pieces::default());
    for (host, target) in asked {
        let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        requests.push(|text| text.extend_from_slice(head.as_bytes()));
    }
    shard.answer(&requests, &mut replies);
    let answer = |at| {
        let (reply, _) = cut_reply(replies.get(at)).expect("a whole reply");
        (reply.status, reply.location)
    };
    (0..replies.len()).map(answer).collect()
}

/// How much was compared.
#[derive(Debug, Default)]
struct Counts {
    probes: usize,
    alike: usize,
    redirects: usize,
    said: usize,
    links: usize,
    refused: usize,
    changed: usize,
}

struct Compared<'c> {
    number: usize,
    text: &'c str,
    asked: &'c [(&'static str, String)],
    nginx: Vec<Answer>,
}

impl Compared<'_> {
    /// Differences that were not said.
    fn judge(&self, counts: &mut Counts) -> Vec<String> {
        let text = self.text.replace(ADDRESSES[0], "80").replace(ADDRESSES[1], "81");
        let source = Source::new("conf", text.as_bytes(), Format::Nginx);
        let loaded = load(&[source], OnBadLine::Skip);
        let said = Said::new(&text, &loaded.report);
        counts.links += loaded.report.links();
        counts.refused += loaded.report.problems.len();
        counts.changed += loaded.report.changed.len();
        let table = Arc::new(loaded.table.unwrap());
        let mut shard = DryShard::new(&table, Now { unix_us: 1, ms: 0 });
        let carom = ask_carom(&mut shard, self.asked);
        let mut unsaid = Vec::new();
        for ((asked, nginx), carom) in self.asked.iter().zip(&self.nginx).zip(&carom) {
            counts.probes += 1;
            if alike(nginx, carom) {
                counts.alike += 1;
                counts.redirects += usize::from(nginx.1.is_some());
            } else if said.explains(nginx, carom) {
                counts.said += 1;
            } else {
                unsaid.push(format!("{asked:?}: nginx {nginx:?}, carom {carom:?}"));
            }
        }
        if !unsaid.is_empty() {
            let report = &loaded.report;
            let numbered: String = (1..)
                .zip(text.lines())
                .map(|(at, line): (u32, _)| format!("{at:3} {line}\n"))
                .collect();
            let lines: String =
                report.changed.iter().map(|it| format!("changed: {it}\n")).collect();
            let all = format!("{numbered}refused: {report}{lines}");
            unsaid.push(format!("of configuration {}:\n{all}", self.number));
        }
        unsaid
    }
}

fn text(rng: &mut fastrand::Rng, number: usize) -> String {
    // The names of maps are those of all.
    let made = MADE_BY_HAND.get(number).map(|text| (*text).to_owned());
    made.unwrap_or_else(|| Maker::make(rng, number))
}

#[test]
fn differences_from_nginx_are_said() {
    let count: usize = from_env("CAROM_CONFIGS", 60);
    // The suite tries the same each time: a rare difference is a campaign's to find.
    let seed = if count > 60 { seed() } else { from_env("CAROM_SEED", 6) };
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut counts = Counts::default();
    let mut unsaid = Vec::new();
    for first in (0..count).step_by(AT_ONCE) {
        let numbers: Vec<usize> = (first..count.min(first + AT_ONCE)).collect();
        let texts: Vec<String> = numbers.iter().map(|&at| text(&mut rng, at)).collect();
        let folder = tempfile::tempdir().unwrap();
        let http = |port: u16| {
            let placed = |(text, &number): (&String, &usize)| {
                ADDRESSES.iter().enumerate().fold(text.clone(), |text, (at, name)| {
                    text.replace(name, &address(number, at, port).to_string())
                })
            };
            texts.iter().zip(&numbers).map(placed).collect::<String>()
        };
        let Some(nginx) = Nginx::start_with(folder.path(), &http) else { return };
        for (text, &number) in texts.iter().zip(&numbers) {
            let asked = probes(&mut rng, PROBES);
            // That the first server answers hosts that none names is said of the server alone.
            let asked: Vec<_> =
                asked.into_iter().filter(|(host, _)| is_asked(text, host)).collect();
            let port = nginx.address.port();
            // Not every configuration listens at the first port alone.
            let answers = ask_nginx(address(number, 0, port), &asked);
            let compared = Compared { number, text, asked: &asked, nginx: answers };
            unsaid.extend(compared.judge(&mut counts));
        }
    }
    eprintln!("{count} configurations: {counts:?}");
    assert!(unsaid.is_empty(), "{} in all:\n{}", unsaid.len(), unsaid.join("\n"));
    assert!(counts.redirects > counts.probes / 20, "{counts:?}");
}
