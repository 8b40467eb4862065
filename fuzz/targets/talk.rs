//! A conversation (`wirelab_fuzz::conversation` says how it is written) through every stage: SMTP and the mails in it, POP,
//! IMAP, FTP with its data connections, Telnet, SSH, and whatever else is spoken at those ports. What reads a line by
//! itself also gets the bytes as they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::proto::smtp::Expect;
use wirelab::proto::{ftp, lines};
use wirelab::source::LinkType;
use wirelab_fuzz::{Run, conversation};

fuzz_target!(|data: &[u8]| {
    for is_reply in [false, true] {
        let _ = ftp::announcement(data, is_reply);
    }
    let _ = (ftp::host_port(data), ftp::directory(data), lines::reply(data), lines::number(data));
    let (word, rest) = lines::word(data);
    assert!(word.len() + rest.len() <= data.len());
    for expect in [Expect::Command, Expect::Username, Expect::Password, Expect::Plain, Expect::Response] {
        let _ = expect.hears(data);
    }
    let mut run = Run::new(true);
    for frame in conversation(data) {
        run.frame(LinkType::RAW, &frame, 0, &mut |_, _| {});
    }
    run.finish(&mut |_| {});
});
