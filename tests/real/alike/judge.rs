//! Whether what carom answers otherwise than nginx was said.

use std::collections::HashSet;

use carom::links::Report;

/// Status and location.
pub type Answer = (u16, Option<String>);

/// What was said of a configuration, by lines.
pub struct Said {
    refused: HashSet<u32>,
    changed: HashSet<u32>,
    /// Lines that answer 410.
    gone: Vec<u32>,
    /// Lines that send one target for what a map says.
    fixed: HashSet<u32>,
    /// Lines of maps.
    mapped: Vec<u32>,
}

impl Said {
    pub fn new(text: &str, report: &Report) -> Self {
        let lines = |problems: &[carom::links::Problem]| -> HashSet<u32> {
            problems.iter().map(|problem| problem.line).collect()
        };
        let those = |is_so: &dyn Fn(&str) -> bool| -> Vec<u32> {
            let lines = (1..).zip(text.lines()).filter(|(_, line)| is_so(line));
            lines.map(|(at, _)| at).collect()
        };
        let is_mapped = |line: &str| {
            line.starts_with("map ")
                || line.starts_with("    ")
                    && [" 1;", " none;", ".test", "default"].iter().any(|end| line.contains(end))
                    && !["location", "if (", "rewrite", "return", "server_name", "listen"]
                        .iter()
                        .any(|word| line.contains(word))
        };
        let mut refused = lines(&report.problems);
        let mut within = false;
        for (at, line) in (1..).zip(text.lines()) {
            // A map that is refused is so with all its lines.
            within = (within || line.starts_with("map ") && refused.contains(&at)) && line != "}";
            if within {
                refused.insert(at);
            }
        }
        Self {
            refused,
            changed: lines(&report.changed),
            gone: those(&|line| line.contains("return 410")),
            fixed: those(&|line| line.contains("if ($m")).into_iter().collect(),
            mapped: those(&is_mapped),
        }
    }

    fn tells_of(&self, line: u32) -> bool {
        self.refused.contains(&line) || self.changed.contains(&line)
    }

    /// Whether the difference between two answers was said.
    pub fn explains(&self, nginx: &Answer, carom: &Answer) -> bool {
        match (line(nginx), line(carom)) {
            // What carom answers is a link that is said to be something else.
            (_, Some(own)) if self.changed.contains(&own) => true,
            (Some(its), _) if self.tells_of(its) => true,
            // What a map says may be no target at all.
            (None, _) if nginx.1.is_some() => {
                let gone = if carom.0 == 410 { &self.gone[..] } else { &[] };
                self.mapped.iter().chain(gone).any(|&line| self.tells_of(line))
            }
            // A 410 does not tell its line, and that over a map has those of the map.
            _ if nginx.0 == 410 || carom.0 == 410 => {
                self.gone.iter().chain(&self.mapped).any(|&line| self.tells_of(line))
            }
            // One target for all keys of a map, as that of a condition.
            (its, own) if [its, own].into_iter().flatten().any(|at| self.fixed.contains(&at)) => {
                self.mapped.iter().any(|&line| self.tells_of(line))
            }
            _ => false,
        }
    }
}

/// The line that a target is of.
fn line((status, location): &Answer) -> Option<u32> {
    if *status > 600 {
        return Some(u32::from(*status) - 600);
    }
    let host = location.as_deref()?.strip_prefix("https://l")?;
    host.split('.').next()?.parse().ok()
}

/// Whether two answers are one to a visitor.
pub fn alike(nginx: &Answer, carom: &Answer) -> bool {
    // A browser goes nowhere by an empty one.
    let goes = |answer: &Answer| answer.1.as_ref().is_some_and(|target| !target.is_empty());
    let redirects = |answer: &Answer| answer.0 == 410 || goes(answer);
    match (redirects(nginx), redirects(carom)) {
        (false, false) => true,
        (true, true) => nginx.0 == carom.0 && plain(nginx) == plain(carom),
        _ => false,
    }
}

/// A location without escapes, and with single slashes: nginx sends `$uri` decoded, and
/// `$request_uri` as it came.
fn plain((_, location): &Answer) -> Option<String> {
    let text = location.as_deref()?.replace("%20", " ");
    let (scheme, rest) = text.split_once("://")?;
    let mut rest = rest.to_owned();
    while rest.contains("//") {
        rest = rest.replace("//", "/");
    }
    Some(format!("{scheme}://{rest}"))
}
