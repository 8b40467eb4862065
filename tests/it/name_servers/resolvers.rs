//! The stub and the recursive resolver of `serve dns`, asked by other people's programs.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Instant;

use super::{Servers, has, servers};
use crate::program::PATIENCE;

/// Both, by the words of their lines.
const RESOLVERS: [&str; 2] = ["stub resolver", "recursive resolver"];

/// What a program prints once it has all of `wanted`. A resolver on a busy machine may give up at first.
#[track_caller]
fn says(servers: &Servers, program: &str, server: &str, args: &[&str], wanted: &[&str]) -> String {
    let begin = Instant::now();
    loop {
        let text = servers.run(program, server, args);
        if wanted.iter().all(|words| text.contains(words)) {
            return text;
        }
        assert!(begin.elapsed() < PATIENCE, "{program} {args:?} at the {server}: {wanted:?} in {text}");
    }
}

#[test]
fn dig_kdig_and_drill_are_answered() {
    let Some(servers) = servers() else { return };
    for program in ["dig", "kdig", "drill"] {
        if !has(program) {
            continue;
        }
        for server in RESOLVERS {
            let says = |args: &[&str], wanted: &[&str]| says(&servers, program, server, args, wanted);
            says(&["www.nyu.edu", "A"], &["192.0.2.121", "NOERROR"]);
            says(&["www.nyu.edu", "AAAA"], &["NOERROR", "nyu.edu."]);
            says(&["away.lab.edu", "A"], &["CNAME", "www.nyu.edu.", "192.0.2.121"]);
            says(&["no.signed.edu", "A"], &["NXDOMAIN", "SOA"]);
            says(&["www.glueless.lab.edu", "A"], &["192.0.2.161"]);
            says(&["www.bogus.edu", "A"], &["SERVFAIL"]);
        }
    }
    for (program, secure, error) in
        [("dig", "flags: qr rd ra ad", "EDE: 6 (DNSSEC Bogus)"), ("kdig", "Flags: qr rd ra ad", "SERVFAIL")]
    {
        if !has(program) {
            continue;
        }
        for server in RESOLVERS {
            let says = |args: &[&str], wanted: &[&str]| says(&servers, program, server, args, wanted);
            says(&["+dnssec", "www.signed.edu", "A"], &[secure, "RRSIG", "192.0.2.131"]);
            let insecure = says(&["+dnssec", "www.nyu.edu", "A"], &["192.0.2.121"]);
            assert!(!insecure.contains(secure), "{insecure}");
            says(&["+edns", "www.bogus.edu", "A"], &[error]);
            let unchecked = says(&["+cdflag", "www.bogus.edu", "A"], &["192.0.2.141", "NOERROR"]);
            assert!(!unchecked.contains(secure), "{unchecked}");
            // Too long for a datagram: the program asks again over TCP.
            says(&["big.lab.edu", "TXT"], &["7: The longest datagram", "TCP"]);
        }
    }
}

#[test]
fn delv_validates_through_a_resolver() {
    let Some(servers) = servers() else { return };
    if !has("delv") {
        return;
    }
    let anchors = servers.folder.path().join("root.anchors");
    for server in RESOLVERS {
        for (name, said) in [
            ("www.signed.edu", "; fully validated\nwww.signed.edu."),
            ("a.wild.signed.edu", "; fully validated"),
            ("no.signed.edu", "; negative response, fully validated"),
            ("www.nyu.edu", "; unsigned answer\nwww.nyu.edu."),
        ] {
            says(&servers, "delv", server, &["-a", anchors.to_str().unwrap(), "+root=.", name, "A"], &[said]);
        }
        let args = ["-a", anchors.to_str().unwrap(), "+root=.", "www.bogus.edu", "A"];
        let text = says(&servers, "delv", server, &args, &["resolution failed"]);
        assert!(!text.contains("fully validated"), "{text}");
    }
}

#[test]
fn resolvers_survive_what_is_no_query() {
    let Some(servers) = servers() else { return };
    for server in RESOLVERS {
        let at: SocketAddr = format!("{}:{}", servers.at(server), servers.port).parse().unwrap();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.connect(at).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        for length in [0, 1, 11, 100, 1_000, 60_000] {
            socket.send(&vec![0x80; length]).unwrap();
        }
        // A header alone is a query that cannot be read: the next answer is to it, and all before it had none.
        socket.send(b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0").unwrap();
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!((length, &buffer[..2], buffer[3] & 0xf), (12, &b"\x12\x34"[..], 1), "{server}");
        // Connections that are cut, that promise more than comes, and one that is closed on.
        for bytes in [&b"\0"[..], b"\0\x0c\x12\x34", b"\xff\xff\0\0"] {
            TcpStream::connect(at).unwrap().write_all(bytes).unwrap();
        }
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"\0\x0c\x12\x35\x01\0\0\x01\0\0\0\0\0\0").unwrap();
        let mut answer = [0; 14];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer[..4], b"\0\x0c\x12\x35", "{server}");
    }
}

#[test]
fn who_asks_what_is_known_does_not_wait_for_who_asks_what_takes_long() {
    const SLOW: u16 = 100;
    let Some(servers) = servers() else { return };
    let [stub, recursive]: [SocketAddr; 2] =
        RESOLVERS.map(|server| format!("{}:{}", servers.at(server), servers.port).parse().unwrap());
    let query = |id: u16, name: &str| {
        let mut bytes = [&id.to_be_bytes()[..], b"\x01\0\0\x01\0\0\0\0\0\0"].concat();
        for label in name.split('.') {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend(label.bytes());
        }
        bytes.extend(b"\0\0\x01\0\x01");
        bytes
    };
    let client = |server: SocketAddr| {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.connect(server).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    };
    let answer = |socket: &UdpSocket| {
        let mut buffer = [0; 512];
        socket.recv(&mut buffer).unwrap();
        (u16::from_be_bytes([buffer[0], buffer[1]]), buffer[3] & 0xf)
    };
    let begin = Instant::now();
    let known = client(recursive);
    loop {
        // A busy machine may make it give up at first.
        known.send(&query(1, "www.nyu.edu")).unwrap();
        if answer(&known) == (1, 0) {
            break;
        }
        assert!(begin.elapsed() < PATIENCE);
    }
    // No server of this zone answers: each of these takes seconds.
    let slow = client(recursive);
    for id in 0..SLOW {
        slow.send(&query(id, &format!("x{id}.dead.lab.edu"))).unwrap();
    }
    for server in [recursive, stub] {
        let client = client(server);
        client.send(&query(7, "www.nyu.edu")).unwrap();
        assert_eq!(answer(&client), (7, 0), "{server}");
    }
    // Nobody is left without an answer.
    let mut answered: Vec<(u16, u8)> = (0..SLOW).map(|_| answer(&slow)).collect();
    answered.sort_unstable();
    assert_eq!(answered, (0..SLOW).map(|id| (id, 2)).collect::<Vec<_>>());
}
