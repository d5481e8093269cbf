//! Writes the results of a comparison: JSON, a Markdown table and a chart.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::results::{self, Section};
use super::{CompareArguments, chart, markdown, peers};
use crate::{machine, say};

/// Writes all three beside each other.
pub fn write(arguments: &CompareArguments, sections: &[Section]) -> anyhow::Result<()> {
    let about = about();
    // A run of a part does not replace one of the whole.
    let is_part = !arguments.only.is_empty() || !arguments.servers.is_empty();
    let name = file_name(&about, if is_part { "-part" } else { "" });
    let settings = json!({
        "rounds": arguments.rounds,
        "seconds": arguments.seconds,
        "links": arguments.links,
        "zipf": arguments.zipf,
        "headers": format!("{:?}", arguments.headers).to_lowercase(),
        "different_requests": arguments.distinct,
    });
    let caption = caption(&about, arguments);
    let all = json!({"about": about, "settings": settings, "workloads": results::json(sections)});
    let text = format!(
        "# carom beside the floor and its peers\n\n{caption}\n\n\
         Medians (least–most) of all rounds. The figure that counts is server CPU per request; \
         `÷ floor` is to the cheaper of the two floors. nginx sends a body of 145 bytes with each \
         302, carom and haproxy none. [docs/benchmarks.md](../../docs/benchmarks.md) says how \
         to read this.\n\n![chart]({name}.svg)\n\n{}",
        markdown::tables(sections)
    );
    let chart = chart::svg(&chart::panels(sections), &caption);
    save(&arguments.place.out, &name, &all, &text, &chart)
}

/// Where and when it was measured.
pub fn about() -> Value {
    json!({
        "date": jiff::Timestamp::now().to_string(),
        "cpu": machine::cpu_name(),
        "cpus": count_cpus(),
        "kernel": machine::kernel(),
        "carom": format!("carom {}", env!("CARGO_PKG_VERSION")),
        "nginx": peers::version("nginx"),
        "haproxy": peers::version("haproxy"),
    })
}

/// Date and machine, with an `ending`.
pub fn file_name(about: &Value, ending: &str) -> String {
    let word = |name: &str| about[name].as_str().unwrap_or_default();
    let date = word("date").get(..10).unwrap_or_default();
    format!("{date}-{}-{}cpu{ending}", slug(word("cpu")), about["cpus"])
}

/// Writes the three files of a result.
pub fn save(out: &Path, name: &str, all: &Value, text: &str, chart: &str) -> anyhow::Result<()> {
    save_page(out, name, all, text)?;
    save_as(out, name, "svg", chart)
}

/// Writes the two files of a result without a chart.
pub fn save_page(out: &Path, name: &str, all: &Value, text: &str) -> anyhow::Result<()> {
    save_as(out, name, "json", &format!("{all:#}\n"))?;
    save_as(out, name, "md", text)
}

fn save_as(out: &Path, name: &str, ending: &str, text: &str) -> anyhow::Result<()> {
    let path = out.join(format!("{name}.{ending}"));
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    say(format_args!("wrote {}", path.display()));
    Ok(())
}

fn caption(about: &Value, arguments: &CompareArguments) -> String {
    let word = |name: &str| about[name].as_str().unwrap_or("–").to_owned();
    format!(
        "{}, {} CPUs, Linux {}, {}, {}; {} links, {:?} headers, {} rounds of {} s, loopback, {}",
        word("cpu"),
        about["cpus"],
        word("kernel"),
        word("nginx"),
        word("haproxy"),
        arguments.links,
        arguments.headers,
        arguments.rounds,
        arguments.seconds,
        about["date"].as_str().and_then(|date| date.get(..10)).unwrap_or_default(),
    )
}

/// This thread is pinned by now; the machine may have more.
fn count_cpus() -> usize {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines().filter(|line| line.starts_with("processor")).count()
}

fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    #[test]
    fn file_names_are_plain() {
        assert_eq!(super::slug("Intel(R) Xeon(R) @ 2.20GHz"), "intel-r-xeon-r-2-20ghz");
    }
}
