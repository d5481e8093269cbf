//! How link files are read: the flags that every command has that reads them.

use clap::Args;

use crate::links::{self, Columns, Format};
use crate::sources::Reading;

/// How the link files of a command are read.
#[derive(Args, Clone, Debug, Default)]
pub struct ReadingArguments {
    /// Format of the link files: native, nginx, apache, htaccess, caddy, haproxy,
    /// haproxy-beg, haproxy-dom, haproxy-end, haproxy-reg, netlify, netlify-toml, pages,
    /// vercel, firebase, cloudflare, cloudfront, s3, shlink, yourls, bitly, dub, csv, tsv or
    /// ndjson [default: as each file looks]
    #[arg(long, env = "CAROM_FORMAT", visible_alias = "from")]
    pub format: Option<Format>,

    /// Put before targets that are only a path, as nginx and Netlify allow [default: they are
    /// refused]
    #[arg(long, env = "CAROM_BASE", value_name = "https://HOST", value_parser = links::base)]
    pub base: Option<String>,

    /// Columns of csv, tsv and ndjson, by name or counted from 1: key=Slug,target=URL,status=3,…
    /// [default: by their names]
    #[arg(long, env = "CAROM_COLUMNS", value_name = "COLUMNS")]
    pub columns: Option<Columns>,
}

impl ReadingArguments {
    /// What they say.
    pub fn plan(&self) -> Reading {
        Reading { format: self.format, base: self.base.clone(), columns: self.columns.clone() }
    }
}
