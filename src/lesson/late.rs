//! What a line held, beside the capture: it comes no sooner.

use super::Check;
use crate::flow::PacketStamp;
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// How far two clocks that are set alike may be apart, in nanoseconds.
pub(super) const CLOCKS: i128 = 1_000_000;

/// Packets that a line held, and how much later than that they came. That they come later than they must is a busy machine's fault
/// and not the line's, so that it is told and never wrong.
#[derive(Debug, Default)]
pub(super) struct Late {
    packets: Vec<PacketNumber>,
    nearest: Option<TimeDelta>,
    too_soon: Option<(PacketStamp, PacketStamp, TimeDelta)>,
}

impl Late {
    /// Takes a packet that shows when one came that the line held for `held`, behind one that it cannot have come before.
    pub(super) fn take(&mut self, came: PacketStamp, behind: PacketStamp, held: TimeDelta) {
        let Some(took) = came.since(behind) else { return };
        let more = TimeDelta::from_nanos(took.as_nanos().saturating_sub(held.as_nanos()));
        if more.as_nanos().saturating_add(CLOCKS) < 0 {
            self.too_soon.get_or_insert((came, behind, held));
        }
        self.packets.push(came.number);
        self.nearest = Some(self.nearest.map_or(more, |nearest| nearest.min(more)));
    }

    /// What there is to say; `None` where nothing was held.
    pub(super) fn told(self, does: &str) -> Option<Check> {
        let nearest = self.nearest?;
        if let Some((came, behind, held)) = self.too_soon {
            let took = came.since(behind).unwrap_or(TimeDelta::from_nanos(0));
            let text = format!(
                "By the line's log it held something for {} that {does} {} behind packet {}",
                millis(held),
                millis(took),
                behind.number
            );
            return Some(Check::new(false, text, [came.number]));
        }
        let text = format!(
            "What the line held {does} as late as its log says, none sooner, the nearest {} after that",
            millis(nearest)
        );
        Some(Check::new(true, text, self.packets))
    }
}

/// A time in milliseconds, for a sentence.
fn millis(time: TimeDelta) -> String {
    let micros = time.as_nanos().max(0) / 1_000;
    format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
}
