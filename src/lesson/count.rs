//! Numbers of things in sentences.

use std::fmt;

/// So many things: `no ping`, `1 ping`, `2 pings`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted(usize, &'static str, &'static str);

impl Counted {
    /// `number` things, called `one` where it is one or none, and `many` otherwise.
    pub(super) const fn new(number: usize, one: &'static str, many: &'static str) -> Self {
        Self(number, one, many)
    }

    /// The same of what is counted with 64 bits.
    pub(super) fn of(number: u64, one: &'static str, many: &'static str) -> Self {
        Self::new(usize::try_from(number).unwrap_or(usize::MAX), one, many)
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, one, many) = self;
        match number {
            0 => write!(f, "no {one}"),
            1 => write!(f, "1 {one}"),
            _ => write!(f, "{number} {many}"),
        }
    }
}

/// A number alone, of things that are named beside it: `none`, `1`, `2`.
#[derive(Clone, Copy, Debug)]
pub(super) struct OrNone(pub(super) usize);

impl fmt::Display for OrNone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("none") } else { write!(f, "{}", self.0) }
    }
}

/// How often something happens: `0 times`, `once`, `twice`, `3 times`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times(pub(super) usize);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("once"),
            2 => f.write_str("twice"),
            many => write!(f, "{many} times"),
        }
    }
}

/// The verb of so many things.
pub(super) const fn verb(number: usize, one: &'static str, many: &'static str) -> &'static str {
    if number > 1 { many } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_one_and_many_are_told_as_a_person_would() {
        let told = [0, 1, 2, 60].map(|number| Counted::new(number, "ping is", "pings are").to_string());
        assert_eq!(told, ["no ping is", "1 ping is", "2 pings are", "60 pings are"]);
        assert_eq!([0, 1, 2].map(|number| OrNone(number).to_string()), ["none", "1", "2"]);
        assert_eq!([0, 1, 2].map(|number| Times(number).to_string()), ["0 times", "once", "twice"]);
        assert_eq!([0, 1, 2].map(|number| verb(number, "is", "are")), ["is", "is", "are"]);
        assert_eq!(Counted::of(u64::MAX, "x", "y").to_string(), format!("{} y", usize::MAX));
    }
}
