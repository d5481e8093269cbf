//! Times the parts of carom one by one, without sockets: `cargo bench`.
//! `docs/benchmarks.md` says how to run it and how to read what it prints.
//!
//! ```text
//! visitors, table  what is asked, and the links it is asked of
//! parse, lookup, reply, clicks  a part each
//! device           what rules ask of who asks
//! request          all of them, as a shard joins them
//! places           country and lists of an address
//! memory           bytes for each link; nothing is timed
//! instructions     the same operations, counted by `scripts/instructions`
//! ```

mod clicks;
mod device;
mod instructions;
mod lookup;
mod memory;
mod parse;
mod places;
mod reply;
mod request;
mod table;
mod visitors;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Cargo adds `--bench` to what was typed.
    let typed: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if typed.first().is_some_and(|word| word == "instructions") {
        return instructions::command(&typed[1..]);
    }
    divan::main();
    if typed.is_empty() || typed == ["memory"] {
        memory::print();
    }
    ExitCode::SUCCESS
}
