//! Which caps there are in links, for who makes room for counting them.

use super::entries::Entry;
use super::listed::Listed;
use super::patch::Patch;
use crate::links::link::{Options, RuleLine, RuleLines};
use crate::rules::caps::{Cap, CapKey, CapLine};

impl<'a> Listed<'a> {
    /// The lines with a cap.
    pub fn caps(&self) -> impl Iterator<Item = CapLine> + use<'a> {
        let link = *self;
        caps(link.lines().into_iter().flatten()).map(move |(line, cap, rule)| CapLine {
            key: link.key().to_string(),
            link: link.id(),
            line,
            cap,
            zone: rule.rule.zone().into(),
        })
    }

    /// What its caps are counted by.
    pub fn cap_keys(&self) -> impl Iterator<Item = CapKey> + use<'a> {
        let link = self.id();
        caps(self.lines().into_iter().flatten())
            .map(move |(line, cap, _)| CapKey::new(link, line, cap.period))
    }
}

impl Patch {
    /// The caps of what it puts in place.
    pub fn caps(&self) -> impl Iterator<Item = CapKey> {
        let entries =
            self.entries.iter().filter_map(|(_, entry)| Entry::of_bytes(entry.as_deref()?));
        entries.flat_map(|entry| {
            let options = entry.options().filter(|options| Options::have_rules(options));
            let lines = options.map(|options| {
                RuleLines::of(entry.status(), entry.target(), entry.blanks(), options)
            });
            let link = entry.id();
            caps(lines.into_iter().flatten())
                .map(move |(line, cap, _)| CapKey::new(link, line, cap.period))
        })
    }
}

fn caps<'a>(
    lines: impl Iterator<Item = RuleLine<'a>>,
) -> impl Iterator<Item = (u8, Cap, RuleLine<'a>)> {
    let numbered = lines.zip(1..);
    numbered.filter_map(|(line, number)| Some((number, line.rule.cap()?, line)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::links::{Editor, Format, OnBadLine, Source, load};
    use crate::rules::caps::CapKey;

    #[test]
    fn each_cap_is_told_with_its_line() {
        let text = "/a https://a/ Device=ios\n/a https://b/ cap=5/day tz=Europe/Berlin\n\
                    /a https://c/ cap=7/total\n/b https://b/\n/c https://c/ cap=1/minute id=171\n";
        let source = Source::new("f", text.as_bytes(), Format::Native);
        let table = Arc::new(load(&[source], OnBadLine::Refuse).table.unwrap());
        let caps: Vec<_> = table.links().flat_map(|link| link.caps().collect::<Vec<_>>()).collect();
        let said: Vec<_> = caps
            .iter()
            .map(|cap| {
                format!(
                    "{} {} {} {}",
                    cap.key,
                    cap.line,
                    cap.cap,
                    String::from_utf8_lossy(&cap.zone)
                )
            })
            .collect();
        assert_eq!(said, ["/a 2 5/day Europe/Berlin", "/a 3 7/total ", "/c 1 1/minute "]);
        assert_eq!(caps[2].link, 171);
        let mut editor = Editor::new(&table);
        let patch = editor.set("/new https://n/ cap=3/hour", 2).unwrap();
        let keys: Vec<CapKey> = patch.caps().collect();
        let new = editor.links().last().unwrap();
        assert_eq!(keys, new.caps().map(|cap| CapKey::of(&cap)).collect::<Vec<_>>());
        assert_eq!(keys.len(), 1);
    }
}
