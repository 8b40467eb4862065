//! TCP options, each with what stands under it.

use super::mptcp;
use super::{ByteRange, Emitter, Subject, part};
use crate::decode::{Layer, TcpFlags, TcpOptionIter};
use crate::field::names::mptcp::PROTOCOL as MPTCP;
use crate::field::names::tcp;
use crate::field::{FieldId, Value};

const FIXED_LEN: u32 = 20;
/// The experiment that became fast open (RFC 7413 appendix A).
const EXPERIMENT_FAST_OPEN: u64 = 0xf989;

static TIMESTAMPS: [Number; 2] =
    [whole(tcp::OPTIONS_TIMESTAMP_TSVAL, 2, 4), whole(tcp::OPTIONS_TIMESTAMP_TSECR, 6, 4)];

/// One option of a header: its bytes, kind and length first.
pub(super) struct RawOption<'a> {
    pub(super) bytes: &'a [u8],
    layer: &'a Layer,
    /// Where it starts in the header.
    at: u32,
}

/// How a whole number is read from an option: where, how many bytes, shifted how far, and which bits.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub(super) id: FieldId,
    pub(super) at: u8,
    pub(super) len: u8,
    pub(super) shift: u8,
    pub(super) mask: u64,
}

/// A whole number of `len` bytes at `at`.
pub(super) const fn whole(id: FieldId, at: u8, len: u8) -> Number {
    Number { id, at, len, shift: 0, mask: u64::MAX }
}

/// Some bits of the byte at `at`.
pub(super) const fn bits(id: FieldId, at: u8, shift: u8, mask: u64) -> Number {
    Number { id, at, len: 1, shift, mask }
}

impl RawOption<'_> {
    /// The number of `len` bytes at `at`, where the option has them.
    pub(super) fn number(&self, at: u8, len: u8) -> Option<u64> {
        let at = usize::from(at);
        let bytes = self.bytes.get(at..at + usize::from(len))?;
        Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    pub(super) fn range(&self, at: u8, len: u8) -> ByteRange {
        part(self.layer, self.at.saturating_add(u32::from(at)), u32::from(len))
    }

    /// All its bytes.
    pub(super) fn whole_range(&self) -> ByteRange {
        part(self.layer, self.at, super::offset(self.bytes.len()))
    }

    /// Hands out the numbers of `table`, up to the first that the option has no room for.
    pub(super) fn numbers(&self, table: &[Number], out: &mut Emitter<'_>) {
        for row in table {
            let Some(number) = self.number(row.at, row.len) else { return };
            let value = Value::Unsigned(number >> row.shift & row.mask);
            out.give(row.id, value, self.range(row.at, row.len));
        }
    }

    /// Hands out all bytes from `at`, where there are any.
    pub(super) fn rest(&self, id: FieldId, at: u8, out: &mut Emitter<'_>) {
        let Some(bytes) = self.bytes.get(usize::from(at)..).filter(|bytes| !bytes.is_empty()) else { return };
        out.give(id, Value::Bytes(bytes), self.range_from(at));
    }

    /// All from `at`.
    fn range_from(&self, at: u8) -> ByteRange {
        ByteRange { end: self.whole_range().end, ..self.range(at, 0) }
    }

    /// Opens the item of the option, with its kind, and its length where it has one.
    fn open(&self, id: FieldId, out: &mut Emitter<'_>) {
        out.open(id, Value::Bytes(self.bytes), self.whole_range());
        self.numbers(&[whole(tcp::OPTION_KIND, 0, 1)], out);
        if !matches!(self.bytes.first(), Some(0 | 1)) {
            self.numbers(&[whole(tcp::OPTION_LEN, 1, 1)], out);
        }
    }
}

/// Whether a field is wanted that stands in the options and is of another protocol than TCP.
pub(super) fn wanted(out: &Emitter<'_>) -> bool {
    out.wants_any_of(MPTCP)
}

/// What the header says that its options are told from.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    /// Its acknowledgment number.
    pub(super) ack: u32,
    /// What that side's numbers are counted from.
    pub(super) ack_base: u32,
    pub(super) flags: TcpFlags,
}

/// Hands out the options of a header that has some, or should.
pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, numbers: Numbers, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    let bytes = header.get(20..).unwrap_or(&[]);
    out.open(tcp::OPTIONS, Value::Bytes(bytes), part(layer, FIXED_LEN, super::offset(bytes.len())));
    let mut options = TcpOptionIter::new(bytes);
    loop {
        let from = options.offset();
        if options.next().is_none() {
            break;
        }
        let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
        let option = bytes.get(index(from)..index(options.offset())).unwrap_or(&[]);
        let option = RawOption { bytes: option, layer, at: FIXED_LEN.saturating_add(from) };
        one(subject, &option, numbers, out);
    }
    out.close();
}

fn one(subject: &Subject<'_>, option: &RawOption<'_>, numbers: Numbers, out: &mut Emitter<'_>) {
    let is_whole = match *option.bytes {
        // Every zero is an end of its own; what follows them is padding that should be zero.
        [0, ..] => {
            let zeros = option.bytes.iter().take_while(|byte| **byte == 0).zip(option.at..);
            for (zero, at) in zeros {
                let end = RawOption { bytes: std::slice::from_ref(zero), layer: option.layer, at };
                end.open(tcp::OPTIONS_EOL, out);
                out.close();
            }
            return;
        }
        [1] => {
            option.open(tcp::OPTIONS_NOP, out);
            return out.close();
        }
        // A length that cannot be ends the list; of an option that the capture cuts there is the beginning.
        [_, len, ..] if usize::from(len) == option.bytes.len() => true,
        [_, len, ..] if len >= 2 && subject.packet.is_cut(option.layer) => false,
        _ => return,
    };
    let kind = option.bytes.first().copied().unwrap_or(0);
    option.open(item(kind), out);
    let data = option.bytes.get(2..).unwrap_or(&[]);
    if is_whole {
        inside(option, kind, data, numbers, out);
    } else if kind == 5 {
        edges(option, numbers.ack_base, out);
    } else if kind == 8 {
        option.numbers(&TIMESTAMPS, out);
    }
    out.close();
}

/// The item that stands for an option of `kind`.
fn item(kind: u8) -> FieldId {
    match kind {
        2 => tcp::OPTIONS_MSS,
        3 => tcp::OPTIONS_WSCALE,
        4 => tcp::OPTIONS_SACK_PERM,
        5 => tcp::OPTIONS_SACK,
        6 | 7 => tcp::OPTIONS_ECHO,
        8 => tcp::OPTIONS_TIMESTAMP,
        11..=13 => tcp::OPTIONS_CC,
        19 => tcp::OPTIONS_MD5,
        20 => tcp::OPTIONS_SCPS,
        21 => tcp::OPTIONS_SNACK,
        22 => tcp::OPTIONS_SCPSREC,
        23 => tcp::OPTIONS_SCPSCOR,
        27 => tcp::OPTIONS_QS,
        28 => tcp::OPTIONS_USER_TO,
        29 => tcp::OPTIONS_AO,
        30 => MPTCP,
        34 => tcp::OPTIONS_TFO,
        76 => tcp::OPTIONS_RVBD_PROBE,
        78 => tcp::OPTIONS_RVBD_TRPY,
        172 | 174 => tcp::OPTIONS_ACC_ECN,
        253 | 254 => tcp::OPTIONS_EXPERIMENTAL,
        _ => tcp::OPTIONS_UNKNOWN,
    }
}

/// What stands under an option that is whole; nothing where its length is not what its kind says.
fn inside(option: &RawOption<'_>, kind: u8, data: &[u8], numbers: Numbers, out: &mut Emitter<'_>) {
    static SNACK: [Number; 2] =
        [whole(tcp::OPTIONS_SNACK_OFFSET, 2, 2), whole(tcp::OPTIONS_SNACK_SIZE, 4, 2)];
    static QUICK_START: [Number; 2] =
        [bits(tcp::OPTIONS_QS_RATE, 2, 0, 0xf), whole(tcp::OPTIONS_QS_TTL_DIFF, 3, 1)];
    static USER_TIMEOUT: [Number; 2] = [
        Number { id: tcp::OPTIONS_USER_TO_GRANULARITY, at: 2, len: 2, shift: 15, mask: 1 },
        Number { id: tcp::OPTIONS_USER_TO_VAL, at: 2, len: 2, shift: 0, mask: 0x7fff },
    ];
    static KEYS: [Number; 2] = [whole(tcp::OPTIONS_AO_KEYID, 2, 1), whole(tcp::OPTIONS_AO_RNEXTKEYID, 3, 1)];
    match (kind, data.len()) {
        (2, 2) => option.numbers(&[whole(tcp::OPTIONS_MSS_VAL, 2, 2)], out),
        (3, 1) => {
            let shift = data.first().copied().unwrap_or(0);
            option.numbers(&[whole(tcp::OPTIONS_WSCALE_SHIFT, 2, 1)], out);
            let multiplier = 1_u64 << shift.min(crate::flow::WindowScale::MAX_SHIFT);
            out.give(tcp::OPTIONS_WSCALE_MULTIPLIER, Value::Unsigned(multiplier), option.range(2, 1));
        }
        (5, _) => sack(option, numbers, out),
        (6 | 7, 4) => option.numbers(&[whole(tcp::OPTIONS_ECHO_VALUE, 2, 4)], out),
        (8, 8) => option.numbers(&TIMESTAMPS, out),
        (11..=13, 4) => option.numbers(&[whole(tcp::OPTIONS_CC_VALUE, 2, 4)], out),
        (19, 16) => option.rest(tcp::OPTIONS_MD5_DIGEST, 2, out),
        (21, 4) => option.numbers(&SNACK, out),
        (27, 6) => option.numbers(&QUICK_START, out),
        (28, 2) => option.numbers(&USER_TIMEOUT, out),
        (29, 2..) => {
            option.numbers(&KEYS, out);
            option.rest(tcp::OPTIONS_AO_MAC, 4, out);
        }
        (30, 1..) => mptcp::emit(option, out),
        (34, _) => fast_open(option, 2, numbers.flags, out),
        (172 | 174, _) => accurate_ecn(option, kind, out),
        (253 | 254, 2..) => {
            option.numbers(&[whole(tcp::OPTIONS_EXPERIMENTAL_EXID, 2, 2)], out);
            if option.number(2, 2) == Some(EXPERIMENT_FAST_OPEN) {
                fast_open(option, 4, numbers.flags, out);
            } else {
                option.rest(tcp::OPTIONS_EXPERIMENTAL_DATA, 4, out);
            }
        }
        (_, 1..) if item(kind) == tcp::OPTIONS_UNKNOWN => option.rest(tcp::OPTIONS_UNKNOWN_PAYLOAD, 2, out),
        _ => {}
    }
}

/// A cookie, or the wish for one where there is nothing from `at` on.
fn fast_open(option: &RawOption<'_>, at: u8, flags: TcpFlags, out: &mut Emitter<'_>) {
    if let Some(cookie) = option.bytes.get(usize::from(at)..).filter(|cookie| !cookie.is_empty()) {
        out.open(tcp::OPTIONS_TFO_COOKIE, Value::Bytes(cookie), option.range_from(at));
        if flags.syn() && !flags.ack() {
            out.give(tcp::ANALYSIS_TFO_SYN, Value::Mark, ByteRange::default());
        }
        out.close();
    } else {
        out.give(tcp::OPTIONS_TFO_REQUEST, Value::Mark, option.range(at - 2, 2));
    }
}

/// Counters of 24 bits, as many as there are (draft-ietf-tcpm-accurate-ecn): one kind begins with ECT(0), the other with
/// ECT(1).
fn accurate_ecn(option: &RawOption<'_>, kind: u8, out: &mut Emitter<'_>) {
    let (first, last) = if kind == 172 {
        (tcp::OPTIONS_ACC_ECN_EE0B, tcp::OPTIONS_ACC_ECN_EE1B)
    } else {
        (tcp::OPTIONS_ACC_ECN_EE1B, tcp::OPTIONS_ACC_ECN_EE0B)
    };
    option.numbers(&[whole(first, 2, 3), whole(tcp::OPTIONS_ACC_ECN_ECEB, 5, 3), whole(last, 8, 3)], out);
}

/// Both edges of each range, counted as the acknowledgment number is; how many ranges there are whole.
fn edges(option: &RawOption<'_>, ack_base: u32, out: &mut Emitter<'_>) -> u8 {
    let mut count = 0_u8;
    let mut at = 2_u8;
    while let Some(left) = edge(option, at) {
        out.give(tcp::OPTIONS_SACK_LE, counted(left, ack_base), option.range(at, 4));
        let Some(right) = edge(option, at + 4) else { break };
        out.give(tcp::OPTIONS_SACK_RE, counted(right, ack_base), option.range(at + 4, 4));
        count += 1;
        at += 8;
    }
    count
}

fn edge(option: &RawOption<'_>, at: u8) -> Option<u32> {
    option.number(at, 4).and_then(|number| u32::try_from(number).ok())
}

fn counted(edge: u32, ack_base: u32) -> Value<'static> {
    Value::Unsigned(u64::from(edge.wrapping_sub(ack_base)))
}

/// Ranges that arrived. A first one below the acknowledgment number, or within the second, arrived twice
/// (RFC 2883 section 4).
fn sack(option: &RawOption<'_>, numbers: Numbers, out: &mut Emitter<'_>) {
    let Numbers { ack, ack_base, .. } = numbers;
    let count = edges(option, ack_base, out);
    out.give(tcp::OPTIONS_SACK_COUNT, Value::Unsigned(u64::from(count)), ByteRange::default());
    let Some((left, right)) = edge(option, 2).zip(edge(option, 6)) else { return };
    let is_below = |a: u32, b: u32| a != b && b.wrapping_sub(a) < 1 << 31;
    let within = |(from, to): (u32, u32)| !is_below(left, from) && !is_below(to, right);
    if is_below(left, ack) || edge(option, 10).zip(edge(option, 14)).is_some_and(within) {
        out.give(tcp::OPTIONS_SACK_DSACK_LE, counted(left, ack_base), option.range(2, 4));
        out.give(tcp::OPTIONS_SACK_DSACK_RE, counted(right, ack_base), option.range(6, 4));
    }
}

#[cfg(test)]
mod tests {
    use super::super::transport::testing::{Wire, tcp};

    /// The texts of `fields` of a segment with these options, filled up with zeros.
    fn texts(options: &[u8], fields: &[&str]) -> Vec<String> {
        let mut options = options.to_vec();
        options.resize(options.len().next_multiple_of(4), 0);
        Wire::default().texts(&tcp(true, 1001, 501, 0x10, 9, &options, b""), fields)
    }

    /// Options, a field each, and its text as tshark 4.0.17 prints it.
    const TEXTS: &[(&[u8], &str, &str)] = &[
        (&[2, 4, 5, 180], "tcp.options.mss", "020405b4"),
        (&[2, 4, 5, 180], "tcp.options.mss_val", "1460"),
        (&[2, 3, 5], "tcp.options.mss", "020305"),
        (&[2, 3, 5], "tcp.options.mss_val", ""),
        (&[3, 3, 15], "tcp.options.wscale.shift", "15"),
        (&[3, 3, 15], "tcp.options.wscale.multiplier", "16384"),
        (&[4, 2], "tcp.option_kind", "4,0,0"),
        (&[4, 2], "tcp.option_len", "2"),
        (&[4, 2], "tcp.options.eol", "00,00"),
        (&[1, 1, 4, 2], "tcp.options.nop", "01,01"),
        (&[6, 6, 0, 0, 0, 1], "tcp.options.echo_value", "1"),
        (&[12, 6, 0, 0, 0, 7], "tcp.options.cc", "0c0600000007"),
        (&[21, 6, 0, 1, 0, 2], "tcp.options.snack.size", "2"),
        (&[27, 8, 3, 5, 0, 0, 0, 0], "tcp.options.qs.ttl_diff", "5"),
        (&[28, 4, 0x80, 5], "tcp.options.user_to_granularity", "1"),
        (&[28, 4, 0x80, 5], "tcp.options.user_to_val", "5"),
        (&[29, 8, 1, 2, 3, 4, 5, 6], "tcp.options.ao.mac", "03040506"),
        (&[29, 4, 1, 2], "tcp.options.ao.rnextkeyid", "2"),
        (&[34, 2], "tcp.options.tfo.request", "1"),
        (&[34, 4, 1, 2], "tcp.options.tfo.cookie", "0102"),
        (&[254, 8, 0xf9, 0x89, 1, 2, 3, 4], "tcp.options.tfo.cookie", "01020304"),
        (&[253, 5, 1, 2, 3], "tcp.options.experimental.exid", "0x0102"),
        (&[253, 5, 1, 2, 3], "tcp.options.experimental.data", "03"),
        (&[172, 11, 0, 0, 1, 0, 0, 2, 0, 0, 3], "tcp.options.acc_ecn.ee1b", "3"),
        (&[174, 5, 0, 0, 1], "tcp.options.acc_ecn.ee1b", "1"),
        (&[200, 5, 1, 2, 3], "tcp.options.unknown.payload", "010203"),
        (&[2, 0, 5, 180], "tcp.option_kind", ""),
        (&[2, 9, 1, 1], "tcp.options", "02090101"),
        (&[0, 1, 2, 3], "tcp.option_kind", "0"),
        (&[30, 4, 0x31, 9], "tcp.options.mptcp.echo", "1"),
        (&[30, 12, 0x10, 7, 0, 0, 0, 1, 0, 0, 0, 2], "tcp.options.mptcp.recvtok", "1"),
        (&[30, 5, 0x40, 1, 2], "tcp.options.mptcp.addrid", "1,2"),
        (&[30, 5, 0x40, 1, 2], "mptcp.rm_addr.count", "2"),
        (&[30, 10, 0x30, 4, 10, 0, 0, 1, 0, 80], "tcp.options.mptcp.port", "80"),
        (&[30, 10, 0x30, 4, 10, 0, 0, 1, 0, 80], "tcp.options.mptcp.ipv4", "10.0.0.1"),
        (&[30, 4, 0x81, 2], "tcp.options.mptcp.rst_reason", "0x02"),
        (&[30, 14, 0x20, 0x14, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "tcp.options.mptcp.datalvllen", "2057"),
        (&[30, 12, 0, 0x81, 0, 1, 2, 3, 4, 5, 6, 7], "tcp.options.mptcp.sendkey", "283686952306183"),
        (&[30, 4, 1, 1], "tcp.options.mptcp.sha256.flag", "1"),
    ];

    #[test]
    fn every_option_tells_what_it_holds() {
        for (options, field, text) in TEXTS {
            assert_eq!(texts(options, &[field]), [*text], "{field} of {options:?}");
        }
    }

    #[test]
    fn sack_edges_count_as_acknowledgments_do_and_tell_of_duplicates() {
        let fields = [
            "tcp.options.sack_le",
            "tcp.options.sack_re",
            "tcp.options.sack.count",
            "tcp.options.sack.dsack_le",
        ];
        let edges = |edges: &[u32]| {
            let len = u8::try_from(2 + 4 * edges.len()).unwrap();
            let bytes = edges.iter().flat_map(|edge| edge.to_be_bytes());
            texts(&[5, len].into_iter().chain(bytes).collect::<Vec<_>>(), &fields)
        };
        assert_eq!(edges(&[600, 700]), ["100", "200", "1", ""]);
        assert_eq!(edges(&[600, 700, 550, 800]), ["100,50", "200,300", "2", "100"]);
        assert_eq!(edges(&[401, 451]), ["4294967197", "4294967247", "1", "4294967197"]);
    }
}
