//! Questions that wait for their answers.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use super::{Fault, Said};
use crate::flow::PacketStamp;
use crate::source::PacketNumber;

/// Most that wait: a person types them one by one, and a program that asks on without reading gives up sooner.
pub(super) const MAX_WAITING: usize = 256;

/// Questions without an answer, the oldest first.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    list: VecDeque<T>,
    /// Which answer belongs to which question is not known: too many waited, or bytes are missing. An answer that fits one
    /// question and no other ends it.
    is_lost: bool,
    /// Answers in datagrams that have come: the last [`MAX_EARLIER`] that say different things.
    earlier: VecDeque<Earlier>,
    /// The last answer is wrong, or the datagram of this packet again.
    copy_of: Option<PacketStamp>,
}

/// An answer in a datagram.
#[derive(Clone, Copy, Debug)]
struct Earlier {
    /// The hash of what it says.
    hash: u64,
    at: PacketStamp,
    /// The packet of its question.
    asked: PacketNumber,
}

/// Most answers that a copy is looked for among: it follows soon.
const MAX_EARLIER: usize = 64;

fn hash_of(text: &[u8]) -> u64 {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The question that an answer is for.
#[derive(Debug)]
pub(super) enum Asked<T> {
    /// This one.
    Is(T),
    /// One of so many, none of which it fits: datagrams come in any order.
    OneOf(usize),
    /// It cannot be told: the capture lacks bytes.
    Unknown,
    /// None that waits: it is the datagram of this packet again.
    Again(PacketStamp),
    /// None.
    None,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { list: VecDeque::new(), is_lost: false, earlier: VecDeque::new(), copy_of: None }
    }
}

impl<T> Waiting<T> {
    pub(super) fn push(&mut self, question: T) {
        if self.list.len() >= MAX_WAITING {
            self.list.pop_front();
            self.is_lost = true;
        }
        self.list.push_back(question);
    }

    /// The question that is answered next, where questions are answered in order and none is missing.
    pub(super) fn front(&self) -> Option<&T> {
        self.list.front().filter(|_| !self.is_lost)
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.list.pop_front()
    }

    /// The question of an answer on a connection, where answers come in order: the oldest.
    pub(super) fn in_order(&mut self, fits: impl Fn(&T) -> bool) -> Asked<T> {
        if self.is_lost {
            return self.search(fits);
        }
        self.pop().map_or(Asked::None, Asked::Is)
    }

    /// The question of an answer in a datagram, which may come before the answer to an older question, or instead of it, and
    /// may come twice: what fits no question and was said before is such a copy where nothing was asked since, whatever waits from
    /// before, for its sender had no cause to speak. Else it may be one ([`Waiting::copy_of`]), or a wrong answer to the newest: that
    /// waits on.
    pub(super) fn in_any_order(
        &mut self,
        (text, at): (&[u8], PacketStamp),
        asked_at: impl Fn(&T) -> PacketStamp,
        fits: impl Fn(&T) -> bool,
    ) -> Asked<T>
    where
        T: Clone,
    {
        self.copy_of = None;
        let hash = hash_of(text);
        let same = self.earlier.iter().find(|earlier| earlier.hash == hash).copied();
        let before = same.map(|earlier| earlier.at);
        let newest = self.list.back().map(|question| asked_at(question).number);
        let is_idle = before.is_some_and(|before| newest.is_none_or(|newest| newest < before.number));
        let asked = |place: usize| self.list.get(place).map(|question| asked_at(question).number);
        // What was passed over when that was said first is not what its copy answers.
        let is_passed_over = |place: &usize| {
            let given_up = asked(*place).zip(same).is_some_and(|(asked, same)| asked < same.asked);
            is_idle && given_up
        };
        let fitting = self.fitting(at, &asked_at, fits).filter(|place| !is_passed_over(place));
        let place = match (fitting, before, self.list.len()) {
            (Some(place), ..) => place,
            (None, Some(before), _) if is_idle => return Asked::Again(before),
            _ if self.is_lost => return Asked::Unknown,
            (None, Some(before), _) => {
                self.copy_of = Some(before);
                return self.list.back().map_or(Asked::None, |newest| Asked::Is(newest.clone()));
            }
            (None, None, 0) => return Asked::None,
            (None, None, 1) => 0,
            (None, None, more) => return Asked::OneOf(more),
        };
        if let Some(asked) = asked(place) {
            self.earlier.retain(|earlier| earlier.hash != hash);
            if self.earlier.len() >= MAX_EARLIER {
                self.earlier.pop_front();
            }
            self.earlier.push_back(Earlier { hash, at, asked });
        }
        self.list.remove(place).map_or(Asked::None, Asked::Is)
    }

    /// The question that an answer fits. Of several that is the oldest; but where the answer came sooner behind a newer one than half the
    /// time that this one came behind the one before, its client had given that one up.
    fn fitting(
        &self,
        at: PacketStamp,
        asked_at: impl Fn(&T) -> PacketStamp,
        fits: impl Fn(&T) -> bool,
    ) -> Option<usize> {
        let mut newest = None;
        for (place, question) in self.list.iter().enumerate().rev().filter(|(_, question)| fits(question)) {
            let asked = asked_at(question);
            if let Some((newer, newer_at)) = newest
                && let (Some(took), Some(apart)) = (at.since(newer_at), newer_at.since(asked))
                && took.as_nanos().saturating_mul(2) < apart.as_nanos()
            {
                return Some(newer);
            }
            newest = Some((place, asked));
        }
        newest.map(|(place, _)| place)
    }

    /// The only question that an answer `fits`; from there on it is known again what answers what.
    fn search(&mut self, fits: impl Fn(&T) -> bool) -> Asked<T> {
        let mut fitting = self.list.iter().enumerate().filter(|(_, question)| fits(question));
        let (Some((place, _)), None) = (fitting.next(), fitting.next()) else { return Asked::Unknown };
        self.list.drain(..place);
        self.is_lost = false;
        self.pop().map_or(Asked::Unknown, Asked::Is)
    }

    /// Where what was last heard is a wrong answer or a copy of an earlier datagram, that one: what comes later tells.
    pub(super) fn copy_of(&self) -> Option<PacketStamp> {
        self.copy_of
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.list.iter()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Bytes are missing: from here on an answer may be for a question that is not known, and a question may have been
    /// answered.
    pub(super) fn lose_track(&mut self) {
        self.is_lost = true;
    }

    pub(super) fn held(&self) -> usize {
        let earlier = self.earlier.capacity().saturating_mul(size_of::<Earlier>());
        self.list.capacity().saturating_mul(size_of::<T>()).saturating_add(earlier)
    }
}

impl<T> Asked<T> {
    /// The question's packet for an answer that says `said`, with what there is to say where no question is known.
    pub(super) fn told(&self, said: Said, at: impl Fn(&T) -> PacketStamp) -> Said {
        match self {
            Self::Is(question) => said.answers(Some(at(question))),
            Self::OneOf(count) => {
                said.fault(Some(Fault::FitsNone(u32::try_from(*count).unwrap_or(u32::MAX))))
            }
            Self::Unknown => Said { unsure: true, ..said },
            Self::Again(before) => Said { again: Some(*before), ..said },
            Self::None => said.fault(Some(Fault::Unasked)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    type Question = (PacketStamp, &'static str);

    fn stamp(number: u64, millis: i128) -> PacketStamp {
        PacketStamp { number, ts: Some(Timestamp::from_nanos(millis * 1_000_000)) }
    }

    /// What an answer that says `text` is for: the packet of the question, or of the same answer before.
    fn answer(waiting: &mut Waiting<Question>, text: &str, at: PacketStamp) -> Result<u64, Option<u64>> {
        match waiting.in_any_order((text.as_bytes(), at), |(at, _)| *at, |(_, right)| *right == text) {
            Asked::Is(_) if waiting.copy_of().is_some() => Err(waiting.copy_of().map(|at| at.number)),
            Asked::Is((at, _)) => Ok(at.number),
            Asked::Again(before) => Err(Some(before.number)),
            Asked::OneOf(_) | Asked::Unknown | Asked::None => Err(None),
        }
    }

    #[test]
    fn a_datagram_that_comes_again_answers_nothing_else() {
        let mut waiting = Waiting::default();
        waiting.push((stamp(1, 0), "yes"));
        assert_eq!(answer(&mut waiting, "yes", stamp(2, 1)), Ok(1));
        assert_eq!(answer(&mut waiting, "yes", stamp(3, 1)), Err(Some(2)));
        waiting.push((stamp(4, 100), "no"));
        assert_eq!(answer(&mut waiting, "yes", stamp(5, 101)), Err(Some(2)), "not the answer to packet 4");
        assert_eq!(answer(&mut waiting, "no", stamp(6, 102)), Ok(4));
        assert_eq!(answer(&mut waiting, "perhaps", stamp(7, 103)), Err(None));
        // Asked again, it is an answer.
        waiting.push((stamp(8, 200), "yes"));
        assert_eq!(answer(&mut waiting, "yes", stamp(9, 201)), Ok(8));
    }

    #[test]
    fn a_copy_is_no_answer_to_an_older_question_that_waits() {
        let mut waiting = Waiting::default();
        waiting.push((stamp(1, 0), "lost"));
        waiting.push((stamp(2, 500), "no"));
        assert_eq!(answer(&mut waiting, "no", stamp(3, 501)), Ok(2));
        let copy = waiting.in_any_order((b"no", stamp(4, 501)), |(at, _)| *at, |(_, right)| *right == "no");
        assert!(matches!(copy, Asked::Again(before) if before.number == 3), "{copy:?}");
        // Asked something since, the server may have answered that, and wrongly.
        waiting.push((stamp(5, 600), "yes"));
        let doubtful =
            waiting.in_any_order((b"no", stamp(6, 601)), |(at, _)| *at, |(_, right)| *right == "no");
        assert!(matches!(doubtful, Asked::Is((at, _)) if at.number == 5), "{doubtful:?}");
        assert_eq!(waiting.copy_of().map(|at| at.number), Some(3));
    }

    #[test]
    fn a_copy_is_no_answer_to_an_equal_question_that_was_given_up() {
        let mut waiting = Waiting::default();
        waiting.push((stamp(1, 0), "no"));
        waiting.push((stamp(2, 500), "no"));
        assert_eq!(answer(&mut waiting, "no", stamp(3, 501)), Ok(2));
        assert_eq!(answer(&mut waiting, "no", stamp(4, 501)), Err(Some(3)));
        // Asked anew, it is an answer, and the next copy is one of that.
        waiting.push((stamp(5, 900), "no"));
        assert_eq!(answer(&mut waiting, "no", stamp(6, 901)), Ok(5));
        assert_eq!(answer(&mut waiting, "no", stamp(7, 901)), Err(Some(6)));
    }

    #[test]
    fn of_equal_questions_the_one_that_was_given_up_is_passed_over() {
        let mut waiting = Waiting::default();
        waiting.push((stamp(1, 0), "yes"));
        waiting.push((stamp(2, 300), "yes"));
        assert_eq!(answer(&mut waiting, "yes", stamp(3, 301)), Ok(2), "nothing came for 300 ms");
        let mut waiting = Waiting::default();
        waiting.push((stamp(1, 0), "yes"));
        waiting.push((stamp(2, 5), "yes"));
        assert_eq!(answer(&mut waiting, "yes", stamp(3, 25)), Ok(1), "both are on their way");
        assert_eq!(answer(&mut waiting, "yes", stamp(4, 30)), Ok(2));
    }
}
