//! A file of mails: headers, parts and Received lines of any form, read, judged and written down.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::render::color::Colors;
use wirelab::render::mail::{MailOptions, write_mail_json, write_mails};
use wirelab::report::mail::{MAX_DEPTH, MAX_FINDINGS, MAX_HOPS, MAX_PARTS, MailFile, looks_like_mail};

fuzz_target!(|data: &[u8]| {
    let _ = looks_like_mail(data);
    let file = MailFile::read(data);
    for mail in &file.mails {
        assert!(mail.path.hops.len() <= MAX_HOPS && mail.findings.len() <= MAX_FINDINGS);
        assert!(
            mail.parts.all.len() <= MAX_PARTS && mail.parts.all.iter().all(|part| part.depth <= MAX_DEPTH)
        );
    }
    let options = MailOptions { colors: Colors::OFF, width: 80, secrets: false, full: true };
    let mut page = Vec::new();
    write_mails(&mut page, &file.mails, options).unwrap();
    assert!(page.iter().all(|byte| *byte >= 32 || *byte == b'\n'));
    write_mail_json(&mut Vec::new(), None, &file.mails, 0, None, false).unwrap();
});
