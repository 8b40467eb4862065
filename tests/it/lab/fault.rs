//! Servers over TCP that do something wrong on purpose.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use wirelab::lab::{self, Ending, Event, Fault, LabError, Limits, Misdeed, Note, Policy, Server, Settings};

use super::{PATIENCE, Running, V4, say};

fn serve(fault: Fault) -> Running {
    let settings = Settings { fault: Some(fault), pace: 0.2, ..Settings::default() };
    Running::serving("uppercase-tcp", V4, Limits::default(), &settings)
}

/// What a server's log says that it did wrong.
fn misdeeds(events: &[Event]) -> Vec<Misdeed> {
    let misdeed = |event: &Event| match event {
        Event::Noted { note: Note::Misdeed(misdeed), .. } => Some(*misdeed),
        _ => None,
    };
    events.iter().filter_map(misdeed).collect()
}

fn is_misdeed(is: impl Fn(&Misdeed) -> bool) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Noted { note: Note::Misdeed(misdeed), .. } if is(misdeed))
}

fn connect(server: &Running) -> TcpStream {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn no_fin_keeps_a_closed_connection_open_beyond_the_end_of_the_server() {
    let server = serve(Fault::NoFin);
    let mut stream = connect(&server);
    stream.write_all(b"hey").unwrap();
    let mut answer = [0; 10];
    assert_eq!(stream.read(&mut answer).unwrap(), 3);
    stream.shutdown(Shutdown::Write).unwrap();
    server.wait_for(1, is_misdeed(|misdeed| *misdeed == Misdeed::NotClosed { first: false }));
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let error = stream.read(&mut answer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "no FIN came");
    let begun = Instant::now();
    server.stop().unwrap();
    assert!(begun.elapsed() < PATIENCE / 2);
    let error = stream.read(&mut answer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "nor when the server stops");
}

#[test]
fn reset_ends_a_reply_in_its_middle() {
    let server = serve(Fault::Reset);
    let mut stream = connect(&server);
    stream.write_all(b"hey there!").unwrap();
    let mut heard = Vec::new();
    let error = stream.read_to_end(&mut heard).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(b"HEY T".starts_with(&heard), "{heard:?}");
    server.wait_for(1, |event| matches!(event, Event::Closed { ending: Ending::ByUs, .. }));
    let told = misdeeds(&server.log());
    assert_eq!(told[1..], [Misdeed::CutOff { sent: 5, of: 10 }], "{told:?}");
}

#[test]
fn no_fin_keeps_a_connection_open_that_the_server_is_to_close_first() {
    for (name, question, end) in
        [("chatbot-tcp", b"Goodbye".as_slice(), "Goodbye! Talk soon!"), ("file-transfer", b"SECRET_KEY", "")]
    {
        let settings = Settings { fault: Some(Fault::NoFin), pace: 0.2, ..Settings::default() };
        let server = Running::serving(name, V4, Limits::default(), &settings);
        let mut stream = connect(&server);
        stream.write_all(question).unwrap();
        server.wait_for(1, is_misdeed(|misdeed| *misdeed == Misdeed::NotClosed { first: true }));
        let mut heard = Vec::new();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let error = stream.read_to_end(&mut heard).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{name}: no FIN came");
        assert!(heard.ends_with(end.as_bytes()) && !heard.is_empty(), "{name}: {heard:?}");
        let told = misdeeds(&server.log());
        assert_eq!(told[0], Misdeed::Begins { fault: Fault::NoFin, buffer: None }, "{name}");
        let kept = |misdeed: &Misdeed| matches!(misdeed, Misdeed::KeptOpen { by } if !by.is_zero());
        assert!(told.len() == 3 && told.last().is_some_and(kept), "{name}: {told:?}");
    }
}

#[test]
fn a_small_buffer_is_told_as_the_system_gave_it() {
    for (fault, is_small) in [(Fault::TinyWindow, true), (Fault::SlowReader, true), (Fault::Reset, false)] {
        let told = misdeeds(&serve(fault).log());
        let Some(Misdeed::Begins { fault: own, buffer }) = told.first().copied() else { panic!("{told:?}") };
        assert_eq!((own, buffer.is_some()), (fault, is_small), "{fault}");
        assert!(buffer.is_none_or(|bytes| (1..16_384).contains(&bytes)), "{fault}: {buffer:?}");
    }
}

#[test]
fn split_writes_come_as_several_pieces_that_make_the_reply() {
    let server = serve(Fault::SplitWrites);
    let mut stream = connect(&server);
    stream.write_all(b"sixteen letters!").unwrap();
    let (mut heard, mut pieces) = (Vec::<u8>::new(), 0);
    while heard.len() < 16 {
        let mut piece = [0; 100];
        let length = stream.read(&mut piece).unwrap();
        heard.extend(&piece[..length]);
        pieces += 1;
    }
    assert_eq!(heard, b"SIXTEEN LETTERS!");
    assert!(pieces > 1);
    server.wait_for(8, |event| matches!(event, Event::Sent { bytes, .. } if bytes.len() == 2));
    let told = misdeeds(&server.log());
    assert_eq!(told[1..], [Misdeed::Split { bytes: 16, pieces: 8 }], "{told:?}");
}

#[test]
fn a_slow_reader_and_a_tiny_window_hold_a_sender_up() {
    for fault in [Fault::SlowReader, Fault::TinyWindow] {
        let server = serve(fault);
        let mut stream = connect(&server);
        stream.write_all(&[b'a'; 20_000]).unwrap();
        let mut heard = 0;
        while heard < 20_000 {
            heard += stream.read(&mut [0; 65_536]).unwrap();
        }
        assert_eq!(heard, 20_000);
        drop(stream);
        let events = server.log();
        let lengths = events.iter().filter_map(|event| match event {
            Event::Received { bytes, .. } => Some(bytes.len()),
            _ => None,
        });
        let most = lengths.max().unwrap();
        assert!(most < 8_000, "{fault}: {most} bytes were there at once");
    }
}

#[test]
fn a_talk_of_short_messages_goes_on_with_most_faults() {
    for fault in [Fault::NoFin, Fault::TinyWindow, Fault::SlowReader] {
        let server = serve(fault);
        let talk = say("uppercase-tcp", server.address, &[b"one", b"two"], PATIENCE);
        assert!(talk.result.is_ok(), "{fault}: {:?}", talk.result);
        assert_eq!(talk.replies, [b"ONE", b"TWO"], "{fault}");
    }
}

#[test]
fn a_room_takes_no_fault() {
    for fault in Fault::ALL {
        let settings = Settings { fault: Some(fault), ..Settings::default() };
        let chat = lab::find("chat").unwrap();
        let error = Server::bind(chat, (V4, 0).into(), &settings, Policy::LocalOnly).err().unwrap();
        assert!(matches!(error, LabError::Setting { option: "--fault", .. }), "{error}");
        assert!(error.to_string().starts_with(&format!("--fault {fault}: a room ")), "{error}");
    }
}
