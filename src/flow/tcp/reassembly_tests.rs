use proptest::prelude::*;

use super::*;
use crate::flow::tcp::recent;

/// What came out: bytes, with a run of 0xff for every byte that is missing, and the last events.
#[derive(Debug, Default, PartialEq, Eq)]
struct Out {
    bytes: Vec<u8>,
    gaps: Vec<(u64, bool)>,
    ended: bool,
    reset: bool,
}

impl Out {
    fn take(&mut self, event: StreamEvent<'_>) {
        match event {
            StreamEvent::Data { bytes, .. } => {
                assert!(!bytes.is_empty() && !self.ended);
                self.bytes.extend_from_slice(bytes);
            }
            StreamEvent::Gap { len, snapped } => {
                self.gaps.push((len, snapped));
                self.bytes.extend(std::iter::repeat_n(0xff, usize::try_from(len).unwrap()));
            }
            StreamEvent::End => self.ended = true,
            StreamEvent::Reset => self.reset = true,
        }
    }
}

fn segment(seq: u32, payload: &[u8]) -> Segment<'_> {
    Segment {
        seq: SeqNumber(seq),
        syn: false,
        fin: false,
        rst: false,
        payload,
        payload_len: u32::try_from(payload.len()).unwrap(),
        packet: PacketStamp { number: 1, ts: None },
    }
}

/// The same in packet `number`.
fn numbered(number: u64, seq: u32, payload: &[u8]) -> Segment<'_> {
    Segment { packet: PacketStamp { number, ts: None }, ..segment(seq, payload) }
}

fn run(segments: &[Segment<'_>]) -> (Reassembler, Out) {
    let (mut stream, mut out) = (Reassembler::new(), Out::default());
    for segment in segments {
        stream.segment(segment, &mut |event| out.take(event));
    }
    (stream, out)
}

#[test]
fn a_syn_begins_and_a_fin_ends() {
    let syn = Segment { syn: true, ..segment(u32::MAX, b"") };
    let fin = Segment { fin: true, ..segment(2, b"cd") };
    let (_, out) = run(&[syn, fin, segment(0, b"ab"), segment(4, b"")]);
    assert_eq!(out, Out { bytes: b"abcd".to_vec(), ended: true, ..Out::default() });
}

#[test]
fn data_on_a_syn_counts_from_the_number_after_it() {
    let syn = Segment { syn: true, ..segment(9, b"ab") };
    let (_, out) = run(&[syn, segment(12, b"cd"), segment(10, b"ab")]);
    assert_eq!(out.bytes, b"abcd");
}

#[test]
fn the_first_of_two_versions_is_believed() {
    let (stream, out) = run(&[
        numbered(1, 0, b"ab"),
        numbered(2, 4, b"ef"),
        numbered(3, 2, b"cdXf"),
        numbered(4, 0, b"aZ"),
        numbered(5, 0, b"abcdef"),
        numbered(6, 1, b"ZcdefZ"),
        // A keep-alive: its byte may be anything (RFC 9293 section 3.8.4).
        numbered(7, 6, b"?"),
    ]);
    assert_eq!(out.bytes, b"abcdefZ");
    let conflict = |believed, contradicts, offset, len| Conflict { believed, contradicts, offset, len };
    // Against what waits, against what was delivered, and with a new byte behind the disputed one.
    assert_eq!(stream.named_conflicts(), [conflict(2, 3, 4, 1), conflict(1, 4, 1, 1), conflict(1, 6, 1, 1)]);
    assert_eq!((stream.conflicts(), stream.not_compared()), (3, 0));
}

#[test]
fn a_contradiction_is_told_from_the_first_byte_in_dispute_to_the_last() {
    let (stream, _) =
        run(&[numbered(1, 0, b"GET /a"), numbered(2, 6, b" HTTP"), numbered(3, 2, b"X /b HTTX")]);
    assert_eq!(
        stream.named_conflicts(),
        [Conflict { believed: 1, contradicts: 3, offset: 2, len: 9 }],
        "one for a segment, of the packet of the first byte"
    );
}

#[test]
fn what_repeats_bytes_of_long_ago_is_counted_and_not_compared() {
    let block = [7_u8; 1000];
    let segments: Vec<_> = (0..200).map(|n| segment(n * 1000, &block)).collect();
    let (mut stream, _) = run(&segments);
    assert!(stream.remembered() <= 3 * recent::MAX_REMEMBERED_BYTES, "{}", stream.remembered());
    stream.segment(&segment(0, &[8; 10]), &mut |_| {});
    assert_eq!((stream.conflicts(), stream.not_compared()), (0, 10));
    stream.segment(&segment(199_000, &[8; 10]), &mut |_| {});
    assert_eq!((stream.conflicts(), stream.not_compared()), (1, 10));
    stream.forget();
    stream.segment(&segment(199_000, &[8; 10]), &mut |_| {});
    assert_eq!((stream.conflicts(), stream.not_compared(), stream.remembered()), (1, 20, 0));
}

#[test]
fn a_capture_that_begins_in_the_middle_compares_nothing_before_its_first_byte() {
    let (stream, out) = run(&[segment(1000, b"abc"), segment(990, b"0123456789abc"), segment(900, b"zzz")]);
    assert_eq!((out.bytes.as_slice(), stream.conflicts(), stream.not_compared()), (b"abc".as_slice(), 0, 0));
}

#[test]
fn a_gap_of_a_gigabyte_is_told_and_takes_no_memory() {
    let mut stream = Reassembler::new();
    let (mut bytes, mut missing) = (0, 0);
    let mut count = |event: StreamEvent<'_>| match event {
        StreamEvent::Data { bytes: data, .. } => bytes += data.len(),
        StreamEvent::Gap { len, .. } => missing += len,
        StreamEvent::End | StreamEvent::Reset => {}
    };
    // Six jumps of 2^30 wrap the sequence number once and a half.
    for jump in 0..6_u32 {
        stream.segment(&segment(jump.wrapping_mul(1 << 30), b"x"), &mut count);
        assert!(stream.held() <= 2 * (WAITING_COST + 1));
        stream.flush(&mut count);
    }
    assert_eq!((bytes, missing, stream.conflicts()), (6, 5 * ((1 << 30) - 1), 0));
}

#[test]
fn sequence_numbers_wrap() {
    let text = text();
    let base = u32::MAX - 100;
    let parts: Vec<_> =
        (0..10).rev().map(|n| segment(base.wrapping_add(n * 30), &text[n as usize * 30..][..30])).collect();
    let first = segment(base, b"");
    let (stream, out) = run(&[&[first], parts.as_slice(), parts.as_slice()].concat());
    assert_eq!((out.bytes, out.gaps.len(), stream.conflicts()), (text, 0, 0));
}

#[test]
fn a_flood_of_contradicting_overlaps_is_bounded_and_counted() {
    let versions: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte; 1400]).collect();
    let mut stream = Reassembler::new();
    stream.segment(&segment(0, b""), &mut |_| {});
    for n in 0..50_000_u32 {
        let version = &versions[n as usize % versions.len()];
        stream.segment(&segment(1 + n.wrapping_mul(701) % 3_000_000, version), &mut |_| {});
        assert!(stream.held() <= MAX_BUFFERED_BYTES + MAX_BUFFERED_SEGMENTS * WAITING_COST);
        assert!(stream.remembered() <= 4 * recent::MAX_REMEMBERED_BYTES);
    }
    // What the window has moved past is counted apart.
    assert!(stream.conflicts() > 1000 && stream.not_compared() > 0);
    assert_eq!(stream.named_conflicts().len(), MAX_NAMED_CONFLICTS);
}

#[test]
fn a_storm_of_resets_is_one_reset() {
    let (mut stream, mut resets) = (Reassembler::new(), 0);
    for n in 0..100_000_u32 {
        let reset = Segment { rst: true, ..segment(n.wrapping_mul(40_503), b"") };
        stream.segment(&reset, &mut |event| resets += u32::from(event == StreamEvent::Reset));
    }
    assert_eq!((resets, stream.held(), stream.forced_gaps()), (1, 0, 0));
}

#[test]
fn a_hole_is_a_gap_when_acknowledged_and_not_before() {
    let (mut stream, mut out) = run(&[segment(0, b"ab"), segment(5, b"fg"), segment(10, b"kl")]);
    assert_eq!(out.bytes, b"ab");
    stream.acked(SeqNumber(5), &mut |event| out.take(event));
    assert_eq!(out.bytes, b"ab");
    stream.acked(SeqNumber(7), &mut |event| out.take(event));
    assert_eq!(
        (out.bytes.as_slice(), out.gaps.as_slice()),
        (b"ab\xff\xff\xfffg".as_slice(), [(3, false)].as_slice())
    );
    // What fills the gap now comes too late.
    stream.segment(&segment(2, b"cde"), &mut |event| out.take(event));
    stream.finish(&mut |event| out.take(event));
    assert_eq!(out.bytes, b"ab\xff\xff\xfffg\xff\xff\xffkl");
}

#[test]
fn the_end_of_the_capture_tells_what_was_acknowledged_and_is_missing() {
    let (mut stream, mut out) = run(&[segment(0, b"ab")]);
    stream.acked(SeqNumber(12), &mut |event| out.take(event));
    stream.finish(&mut |event| out.take(event));
    assert_eq!(out.gaps, [(10, false)]);
}

#[test]
fn a_cut_packet_is_a_gap_of_its_own_kind() {
    let cut = Segment { payload_len: 6, ..segment(0, b"ab") };
    let (_, out) = run(&[cut, segment(6, b"gh")]);
    assert_eq!(
        (out.bytes.as_slice(), out.gaps.as_slice()),
        (b"ab\xff\xff\xff\xffgh".as_slice(), [(4, true)].as_slice())
    );
}

#[test]
fn a_reset_is_told_once_and_its_number_is_not_believed() {
    let reset = |seq, text| Segment { rst: true, ..segment(seq, text) };
    let (_, out) = run(&[reset(99, b""), segment(0, b"ab"), reset(2, b"why"), reset(5, b"")]);
    assert_eq!(out, Out { bytes: b"abwhy".to_vec(), reset: true, ..Out::default() });
}

#[test]
fn waiting_bytes_and_segments_are_bounded() {
    let block = [7_u8; 1000];
    let (mut stream, mut out) = (Reassembler::new(), Out::default());
    stream.segment(&segment(0, b""), &mut |event| out.take(event));
    for n in 0..10_000_u32 {
        stream.segment(&segment(1 + n * 1001, &block), &mut |event| out.take(event));
        assert!(stream.buffered_bytes() <= MAX_BUFFERED_BYTES);
        assert!(stream.waiting.len() <= MAX_BUFFERED_SEGMENTS);
    }
    assert!(stream.forced_gaps() > 1000);
}

const STREAM: usize = 300;

fn text() -> Vec<u8> {
    (0..STREAM).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

proptest! {
    /// However the stream is cut up, repeated, overlapped and shuffled, it comes out the same.
    #[test]
    fn any_order_gives_the_same_stream(
        isn in any::<u32>(),
        cuts in prop::collection::btree_set(1..STREAM, 0..20),
        extra in prop::collection::vec((0..STREAM, 1..60_usize), 0..20),
        shuffle in any::<prop::sample::Index>(),
        order in prop::collection::vec(any::<u32>(), 64),
    ) {
        let text = text();
        let edges: Vec<usize> = std::iter::once(0).chain(cuts).chain([STREAM]).collect();
        let mut parts: Vec<(usize, usize)> = edges.windows(2).map(|pair| (pair[0], pair[1])).collect();
        parts.extend(extra.iter().map(|&(start, len)| (start, (start + len).min(STREAM))));
        let turn = shuffle.index(parts.len());
        parts.rotate_left(turn);
        let mut keyed: Vec<_> = order.iter().cycle().zip(parts).collect();
        keyed.sort_by_key(|(key, _)| **key);
        let base = isn.wrapping_add(1);
        let seq = |at: usize| base.wrapping_add(u32::try_from(at).unwrap());
        let mut segments = vec![Segment { syn: true, ..segment(isn, b"") }];
        segments.extend(keyed.iter().map(|(_, (start, end))| Segment {
            fin: *end == STREAM,
            ..segment(seq(*start), &text[*start..*end])
        }));
        let (stream, out) = run(&segments);
        prop_assert_eq!(out, Out { bytes: text, ended: true, ..Out::default() });
        prop_assert_eq!((stream.buffered_bytes(), stream.conflicts()), (0, 0));
    }

    /// A capture that ends early gives a beginning of the stream, and nothing that is not in it; the end only with all.
    #[test]
    fn a_cut_gives_a_prefix(
        isn in any::<u32>(),
        cuts in prop::collection::btree_set(1..STREAM, 0..20),
        order in prop::collection::vec(any::<u32>(), 64),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        kept in any::<prop::sample::Index>(),
    ) {
        let text = text();
        let edges: Vec<usize> = std::iter::once(0).chain(cuts).chain([STREAM]).collect();
        let mut parts: Vec<(usize, usize)> = edges.windows(2).map(|pair| (pair[0], pair[1])).collect();
        parts.extend(repeats.iter().map(|index| *index.get(&parts)).collect::<Vec<_>>());
        let mut keyed: Vec<_> = order.iter().cycle().zip(parts).collect();
        keyed.sort_by_key(|(key, _)| **key);
        keyed.truncate(kept.index(keyed.len() + 1));
        let seq = |at: usize| isn.wrapping_add(1).wrapping_add(u32::try_from(at).unwrap());
        let mut segments = vec![Segment { syn: true, ..segment(isn, b"") }];
        segments.extend(keyed.iter().map(|(_, (start, end))| Segment {
            fin: *end == STREAM,
            ..segment(seq(*start), &text[*start..*end])
        }));
        let (stream, out) = run(&segments);
        let has = |at: usize| keyed.iter().any(|(_, (start, end))| (*start..*end).contains(&at));
        let whole = (0..STREAM).take_while(|at| has(*at)).count();
        prop_assert_eq!(&out.bytes, &text[..whole]);
        prop_assert_eq!(out.ended, whole == STREAM);
        prop_assert!(out.gaps.is_empty() && stream.conflicts() == 0);
    }

    /// With parts missing, what is there stands where it belongs, and the gaps are exactly what is missing.
    #[test]
    fn gaps_are_exactly_what_is_missing(
        isn in any::<u32>(),
        parts in prop::collection::vec((0..STREAM, 1..60_usize), 0..20),
    ) {
        let text = text();
        let mut expected = vec![0xff; STREAM];
        let mut segments = vec![Segment { syn: true, ..segment(isn, b"") }];
        for (start, len) in parts {
            let end = (start + len).min(STREAM);
            expected[start..end].copy_from_slice(&text[start..end]);
            let seq = isn.wrapping_add(1).wrapping_add(u32::try_from(start).unwrap());
            segments.push(segment(seq, &text[start..end]));
        }
        let last = expected.iter().rposition(|&byte| byte != 0xff).map_or(0, |at| at + 1);
        expected.truncate(last);
        let (mut stream, mut out) = run(&segments);
        stream.finish(&mut |event| out.take(event));
        let missing = expected.iter().filter(|&&byte| byte == 0xff).count();
        prop_assert_eq!(&out.bytes, &expected);
        prop_assert_eq!(out.gaps.iter().map(|gap| gap.0).sum::<u64>(), u64::try_from(missing).unwrap());
    }

    /// Whatever the numbers say, nothing panics and the buffers stay bounded.
    #[test]
    fn hostile_segments_are_survived(
        segments in prop::collection::vec((any::<u32>(), 0..40_usize, any::<u8>(), any::<u32>()), 0..60),
    ) {
        let mut stream = Reassembler::new();
        for (seq, len, flags, ack) in segments {
            let payload = vec![0; len];
            let hostile = Segment {
                syn: flags & 1 != 0,
                fin: flags & 2 != 0,
                rst: flags & 4 != 0,
                payload_len: u32::try_from(len).unwrap() + if flags & 8 != 0 { ack % 5000 } else { 0 },
                ..segment(seq, &payload)
            };
            stream.segment(&hostile, &mut |_| {});
            stream.acked(SeqNumber(ack), &mut |_| {});
            prop_assert!(stream.buffered_bytes() <= 60 * 40);
        }
        stream.finish(&mut |_| {});
        prop_assert_eq!(stream.buffered_bytes(), 0);
    }
}

#[test]
fn segments_that_claim_to_span_everything_do_not_cost_without_end() {
    let mut reassembler = Reassembler::new();
    let mut forced_after = None;
    reassembler.segment(&segment(0, b"x"), &mut |_| {});
    for island in 0..1000_u32 {
        reassembler.segment(&segment(100 + 2 * island, b"a"), &mut |_| {});
    }
    // Snapped to nothing: each claims all bytes from behind the hole to beyond the last island.
    let spanning = Segment { payload_len: 5000, ..segment(50, b"") };
    for round in 0..1000_u32 {
        reassembler.segment(&spanning, &mut |_| {});
        if reassembler.forced_gaps() > 0 {
            forced_after.get_or_insert(round);
        }
    }
    let comparisons = MAX_COMPARED / 2000;
    let round = usize::try_from(forced_after.expect("the hole is given up")).unwrap();
    assert!((comparisons / 2..comparisons * 2).contains(&round), "{round}");
    assert_eq!((reassembler.forced_gaps(), reassembler.held()), (1, 0));
}

#[test]
fn what_waits_is_counted_with_its_bookkeeping() {
    let mut reassembler = Reassembler::new();
    reassembler.segment(&segment(0, b"x"), &mut |_| {});
    for island in 0..100_u32 {
        reassembler.segment(&Segment { payload_len: 1, ..segment(100 + 2 * island, b"") }, &mut |_| {});
    }
    assert_eq!((reassembler.buffered_bytes(), reassembler.held()), (0, 100 * WAITING_COST));
    reassembler.flush(&mut |_| {});
    assert_eq!(reassembler.held(), 0);
}
