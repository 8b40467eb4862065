//! A server that splits its replies, and a client that takes half an answer for the whole, as two programs.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use crate::program::{Ended, PATIENCE, command, wirelab};

#[test]
fn a_client_that_takes_half_an_answer_for_the_whole_is_told() {
    let mut serve = command(&["serve", "calculator", "--fault", "split-writes", "--port", "0"]);
    let child = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut server = Ended(child);
    let mut line = String::new();
    let mut said = BufReader::new(server.0.stderr.take().unwrap());
    said.read_line(&mut line).unwrap();
    let port = line.trim().strip_prefix("listening on 127.0.0.1:").and_then(|rest| rest.split(' ').next());
    let port = port.unwrap_or_else(|| panic!("{line:?}"));
    let sums = ["--say", "Ann", "--say", "12 + 42", "--say", "100 + 11", "--say", "2 + 2"];
    let end = Instant::now() + PATIENCE;
    // Where the machine is so busy that all pieces wait for the client, none is half an answer.
    loop {
        let output =
            wirelab(&[&["client", "calculator", "--port", port], &sums[..]].concat()).output().unwrap();
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let note = "half an answer was taken for the whole: `";
        if text.contains(note) {
            assert_eq!(text.matches(note).count(), 1, "{text}");
            assert!(text.contains("TCP carries bytes, not messages"), "{text}");
            return;
        }
        assert!(Instant::now() < end, "{text}");
    }
}
