//! What `explain` says of segments that are more than simply the next one, in captures made here.

use etherparse::PacketBuilder;
use wirelab::flow::PayloadWanted;
use wirelab::pipeline::Pipeline;
use wirelab::render::color::Colors;
use wirelab::render::explain::{self, ExplainOptions};
use wirelab::render::json::write_flows_json;
use wirelab::source::{CapturedPacket, LinkType};
use wirelab::time::Timestamp;

/// A capture of one connection, of whose ends the client counts from 1000 and the server from 5000.
struct Capture {
    pipeline: Pipeline,
    number: u64,
    micros: i128,
    id: u16,
    window: u16,
    addresses: [[u8; 4]; 2],
    /// Place and bits of a byte that changes on the way.
    damage: Option<(usize, u8)>,
}

const CLIENT: bool = true;
const SERVER: bool = false;

impl Capture {
    fn new() -> Self {
        let pipeline = Pipeline::new(Some(PayloadWanted::for_story(1000)));
        let addresses = [[192, 0, 2, 1], [192, 0, 2, 2]];
        Self { pipeline, number: 0, micros: 0, id: 0, window: 1000, addresses, damage: None }
    }

    /// After a handshake of 10 ms, in packets 1 to 3.
    fn open() -> Self {
        let mut capture = Self::new();
        capture.send(CLIENT, "S", 1000, 0, 0);
        capture.wait(10);
        capture.send(SERVER, "S.", 5000, 1001, 0);
        capture.send(CLIENT, ".", 1001, 5001, 0);
        capture
    }

    fn wait(&mut self, millis: i128) {
        self.micros += millis * 1000;
    }

    fn send(&mut self, by_client: bool, flags: &str, seq: u32, ack: u32, len: usize) {
        self.id += 1;
        self.frame(by_client, flags, seq, ack, len);
    }

    /// The next packet, with the IP identification of the last.
    fn frame(&mut self, by_client: bool, flags: &str, seq: u32, ack: u32, len: usize) {
        let [client, server] = self.addresses;
        let (src, dst, from, to) =
            if by_client { (client, server, 40000, 80) } else { (server, client, 80, 40000) };
        let mut ip = etherparse::Ipv4Header::new(0, 64, etherparse::ip_number::TCP, src, dst).unwrap();
        ip.identification = self.id;
        let step = PacketBuilder::ip(etherparse::IpHeaders::Ipv4(ip, etherparse::Ipv4Extensions::default()));
        let step = flags.chars().fold(step.tcp(from, to, seq, self.window), |step, letter| match letter {
            'S' => step.syn(),
            'F' => step.fin(),
            'R' => step.rst(),
            _ => step.ack(ack),
        });
        let mut data = Vec::new();
        step.write(&mut data, &vec![b'x'; len]).unwrap();
        if let Some((place, bits)) = self.damage {
            data[place] ^= bits;
        }
        self.number += 1;
        self.micros += 1;
        let ts = Some(Timestamp::from_nanos(self.micros * 1000));
        let (link, wire_len) = (LinkType::RAW, u32::try_from(data.len()).unwrap());
        let packet = CapturedPacket { number: self.number, ts, wire_len, interface: 0, link, data: &data };
        self.pipeline.step(&packet);
    }

    /// What is told of it, without line breaks and the spaces around them.
    fn story(&mut self) -> String {
        self.lines().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What is told of it, as it is written.
    fn lines(&mut self) -> String {
        self.pipeline.finish();
        let mut out = Vec::new();
        let options = ExplainOptions { colors: Colors::OFF, width: 80, full: false, secrets: false };
        let flows = self.pipeline.told(|_, _| true);
        explain::capture(&mut out, "made", self.pipeline.totals(), &flows, options).unwrap();
        String::from_utf8(out).unwrap()
    }
}

fn assert_told(story: &str, parts: &[&str]) {
    for part in parts {
        assert!(story.contains(part), "{part:?} is not in {story}");
    }
}

#[test]
fn a_fast_retransmission_names_the_acks_that_asked_for_it() {
    let mut capture = Capture::open();
    for place in 0..5 {
        capture.send(CLIENT, ".", 1001 + place * 100, 5001, 100);
    }
    for _ in 0..4 {
        capture.send(SERVER, ".", 5001, 1101, 0);
    }
    capture.wait(1);
    capture.send(CLIENT, ".", 1101, 5001, 100);
    capture.wait(10);
    capture.send(SERVER, ".", 5001, 1501, 0);
    let story = capture.story();
    assert_told(
        &story,
        &[
            "13 0.011012 → Fast retransmission: bytes 101–200 again, first sent in packet 5, 1.01 ms before; 3 duplicate \
             ACKs asked for it (packets 10–12).",
            "From the client: 8 packets, 500 bytes of payload",
            "1 segment seen again (100 bytes)",
        ],
    );
    assert!(!story.contains("Wireshark"), "they agree: {story}");
}

#[test]
fn a_frame_captured_twice_is_no_fault_whatever_wireshark_marks() {
    let mut capture = Capture::open();
    capture.send(CLIENT, ".", 1001, 5001, 100);
    capture.frame(CLIENT, ".", 1001, 5001, 100);
    capture.send(CLIENT, ".", 1101, 5001, 100);
    capture.frame(CLIENT, ".", 1101, 5001, 100);
    let story = capture.story();
    assert_eq!(story.matches("Wireshark marks").count(), 1, "{story}");
    assert_told(
        &story,
        &[
            "Captured twice: the frame of packet 4 once more (same sequence number and IP identification). It was sent \
           once. Wireshark marks it Retransmission, but it is the same datagram.",
        ],
    );
}

#[test]
fn many_of_a_kind_are_summed_up_with_their_number_and_range() {
    let mut capture = Capture::open();
    capture.send(CLIENT, ".", 1001, 5001, 100);
    for _ in 0..40 {
        capture.wait(1000);
        capture.send(CLIENT, ".", 1001, 5001, 100);
    }
    let story = capture.story();
    assert_eq!(story.matches("Retransmission, time-out").count(), 3, "{story}");
    assert_told(&story, &["8 4.010007 → 37 more retransmissions after a time-out: up to packet 44"]);
    let mut json = Vec::new();
    write_flows_json(&mut json, &capture.pipeline.told(|_, _| true)).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let flow = &json["flows"][0];
    assert_eq!(flow["segments"].as_array().unwrap().len(), 3);
    assert_eq!(
        flow["segments"][0],
        serde_json::json!({
            "packet": 5, "time": "1.010005000", "from": "orig", "what": "retransmission after a time-out",
            "seq": 1, "payload_bytes": 100, "judgement": {
                "sure": "certain", "reason": "no acknowledgment asked for it", "original": 4,
                "since_original_ns": 1_000_001_000,
            },
        })
    );
    assert_eq!(
        flow["more_segments"],
        serde_json::json!([{
            "from": "orig", "what": "retransmission after a time-out", "count": 37, "first_packet": 8,
            "last_packet": 44,
        }])
    );
}

#[test]
fn a_closed_window_is_told_once_and_when_it_opens() {
    let mut capture = Capture::open();
    capture.send(CLIENT, ".", 1001, 5001, 1000);
    capture.window = 0;
    capture.send(SERVER, ".", 5001, 2001, 0);
    capture.wait(500);
    capture.window = 1000;
    capture.send(CLIENT, ".", 2001, 5001, 1);
    capture.window = 0;
    capture.send(SERVER, ".", 5001, 2001, 0);
    capture.wait(1000);
    capture.window = 700;
    capture.send(SERVER, ".", 5001, 2001, 0);
    let story = capture.story();
    assert_told(
        &story,
        &[
            "4 0.010003 → Window full: with bytes 1–1000 the window of the server is used up: the client must wait",
            "5 0.010004 ← Zero window: the receive buffer of the server is full",
            "Zero window probe: the client asks whether the server has room again.",
            "Window open again: room for 700 B after 1.5 s; closed by packet 5.",
        ],
    );
    assert_eq!(story.matches("Zero window:").count(), 1, "{story}");
}

#[test]
fn a_syn_again_says_what_had_become_of_the_first() {
    let mut unheard = Capture::new();
    unheard.send(CLIENT, "S", 1000, 0, 0);
    unheard.wait(1000);
    unheard.send(CLIENT, "S", 1000, 0, 0);
    assert_told(
        &unheard.story(),
        &[
            "SYN again: the same request, first sent in packet 1, 1 s before; no answer had reached the client.",
        ],
    );
    let mut refused = Capture::new();
    refused.send(CLIENT, "S", 1000, 0, 0);
    refused.send(SERVER, "R.", 0, 1001, 0);
    refused.wait(500);
    refused.send(CLIENT, "S", 1000, 0, 0);
    assert_told(
        &refused.story(),
        &["SYN again: the same request, although the RST in packet 2 had refused it."],
    );
}

#[test]
fn who_closes_first_waits_and_a_lost_capture_is_no_loss() {
    let mut capture = Capture::open();
    capture.send(CLIENT, ".", 1001, 5001, 100);
    capture.send(SERVER, ".", 5001, 1301, 0);
    capture.send(CLIENT, ".", 1301, 5001, 10);
    capture.send(SERVER, "F.", 5001, 1311, 0);
    capture.send(CLIENT, "F.", 1311, 5002, 0);
    capture.send(SERVER, ".", 5002, 1312, 0);
    assert_told(
        &capture.story(),
        &[
            "5 0.010004 ← ACK of unseen bytes: the server received bytes that are not in the capture",
            "Not in the capture: 200 bytes that the client sent",
            "The server closed first and waits in TIME-WAIT for 2 MSL (RFC 9293)",
        ],
    );
}

#[test]
fn the_headline_of_a_close_and_its_note_say_the_same() {
    let mut at_once = Capture::open();
    at_once.send(CLIENT, "F.", 1001, 5001, 0);
    at_once.send(SERVER, "F.", 5001, 1001, 0);
    at_once.send(CLIENT, ".", 1002, 5002, 0);
    at_once.send(SERVER, ".", 5002, 1002, 0);
    assert_told(
        &at_once.story(),
        &[
            "Closed in order, by both at once: neither had the other's FIN when it sent its own.",
            "4 0.010003 → FIN The client closes: it will send nothing more.",
            "Both closed at once, so both wait in TIME-WAIT",
        ],
    );
    let mut swapped = Capture::open();
    swapped.send(SERVER, "F.", 5001, 1002, 0);
    swapped.send(CLIENT, "F.", 1001, 5001, 0);
    swapped.send(CLIENT, ".", 1002, 5002, 0);
    assert_told(
        &swapped.story(),
        &[
            "Closed in order: the client closed first. Its FIN was captured late: packet 4, the server's, acknowledges it",
            "The client closed first and waits in TIME-WAIT",
        ],
    );
}

#[test]
fn what_the_other_end_ignores_is_told_beside_the_story_and_ends_nothing() {
    let mut capture = Capture::open();
    capture.send(SERVER, "R", 12_345_678, 0, 0);
    capture.send(SERVER, ".", 5001, 1001, 23);
    let story = capture.story();
    assert_told(
        &story,
        &[
            "Still open when the capture ended.",
            "Packet 4 carries a RST that the client must ignore (RFC 9293 section 3.10.7.4): its number lies 12339677 bytes \
             beyond the window of the client.",
        ],
    );
    assert!(!story.contains("after its sender had closed"), "{story}");
}

#[test]
fn a_damaged_segment_is_named_and_not_believed() {
    let mut capture = Capture::open();
    capture.damage = Some((33, 4)); // RST
    capture.send(CLIENT, ".", 1001, 5001, 100);
    capture.damage = Some((24, 0x40)); // its number
    capture.send(CLIENT, ".", 1001, 5001, 100);
    capture.damage = None;
    capture.wait(300);
    capture.send(CLIENT, ".", 1001, 5001, 100);
    capture.send(SERVER, ".", 5001, 1101, 0);
    let story = capture.story();
    assert_told(
        &story,
        &[
            "Still open when the capture ended.",
            "Packet 4 was damaged on the way: its checksum is wrong, and others of the client's are right. The server must \
             have dropped it, so nothing follows from its RST here.",
            "Packet 5 was damaged on the way",
            "100 bytes",
        ],
    );
    assert!(!story.contains("missing") && !story.contains("Not in the capture"), "{story}");
}

#[test]
fn a_beginning_that_is_not_captured_is_told_with_its_sides_the_right_way_round() {
    let mut capture = Capture::new();
    capture.send(SERVER, ".", 5001, 1001, 100);
    capture.wait(300);
    capture.send(SERVER, ".", 5001, 1001, 100);
    let story = capture.story();
    assert_told(&story, &["1 0.000000 ! Begins mid-stream:", "2 0.300001 → Retransmission, time-out"]);
    // The SYN shows who is who.
    capture.send(CLIENT, "S", 1000, 0, 0);
    let story = capture.story();
    assert_told(&story, &["client 192.0.2.1:40000", "2 0.300001 ← Retransmission, time-out"]);
}

#[test]
fn segments_that_no_link_carries_are_explained() {
    let big = |addresses| {
        let mut capture = Capture { addresses, ..Capture::new() };
        capture.send(CLIENT, ".", 1001, 5001, 20_000);
        capture.story()
    };
    assert_told(&big([[127, 0, 0, 1]; 2]), &["Segments of up to 20000 bytes are usual on loopback"]);
    assert_told(
        &big(Capture::new().addresses),
        &[
            "Segments of up to 20000 bytes of payload, more than a link carries: captured before the network card cut them",
        ],
    );
}

/// Captures whose first packet is of 1970 while the others have a clock.
#[test]
fn a_story_keeps_its_width_whatever_the_times_and_numbers_are() {
    let mut capture = Capture::new();
    capture.number = 99_999_990;
    capture.send(CLIENT, "S", 1000, 0, 0);
    capture.wait(1_500_000_000_000);
    capture.send(SERVER, "S.", 5000, 1001, 0);
    capture.send(CLIENT, ".", 1001, 5001, 0);
    capture.send(CLIENT, "P.", 1001, 5001, 100);
    let story = capture.lines();
    assert!(story.contains("\n99999992  1500000000.000001  ←  SYN-ACK"), "{story}");
    let widest = story.lines().map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|columns| columns <= 80), "{widest:?}: {story}");
}

#[test]
fn what_is_missing_is_told_with_what_became_of_it() {
    let mut capture = Capture::open();
    capture.send(CLIENT, ".", 1001, 5001, 100);
    capture.send(CLIENT, ".", 1201, 5001, 100);
    capture.send(SERVER, ".", 5001, 1301, 0);
    capture.send(CLIENT, ".", 1302, 5001, 100);
    for _ in 0..3 {
        capture.send(SERVER, ".", 5001, 1301, 0);
    }
    let story = capture.story();
    assert_told(
        &story,
        &[
            "Missing: bytes 101–200 of the client, between packets 4 and 5. Packet 6 acknowledges them: the capture \
             missed them, no loss.",
            "Missing: byte 301 of the client, between packets 5 and 7. The server asks for it up to packet 10: likely \
             lost on the way.",
        ],
    );
    // What comes late is told as late, and no longer missing.
    let mut late = Capture::open();
    late.send(CLIENT, ".", 1001, 5001, 100);
    late.send(CLIENT, ".", 1201, 5001, 100);
    late.send(CLIENT, ".", 1101, 5001, 100);
    assert!(!late.story().contains("Missing:"));
    let mut many = Capture::open();
    (0..9).for_each(|place| many.send(CLIENT, ".", 1101 + place * 200, 5001, 100));
    let story = many.story();
    assert_eq!(story.matches("No later ACK tells whether the server got them.").count(), 3);
    assert_told(&story, &["6 more gaps: up to packet 12"]);
}

#[test]
fn what_is_known_of_a_sender_tells_a_probe_from_a_time_out() {
    let mut capture = Capture::open();
    capture.send(CLIENT, ".", 1001, 5001, 100);
    capture.send(SERVER, ".", 5001, 1001, 0);
    capture.send(SERVER, ".", 5001, 1001, 0);
    capture.wait(900);
    capture.send(CLIENT, ".", 1001, 5001, 100);
    let story = capture.story();
    assert!(!story.contains("none asked for it"), "{story}");
    assert_told(&story, &["2 duplicate ACKs had asked for it (packets 5–6), but none for 900 ms."]);
}

#[test]
fn an_ack_captured_before_what_it_acknowledges_is_no_miss_of_the_capture() {
    let swapped =
        "ACK of unseen bytes: the server acknowledges what the client sent and the capture has only later";
    // The FIN of the client behind its ACK.
    let mut capture = Capture::open();
    capture.send(CLIENT, ".", 1001, 5001, 100);
    capture.send(SERVER, ".", 5001, 1102, 0);
    capture.send(CLIENT, "F.", 1101, 5001, 0);
    let story = capture.story();
    assert_told(&story, &[swapped]);
    assert!(!story.contains("the capture missed them"), "{story}");
    // Bytes likewise.
    let mut capture = Capture::open();
    capture.send(SERVER, ".", 5001, 1101, 0);
    capture.send(CLIENT, ".", 1001, 5001, 100);
    assert_told(&capture.story(), &[swapped]);
    // What never comes was missed.
    let mut capture = Capture::open();
    capture.send(SERVER, ".", 5001, 1101, 0);
    assert_told(&capture.story(), &["bytes that are not in the capture: the capture missed them, no loss."]);
}
