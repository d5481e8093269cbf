//! Keys, and what is known of them.

use super::super::region::{PathsOf, Region};
use super::location::Location;
use crate::links::bytes::shown;
use crate::links::formats::paths::push_literal;
use crate::links::formats::regex::{self, Fill, Filled, Shape, Subject};

/// Keys, and what is known of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths {
    pub(super) keys: Vec<Filled>,
    /// The expression whose captures the keys fill.
    pub(super) shape: Option<Shape>,
    pub(super) any_case: bool,
    pub(super) changed: Option<String>,
}

impl Paths {
    /// One key.
    pub(super) fn of(key: Vec<u8>) -> Paths {
        Paths { keys: vec![Filled { key, fills: Vec::new() }], ..Paths::default() }
    }

    /// That of a decoded path.
    pub(super) fn of_text(path: &[u8]) -> Result<Paths, String> {
        let mut key = Vec::new();
        push_literal(path, &mut key)?;
        Ok(Paths::of(key))
    }

    /// Those that an expression matches.
    pub(super) fn matched(
        expression: &[u8],
        any_case: bool,
        subject: Subject,
    ) -> Result<Paths, String> {
        let mut shape = regex::read(expression, subject)?;
        let keys = core::mem::take(&mut shape.keys);
        let changed = shape.changed.take();
        let any_case = any_case || shape.any_case;
        Ok(Paths { keys, shape: Some(shape), any_case, changed })
    }

    /// Those that begin with a path.
    pub(super) fn under(path: &[u8]) -> Result<Paths, String> {
        let mut key = Vec::new();
        push_literal(path, &mut key)?;
        if key.ends_with(b"/") {
            key.push(b'*');
            return Ok(Paths::of(key));
        }
        let below = [&key, &b"/*"[..]].concat();
        let changed = format!(
            "nginx answers all that begins with {0}, also {0}x; here it is {0} and what is below it",
            shown(path)
        );
        let keys = [key, below].map(|key| Filled { key, fills: Vec::new() }).into();
        Ok(Paths { keys, changed: Some(changed), ..Paths::default() })
    }

    /// What they are for.
    pub(super) fn regions(&self) -> Vec<Region> {
        self.keys.iter().map(|filled| Region::of_key(&filled.key, self.any_case)).collect()
    }

    /// The same, with all that begins as `/a` does where `/a` and `/a/*` stand for that.
    pub(super) fn claimed(&self) -> Vec<Region> {
        let regions = self.regions();
        if self.changed.is_none() {
            return regions;
        }
        let is_open = |region: &Region| {
            let below = [&region.lead, &b"/"[..]].concat();
            let is_beside = |it: &Region| it.paths == PathsOf::Below && it.lead == below;
            region.paths == PathsOf::Exact && regions.iter().any(is_beside)
        };
        let claimed = |region: &Region| match is_open(region) {
            true => Region { paths: PathsOf::Below, ..region.clone() },
            false => region.clone(),
        };
        regions.iter().map(claimed).collect()
    }

    /// Whether they are all paths, with nothing captured.
    fn is_everything(&self) -> bool {
        let plain = self.shape.as_ref().is_none_or(|shape| shape.names.is_empty());
        plain && matches!(&self.keys[..], [filled] if filled.key == b"/*")
    }

    /// Those of them that lie in one of `around`, as only that is asked for; without keys
    /// if none does.
    ///
    /// # Errors
    /// Why that cannot be said by keys, as a sentence.
    pub(super) fn within(self, around: &[Region], what: &str) -> Result<Paths, String> {
        let mut kept = Vec::new();
        let mut partly = false;
        for (region, filled) in self.regions().into_iter().zip(self.keys) {
            if around.iter().any(|outer| outer.covers(&region)) {
                kept.push(filled);
            } else if around.iter().any(|outer| outer.meets(&region)) {
                partly = true;
            }
        }
        if partly {
            return Err(format!(
                "{what} matches more than what is around it; move it out, or write its links one by one"
            ));
        }
        Ok(Paths { keys: kept, ..self })
    }

    /// The same, refused if there is none.
    ///
    /// # Errors
    /// Why that cannot be said by keys, as a sentence.
    pub(super) fn some_within(self, around: &[Region], what: &str) -> Result<Paths, String> {
        let kept = self.within(around, what)?;
        match kept.keys.is_empty() {
            true => Err(nothing(what)),
            false => Ok(kept),
        }
    }

    /// These, or those of `around` if they are all paths.
    ///
    /// # Errors
    /// Why that cannot be said by keys, as a sentence.
    pub(super) fn narrowed(self, around: Paths, what: &str) -> Result<Paths, String> {
        if self.is_everything() {
            return Ok(around);
        }
        if let ([Filled { key, fills }], None) = (&self.keys[..], &around.shape)
            && key == b"/*"
        {
            let keys = around.keys.iter().map(|outer| refilled(fills, &outer.key)).collect();
            return Ok(Paths { keys, changed: around.changed, ..self });
        }
        let whole = around.regions();
        // `location /x` is more than its keys.
        let whole = match (&around.changed, &whole[..]) {
            (Some(_), [first, ..]) if around.shape.is_none() => {
                vec![Region { paths: PathsOf::Below, ..first.clone() }]
            }
            _ => whole,
        };
        let kept = self.some_within(&whole, what)?;
        // What its keys answer that an expression around it does not match, or the other way.
        let outer = around.changed.filter(|_| around.shape.is_some());
        Ok(Paths { changed: kept.changed.or(outer), ..kept })
    }
}

/// What a location is for.
pub(super) fn of_location(location: &Location) -> Vec<Region> {
    let spelled = |path: &[u8]| {
        let mut key = Vec::new();
        // What no key can say is still told from others.
        match push_literal(path, &mut key) {
            Ok(()) => key,
            Err(_) => path.to_vec(),
        }
    };
    match location {
        Location::Exact(path) => {
            vec![Region { paths: PathsOf::Exact, ..Region::below(spelled(path), false) }]
        }
        Location::Prefix { path, .. } => vec![Region::below(spelled(path), false)],
        Location::Regex { expression, any_case } => {
            match Paths::matched(expression, *any_case, Subject::default()) {
                Ok(paths) if paths.changed.is_none() => paths.regions(),
                // More than it matches.
                _ => vec![Region::below(regex::lead(expression), *any_case)],
            }
        }
    }
}

/// Of something that is never asked for.
pub(super) fn nothing(what: &str) -> String {
    format!("{what} matches nothing of what is around it; leave it out")
}

/// A key whose path was captured as that of all paths.
fn refilled(fills: &[Fill], key: &[u8]) -> Filled {
    let path = match key.strip_suffix(b"*") {
        Some(start) => [start, b":splat"].concat(),
        None => key.to_vec(),
    };
    let fill = |fill: &Fill| {
        let text = match &fill.text[..] {
            b"/:splat" => path.clone(),
            b":splat" => path[1..].to_vec(),
            other => other.to_vec(),
        };
        Fill { text, query: fill.query }
    };
    Filled { key: key.to_vec(), fills: fills.iter().map(fill).collect() }
}
