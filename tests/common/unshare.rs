//! A test that runs again in a process that may mount, by unshare(1).

use std::io;
use std::process::Output;

/// Fails as that process did; says so where there can be none.
pub fn judge(ran: io::Result<Output>) {
    match ran {
        Ok(output) if output.status.success() => {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(output) if output.stdout.is_empty() => eprintln!("skipped: cannot unshare here"),
        Ok(output) => panic!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => eprintln!("skipped: no unshare here: {error}"),
    }
}
