//! How old segments are, where the clock may have been wrong when they were written.

/// When the last click of each segment of one shard was, as far as that can be believed
/// (Unix µs). `told_us` is what their list says, in the order of their numbers.
///
/// A segment is no older than one before it: what a clock that was behind wrote counts as
/// of the time of what came before. What is of a time to come counts as of the time of what
/// came next, since it is no younger; `None` where nothing came.
pub(super) fn believed(told_us: &[u64], now_us: u64) -> Vec<Option<u64>> {
    let mut latest = 0;
    let mut times: Vec<Option<u64>> = told_us
        .iter()
        .map(|&us| {
            (us <= now_us).then(|| {
                latest = us.max(latest);
                latest
            })
        })
        .collect();
    let mut next = None;
    for time in times.iter_mut().rev() {
        *time = time.or(next);
        next = *time;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const N: usize>(told: [u64; N], expected: [Option<u64>; N]) {
        assert_eq!(believed(&told, 100), expected);
    }

    #[test]
    fn a_clock_that_was_right() {
        check([10, 20, 20, 100], [Some(10), Some(20), Some(20), Some(100)]);
        check([], []);
    }
    #[test]
    fn a_clock_that_was_behind_for_a_while() {
        check([50, 0, 3, 60], [Some(50), Some(50), Some(50), Some(60)]);
    }
    #[test]
    fn a_clock_that_was_ahead_for_a_while() {
        check([50, 900, 901, 60, 70], [Some(50), Some(60), Some(60), Some(60), Some(70)]);
    }
    #[test]
    fn a_clock_that_was_ahead_and_is_not_any_more() {
        check([50, 900], [Some(50), None]);
    }
    #[test]
    fn a_clock_that_is_behind_now() {
        check([101, 102], [None, None]);
    }
}
