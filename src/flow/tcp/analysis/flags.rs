//! Sets of yes-or-no answers: what a segment is suspected to be, and how much of a conversation was captured.

use std::fmt;

use crate::decode::TcpSegment;

/// What Wireshark suspects a segment to be. Several may hold.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct AnalysisFlags(u16);

/// Declares the flags of [`AnalysisFlags`]: bit, constant, query, meaning.
macro_rules! flags {
    ($($bit:literal $constant:ident $query:ident $doc:literal;)*) => {
        impl AnalysisFlags {
            $(pub(super) const $constant: Self = Self(1 << $bit);)*

            $(
                #[doc = $doc]
                #[must_use]
                pub const fn $query(self) -> bool {
                    self.has(Self::$constant)
                }
            )*
        }

        impl fmt::Debug for AnalysisFlags {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let named = [$((Self::$constant, stringify!($query))),*];
                f.debug_set().entries(named.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| name)).finish()
            }
        }
    };
}

flags! {
    0 RETRANSMISSION is_plain_retransmission "Sent again, neither fast nor in vain.";
    1 FAST_RETRANSMISSION fast_retransmission "Sent again within 20 ms of the duplicate acknowledgments that asked for it.";
    2 SPURIOUS_RETRANSMISSION spurious_retransmission "Sent again after it was acknowledged.";
    3 OUT_OF_ORDER out_of_order "Comes after bytes that follow it, too soon to be sent again.";
    4 LOST_SEGMENT lost_segment "The segments just before it are not in the capture.";
    5 ACK_LOST_SEGMENT ack_lost_segment "Acknowledges bytes that are not in the capture.";
    6 DUPLICATE_ACK duplicate_ack "Repeats the sender's last acknowledgment and nothing else.";
    7 KEEP_ALIVE keep_alive "Sent only to see whether the other side answers: one byte or none, just below what comes next.";
    8 KEEP_ALIVE_ACK keep_alive_ack "Answers a keep-alive.";
    9 ZERO_WINDOW zero_window "The sender can take no more bytes.";
    10 ZERO_WINDOW_PROBE zero_window_probe "One byte to ask whether the window is open again.";
    11 ZERO_WINDOW_PROBE_ACK zero_window_probe_ack "Answers such a probe: the window is still closed.";
    12 WINDOW_FULL window_full "Fills the receiver's window to the last byte.";
    13 WINDOW_UPDATE window_update "Only announces another window.";
    14 REUSED_PORTS reused_ports "Begins a conversation between ports that had one.";
}

impl AnalysisFlags {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Sent again, for whatever reason (`tcp.analysis.retransmission`, which covers fast and spurious ones).
    #[must_use]
    pub const fn retransmission(self) -> bool {
        self.is_plain_retransmission() || self.fast_retransmission() || self.spurious_retransmission()
    }

    /// Any flag at all (`tcp.analysis.flags`).
    #[must_use]
    pub const fn any(self) -> bool {
        self.0 != 0
    }

    /// Adds `flag` if `holds`.
    pub(super) fn set(&mut self, flag: Self, holds: bool) {
        if holds {
            self.0 |= flag.0;
        }
    }

    const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }
}

/// Which parts of a conversation are in the capture (`tcp.completeness`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completeness(u8);

impl Completeness {
    /// A SYN.
    pub const SYN: Self = Self(1);
    /// A SYN-ACK.
    pub const SYN_ACK: Self = Self(2);
    /// An acknowledgment without data.
    pub const ACK: Self = Self(4);
    /// Data.
    pub const DATA: Self = Self(8);
    /// A FIN.
    pub const FIN: Self = Self(16);
    /// A RST.
    pub const RST: Self = Self(32);

    /// The sum that Wireshark shows: 7 for a handshake, 31, 47 or 63 for a whole conversation with data.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether all parts of `other` are there.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds what `segment` completes; `is_first` where it begins the conversation, `port_reused` where another was between
    /// the same ports before.
    pub(in crate::flow::tcp) fn add(&mut self, segment: &TcpSegment<'_>, is_first: bool, port_reused: bool) {
        let flags = segment.flags;
        if flags.syn() {
            if !flags.ack() {
                self.set(Self::SYN);
                // Data with a SYN counts where that begins the conversation, and no other was there before.
                if segment.payload_len > 0 && is_first && !port_reused {
                    self.set(Self::DATA);
                }
            } else if !is_first {
                self.set(Self::SYN_ACK);
            }
        } else if !is_first {
            // What a conversation begins with Wireshark counts only where it is a SYN.
            if flags.rst() {
                self.set(Self::RST);
            } else if flags.fin() {
                self.set(Self::FIN);
            }
            if flags.ack() {
                self.set(if segment.payload_len > 0 { Self::DATA } else { Self::ACK });
            }
        }
    }

    /// Adds `part`.
    fn set(&mut self, part: Self) {
        self.0 |= part.0;
    }
}
