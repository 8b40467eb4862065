//! Do bytes look random? Only encryption and good compression make such bytes; the test says how sure that is.

/// Bytes from which a distribution that passes the test says anything: one of each value, on average.
pub const MIN_SAMPLE: u64 = 256;

/// Chi-square over 255 degrees of freedom that random bytes exceed once in a thousand.
pub const CHI_SQUARE_LIMIT: f64 = 330.5;

/// Once in a thousand, for the test of few bytes.
const RARE: f64 = 0.001;

/// Standard deviations of the count of set bits that random bytes do not reach once in ten thousand.
const BITS_LIMIT: f64 = 4.0;

/// Bytes that are kept themselves before they are counted: of most flows there are no more, and a table of counts is as large.
const KEPT: usize = 512;

/// Bytes of a stream counted by value. The first 512 are kept as they are; of more there are only the counts.
#[derive(Clone, Debug, Default)]
pub struct ByteCounts {
    store: Store,
    total: u64,
}

/// What is kept, as small as may be: there is one for each side of each flow.
#[derive(Clone, Debug)]
enum Store {
    Bytes(Vec<u8>),
    /// Up to 65,535 bytes.
    Short(Box<[u16; 256]>),
    Long(Box<[u64; 256]>),
}

impl Default for Store {
    fn default() -> Self {
        Self::Bytes(Vec::new())
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
        let before = self.total;
        self.total = before.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if let Store::Bytes(kept) = &mut self.store {
            if kept.len().saturating_add(bytes.len()) <= KEPT {
                kept.extend_from_slice(bytes);
                return;
            }
            let kept = std::mem::take(kept);
            let mut counts = Box::new([0; 256]);
            add_short(&mut counts, &kept);
            self.store = Store::Short(counts);
        }
        if let Store::Short(counts) = &mut self.store {
            if self.total <= u64::from(u16::MAX) {
                add_short(counts, bytes);
                return;
            }
            self.store = Store::Long(Box::new(counts.map(u64::from)));
        }
        if let Store::Long(counts) = &mut self.store {
            for &byte in bytes {
                if let Some(count) = counts.get_mut(usize::from(byte)) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    /// The bytes themselves, as long as they are kept: at most 512.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match &self.store {
            Store::Bytes(kept) => Some(kept),
            _ => None,
        }
    }

    /// How often each value occurs.
    fn counts(&self) -> [u64; 256] {
        match &self.store {
            Store::Bytes(kept) => {
                let mut counts = [0; 256];
                add_short(&mut counts, kept);
                counts.map(u64::from)
            }
            Store::Short(counts) => counts.map(u64::from),
            Store::Long(counts) => **counts,
        }
    }

    /// Both together.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut sum = self.counts();
        for (count, more) in sum.iter_mut().zip(other.counts()) {
            *count = count.saturating_add(more);
        }
        Self { store: Store::Long(Box::new(sum)), total: self.total.saturating_add(other.total) }
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
        self.counts().iter().enumerate().filter(|(byte, _)| is_control(*byte)).map(|(_, count)| count).sum()
    }

    /// Tests the distribution; `None` of no bytes.
    #[must_use]
    pub fn randomness(&self) -> Option<Randomness> {
        if self.total == 0 {
            return None;
        }
        let total = self.total as f64;
        let expected = total / 256.0;
        let table = self.counts();
        let counts = || table.iter().map(|&count| count as f64);
        let chi_square = counts().map(|count| (count - expected).powi(2) / expected).sum::<f64>();
        let entropy = counts()
            .filter(|count| *count > 0.0)
            .map(|count| -(count / total) * (count / total).log2())
            .sum::<f64>();
        // One value alone gives a zero that may be negative.
        let entropy = entropy.max(0.0);
        let looks = if self.is_skewed(&table, chi_square) {
            Looks::Skewed
        } else if self.total >= MIN_SAMPLE {
            Looks::Random
        } else {
            Looks::TooFew
        };
        Some(Randomness { sample: self.total, chi_square, entropy, looks })
    }

    fn is_skewed(&self, table: &[u64; 256], chi_square: f64) -> bool {
        if self.total >= MIN_SAMPLE {
            return chi_square > CHI_SQUARE_LIMIT;
        }
        let total = self.total as f64;
        // Of few bytes chi-square only counts equal pairs; how many there are of random bytes is a Poisson number.
        let pairs: f64 =
            table.iter().map(|&count| count as f64).map(|count| count * (count - 1.0) / 2.0).sum();
        let mean = total * (total - 1.0) / 512.0;
        if pairs >= 2.0 && poisson_at_least(pairs, mean) < RARE {
            return true;
        }
        // Numbers at fixed places have many bits that are not set.
        let set: f64 =
            (0_u8..=255).zip(table).map(|(byte, &count)| f64::from(byte.count_ones()) * count as f64).sum();
        self.total >= 4 && ((set - 4.0 * total) / (2.0 * total).sqrt()).abs() > BITS_LIMIT
    }
}

/// Counts bytes of which there are at most 65,535.
fn add_short(counts: &mut [u16; 256], bytes: &[u8]) {
    for &byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
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
    fn counts_are_the_same_however_they_are_kept() {
        for len in [0, 1, 511, 512, 513, 65_535, 65_536, 200_000] {
            let bytes = random(9, len);
            let mut wanted = [0_u64; 256];
            bytes.iter().for_each(|byte| wanted[usize::from(*byte)] += 1);
            for size in [1, 7, 512, 1400, 70_000] {
                let mut counts = ByteCounts::default();
                bytes.chunks(size).for_each(|chunk| counts.take(chunk));
                assert_eq!(
                    (counts.counts(), counts.total()),
                    (wanted, u64::try_from(len).unwrap()),
                    "{len} {size}"
                );
                assert_eq!(counts.with(&counts).counts(), wanted.map(|count| 2 * count));
                assert_eq!(counts.bytes(), Some(&*bytes).filter(|bytes| bytes.len() <= KEPT));
            }
        }
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
