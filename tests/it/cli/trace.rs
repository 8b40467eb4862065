//! `trace`: what is refused before any packet, and a server of this machine.

use std::net::UdpSocket;
use std::thread;

use super::run;

#[test]
fn servers_of_the_internet_are_refused_here() {
    // The tests run with WIRELAB_LOCAL_ONLY=1.
    for args in [&["trace", "www.nyu.edu"][..], &["trace", "www.nyu.edu", "--root", "192.0.2.1"]] {
        let run = run(args);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(
            run.err.contains("is not a loopback address") && run.err.contains("hint: --root"),
            "{}",
            run.err
        );
    }
}

#[test]
fn a_server_of_this_machine_is_asked() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let root = socket.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok((len, from)) = socket.recv_from(&mut bytes) {
            // The question again, without EDNS, as an answer with authority: NXDOMAIN.
            let mut reply = bytes[..len - 11].to_vec();
            (reply[2], reply[3], reply[11]) = (0x84, 3, 0);
            socket.send_to(&reply, from).unwrap();
        }
    });
    for (option, wanted) in [
        ("--json", "\"ending\": \"nxdomain\""),
        ("--ladder", "NXDOMAIN"),
        ("--seed=1", "NXDOMAIN, authoritative: the name does not exist"),
        ("--dig", ";; Received 24 bytes from 127.0.0.1#"),
    ] {
        let run = run(&["trace", "no.edu", "AAAA", "--root", &root, option]);
        assert_eq!((run.code, run.err.as_str()), (Some(1), ""), "{option}");
        assert!(run.out.contains(wanted), "{option}: {}", run.out);
    }
}

#[test]
fn wrong_arguments_are_told() {
    for (args, wanted) in [
        (&["trace", "a..b"][..], "a label is empty"),
        (&["trace", "a.b", "NOTYPE"], "no record type"),
        (&["trace", "a.b", "--root", "localhost"], "is no address"),
    ] {
        let run = run(args);
        assert_eq!(run.code, Some(2));
        assert!(run.err.contains(wanted), "{}", run.err);
    }
}
