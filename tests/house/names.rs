//! Where a path leads: through `crate`, `super` and `self`, through imports and
//! through names that a `mod.rs` hands on, to the module that defines it.

use crate::modules::{House, Name};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Module(usize),
    /// Something that this module defines.
    Item(usize),
}

/// Imports under way, so that one that names itself is not followed for ever.
type Followed<'a> = Vec<&'a [String]>;

impl House {
    /// Nothing where the path leads out of the crate or to something local.
    pub fn find(&self, from: usize, path: &[String]) -> Vec<Place> {
        self.follow(from, path, &mut Vec::new())
    }

    /// The path from the root, if it is written down that far.
    pub fn absolute(&self, from: usize, path: &[String]) -> Option<Vec<String>> {
        let (at, rest) = self.start(from, path)?;
        let mut names: Vec<_> = rest.to_vec();
        let mut above = at;
        while let Some(parent) = self.modules[above].parent {
            names.insert(0, self.modules[above].name.clone());
            above = parent;
        }
        Some(names)
    }

    /// After `crate`, `super` and `self`; nothing if the path begins with none.
    fn start<'p>(&self, from: usize, path: &'p [String]) -> Option<(usize, &'p [String])> {
        let (mut at, mut rest) = (from, path);
        while let Some((first, tail)) = rest.split_first() {
            at = match &**first {
                "crate" => 0,
                "self" => at,
                "super" => self.modules[at].parent?,
                _ => break,
            };
            rest = tail;
        }
        (rest.len() < path.len()).then_some((at, rest))
    }

    fn follow<'a>(
        &'a self,
        from: usize,
        path: &[String],
        followed: &mut Followed<'a>,
    ) -> Vec<Place> {
        match self.start(from, path) {
            Some((at, rest)) => self.walk(at, rest, followed),
            None if self.modules[from].names.contains_key(&path[0]) => {
                self.walk(from, path, followed)
            }
            None => Vec::new(),
        }
    }

    fn walk<'a>(&'a self, at: usize, path: &[String], followed: &mut Followed<'a>) -> Vec<Place> {
        let Some((name, rest)) = path.split_first() else { return vec![Place::Module(at)] };
        let mut places = self.look_up(at, name, followed);
        if !rest.is_empty() && places.iter().any(|place| matches!(place, Place::Module(_))) {
            places.retain(|place| matches!(place, Place::Module(_)));
        }
        let further = |place| match place {
            Place::Module(module) => self.walk(module, rest, followed),
            Place::Item(_) => vec![place],
        };
        places.into_iter().flat_map(further).collect()
    }

    fn look_up<'a>(&'a self, at: usize, name: &str, followed: &mut Followed<'a>) -> Vec<Place> {
        let module = &self.modules[at];
        let Some(names) = module.names.get(name) else {
            return self.look_up_in_globs(at, name, followed);
        };
        let mut places = Vec::new();
        for name in names {
            match name {
                Name::Item => places.push(Place::Item(at)),
                Name::Module(module) => places.push(Place::Module(*module)),
                Name::Import(path) if followed.iter().any(|seen| std::ptr::eq(*seen, &**path)) => {}
                Name::Import(path) => {
                    followed.push(path);
                    places.extend(self.follow(at, path, followed));
                    followed.pop();
                }
            }
        }
        places
    }

    fn look_up_in_globs<'a>(
        &'a self,
        at: usize,
        name: &str,
        followed: &mut Followed<'a>,
    ) -> Vec<Place> {
        let module = &self.modules[at];
        for path in &module.globs {
            if followed.iter().any(|seen| std::ptr::eq(*seen, &**path)) {
                continue;
            }
            followed.push(path);
            let places = self.follow(at, path, followed);
            followed.pop();
            for place in places {
                if let Place::Module(other) = place
                    && self.modules[other].names.contains_key(name)
                {
                    return self.look_up(other, name, followed);
                }
            }
        }
        // A macro defined it, or it is part of the root.
        vec![Place::Item(at)]
    }
}
