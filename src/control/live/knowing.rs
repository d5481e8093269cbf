//! What is known of addresses, countries and lists, while it is served: the files are read
//! again with the link files. Where one is wrong, all that was known stays.

use std::sync::Arc;

use crate::say::say;
use crate::sources::{PlaceFiles, PlacesRead};
use crate::visitor::Places;
use crate::words::{counted, mebibytes};

/// Files that tell of addresses, and what they told when they were read.
#[derive(Clone)]
pub struct KnownPlaces {
    files: PlaceFiles,
    read: PlacesRead,
}

impl KnownPlaces {
    /// Reads the files for the first time, if there are any.
    ///
    /// # Errors
    ///
    /// When one cannot be read or is wrong, with its lines.
    pub fn open(files: &PlaceFiles) -> anyhow::Result<Option<Self>> {
        if files.is_empty() {
            return Ok(None);
        }
        let read = files.read()?;
        let known = Self { files: files.clone(), read };
        say(format_args!("addresses: {}", known.told()));
        Ok(Some(known))
    }

    /// What is known, in words.
    pub fn told(&self) -> String {
        let PlacesRead { places, took, .. } = &self.read;
        let countries = if places.has_countries() { "countries and " } else { "" };
        format!(
            "{}, {countries}{}, {}, read in {took:.0?}",
            counted(places.ranges(), "range"),
            counted(places.names().len(), "list"),
            mebibytes(places.bytes() as u64)
        )
    }

    /// What answers.
    pub fn places(&self) -> &Arc<Places> {
        &self.read.places
    }

    /// Reads them again; `None`: they are as they were.
    fn again(&self, loss_percent_max: u8) -> Result<Option<PlacesRead>, String> {
        if self.read.is_of_now() {
            return Ok(None);
        }
        let read = self.files.read().map_err(|error| format!("{error:#}"))?;
        match read.loses_most(&self.read, loss_percent_max) {
            Some(why) => Err(why),
            None => Ok(Some(read)),
        }
    }
}

/// How they are read again, by a worker.
pub struct ReadAgain {
    known: KnownPlaces,
    loss_percent_max: u8,
    /// What they tell now; `None`: what they told before.
    result: Result<Option<PlacesRead>, String>,
}

impl ReadAgain {
    /// Not read yet.
    pub fn new(known: KnownPlaces, loss_percent_max: u8) -> Self {
        Self { known, loss_percent_max, result: Ok(None) }
    }

    /// Reads them; where it is forced, also when most ranges are lost by that.
    pub fn read(&mut self, is_forced: bool) {
        self.result = self.known.again(if is_forced { 100 } else { self.loss_percent_max });
    }

    /// What is known now, if it is something else than before.
    pub fn result(self) -> Result<Option<KnownPlaces>, String> {
        let known = self.known;
        Ok(self.result?.map(|read| KnownPlaces { read, ..known }))
    }
}
