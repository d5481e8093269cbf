//! Files of other programs, answered by those programs and by carom: each difference must
//! be a line that carom refused or called changed. `CAROM_IMPORTS` sets how many random
//! files there are of each kind.

mod apache;
mod caddy;
mod caddyfiles;
mod compare;
mod firebase;
mod fitting;
mod hand_made;
mod haproxy;
mod httpd;
mod maps;
mod netlify_toml;
mod redirects;
mod vendors;
mod vercel;

use crate::common::scale::from_env;

/// How many random files there are at a time, where `most` are the most.
fn batches(most: usize) -> impl Iterator<Item = usize> {
    let files: usize = from_env("CAROM_IMPORTS", 120);
    (0..files).step_by(most).map(move |at| most.min(files - at))
}
