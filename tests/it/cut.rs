//! Captures through every stage to every output, into memory: the project's recordings cut at every byte and
//! snapped at every length, and the captures of others. Nothing panics, nothing hangs, what comes before a cut is
//! shown, and nothing from the wire can control a terminal.

use std::fs;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::corpus;
use crate::program::{captures_folder, recordings};
use crate::source::is_only_named;
use wirelab::field::FieldId;
use wirelab::flow::PayloadWanted;
use wirelab::pipeline::Pipeline;
use wirelab::render::color::Colors;
use wirelab::render::explain::{self, ExplainOptions};
use wirelab::render::fields::{FieldStyle, FieldTable};
use wirelab::render::flows::write_flows;
use wirelab::render::json::{PacketsJson, write_flows_json};
use wirelab::render::line::{LineContext, PacketLines};
use wirelab::render::table::TableOutput;
use wirelab::source::{
    CapturedPacket, Interface, Next, OwnedPacket, PacketSource, SaveFormat, Savefile, SavefileWriter,
    SourceError,
};

/// What everything said about a capture.
#[derive(Default)]
struct Shown {
    packets: u64,
    error: Option<SourceError>,
    lines: Vec<u8>,
    fields: Vec<u8>,
    packets_json: Vec<u8>,
    flows: Vec<u8>,
    flows_json: Vec<u8>,
    stories: Vec<u8>,
}

impl Shown {
    fn outputs(&self) -> [(&'static str, &[u8]); 6] {
        [
            ("lines", &self.lines),
            ("fields", &self.fields),
            ("packets as JSON", &self.packets_json),
            ("flows", &self.flows),
            ("flows as JSON", &self.flows_json),
            ("stories", &self.stories),
        ]
    }

    /// What holds for any input: output is UTF-8 without characters that control a terminal, and the rows that
    /// should be there are.
    #[track_caller]
    fn check(&self, name: &str) {
        for (what, bytes) in self.outputs() {
            let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{name}: {what}: {error}"));
            if let Some(at) = text.find(controls) {
                let around: String = text[at..].chars().take(20).collect();
                panic!("{name}: {what}: {around:?} at byte {at}");
            }
        }
        assert_eq!(self.row_count(), self.packets, "{name}: rows of fields");
        for (what, json) in [("packets", &self.packets_json), ("flows", &self.flows_json)] {
            serde_json::from_slice::<serde_json::Value>(json)
                .unwrap_or_else(|error| panic!("{name}: {what} as JSON: {error}"));
        }
    }

    fn row_count(&self) -> u64 {
        self.fields.iter().map(|&byte| u64::from(byte == b'\n')).sum()
    }
}

/// Whether a terminal, or a reader's eye, could be led astray: C0, C1, and what reorders or hides text.
pub(crate) fn controls(c: char) -> bool {
    c != '\n' && c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Takes a savefile through every stage to every output.
fn show(bytes: Vec<u8>) -> Shown {
    let mut shown = Shown::default();
    let mut pipeline = Pipeline::new(Some(PayloadWanted::for_story(64 << 10)));
    let mut lines = PacketLines::new(None, Colors::OFF);
    let mut narrow = PacketLines::new(Some(40), Colors::OFF);
    let style = FieldStyle { separator: '|', to_terminal: true, ..FieldStyle::default() };
    let mut fields = FieldTable::new(FieldId::all(), style);
    let mut json = PacketsJson::new();
    match Savefile::from_bytes(bytes, "test") {
        Err(error) => shown.error = Some(error),
        Ok(mut source) => loop {
            let packet = match source.next_packet() {
                Ok(Next::Packet(packet, _)) => packet,
                Ok(Next::Tick) => panic!("a whole file has no quiet moments"),
                Ok(Next::End) => break,
                Err(error) => {
                    assert!(matches!(source.next_packet(), Ok(Next::End)), "after an error comes the end");
                    shown.error = Some(error);
                    break;
                }
            };
            let step = pipeline.step(&packet);
            let context = LineContext {
                relative: step.relative(),
                verdicts: step.verdicts,
                messages: Some(step.messages),
            };
            lines.write(&mut shown.lines, &step.packet, &step.decoded, &context).unwrap();
            narrow.write(&mut shown.lines, &step.packet, &step.decoded, &context).unwrap();
            json.write(&mut shown.packets_json, &step.packet, &step.decoded, &context).unwrap();
            let context = step.context(&[]);
            fields.row(&mut shown.fields, &step.packet, &step.decoded, &context).unwrap();
            shown.packets += 1;
        },
    }
    json.finish(&mut shown.packets_json).unwrap();
    pipeline.finish();
    let flows = pipeline.told(|_, _| true);
    write_flows(&mut shown.flows, TableOutput::default(), &flows).unwrap();
    write_flows_json(&mut shown.flows_json, &flows).unwrap();
    for (width, full) in [(80, false), (40, true)] {
        let options = ExplainOptions { colors: Colors::OFF, width, full, secrets: true };
        explain::capture(&mut shown.stories, "test", pipeline.totals(), &flows, options).unwrap();
        explain::beside(&mut shown.stories, &pipeline.beside(), options).unwrap();
    }
    shown
}

/// The packets of a recording, and its interface.
fn packets(bytes: Vec<u8>) -> (Vec<OwnedPacket>, Interface) {
    let mut source = Savefile::from_bytes(bytes, "test").unwrap();
    let mut packets = Vec::new();
    while let Next::Packet(packet, _) = source.next_packet().unwrap() {
        packets.push(OwnedPacket::from(&packet));
    }
    (packets, source.interfaces()[0].clone())
}

/// Recordings up to this size are cut at every byte, each piece being shown in every way: larger ones take minutes and
/// have blocks of the same kinds.
const MAX_CUT_EVERYWHERE: usize = 2048;

#[test]
fn a_recording_cut_at_any_byte_shows_all_that_is_before_the_cut() {
    for name in recordings() {
        let whole = fs::read(captures_folder().join(&name)).unwrap();
        if whole.len() > MAX_CUT_EVERYWHERE {
            continue;
        }
        let (packets, interface) = packets(whole.clone());
        cut_everywhere(&name, &whole);
        cut_everywhere(
            &format!("{name} as pcap"),
            &written(&packets, &interface, SaveFormat::Pcap, usize::MAX),
        );
    }
}

fn cut_everywhere(name: &str, whole: &[u8]) {
    let all = show(whole.to_vec());
    all.check(name);
    assert!(all.error.is_none() && all.packets > 1, "{name}: {:?}", all.error);
    let (mut most, mut looks_whole) = (0, 0);
    for end in 0..whole.len() {
        let cut = show(whole[..end].to_vec());
        let what = format!("{name} cut at {end}");
        cut.check(&what);
        // A longer piece never shows less, and what it shows are the whole file's first packets.
        assert!(cut.packets >= most && cut.packets < all.packets, "{what}: {} packets", cut.packets);
        most = cut.packets;
        assert!(all.fields.starts_with(&cut.fields), "{what}");
        assert!(all.lines.starts_with(&cut.lines), "{what}");
        match cut.error {
            None => looks_whole += 1,
            Some(SourceError::NotACapture { .. }) if cut.packets == 0 && end < 28 => {}
            Some(SourceError::Cut { .. }) => {}
            Some(other) => panic!("{what}: {other}"),
        }
    }
    assert_eq!(most, all.packets - 1, "{name}: packets before the last byte");
    // Only a cut between two blocks cannot be told from the end: behind a header, an interface, a packet.
    assert!(looks_whole <= all.packets + 1, "{name}: {looks_whole} cuts not told");
}

#[test]
fn a_recording_snapped_at_any_length_keeps_its_packets() {
    for name in recordings() {
        let (packets, interface) = packets(fs::read(captures_folder().join(&name)).unwrap());
        let whole = show(written(&packets, &interface, SaveFormat::Pcapng, usize::MAX));
        for snaplen in 0..=128 {
            let snapped = show(written(&packets, &interface, SaveFormat::Pcapng, snaplen));
            let what = format!("{name} snapped at {snaplen}");
            snapped.check(&what);
            assert!(snapped.error.is_none(), "{what}: {:?}", snapped.error);
            assert_eq!(snapped.packets, packets.len() as u64, "{what}");
            if packets.iter().all(|packet| packet.data.len() <= snaplen) {
                assert_eq!(snapped.outputs(), whole.outputs(), "{what}, where nothing is cut off");
            } else {
                let stories = String::from_utf8(snapped.stories).unwrap();
                assert!(stories.contains("cut short by the snaplen"), "{what}: {stories}");
            }
        }
    }
}

/// A savefile of `packets`, each cut to `snaplen` bytes.
fn written(packets: &[OwnedPacket], interface: &Interface, format: SaveFormat, snaplen: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = SavefileWriter::new(&mut bytes, format).nanoseconds(true);
    for (packet, number) in packets.iter().zip(1..) {
        let OwnedPacket { ts, wire_len, interface: place, link, .. } = *packet;
        let data = &packet.data[..packet.data.len().min(snaplen)];
        let cut = CapturedPacket { number, ts, wire_len, interface: place, link, data };
        writer.write(&cut, interface).unwrap();
    }
    writer.finish(interface.link).unwrap();
    bytes
}

/// Longest that one capture of others may take, in processor time, which other jobs of a busy machine do not use up, in a debug
/// build. The largest has 300 kB.
const PATIENCE: Duration = Duration::from_secs(30);

/// Processor time that this thread has used.
fn used() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
}

#[test]
fn every_capture_of_others_is_shown_to_its_end() {
    let Some(folder) = corpus::folder("every output of the captures of others") else { return };
    let (mut files, mut shown_packets) = (0, 0);
    for path in corpus::captures(&folder) {
        let bytes = fs::read(folder.join("captures").join(&path)).unwrap();
        let (name, size, before) = (path.display().to_string(), bytes.len(), used());
        let shown = show(bytes);
        let taken = used() - before;
        assert!(taken < PATIENCE, "{name}: {size} bytes took {taken:?}");
        shown.check(&name);
        let expected = corpus::expected(&folder, &path).map(|expected| expected.rows.len() as u64);
        if is_only_named(&name) {
            assert!(
                matches!(shown.error, Some(SourceError::NotACapture { .. })),
                "{name}: {:?}",
                shown.error
            );
        } else if let Some(expected) = expected {
            assert_eq!(shown.packets, expected, "{name}: packets, {:?}", shown.error);
        }
        files += 1;
        shown_packets += shown.packets;
    }
    assert!(files > 1000 && shown_packets > 10_000, "{files} files, {shown_packets} packets: is it whole?");
}
