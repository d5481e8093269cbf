//! How link files are read: the flags that every command has that reads them.

use clap::Args;

use crate::links::{self, Columns, Defaults, Format, Schemes, ZoneName};
use crate::sources::Reading;

/// How the link files of a command are read.
#[derive(Args, Clone, Debug, Default)]
pub struct ReadingArguments {
    /// Format of the link files: native, nginx, apache, htaccess, caddy, haproxy,
    /// haproxy-beg, haproxy-dom, haproxy-end, haproxy-reg, netlify, netlify-toml, pages,
    /// vercel, firebase, cloudflare, cloudfront, s3, shlink, yourls, bitly, dub,
    /// redirection, csv, tsv, ndjson or xlsx [default: as each file looks]
    #[arg(long, env = "CAROM_FORMAT", visible_alias = "from")]
    pub format: Option<Format>,

    /// Put before targets that are only a path, as nginx and Netlify allow [default: they are
    /// refused]
    #[arg(long, env = "CAROM_BASE", value_name = "https://HOST", value_parser = links::base)]
    pub base: Option<String>,

    /// Columns of csv, tsv, ndjson and xlsx, by name or counted from 1: key=Slug,target=URL,status=3,…
    /// [default: by their names]
    #[arg(long, env = "CAROM_COLUMNS", value_name = "COLUMNS")]
    pub columns: Option<Columns>,

    /// Put before the path of every key that has no host: slugs and paths
    #[arg(long, env = "CAROM_PREFIX", value_name = "/PATH/", value_parser = links::prefix)]
    pub prefix: Option<String>,

    /// Host of every key that has none [default: such keys answer on any host]
    #[arg(long, env = "CAROM_HOST", value_name = "HOST", value_parser = links::host)]
    pub host: Option<String>,

    /// Time zone of times in csv, tsv, ndjson and xlsx that name none: Europe/Berlin, +01:00
    /// [default: such times are refused]
    #[arg(long, env = "CAROM_TZ", value_name = "ZONE")]
    pub tz: Option<ZoneName>,

    /// Sheet of an .xlsx workbook, by its name [default: the first]
    #[arg(long, env = "CAROM_SHEET", value_name = "NAME")]
    pub sheet: Option<String>,

    /// What links say that do not say it themselves, as in a native file: 'status=301 nocase
    /// query=keep slash=ignore' [default: nothing]
    #[arg(id = "default", long = "default", env = "CAROM_DEFAULT", value_name = "OPTIONS")]
    pub defaults: Option<Defaults>,

    /// Schemes of apps that targets may have, with commas between them: myapp for
    /// myapp://open [default: http and https alone]
    #[arg(
        id = "allow_scheme",
        long = "allow-scheme",
        env = "CAROM_ALLOW_SCHEME",
        value_name = "SCHEMES"
    )]
    pub schemes: Option<Schemes>,
}

impl ReadingArguments {
    /// What they say.
    pub fn plan(&self) -> Reading {
        Reading {
            format: self.format,
            base: self.base.clone(),
            columns: self.columns.clone(),
            prefix: self.prefix.clone(),
            host: self.host.clone(),
            zone: self.tz.clone(),
            sheet: self.sheet.clone(),
            defaults: self.defaults.clone(),
            schemes: self.schemes.clone(),
            places: None,
        }
    }
}
