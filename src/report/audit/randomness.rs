//! Do bytes look random? Only encryption and good compression make such bytes; the test says how sure that is.

/// Bytes from which a distribution that passes the test says anything: one of each value, on average.
pub const MIN_SAMPLE: u64 = 256;

/// Chi-square over 255 degrees of freedom that random bytes exceed once in a thousand.
pub const CHI_SQUARE_LIMIT: f64 = 330.5;

/// Once in a thousand, for the test of few bytes.
const RARE: f64 = 0.001;

/// Standard deviations of the count of set bits that random bytes do not reach once in ten thousand.
const BITS_LIMIT: f64 = 4.0;

/// Bytes of a stream counted by value; the bytes themselves are not kept.
#[derive(Clone, Debug)]
pub struct ByteCounts {
    counts: Box<[u64; 256]>,
    total: u64,
}

impl Default for ByteCounts {
    fn default() -> Self {
        Self { counts: Box::new([0; 256]), total: 0 }
    }
}

/// How the bytes of a sample are distributed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Randomness {
    /// Bytes looked at.
    pub sample: u64,
    /// Chi-square of their counts against all values being as frequent, 255 degrees of freedom.
    pub chi_square: f64,
    /// Shannon's entropy of the sample, in bits a byte: low in small samples, whatever their source.
    pub entropy: f64,
    /// What follows.
    pub looks: Looks,
}

/// What a distribution says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// As random bytes do: encrypted, or well compressed.
    Random,
    /// As random bytes do less than once in a thousand.
    Skewed,
    /// Too few to say.
    TooFew,
}

impl ByteCounts {
    /// Counts the next bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(count) = self.counts.get_mut(usize::from(byte)) {
                *count = count.saturating_add(1);
            }
        }
        self.total = self.total.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// Both together.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        for (count, more) in sum.counts.iter_mut().zip(other.counts.iter()) {
            *count = count.saturating_add(*more);
        }
        sum.total = sum.total.saturating_add(other.total);
        sum
    }

    /// Bytes counted.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// How often a control character of ASCII other than tab, line feed and carriage return occurs.
    #[must_use]
    pub fn controls(&self) -> u64 {
        let is_control = |byte: usize| (byte < 0x20 && !matches!(byte, 9 | 10 | 13)) || byte == 0x7f;
        self.counts.iter().enumerate().filter(|(byte, _)| is_control(*byte)).map(|(_, count)| count).sum()
    }

    /// Tests the distribution; `None` of no bytes.
    #[must_use]
    pub fn randomness(&self) -> Option<Randomness> {
        if self.total == 0 {
            return None;
        }
        let total = self.total as f64;
        let expected = total / 256.0;
        let counts = || self.counts.iter().map(|&count| count as f64);
        let chi_square = counts().map(|count| (count - expected).powi(2) / expected).sum::<f64>();
        let entropy = counts()
            .filter(|count| *count > 0.0)
            .map(|count| -(count / total) * (count / total).log2())
            .sum::<f64>();
        // One value alone gives a zero that may be negative.
        let entropy = entropy.max(0.0);
        let looks = if self.is_skewed(chi_square) {
            Looks::Skewed
        } else if self.total >= MIN_SAMPLE {
            Looks::Random
        } else {
            Looks::TooFew
        };
        Some(Randomness { sample: self.total, chi_square, entropy, looks })
    }

    fn is_skewed(&self, chi_square: f64) -> bool {
        if self.total >= MIN_SAMPLE {
            return chi_square > CHI_SQUARE_LIMIT;
        }
        let total = self.total as f64;
        // Of few bytes chi-square only counts equal pairs; how many there are of random bytes is a Poisson number.
        let pairs: f64 =
            self.counts.iter().map(|&count| count as f64).map(|count| count * (count - 1.0) / 2.0).sum();
        let mean = total * (total - 1.0) / 512.0;
        if pairs >= 2.0 && poisson_at_least(pairs, mean) < RARE {
            return true;
        }
        // Numbers at fixed places have many bits that are not set.
        let set: f64 = (0_u8..=255)
            .zip(self.counts.iter())
            .map(|(byte, &count)| f64::from(byte.count_ones()) * count as f64)
            .sum();
        self.total >= 4 && ((set - 4.0 * total) / (2.0 * total).sqrt()).abs() > BITS_LIMIT
    }
}

/// How probable it is that a Poisson number of this mean is `least` or more.
fn poisson_at_least(least: f64, mean: f64) -> f64 {
    let mut term = (-mean).exp();
    let (mut below, mut n) = (0.0, 0.0);
    // Small numbers: the sample has fewer than 256 bytes, and beyond the mean the sum soon stands still.
    while n < least && n < 4096.0 {
        below += term;
        n += 1.0;
        term *= mean / n;
    }
    1.0 - below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Randomness {
        let mut counts = ByteCounts::default();
        counts.take(bytes);
        counts.randomness().unwrap()
    }

    /// Bytes as an xorshift generator gives them.
    fn random(seed: u64, len: usize) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32).to_le_bytes()[0]
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn random_bytes_are_rarely_called_skewed_at_any_size() {
        for len in [4, 8, 16, 32, 64, 128, 255, 256, 1024, 4096] {
            let skewed = (0..500).filter(|&seed| of(&random(seed + 1, len)).looks == Looks::Skewed).count();
            assert!(skewed <= 5, "{skewed} of 500 samples of {len} bytes");
        }
    }

    #[test]
    fn few_random_bytes_are_too_few_to_say() {
        for len in [8, 32, 64, 255] {
            assert_eq!(of(&random(7, len)).looks, Looks::TooFew, "{len}");
        }
        assert_eq!(of(&random(7, 256)).looks, Looks::Random);
    }

    #[test]
    fn text_and_fields_are_skewed_already_when_short() {
        assert_eq!(of(b"The quick brown fox jumps over the lazy dog.").looks, Looks::Skewed);
        assert_eq!(of(&[1, 0, 0, 4, 0, 0, 0, 2]).looks, Looks::Skewed);
        assert_eq!(of(&[0; 64]).looks, Looks::Skewed);
        let ramp: Vec<u8> = (0..1024_u32).map(|n| (n % 160).to_le_bytes()[0]).collect();
        assert_eq!(of(&ramp).looks, Looks::Skewed);
    }

    #[test]
    fn the_numbers_are_those_of_the_books() {
        let every: Vec<u8> = (0..=255).collect();
        let even = of(&every);
        assert!(even.chi_square.abs() < 1e-9 && (even.entropy - 8.0).abs() < 1e-9);
        let two = of(b"abababab");
        assert!((two.entropy - 1.0).abs() < 1e-9);
        // 256 / 8 * (16 + 16) - 8
        assert!((two.chi_square - 1016.0).abs() < 1e-9);
        assert!((poisson_at_least(1.0, 0.5) - 0.393_469).abs() < 1e-5);
    }
}
