//! Whether a ring can be set up here, and what stands in the way.

use rustix::process::{Resource, getrlimit};

use super::ring::Ring;
use crate::machine::MEMLOCK_BYTES_MIN;

/// See [`probe_io_uring`](crate::engine::probe_io_uring).
pub fn probe() -> Result<(), String> {
    let locked = getrlimit(Resource::Memlock).current.unwrap_or(u64::MAX);
    if locked < MEMLOCK_BYTES_MIN {
        return Err(format!(
            "RLIMIT_MEMLOCK is {locked} bytes and {MEMLOCK_BYTES_MIN} are needed; \
             raise it with `ulimit -l` or LimitMEMLOCK= in the unit"
        ));
    }
    match Ring::new() {
        Ok(_) => Ok(()),
        Err(error) => Err(match error.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => format!(
                "io_uring is refused here ({error}); a container's seccomp profile or \
                 the sysctl kernel.io_uring_disabled is the usual cause"
            ),
            Some(libc::ENOSYS | libc::EINVAL) => format!(
                "this kernel's io_uring lacks what is needed ({error}); Linux 6.1 or \
                 later has it"
            ),
            _ => format!("io_uring cannot be set up: {error}"),
        }),
    }
}
