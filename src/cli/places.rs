//! Files that tell of addresses, for each command that has conditions on them.

use std::path::PathBuf;

use clap::Args;

use super::wishes::Layers;
use crate::links::PlaceNames;
use crate::sources::{NamedFile, PlaceFiles};

/// Where countries and lists of addresses are read from.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceArguments {
    /// File that tells the country of addresses, for Country=: MMDB, or CSV with
    /// start,end,CC; may be repeated, and a later one goes before an earlier one. In the
    /// variable with commas between them [default: no country is known]
    #[arg(long, env = "CAROM_GEO", value_name = "FILE", value_delimiter = ',')]
    pub geo: Option<Vec<PathBuf>>,

    /// List of networks, for Net=NAME and IP=@NAME: one a line, or JSON with prefixes; may be
    /// repeated, and several files may have one name. In the variable with commas between
    /// them [default: none]
    #[arg(
        long = "list",
        id = "list",
        env = "CAROM_LIST",
        value_name = "NAME=FILE",
        value_delimiter = ','
    )]
    pub lists: Option<Vec<NamedFile>>,
}

impl PlaceArguments {
    /// The files that they name.
    pub fn files(&self) -> PlaceFiles {
        PlaceFiles {
            geo: self.geo.clone().unwrap_or_default(),
            lists: self.lists.clone().unwrap_or_default(),
        }
    }

    /// What is known by these names, if any file is named: without, it shows only where the
    /// links are served.
    pub fn names(&self) -> Option<PlaceNames> {
        let files = self.files();
        (!files.is_empty()).then(|| files.names())
    }

    /// The files that they name, where `of` finds them in what was said.
    pub fn plan<W>(said: &Layers<'_, W>, of: fn(&W) -> &Self) -> PlaceFiles {
        PlaceFiles {
            geo: said.first(|it| of(it).geo.clone()).unwrap_or_default(),
            lists: said.first(|it| of(it).lists.clone()).unwrap_or_default(),
        }
    }
}
