//! Data in a SYN (TCP fast open, RFC 7413): what the SYN-ACK says became of it.

use super::side::Side;
use crate::decode::{TcpOption, TcpSegment};

/// The experiment that became fast open (RFC 7413 appendix A).
const EXPERIMENT: [u8; 2] = [0xf9, 0x89];

/// What Wireshark takes a SYN-ACK to say of the data in the SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FastOpenAnswer {
    /// It acknowledges more than the SYN (`tcp.analysis.tfo_ack`); whether a cookie was sent is not asked.
    Accepted,
    /// It acknowledges the SYN alone, although a cookie and data came with one (`tcp.analysis.tfo_ignored`).
    Ignored,
}

impl FastOpenAnswer {
    /// The answer in a SYN-ACK that acknowledges `past_first` numbers, the SYN's own included.
    pub(crate) fn of(past_first: u32, cookie_with_data: bool) -> Option<Self> {
        match past_first {
            0 => None,
            1 => cookie_with_data.then_some(Self::Ignored),
            _ => Some(Self::Accepted),
        }
    }
}

/// What `segment`, which `own` sends, answers. Notes a cookie with data; one that is given up later still counts.
pub(super) fn answer(own: &mut Side, other: &Side, segment: &TcpSegment<'_>) -> Option<FastOpenAnswer> {
    if !segment.flags.syn() {
        return None;
    }
    if !segment.flags.ack() {
        own.fast_open |= segment.payload_len > 0 && segment.typed_options().any(is_cookie);
        return None;
    }
    FastOpenAnswer::of(segment.ack.wrapping_sub(other.begins.unwrap_or_default()), other.fast_open)
}

/// Whether it is a cookie, of whatever length.
fn is_cookie(option: TcpOption<'_>) -> bool {
    match option {
        TcpOption::FastOpen(cookie) | TcpOption::Malformed { kind: 34, data: cookie } => !cookie.is_empty(),
        TcpOption::Unknown { kind: 253 | 254, data } => {
            data.strip_prefix(&EXPERIMENT).is_some_and(|cookie| !cookie.is_empty())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::TcpFlags;

    const SYN: u16 = TcpFlags::SYN;
    const SYN_ACK: u16 = TcpFlags::SYN | TcpFlags::ACK;
    const COOKIE: [u8; 8] = [34, 6, 1, 2, 3, 4, 0, 0];

    fn segment(numbers: (u32, u32), len: u32, flags: u16, options: &[u8]) -> TcpSegment<'_> {
        let (seq, ack) = numbers;
        let flags = TcpFlags(flags);
        TcpSegment { seq, ack, flags, window: 9, checksum: 0, options, payload: &[], payload_len: len }
    }

    /// What a SYN-ACK answers after SYNs with these options and payload lengths, all numbered `first`.
    fn answers(first: u32, syns: &[(&[u8], u32)], ack: u32) -> Option<FastOpenAnswer> {
        let (mut orig, mut resp) = (Side { begins: Some(first), ..Side::default() }, Side::default());
        for (options, len) in syns {
            assert_eq!(answer(&mut orig, &resp, &segment((first, 0), *len, SYN, options)), None);
        }
        answer(&mut resp, &orig, &segment((500, ack), 0, SYN_ACK, &[]))
    }

    /// Each as tshark 4.0.17 answers it.
    #[test]
    fn a_syn_ack_accepts_or_ignores_the_data_of_the_syn() {
        use FastOpenAnswer::{Accepted, Ignored};
        let asks: &[u8] = &[34, 2, 0, 0];
        let experiment: &[u8] = &[254, 8, 0xf9, 0x89, 1, 2, 3, 4];
        let odd: &[u8] = &[34, 3, 1, 0];
        assert_eq!(answers(100, &[(&COOKIE, 5)], 106), Some(Accepted));
        assert_eq!(answers(100, &[(&COOKIE, 5)], 103), Some(Accepted));
        assert_eq!(answers(100, &[(&COOKIE, 5)], 101), Some(Ignored));
        assert_eq!(answers(100, &[(&COOKIE, 0)], 101), None);
        assert_eq!(answers(100, &[(asks, 5)], 101), None);
        assert_eq!(answers(100, &[(experiment, 5)], 101), Some(Ignored));
        assert_eq!(answers(100, &[(&[254, 4, 0xf9, 0x89], 5)], 101), None);
        assert_eq!(answers(100, &[(odd, 5)], 101), Some(Ignored));
        assert_eq!(answers(100, &[(&[], 5)], 101), None);
        assert_eq!(answers(100, &[(&[], 5)], 106), Some(Accepted));
        assert_eq!(answers(100, &[(&COOKIE, 5), (&[], 0)], 101), Some(Ignored));
        assert_eq!(answers(100, &[(&COOKIE, 5)], 100), None);
        assert_eq!(answers(100, &[(&COOKIE, 5)], 50), Some(Accepted));
        assert_eq!(answers(u32::MAX, &[(&COOKIE, 5)], 0), Some(Ignored));
        assert_eq!(answers(u32::MAX - 5, &[(&COOKIE, 5)], 0), Some(Accepted));
    }

    #[test]
    fn only_a_syn_ack_answers() {
        let (mut own, other) = (Side::default(), Side { begins: Some(100), ..Side::default() });
        assert_eq!(answer(&mut own, &other, &segment((500, 106), 0, TcpFlags::ACK, &[])), None);
    }
}
