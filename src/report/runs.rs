//! Datagrams that say the same again and again, in a story.

use super::{Event, Moment};
use crate::flow::Turn;

/// Joins what a UDP flow repeats: the same datagram, or the same exchange of two.
pub(super) fn join<'f>(moments: Vec<Moment<'f>>) -> Vec<Moment<'f>> {
    let mut joined = Vec::with_capacity(moments.len());
    let mut rest = moments.as_slice();
    while let Some((&moment, behind)) = rest.split_first() {
        let (period, times) = repeats(rest);
        let Some(repeated) = rest.get(period..period.saturating_mul(times.saturating_add(1))) else { break };
        if let (Some(first), Some(last)) = (repeated.first(), repeated.last()) {
            joined.extend(rest.iter().take(period).copied());
            let by = turn(first).filter(|_| period == 1).map(|turn| turn.direction);
            joined.push(Moment { at: first.at, event: Event::Same { by, times, last: last.at } });
            rest = rest.get(period.saturating_add(repeated.len())..).unwrap_or(&[]);
        } else {
            joined.push(moment);
            rest = behind;
        }
    }
    joined
}

/// How many moments, 1 or 2, come again right behind, and how often.
fn repeats(moments: &[Moment<'_>]) -> (usize, usize) {
    let period = |period: usize| {
        let pairs = moments.iter().zip(moments.get(period..).unwrap_or(&[]));
        pairs.take_while(|(before, again)| is_same(before, again)).count() / period
    };
    match (period(1), period(2)) {
        (0, times @ 2..) => (2, times),
        (times, _) => (1, times),
    }
}

fn turn<'f>(moment: &Moment<'f>) -> Option<&'f Turn> {
    if let Event::Turn(turn) = moment.event { Some(turn) } else { None }
}

/// Two datagrams of the same bytes; of what was not kept whole, nobody knows.
fn is_same(before: &Moment<'_>, again: &Moment<'_>) -> bool {
    turn(before).zip(turn(again)).is_some_and(|(before, again)| {
        before.direction == again.direction
            && before.total == again.total
            && before.bytes == again.bytes
            && u64::try_from(again.bytes.len()) == Ok(again.total)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Direction, PacketStamp};

    /// What is left of datagrams that say one letter each, upper case from the originator: `a`, or `2x` for a run.
    fn joined(letters: &str) -> String {
        let turns: Vec<Turn> = (1..)
            .zip(letters.bytes())
            .map(|(number, letter)| {
                let at = PacketStamp { number, ts: None };
                let is_orig = letter.is_ascii_uppercase();
                Turn {
                    direction: if is_orig { Direction::OrigToResp } else { Direction::RespToOrig },
                    packets: vec![number],
                    packet_count: 1,
                    first: at,
                    last: at,
                    bytes: vec![letter.to_ascii_lowercase(); 3],
                    total: if letter == b'?' { 9 } else { 3 },
                    gap_before: 0,
                }
            })
            .collect();
        let moments = turns.iter().map(|turn| Moment { at: turn.first, event: Event::Turn(turn) }).collect();
        let word = |moment: &Moment<'_>| match moment.event {
            Event::Turn(turn) => String::from_utf8(turn.bytes[..1].to_vec()).unwrap(),
            Event::Same { times, by, last } => {
                format!(
                    "{}{times}x{}-{}",
                    if by.is_some() { "" } else { "both" },
                    moment.at.number,
                    last.number
                )
            }
            _ => "!".to_owned(),
        };
        join(moments).iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn runs_are_joined_and_nothing_else() {
        assert_eq!(joined(""), "");
        assert_eq!(joined("abca"), "a b c a");
        assert_eq!(joined("aaaab"), "a 3x2-4 b");
        assert_eq!(joined("Aaa"), "a a 1x3-3");
        assert_eq!(joined("AbAbAbAc"), "a b both2x3-6 a c");
        assert_eq!(joined("AbAb"), "a b a b");
        assert_eq!(joined("??"), "? ?");
    }
}
