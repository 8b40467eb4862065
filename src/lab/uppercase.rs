//! `uppercase-tcp` and `uppercase-udp`: the same service over both transports, to compare them.

use super::{Action, Lab, Stateless, Transport, client, say, without_line_end};

const PORT: u16 = 12_000;
const MESSAGES: &[&str] = &["hey, I am khushei from 5f."];

/// Instead of an answer that no datagram carries.
const TOO_LONG: &str = "Not sent: in capitals this has more bytes than a datagram carries.";

pub(super) static TCP: Lab = Lab {
    name: "uppercase-tcp",
    title: "a sentence comes back in capitals, over TCP",
    transport: Transport::Tcp,
    default_port: PORT,
    messages: MESSAGES,
    options: &[],
    logic: |_| Stateless::logic(respond),
    client: client::take_turns,
};

pub(super) static UDP: Lab = Lab {
    name: "uppercase-udp",
    title: "a sentence comes back in capitals, over UDP",
    transport: Transport::Udp,
    default_port: PORT,
    messages: MESSAGES,
    options: &[],
    logic: |_| Stateless::logic(respond_in_a_datagram),
    client: client::take_turns,
};

fn respond(message: &[u8]) -> Vec<Action> {
    say(in_capitals(message))
}

fn respond_in_a_datagram(message: &[u8]) -> Vec<Action> {
    let answer = in_capitals(message);
    if answer.len() > client::MAX_SAID { say(TOO_LONG) } else { say(answer) }
}

/// Capitals by Unicode's rules (`ß` becomes `SS`), so the answer can be up to three times as long. Bytes that
/// are not UTF-8 come back unchanged between the text that is: also half a character, where a sentence was
/// cut by the end of a segment.
fn in_capitals(message: &[u8]) -> Vec<u8> {
    let mut answer = Vec::with_capacity(message.len());
    for chunk in without_line_end(message).utf8_chunks() {
        answer.extend_from_slice(chunk.valid().to_uppercase().as_bytes());
        answer.extend_from_slice(chunk.invalid());
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &[u8], answer: &[u8]) {
        assert_eq!(respond(message), say(answer));
    }

    #[test]
    fn the_sentence_of_the_course_comes_back_in_capitals() {
        check(MESSAGES[0].as_bytes(), b"HEY, I AM KHUSHEI FROM 5F.");
        check(b"hey\r\n", b"HEY");
        check(b"two\nlines\n", b"TWO\nLINES");
        check(b"", b"");
    }

    #[test]
    fn capitals_follow_unicode() {
        check("straße, été, привет, 你好".as_bytes(), "STRASSE, ÉTÉ, ПРИВЕТ, 你好".as_bytes());
        check("\u{390}".as_bytes(), "\u{399}\u{308}\u{301}".as_bytes());
    }

    #[test]
    fn bytes_that_are_no_text_stay_as_they_are() {
        check(b"ab\xffcd\xc3", b"AB\xffCD\xc3");
        check(b"\x00\x80\x81", b"\x00\x80\x81");
    }

    #[test]
    fn an_answer_that_no_datagram_carries_is_told_in_words() {
        let long = |letters: usize| "\u{390}".repeat(letters);
        let most = client::MAX_SAID / 6;
        assert_eq!(respond_in_a_datagram(long(most).as_bytes()), respond(long(most).as_bytes()));
        assert_eq!(respond_in_a_datagram(long(most + 1).as_bytes()), say(TOO_LONG));
        assert_ne!(respond(long(most + 1).as_bytes()), say(TOO_LONG));
    }

    #[test]
    fn no_answer_is_longer_than_three_times_the_message() {
        for c in ('\0'..=char::MAX).filter(|c| c.len_utf8() > 1) {
            let length: usize = c.to_uppercase().map(char::len_utf8).sum();
            assert!(length <= 3 * c.len_utf8(), "{c:?}");
        }
    }
}
