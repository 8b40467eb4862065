//! From what was counted to a verdict.

use super::randomness::{ByteCounts, Looks, MIN_SAMPLE};
use super::side::Side;
use crate::proto::content::Form;

/// What bytes are to somebody who reads along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Legibility {
    /// Text.
    Plaintext,
    /// Readable only with a key.
    Encrypted,
    /// Packed: anybody can unpack it.
    Compressed,
    /// Neither text nor encrypted: fields and numbers.
    Binary,
    /// There is no telling.
    TooLittleData,
}

impl Legibility {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 5] =
        [Self::Plaintext, Self::Encrypted, Self::Compressed, Self::Binary, Self::TooLittleData];

    /// `plaintext`, `too-little-data`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Encrypted => "encrypted",
            Self::Compressed => "compressed",
            Self::Binary => "binary",
            Self::TooLittleData => "too-little-data",
        }
    }
}

/// Share of readable bytes from which bytes are text.
const TEXT: f64 = 0.9;

/// The same where no control characters are among them: text in another encoding than UTF-8.
const FOREIGN_TEXT: f64 = 0.7;

/// Share of control characters that such text stays below.
const CONTROLS: f64 = 0.01;

/// Fewest readable bytes that are text: of four random bytes all are readable once in fifty times, of five once in 130.
const FEWEST_READABLE: u64 = 4;

/// Bytes from which a stream whose beginning is missing is called encrypted: packed bytes of this number show that they
/// are not random, of fewer only their beginning would.
const MIN_HEADLESS: u64 = 16 << 10;

/// Entropy in bits a byte from which bytes that are not random are packed.
const PACKED_ENTROPY: f64 = 7.5;

/// Bytes from which entropy is compared with that: fewer cannot reach it unless they are random.
const PACKED_SAMPLE: u64 = 1024;

/// Of what `side` sent, where the flow speaks a protocol of this form; `None` where it sent nothing.
pub(super) fn of_side(side: &Side, form: Option<Form>) -> Option<Legibility> {
    if side.counts.total() == 0 {
        return None;
    }
    Some(match form {
        Some(Form::Text) => Legibility::Plaintext,
        Some(Form::Binary) => Legibility::Binary,
        Some(Form::Encrypted) => Legibility::Encrypted,
        Some(Form::Prelude) | None => by_content(side),
    })
}

/// Whether what both sides sent together is text.
pub(super) fn is_mostly_text(sides: &[Side; 2]) -> bool {
    let [one, other] = sides;
    let counts = one.counts.with(&other.counts);
    counts.total() > 0 && is_text(&counts, readable_share(one, other, &counts))
}

/// The share of readable bytes among those of both sides, which are `counts`.
fn readable_share(one: &Side, other: &Side, counts: &ByteCounts) -> f64 {
    let readable = one.readable.readable().saturating_add(other.readable.readable());
    readable as f64 / counts.total() as f64
}

fn by_content(side: &Side) -> Legibility {
    let counts = &side.counts;
    let headless = side.headless;
    if is_text(counts, side.readable.share().unwrap_or_default()) {
        return Legibility::Plaintext;
    }
    if side.magic().is_some() {
        return Legibility::Compressed;
    }
    match by_distribution(counts, headless) {
        Legibility::Encrypted if side.buried().is_some() => Legibility::Compressed,
        told => told,
    }
}

fn is_text(counts: &ByteCounts, share: f64) -> bool {
    let controls = counts.controls() as f64 / counts.total() as f64;
    let fewest = counts.total() >= FEWEST_READABLE;
    fewest && (share >= TEXT || share >= FOREIGN_TEXT && controls < CONTROLS && counts.total() >= 8)
}

fn by_distribution(counts: &ByteCounts, headless: bool) -> Legibility {
    let Some(randomness) = counts.randomness() else { return Legibility::TooLittleData };
    match randomness.looks {
        Looks::TooFew => Legibility::TooLittleData,
        Looks::Random if headless && counts.total() < MIN_HEADLESS => Legibility::TooLittleData,
        Looks::Random => Legibility::Encrypted,
        Looks::Skewed if randomness.entropy >= PACKED_ENTROPY && counts.total() >= PACKED_SAMPLE => {
            Legibility::Compressed
        }
        Looks::Skewed => Legibility::Binary,
    }
}

/// Of a flow, by what its sides are, each with its bytes.
pub(super) fn of_flow(sides: &[Side; 2], form: Option<Form>) -> Legibility {
    let [one, other] = sides;
    let told = |side| of_side(side, form).filter(|told| *told != Legibility::TooLittleData);
    match (told(one), told(other)) {
        // Text that asks for a packed file is still text; what is encrypted one way is not readable.
        (Some(a), Some(b)) => {
            let either = |wanted| a == wanted || b == wanted;
            let larger = if one.counts.total() >= other.counts.total() { a } else { b };
            if either(Legibility::Encrypted) {
                Legibility::Encrypted
            } else if either(Legibility::Plaintext) && either(Legibility::Compressed) {
                Legibility::Plaintext
            } else {
                larger
            }
        }
        (Some(told), None) | (None, Some(told)) => told,
        (None, None) => together(one, other, form),
    }
}

/// Each side alone says too little.
fn together(one: &Side, other: &Side, form: Option<Form>) -> Legibility {
    let counts = one.counts.with(&other.counts);
    if counts.total() == 0 {
        return Legibility::TooLittleData;
    }
    if form == Some(Form::Prelude) {
        return Legibility::Binary;
    }
    if is_text(&counts, readable_share(one, other, &counts)) {
        return Legibility::Plaintext;
    }
    if counts.total() >= MIN_SAMPLE || counts.randomness().is_some_and(|r| r.looks == Looks::Skewed) {
        return match by_distribution(&counts, one.headless || other.headless) {
            Legibility::Encrypted if one.buried().or(other.buried()).is_some() => Legibility::Compressed,
            told => told,
        };
    }
    Legibility::TooLittleData
}
