//! Servers over TCP that do something wrong on purpose.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use wirelab::lab::{self, Ending, Event, Fault, LabError, Limits, Policy, Server, Settings};

use super::{PATIENCE, Running, V4, say};

fn serve(fault: Fault) -> Running {
    let settings = Settings { fault: Some(fault), pace: 0.2, ..Settings::default() };
    Running::serving("uppercase-tcp", V4, Limits::default(), &settings)
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
    server.wait_for(1, |event| matches!(event, Event::Noted { .. }));
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
