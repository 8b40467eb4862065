//! Our servers and clients with the other side written as the course writes it: one send, one recv(1024).

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use super::{PATIENCE, Running, V4, say};
use crate::skip::skip;

const TCP_CLIENT: &str = "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.settimeout(20)
s.connect(('127.0.0.1', int(sys.argv[1])))
s.send(sys.argv[2].encode())
print(s.recv(1024).decode())
s.close()
";

const UDP_CLIENT: &str = "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.sendto(sys.argv[2].encode(), ('127.0.0.1', int(sys.argv[1])))
print(s.recvfrom(1024)[0].decode())
s.close()
";

const TCP_SERVER: &str = "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.settimeout(20)
s.bind(('127.0.0.1', 0))
s.listen(1)
print(s.getsockname()[1], flush=True)
c, a = s.accept()
c.send(c.recv(1024).decode().upper().encode())
c.close()
";

const UDP_SERVER: &str = "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
m, a = s.recvfrom(1024)
s.sendto(m.decode().upper().encode(), a)
";

/// Python with that program, its standard output piped, or `None` where there is no Python.
pub(super) fn python(program: &str, arguments: &[&str]) -> Option<Child> {
    let mut command = Command::new("python3");
    command.args(["-c", program]).args(arguments).stdout(Stdio::piped());
    match command.spawn() {
        Ok(child) => Some(child),
        Err(error) => {
            skip("labs against Python programs", &format!("python3 cannot be run ({error})"));
            None
        }
    }
}

/// A Python server that has told its port.
pub(super) struct PythonServer {
    child: Child,
    pub(super) address: SocketAddr,
}

impl PythonServer {
    /// Waits for its end, which must be a good one.
    #[track_caller]
    pub(super) fn end(mut self) {
        assert!(self.child.wait().unwrap().success());
    }
}

/// A Python program that prints the port it listens on.
pub(super) fn python_server(program: &str, arguments: &[&str]) -> Option<PythonServer> {
    let mut child = python(program, arguments)?;
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    Some(PythonServer { child, address: SocketAddr::new(V4, port.trim().parse().unwrap()) })
}

#[test]
fn a_course_client_gets_its_answer() {
    for (name, program, said, answer) in [
        ("knock", TCP_CLIENT, "Knock knock..", "Who's there?\n"),
        ("uppercase-tcp", TCP_CLIENT, "hey, é\r\n", "HEY, É\n"),
        ("uppercase-udp", UDP_CLIENT, "hey, é", "HEY, É\n"),
        ("greeting", UDP_CLIENT, "hello", "Ok\n"),
    ] {
        let server = Running::start(name);
        let Some(child) = python(program, &[&server.address.port().to_string(), said]) else { return };
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{name}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), answer, "{name}");
    }
}

#[test]
fn our_client_gets_a_course_server_s_answer() {
    for (name, program) in [("uppercase-tcp", TCP_SERVER), ("uppercase-udp", UDP_SERVER)] {
        let Some(mut child) = python(program, &[]) else { return };
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let server = SocketAddr::new(V4, port.trim().parse().unwrap());
        let talk = say(name, server, &["hey, é".as_bytes()], PATIENCE);
        assert!(talk.result.is_ok(), "{name}: {:?}", talk.result);
        assert_eq!(talk.replies, ["HEY, É".as_bytes()], "{name}");
        assert!(child.wait().unwrap().success(), "{name}");
    }
}
