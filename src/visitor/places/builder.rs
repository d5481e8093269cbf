//! Files read one after the other, and what they tell together.

use std::collections::HashMap;

use super::flatten::{self, Flat};
use super::known::Places;
use super::lookup::Lookup;
use super::problems::PlacesProblems;
use super::ranges::{Address, Claim, Claims};
use super::sink::{Sink, Wanted};
use super::{lines, mmdb, prefixes};
use crate::limits::{PLACE_LISTS_MAX, PLACE_RANGES_MAX, PLACES_DIFFERENT_MAX};
use crate::visitor::country::Country;
use crate::visitor::place::Place;

/// Takes in files, and makes [`Places`] of them.
pub struct PlacesBuilder {
    names: Vec<String>,
    countries: Claims,
    lists: Vec<Claims>,
    files: u16,
    has_countries: bool,
    ranges: usize,
}

impl PlacesBuilder {
    /// One for lists of these names, each of which has a bit in their order.
    ///
    /// # Errors
    ///
    /// When they are too many.
    pub fn new(names: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let names: Vec<String> = names.into_iter().collect();
        if names.len() > PLACE_LISTS_MAX {
            return Err(format!(
                "{} lists are named, and there may be {PLACE_LISTS_MAX}; give several files one \
                 name",
                names.len()
            ));
        }
        let lists = vec![Claims::default(); names.len()];
        Ok(Self {
            names,
            countries: Claims::default(),
            lists,
            files: 0,
            has_countries: false,
            ranges: 0,
        })
    }

    /// Takes in a file of countries. What it says goes before what earlier ones say.
    /// Returns how many ranges it has.
    ///
    /// # Errors
    ///
    /// All that is wrong with it. Then nothing of it is taken in.
    pub fn countries(&mut self, file: &str, bytes: &[u8]) -> Result<usize, PlacesProblems> {
        let count = self.take(file, bytes, None)?;
        self.has_countries = true;
        Ok(count)
    }

    /// Takes in a file of the list with this number.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn list(&mut self, list: usize, file: &str, bytes: &[u8]) -> Result<usize, PlacesProblems> {
        self.take(file, bytes, Some(list))
    }

    fn take(
        &mut self,
        name: &str,
        bytes: &[u8],
        list: Option<usize>,
    ) -> Result<usize, PlacesProblems> {
        let (claims, wanted) = match list {
            Some(list) => (&mut self.lists[list], Wanted::Addresses),
            None => (&mut self.countries, Wanted::Countries),
        };
        let (before, lens) = (claims.len(), claims.lens());
        let room = PLACE_RANGES_MAX - self.ranges;
        let mut sink = Sink { name, wanted, file: self.files, claims: &mut *claims, room };
        let read = if mmdb::is_mmdb(bytes) {
            mmdb::read(bytes, &mut sink)
        } else if prefixes::is_json(bytes) {
            prefixes::read(bytes, &mut sink)
        } else {
            lines::read(bytes, &mut sink)
        };
        let count = claims.len() - before;
        let read = match read {
            Ok(()) if count == 0 => {
                let what = match wanted {
                    Wanted::Countries => "it tells no country of any address",
                    Wanted::Addresses => "there is no address in it",
                };
                Err(PlacesProblems::whole(name, format_args!("{what}; put the whole file there")))
            }
            read => read,
        };
        if let Err(problems) = read {
            claims.cut_back(lens);
            return Err(problems);
        }
        self.files = self.files.saturating_add(1);
        self.ranges += count;
        Ok(count)
    }

    /// What the files tell together.
    ///
    /// # Errors
    ///
    /// When there are too many different places.
    pub fn build(self) -> Result<Places, String> {
        let mut numbers = Numbers::default();
        let (countries, lists) = (self.countries, self.lists);
        let (v4, v6): (Vec<_>, Vec<_>) = lists.into_iter().map(|it| (it.v4, it.v6)).unzip();
        let v4 = flat(countries.v4, v4, &mut numbers)?;
        let v6 = flat(countries.v6, v6, &mut numbers)?;
        Ok(Places {
            names: self.names,
            has_countries: self.has_countries,
            v4: Lookup::new(v4),
            v6: Lookup::new(v6),
            places: numbers.places,
            ranges: self.ranges,
        })
    }
}

fn flat<A: Address>(
    countries: Vec<Claim<A>>,
    lists: Vec<Vec<Claim<A>>>,
    numbers: &mut Numbers,
) -> Result<Flat<A>, String> {
    let mut layers = vec![flatten::countries(countries)];
    layers.extend(lists.into_iter().map(flatten::list));
    flatten::layers(&layers, |country, lists| numbers.of(Place { country, lists }))
}

/// The different places, numbered.
#[derive(Default)]
struct Numbers {
    places: Vec<Place>,
    known: HashMap<([u8; 2], u64), u16>,
}

impl Numbers {
    fn of(&mut self, place: Place) -> Result<u16, String> {
        let Place { country: Country(code), lists } = place;
        if let Some(&number) = self.known.get(&(code, lists)) {
            return Ok(number);
        }
        if self.places.len() == PLACES_DIFFERENT_MAX {
            return Err(format!(
                "addresses are on more than {PLACES_DIFFERENT_MAX} different sets of lists; name \
                 fewer lists"
            ));
        }
        let number = self.places.len() as u16;
        self.places.push(place);
        self.known.insert((code, lists), number);
        Ok(number)
    }
}
