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

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let root = socket.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok((len, from)) = socket.recv_from(&mut bytes) {
            // An alias to a name of escapes, quotes, a dot and a backslash.
            let mut reply = bytes[..len - 11].to_vec();
            (reply[2], reply[3], reply[7], reply[11]) = (0x84, 0, 1, 0);
            let name = b"\x08\x1b[2J\x07\"\x00\xff\x03.\\\n\x00";
            reply.extend(b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0");
            reply.push(u8::try_from(name.len()).unwrap());
            reply.extend(name);
            socket.send_to(&reply, from).unwrap();
        }
    });
    let name = r"\027]0;x\007.\255\..edu";
    for option in ["--json", "--ladder", "--seed=1", "--dig", "--dnssec"] {
        let run = run(&["trace", name, "--root", &root, "--max-queries", "8", option]);
        let control = run.out.chars().find(|&char| char != '\t' && crate::cut::controls(char));
        assert_eq!(control, None, "{option}: {:?}", run.out);
        assert!(run.out.contains("027"), "{option}: {}", run.out);
    }
}
