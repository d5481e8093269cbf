//! What connections hold beyond their allowances, all together, and who holds most of
//! it.
//!
//! Connections lie in classes: a class holds those whose excess has the same highest
//! bit. Within a class they lie in the order in which they came into it or last got
//! rid of replies. So the first of the highest class holds at least half as much as
//! anyone, and of those that do it made no progress for the longest time. A class is a
//! list that goes through the entries of its connections, and one word says which
//! classes have any: each step here takes the same few instructions, however many
//! connections there are. Who stays within its allowance never comes here.

/// A class for each bit that an excess can have.
const CLASSES: usize = usize::BITS as usize;
/// No connection: the end of a list.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Entry {
    /// Bytes beyond its allowance; 0 if it is in no class.
    excess: usize,
    before: u32,
    after: u32,
}

#[derive(Clone, Copy)]
struct Class {
    first: u32,
    last: u32,
}

pub(super) struct Excess {
    /// By the number of the connection; as many as there had to be so far.
    entries: Vec<Entry>,
    classes: [Class; CLASSES],
    /// A bit for each class that is not empty.
    occupied: usize,
    total: usize,
}

impl Excess {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            classes: [Class { first: NONE, last: NONE }; CLASSES],
            occupied: 0,
            total: 0,
        }
    }

    /// The excess of all connections.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// Who is to be cut first.
    pub(super) fn heaviest(&self) -> Option<u32> {
        let highest = self.occupied.checked_ilog2()?;
        Some(self.classes[highest as usize].first)
    }

    /// A connection has so much now.
    pub(super) fn set(&mut self, id: u32, excess: usize) {
        let before = self.entries.get(id as usize).map_or(0, |entry| entry.excess);
        if before == excess {
            return;
        }
        self.total = self.total - before + excess;
        if excess.checked_ilog2() == before.checked_ilog2() {
            self.entries[id as usize].excess = excess;
            return;
        }
        if before > 0 {
            self.take_out(id);
        }
        if excess > 0 {
            self.put_last(id, excess);
        }
    }

    /// A connection got rid of replies: in its class it is the last to be cut.
    pub(super) fn note_progress(&mut self, id: u32) {
        let excess = self.entries.get(id as usize).map_or(0, |entry| entry.excess);
        if excess > 0 {
            self.take_out(id);
            self.put_last(id, excess);
        }
    }

    fn put_last(&mut self, id: u32, excess: usize) {
        let at = id as usize;
        if at >= self.entries.len() {
            self.entries.resize(at + 1, Entry { excess: 0, before: NONE, after: NONE });
        }
        let class = &mut self.classes[excess.ilog2() as usize];
        let before = std::mem::replace(&mut class.last, id);
        match before {
            NONE => class.first = id,
            before => self.entries[before as usize].after = id,
        }
        self.entries[at] = Entry { excess, before, after: NONE };
        self.occupied |= 1 << excess.ilog2();
    }

    fn take_out(&mut self, id: u32) {
        let entry = &mut self.entries[id as usize];
        let Entry { excess, before, after } = *entry;
        *entry = Entry { excess: 0, before: NONE, after: NONE };
        let class = &mut self.classes[excess.ilog2() as usize];
        match before {
            NONE => class.first = after,
            before => self.entries[before as usize].after = after,
        }
        match after {
            NONE => class.last = before,
            after => self.entries[after as usize].before = before,
        }
        if class.first == NONE {
            self.occupied &= !(1 << excess.ilog2());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, said plainly: connections in the order of their last progress.
    #[derive(Default)]
    struct Plain(Vec<(u32, usize)>);

    impl Plain {
        fn set(&mut self, id: u32, excess: usize) {
            match self.0.iter_mut().find(|(other, _)| *other == id) {
                Some((_, held)) if held.checked_ilog2() == excess.checked_ilog2() => *held = excess,
                _ => {
                    self.0.retain(|(other, _)| *other != id);
                    self.0.extend((excess > 0).then_some((id, excess)));
                }
            }
        }

        fn note_progress(&mut self, id: u32) {
            if let Some(at) = self.0.iter().position(|(other, _)| *other == id) {
                let moved = self.0.remove(at);
                self.0.push(moved);
            }
        }

        fn heaviest(&self) -> Option<u32> {
            let highest = self.0.iter().map(|(_, excess)| excess.ilog2()).max()?;
            self.0.iter().find(|(_, excess)| excess.ilog2() == highest).map(|(id, _)| *id)
        }
    }

    #[test]
    fn it_is_as_a_plain_list_says() {
        let seed =
            std::env::var("SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
        eprintln!("SEED={seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut excess, mut plain) = (Excess::new(), Plain::default());
        for _ in 0..20_000 {
            let id = random.u32(..40);
            match random.u32(..4) {
                0 => {
                    excess.note_progress(id);
                    plain.note_progress(id);
                }
                1 => {
                    excess.set(id, 0);
                    plain.set(id, 0);
                }
                _ => {
                    let bits = random.u32(..24);
                    let bytes = random.usize(..1 << bits);
                    excess.set(id, bytes);
                    plain.set(id, bytes);
                }
            }
            assert_eq!(excess.total(), plain.0.iter().map(|(_, bytes)| bytes).sum::<usize>());
            assert_eq!(excess.heaviest(), plain.heaviest());
        }
        while let Some(id) = excess.heaviest() {
            assert_eq!(plain.heaviest(), Some(id));
            excess.set(id, 0);
            plain.set(id, 0);
        }
        assert_eq!((excess.total(), plain.0.len()), (0, 0));
    }
}
