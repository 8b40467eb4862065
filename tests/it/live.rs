//! Live capture of our own traffic on loopback. Where the machine does not permit it, a test says `skipped:`.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use crate::skip::skip;
use wirelab::source::{
    Access, CLOSE_LINGER, CapturedPacket, Interrupt, LinkType, LiveError, LiveOptions, LiveSource, Next,
    PacketSource, Progress, SaveFormat, Savefile, SavefileWriter, StopCause, StopRule, TICK, devices,
};

/// Longest a test may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);

/// The loopback interface with `filter`, or `None`, said aloud, where this machine does not permit it.
fn loopback(filter: &str, buffer: Option<u32>) -> Option<LiveSource> {
    let name = devices().unwrap().into_iter().find(|device| device.loopback && device.up)?.name;
    let mut options = LiveOptions { filter: Some(filter.to_owned()), ..LiveOptions::default() };
    options.buffer = buffer.unwrap_or(options.buffer);
    match LiveSource::open(&name, &options) {
        Ok(source) => Some(source),
        Err(LiveError::Permission { .. }) => {
            skip("live capture", "it needs CAP_NET_RAW or root");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Two UDP sockets on loopback that know each other.
fn pair() -> (UdpSocket, UdpSocket) {
    let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    a.connect(b.local_addr().unwrap()).unwrap();
    b.connect(a.local_addr().unwrap()).unwrap();
    (a, b)
}

fn port(socket: &UdpSocket) -> u16 {
    socket.local_addr().unwrap().port()
}

/// Captures until `rule` is met; gives each packet to `see`.
fn run(
    source: &mut LiveSource,
    rule: &StopRule,
    interrupt: &Interrupt,
    mut see: impl FnMut(&CapturedPacket<'_>),
) -> (StopCause, Progress) {
    let started = Instant::now();
    let mut progress = Progress::default();
    loop {
        match source.next_packet().unwrap() {
            Next::Packet(packet, _) => {
                see(&packet);
                progress.packets = packet.number;
            }
            Next::Tick => {}
            Next::End => panic!("a live capture has no end"),
        }
        progress.elapsed = started.elapsed();
        progress.interrupted = interrupt.is_set();
        if let Some(cause) = rule.met_by(&progress) {
            return (cause, progress);
        }
        assert!(progress.elapsed < PATIENCE, "still capturing after {PATIENCE:?}: {progress:?}");
    }
}

#[test]
fn each_datagram_is_seen_once_and_whole() {
    let (a, b) = pair();
    let Some(mut source) = loopback(&format!("udp port {}", port(&b)), None) else { return };
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    for number in 0..50_u8 {
        a.send(&[number; 200]).unwrap();
        b.send(&[number; 3]).unwrap();
    }
    let mut seen = Vec::new();
    let rule = StopRule { duration: Some(Duration::from_millis(500)), ..StopRule::default() };
    run(&mut source, &rule, &Interrupt::default(), |packet| {
        let ts = u128::try_from(packet.ts.unwrap().as_nanos()).unwrap();
        // The kernel's clock for packets may be a tick behind the one that was asked.
        assert!(ts + 20_000_000 > before && ts < before + PATIENCE.as_nanos(), "{ts} after {before}");
        assert_eq!(packet.data.len(), usize::try_from(packet.wire_len).unwrap());
        // Loopback has Ethernet headers on Linux, 4 bytes of protocol family elsewhere.
        let link = if cfg!(target_os = "linux") { 14 } else { 4 };
        seen.push((packet.number, packet.data.len() - link - 28, *packet.data.last().unwrap()));
    });
    let expected: Vec<_> =
        (0..50_u8).flat_map(|n| [(u64::from(n) * 2 + 1, 200, n), (u64::from(n) * 2 + 2, 3, n)]).collect();
    assert_eq!(seen, expected);
    let stats = source.stats().unwrap();
    assert_eq!((stats.received, stats.dropped_by_kernel), (100, 0));
}

#[test]
fn the_number_of_packets_stops_exactly() {
    let (a, b) = pair();
    let Some(mut source) = loopback(&format!("udp port {}", port(&b)), None) else { return };
    for _ in 0..20 {
        a.send(b"one of twenty").unwrap();
    }
    let rule = StopRule { packets: Some(7), ..StopRule::default() };
    let mut count = 0;
    let (cause, _) = run(&mut source, &rule, &Interrupt::default(), |_| count += 1);
    assert_eq!((cause, count), (StopCause::Packets(7), 7));
}

#[test]
fn a_snaplen_cuts_and_keeps_the_length_on_the_wire() {
    let (a, b) = pair();
    let Some(source) = loopback("udp", None) else { return };
    let options = LiveOptions {
        snaplen: 60,
        filter: Some(format!("udp port {} and greater 1000", port(&b))),
        ..LiveOptions::default()
    };
    let mut source = LiveSource::open(source.device(), &options).unwrap();
    a.send(&[1; 100]).unwrap();
    a.send(&[2; 1200]).unwrap();
    let rule = StopRule { packets: Some(1), ..StopRule::default() };
    run(&mut source, &rule, &Interrupt::default(), |packet| {
        assert_eq!(packet.data.len(), 60);
        assert!(packet.is_snapped() && packet.wire_len > 1200);
    });
    assert_eq!(source.interfaces()[0].snaplen, 60);
}

#[test]
fn a_quiet_line_stops_on_time() {
    let (_, b) = pair();
    let Some(mut source) = loopback(&format!("udp port {}", port(&b)), None) else { return };
    let limit = Duration::from_millis(300);
    let rule = StopRule { duration: Some(limit), ..StopRule::default() };
    let (cause, progress) = run(&mut source, &rule, &Interrupt::default(), |_| panic!("nothing was sent"));
    assert_eq!(cause, StopCause::Duration(limit));
    assert!(progress.elapsed < limit + TICK * 6, "{:?}", progress.elapsed);
}

#[test]
fn a_closed_flow_stops_a_quiet_line() {
    let (_, b) = pair();
    let Some(mut source) = loopback(&format!("udp port {}", port(&b)), None) else { return };
    let rule = StopRule { flow_closed: true, ..StopRule::default() };
    let started = Instant::now();
    let mut progress = Progress { closed_at: Some(Duration::ZERO), ..Progress::default() };
    while rule.met_by(&progress).is_none() {
        assert!(matches!(source.next_packet().unwrap(), Next::Tick));
        progress.elapsed = started.elapsed();
        assert!(progress.elapsed < PATIENCE);
    }
    assert!(progress.elapsed < CLOSE_LINGER + TICK * 6, "{:?}", progress.elapsed);
}

#[test]
fn a_single_packet_is_seen_soon() {
    let (a, b) = pair();
    let Some(mut source) = loopback(&format!("udp port {}", port(&b)), None) else { return };
    let rule = StopRule { packets: Some(1), ..StopRule::default() };
    // Long enough for the source to be waiting when the packet comes.
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(120));
        a.send(b"hello").unwrap();
        Instant::now()
    });
    let mut seen = None;
    run(&mut source, &rule, &Interrupt::default(), |_| seen = Some(Instant::now()));
    let waited = seen.unwrap().saturating_duration_since(sender.join().unwrap());
    // 20 ms on an idle machine; the tests share theirs.
    assert!(waited < Duration::from_millis(300), "{waited:?}");
}

#[test]
fn an_interrupt_keeps_what_was_gathered() {
    let (a, b) = pair();
    let Some(mut source) = loopback(&format!("udp port {}", port(&b)), None) else { return };
    let interrupt = Interrupt::default();
    let pressed = interrupt.clone();
    let sender = std::thread::spawn(move || {
        for _ in 0..5 {
            a.send(b"before Ctrl-C").unwrap();
        }
        std::thread::sleep(Duration::from_millis(200));
        pressed.set();
    });
    let mut count = 0;
    let (cause, progress) = run(&mut source, &StopRule::default(), &interrupt, |_| count += 1);
    sender.join().unwrap();
    assert_eq!((cause, count, progress.packets), (StopCause::Interrupted, 5, 5));
}

#[test]
fn losses_are_counted() {
    let (a, b) = pair();
    // Nobody reads while 20,000 datagrams arrive: the smallest buffer cannot hold them.
    let Some(mut source) = loopback(&format!("udp port {}", port(&b)), Some(1 << 20)) else { return };
    const SENT: u32 = 20_000;
    for _ in 0..SENT {
        // The receiving socket's own queue overflows, which is none of our business.
        a.send(&[0; 200]).unwrap();
    }
    let rule = StopRule { duration: Some(Duration::from_millis(500)), ..StopRule::default() };
    let mut count = 0;
    run(&mut source, &rule, &Interrupt::default(), |_| count += 1);
    let stats = source.stats().unwrap();
    // libpcap also counts what came between opening and the filter: other tests use this interface too.
    assert!(stats.received >= SENT, "{stats:?}");
    assert!(stats.dropped_by_kernel > 0, "{stats:?}");
    assert_eq!(count + stats.dropped_by_kernel, SENT, "{stats:?}");
    assert!(stats.lost() >= stats.dropped_by_kernel);
}

#[test]
fn what_cannot_be_captured_says_why() {
    let Some(source) = loopback("udp", None) else { return };
    let open = |device: &str, options: LiveOptions| {
        LiveSource::open(device, &options).map(|_| ()).unwrap_err().to_string()
    };
    let error = open("nosuch17", LiveOptions::default());
    assert!(error.starts_with("there is no interface \"nosuch17\" here"), "{error}");
    assert!(open("Lo", LiveOptions::default()).contains("did you mean lo"));
    let filter = |text: &str| LiveOptions { filter: Some(text.to_owned()), ..LiveOptions::default() };
    assert!(open(source.device(), filter("tcp.port == 80")).contains("use -Y"));
    let options = LiveOptions { snaplen: u32::MAX, ..LiveOptions::default() };
    assert!(open(source.device(), options).contains("out of range"));
    assert!(open("dbus-system", LiveOptions::default()).contains("network interfaces only"));
}

#[test]
fn interfaces_say_whether_they_can_be_captured() {
    let Some(source) = loopback("udp", None) else { return };
    let all = devices().unwrap();
    let found = all.iter().find(|device| device.name == source.device()).unwrap();
    assert!(found.loopback && found.up && found.addresses.iter().any(std::net::IpAddr::is_loopback));
    let link = if cfg!(target_os = "linux") { LinkType::ETHERNET } else { LinkType::NULL };
    assert_eq!(found.access(), Access::Yes { link });
    for device in all {
        match device.access() {
            Access::NoPermission => panic!("{device:?} although capturing is permitted"),
            Access::Down => assert!(!device.up, "{device:?}"),
            _ => {}
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_listener_on_this_host_means_loopback() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let choice = wirelab::source::choose(&[port]).unwrap();
    assert_eq!(choice.reason, wirelab::source::ChoiceReason::Listener { port, tcp: true });
    assert!(devices().unwrap().iter().any(|device| device.loopback && device.name == choice.device));
}

#[test]
fn what_is_saved_while_capturing_reads_back_the_same() {
    let (a, b) = pair();
    for format in [SaveFormat::Pcap, SaveFormat::Pcapng] {
        let Some(mut source) = loopback(&format!("udp port {}", port(&b)), None) else { return };
        let interface = source.interfaces()[0].clone();
        let mut writer = SavefileWriter::new(Vec::new(), format).nanoseconds(true);
        for size in [0, 1, 200, 9000] {
            a.send(&vec![7; size]).unwrap();
        }
        let mut seen = Vec::new();
        let rule = StopRule { packets: Some(4), ..StopRule::default() };
        run(&mut source, &rule, &Interrupt::default(), |packet| {
            writer.write(packet, &interface).unwrap();
            seen.push((packet.ts, packet.wire_len, packet.data.to_vec()));
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved");
        std::fs::write(&path, writer.finish(interface.link).unwrap()).unwrap();
        let mut file = Savefile::open(&path).unwrap();
        let mut read = Vec::new();
        while let Next::Packet(packet, _) = file.next_packet().unwrap() {
            read.push((packet.ts, packet.wire_len, packet.data.to_vec()));
        }
        assert_eq!(read, seen);
        assert_eq!(file.interfaces()[0].link, interface.link);
    }
}
