use proptest::prelude::*;

use super::*;
use crate::flow::{Direction, PacketStamp};
use crate::proto::{Analyzer, Ending, Input, Note, Step};
use Direction::{OrigToResp as Client, RespToOrig as Server};

/// A message: what it is, its bytes, and the whole mail that it ends.
type Told = (SmtpPart, Vec<u8>, Option<Vec<u8>>);

/// Takes `pieces` of a side through an analyzer as its driver does: what waits stands before what comes.
fn talk(pieces: &[(Direction, &[u8])]) -> (Vec<Told>, SmtpAnalyzer) {
    let mut analyzer = SmtpAnalyzer::new();
    let mut waiting: [Vec<u8>; 2] = Default::default();
    let mut said = Vec::new();
    for (number, (from, piece)) in (1..).zip(pieces) {
        let waits = &mut waiting[usize::from(*from == Server)];
        waits.extend_from_slice(piece);
        let bytes = std::mem::take(waits);
        let mut at = 0;
        while at < bytes.len() {
            let packet = PacketStamp { number, ts: None };
            let input = Input { from: *from, bytes: &bytes[at..], first: packet, packet, end: None };
            match analyzer.next(&input) {
                Step::Message { len, note: Note::Smtp(note), inner } => {
                    said.push((note.part, bytes[at..at + len].to_vec(), inner.map(|(_, bytes)| bytes)));
                    at += len;
                }
                Step::More(_) => break,
                other => panic!("{other:?}"),
            }
        }
        waiting[usize::from(*from == Server)] = bytes[at..].to_vec();
    }
    (said, analyzer)
}

fn of(said: &[Told], part: SmtpPart) -> Vec<u8> {
    said.iter().filter(|(of, ..)| *of == part).flat_map(|(_, bytes, _)| bytes.clone()).collect()
}

const TALK: &[u8] = b"EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r.\r\nend\r\n.\r\nQUIT\r\n";

#[test]
fn a_mail_ends_with_its_dot_and_gets_its_dots_back() {
    let (said, _) = talk(&[(Client, TALK)]);
    let parts: Vec<_> = said.iter().map(|(part, ..)| *part).collect();
    assert_eq!(parts, [SmtpPart::Commands, SmtpPart::End, SmtpPart::Commands]);
    assert_eq!(said[1].2.as_deref(), Some(&b"Subject: x\r\n\r\n.dot\r\n\r.\r\nend\r\n"[..]));
    assert_eq!(said[2].1, b"QUIT\r\n");
}

#[test]
fn a_mail_that_is_refused_is_not_waited_for() {
    let (said, _) = talk(&[
        (Client, b"RCPT TO:<c@d>\r\nDATA\r\n"),
        (Server, b"550 no\r\n"),
        (Server, b"503 no recipient\r\n"),
        (Client, b"QUIT\r\n"),
    ]);
    assert_eq!(said.last().unwrap().0, SmtpPart::Commands);
    // The refusal of what came before DATA is not one of DATA.
    let (said, _) = talk(&[
        (Client, b"RCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n"),
        (Server, b"550 no\r\n250 yes\r\n"),
        (Client, b"text\r\n.\r\n"),
    ]);
    assert_eq!(said.last().unwrap().0, SmtpPart::End);
}

#[test]
fn who_greets_is_the_server_however_little_comes_first() {
    for len in 1..6 {
        let greeting = b"220 mx ESMTP\r\n";
        let (said, _) =
            talk(&[(Server, &greeting[..len]), (Server, &greeting[len..]), (Client, b"QUIT\r\n")]);
        let parts: Vec<_> = said.iter().map(|(part, ..)| *part).collect();
        assert_eq!(parts, [SmtpPart::Replies, SmtpPart::Commands], "{len}");
    }
}

#[test]
fn chunks_have_their_length_said() {
    let (said, _) = talk(&[(Client, b"BDAT 5\r\na\r\n.\rBDAT 3 LAST\r\nxyzQUIT\r\nBDAT 0 LAST\r\nNOOP\r\n")]);
    let parts: Vec<_> = said.iter().map(|(part, ..)| *part).collect();
    use SmtpPart::{Body, Commands, EmptyChunk, LastChunk};
    assert_eq!(parts, [Commands, Body, Commands, LastChunk, EmptyChunk, Commands]);
    assert_eq!(said[3].2.as_deref(), Some(&b"a\r\n.\rxyz"[..]));
}

#[test]
fn encryption_begins_where_the_server_agrees() {
    for (answer, switches) in [(&b"220 go\r\n"[..], true), (b"454 no\r\n", false)] {
        let (_, mut analyzer) = talk(&[(Server, b"220 hi\r\n"), (Client, b"STARTTLS\r\n"), (Server, answer)]);
        let packet = PacketStamp::default();
        let input = Input { from: Client, bytes: b"\x16\x03\x01\x00\x05", first: packet, packet, end: None };
        let step = analyzer.next(&input);
        assert_eq!(matches!(step, Step::Switch(crate::proto::Protocol::Tls)), switches, "{step:?}");
    }
}

#[test]
fn what_auth_asks_for_is_no_command() {
    let hears = |expect: Expect, line: &'static [u8]| expect.hears(line);
    assert_eq!(hears(Expect::Command, b"AUTH LOGIN").1, Expect::Username);
    assert_eq!(hears(Expect::Username, b"bWU="), (Said::Secret(Expect::Username), Expect::Password));
    assert_eq!(hears(Expect::Password, b"cHc="), (Said::Secret(Expect::Password), Expect::Command));
    assert_eq!(hears(Expect::Command, b"auth plain").1, Expect::Plain);
    assert_eq!(
        hears(Expect::Command, b"AUTH PLAIN AGEAYg=="),
        (Said::Auth(Expect::Plain, b"AGEAYg=="), Expect::Command)
    );
    assert_eq!(
        hears(Expect::Command, b"AUTH LOGIN bWU="),
        (Said::Auth(Expect::Username, b"bWU="), Expect::Password)
    );
    assert_eq!(hears(Expect::Password, b"*"), (Said::Cancel(Expect::Password), Expect::Command));
    // An error ends it.
    let (_, analyzer) = talk(&[(Client, b"AUTH LOGIN\r\n"), (Server, b"504 no\r\n")]);
    assert!(format!("{analyzer:?}").contains("expect: Command"));
}

#[test]
fn secrets_are_not_in_debug_output() {
    let (said, _) = Expect::Command.hears(b"AUTH PLAIN c2VjcmV0");
    let (_, analyzer) = talk(&[(Client, b"DATA\r\nc2VjcmV0\r\n")]);
    for text in [format!("{said:?}"), format!("{analyzer:?}")] {
        assert!(!text.contains("c2VjcmV0") && !text.contains("99, 50"), "{text}");
    }
}

#[test]
fn nothing_is_put_together_over_a_gap() {
    let mut analyzer = SmtpAnalyzer::new();
    let packet = PacketStamp::default();
    let mut say = |bytes: &'static [u8], end| {
        let step = analyzer.next(&Input { from: Client, bytes, first: packet, packet, end });
        if let Step::Message { inner, .. } = step { inner } else { None }
    };
    say(b"DATA\r\n", None);
    say(b"first\r\n", None);
    say(b"", Some(Ending::Gap(100)));
    assert_eq!(say(b"rest\r\n.\r\n", None), None);
}

proptest! {
    #[test]
    fn any_segmentation_says_the_same(mut cuts in proptest::collection::vec(0..TALK.len(), 0..12)) {
        cuts.push(0);
        cuts.push(TALK.len());
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| (Client, &TALK[cut[0]..cut[1]])).collect();
        let (said, _) = talk(&pieces);
        let (whole, _) = talk(&[(Client, TALK)]);
        prop_assert_eq!(of(&said, SmtpPart::Commands), of(&whole, SmtpPart::Commands));
        let mails = |said: &[Told]| -> Vec<_> {
            said.iter().filter_map(|(.., inner)| inner.clone()).collect()
        };
        prop_assert_eq!(mails(&said), mails(&whole));
    }

    #[test]
    fn random_bytes_are_taken(pieces in proptest::collection::vec((any::<bool>(), "(DATA|BDAT [0-9]{1,20}|AUTH LOGIN|[0-9]{3}[ -]|\\.|\r|\n|[a-z]){0,9}"), 0..20)) {
        let pieces: Vec<_> = pieces.iter().map(|(server, text)| (if *server { Server } else { Client }, text.as_bytes())).collect();
        let (said, _) = talk(&pieces);
        let given: usize = pieces.iter().map(|(_, piece)| piece.len()).sum();
        prop_assert!(said.iter().map(|(_, bytes, _)| bytes.len()).sum::<usize>() <= given);
    }
}
