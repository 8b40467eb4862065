//! When a live capture ends: a rule over plain numbers, so that it needs neither clock nor packets.

use std::fmt;
use std::time::Duration;

/// How long capture goes on after the flow closed, so that the last acknowledgment, and an answer that crosses
/// it, are still caught.
pub const CLOSE_LINGER: Duration = Duration::from_millis(200);

/// When to stop. With nothing set, only Ctrl-C stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StopRule {
    /// After so many packets.
    pub packets: Option<u64>,
    /// After so long, whether packets come or not.
    pub duration: Option<Duration>,
    /// When the flow that is watched has closed, [`CLOSE_LINGER`] ago.
    pub flow_closed: bool,
}

/// How far a capture is. Looked at after each packet and each quiet moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Packets so far.
    pub packets: u64,
    /// Time since the handle was armed.
    pub elapsed: Duration,
    /// [`Self::elapsed`] when the watched flow was seen to close; `None` while it is open or not yet there.
    pub closed_at: Option<Duration>,
    /// Ctrl-C was pressed.
    pub interrupted: bool,
}

/// Why a capture stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// The number of packets was reached.
    Packets(u64),
    /// The time was up.
    Duration(Duration),
    /// The watched flow closed.
    FlowClosed,
    /// Ctrl-C, or a polite request to end (SIGTERM).
    Interrupted,
}

impl fmt::Display for StopCause {
    /// As in "stopped: …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packets(1) => f.write_str("1 packet captured"),
            Self::Packets(count) => write!(f, "{count} packets captured"),
            Self::Duration(span) => write!(f, "{} s are over", span.as_secs_f64()),
            Self::FlowClosed => f.write_str("the flow has closed"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl StopRule {
    /// Why to stop now, or `None` to go on. Ctrl-C comes first: it decides the exit code.
    #[must_use]
    pub fn met_by(&self, progress: &Progress) -> Option<StopCause> {
        if progress.interrupted {
            return Some(StopCause::Interrupted);
        }
        if let Some(count) = self.packets.filter(|count| progress.packets >= *count) {
            return Some(StopCause::Packets(count));
        }
        let closed = progress.closed_at.map(|at| progress.elapsed.saturating_sub(at) >= CLOSE_LINGER);
        if self.flow_closed && closed == Some(true) {
            return Some(StopCause::FlowClosed);
        }
        let over = self.duration.filter(|span| progress.elapsed >= *span);
        over.map(StopCause::Duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn nothing_set_never_stops() {
        let far = Progress {
            packets: u64::MAX,
            elapsed: Duration::MAX,
            closed_at: Some(SECOND),
            interrupted: false,
        };
        assert_eq!(StopRule::default().met_by(&far), None);
    }

    #[test]
    fn each_limit_stops_when_it_is_reached_and_not_before() {
        let rule = StopRule { packets: Some(3), duration: Some(SECOND), flow_closed: true };
        let at = |packets, millis, closed: Option<u64>| {
            rule.met_by(&Progress {
                packets,
                elapsed: Duration::from_millis(millis),
                closed_at: closed.map(Duration::from_millis),
                interrupted: false,
            })
        };
        assert_eq!(at(2, 999, None), None);
        assert_eq!(at(3, 0, None), Some(StopCause::Packets(3)));
        assert_eq!(at(0, 1000, None), Some(StopCause::Duration(SECOND)));
        assert_eq!(at(0, 299, Some(100)), None);
        assert_eq!(at(0, 300, Some(100)), Some(StopCause::FlowClosed));
    }

    #[test]
    fn no_packets_at_all_is_a_limit_too() {
        let rule = StopRule { packets: Some(0), ..StopRule::default() };
        assert_eq!(rule.met_by(&Progress::default()), Some(StopCause::Packets(0)));
    }

    #[test]
    fn ctrl_c_comes_first() {
        let rule = StopRule { packets: Some(1), ..StopRule::default() };
        let progress = Progress { packets: 1, interrupted: true, ..Progress::default() };
        assert_eq!(rule.met_by(&progress), Some(StopCause::Interrupted));
    }
}
