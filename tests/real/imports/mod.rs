//! Files of other programs, answered by those programs and by carom: each difference must
//! be a line that carom refused or called changed. `CAROM_IMPORTS` sets how many random
//! files there are of each kind.

mod apache;
mod compare;
mod hand_made;
mod haproxy;
mod httpd;
mod maps;
mod redirects;
mod vendors;

use crate::common::scale::from_env;

/// Random files of each kind.
fn files() -> usize {
    from_env("CAROM_IMPORTS", 120)
}
