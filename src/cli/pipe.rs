//! Output that nobody reads any more.

use std::io;

/// Whether whoever reads the output has seen enough: `clicks cat … | head`.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
