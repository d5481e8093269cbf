//! Draws ranks by Zipf's law: rank k with a probability in proportion to
//! 1/k^s. Real links are asked for like this: few are hot, most are not.

use fastrand::Rng;

/// A law over the ranks 1 to `count`.
///
/// Rejection-inversion after W. Hörmann and G. Derflinger, "Rejection-inversion
/// to generate variates from monotone discrete distributions", ACM TOMACS 6
/// (1996): no table, and about one try a draw, whatever the count.
#[derive(Debug, Clone, Copy)]
pub struct Zipf {
    count: f64,
    exponent: f64,
    low: f64,
    high: f64,
    squeeze: f64,
}

impl Zipf {
    /// A law with `exponent` > 0 over `count` > 0 ranks.
    pub fn new(count: usize, exponent: f64) -> Self {
        assert!(count > 0 && exponent > 0.0, "a law over nothing");
        let count = count as f64;
        let mut law = Self { count, exponent, low: 0.0, high: 0.0, squeeze: 0.0 };
        law.low = law.integral(1.5) - 1.0;
        law.high = law.integral(count + 0.5);
        law.squeeze = 2.0 - law.integral_inverse(law.integral(2.5) - law.height(2.0));
        law
    }

    /// Draws a rank: 1, the most frequent, to `count`.
    pub fn draw(&self, random: &mut Rng) -> usize {
        loop {
            let u = self.high + random.f64() * (self.low - self.high);
            let x = self.integral_inverse(u);
            let rank = (x + 0.5).floor().clamp(1.0, self.count);
            if rank - x <= self.squeeze || u >= self.integral(rank + 0.5) - self.height(rank) {
                return rank as usize;
            }
        }
    }

    fn height(&self, x: f64) -> f64 {
        x.powf(-self.exponent)
    }

    /// The integral of `height`; the logarithm where the exponent is 1.
    fn integral(&self, x: f64) -> f64 {
        let power = 1.0 - self.exponent;
        if power.abs() < 1e-9 { x.ln() } else { (x.powf(power) - 1.0) / power }
    }

    fn integral_inverse(&self, y: f64) -> f64 {
        let power = 1.0 - self.exponent;
        if power.abs() < 1e-9 { y.exp() } else { (y * power + 1.0).max(0.0).powf(1.0 / power) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: usize = 200_000;

    /// Each of the first ranks comes as often as the law says, within 5 standard
    /// deviations.
    #[test]
    fn ranks_come_as_often_as_the_law_says() {
        let seed = fastrand::u64(..);
        println!("SEED={seed}");
        let mut random = Rng::with_seed(seed);
        for (count, exponent) in [(1_000, 1.1), (1_000_000, 1.1), (50, 1.0), (10, 0.5), (1, 1.1)] {
            let law = Zipf::new(count, exponent);
            let mut seen = vec![0_usize; count + 1];
            for _ in 0..DRAWS {
                seen[law.draw(&mut random)] += 1;
            }
            assert_eq!(seen[0], 0);
            let total: f64 = (1..=count).map(|rank| (rank as f64).powf(-exponent)).sum();
            for (rank, seen) in seen.iter().enumerate().skip(1).take(20) {
                let share = (rank as f64).powf(-exponent) / total;
                let expected = share * DRAWS as f64;
                let deviation = (expected * (1.0 - share)).sqrt();
                let off = (*seen as f64 - expected).abs();
                assert!(off <= 5.0 * deviation + 1e-6, "{count} {exponent}: rank {rank}: {seen}");
            }
        }
    }
}
