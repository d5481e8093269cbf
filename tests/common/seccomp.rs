//! A kernel that refuses some system calls, by a seccomp filter.

use rustix::io::Errno;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, SeccompRule};

/// Calls `run` where these system calls fail with `errno`: each where one of its rules
/// says so, and always if it has none. What is started there is under the same rule.
pub fn where_refused<T: Send>(
    calls: impl IntoIterator<Item = (i64, Vec<SeccompRule>)>,
    errno: Errno,
    run: impl FnOnce() -> T + Send,
) -> T {
    let filter = SeccompFilter::new(
        calls.into_iter().collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(errno.raw_os_error() as u32),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let filter: BpfProgram = filter.unwrap().try_into().unwrap();
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            seccompiler::apply_filter(&filter).unwrap();
            run()
        });
        thread.join().unwrap()
    })
}
