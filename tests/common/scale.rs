//! How large a test is: small in the suite, at full scale from the environment.

use std::fmt::Debug;
use std::str::FromStr;

/// The value of a variable, or of the suite.
pub fn from_env<T: FromStr<Err: Debug>>(name: &str, suite: T) -> T {
    std::env::var(name).map_or(suite, |text| text.parse().expect(name))
}

/// A random seed, or `CAROM_SEED`; said, so that a failure can be repeated.
pub fn seed() -> u64 {
    let seed = from_env("CAROM_SEED", fastrand::u64(..));
    eprintln!("CAROM_SEED={seed}");
    seed
}
