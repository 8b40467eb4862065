//! Zone files: what is wrong with them is told with its line, and what is served of good ones can be read.
//!
//! A NUL byte divides the text into files, the root's zone first; bytes behind a fifth one are a query.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::lab::dns::{Addresses, Carrier, Internet, Validity, ZonesError};
use wirelab::proto::dns::Message;

const FILES: [&str; 4] = ["root.zone", "edu.zone", "nyu.edu.zone", "com.zone"];

/// Queries by name are asked for these types: A, NS, SOA, DS, DNSKEY, ANY.
const KINDS: [u8; 6] = [1, 2, 6, 43, 48, 255];

fn query(name: &[u8], kind: u8) -> Vec<u8> {
    let mut bytes = b"\0\x07\0\0\0\x01\0\0\0\0\0\x01".to_vec();
    bytes.extend(name);
    bytes.extend([0, kind, 0, 1]);
    bytes.extend(b"\0\0\x29\x04\xd0\0\0\x80\0\0\0");
    bytes
}

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(FILES.len() + 1, |byte| *byte == 0);
    let texts: Vec<&str> =
        parts.by_ref().take(FILES.len()).filter_map(|part| std::str::from_utf8(part).ok()).collect();
    let files = FILES.into_iter().zip(texts.iter().copied());
    let internet = match Internet::from_files(files, Addresses::Loopback, Validity::starting_now()) {
        Ok(internet) => internet,
        Err(error) => {
            if let ZonesError::File(error) = &error {
                let file = FILES.iter().position(|file| error.file == *file).unwrap();
                // What is wrong with a whole zone is said of its last line, or the first of an empty file.
                assert!((1..=texts[file].lines().count().max(1)).contains(&error.line), "{error}");
            }
            assert!(error.to_string().chars().all(|char| !char.is_control()), "{error:?}");
            return;
        }
    };
    let of_names = internet.zones().iter().flat_map(|zone| zone.nodes().map(|(name, _)| name.wire().to_vec()));
    let names: Vec<Vec<u8>> = of_names.take(64).collect();
    let queries = names.iter().flat_map(|name| KINDS.map(|kind| query(name, kind)));
    for asked in queries.chain(parts.map(<[u8]>::to_vec)) {
        for server in internet.servers().iter().take(8) {
            for carrier in [Carrier::Udp, Carrier::Tcp] {
                let Some(bytes) = internet.answer(server, &asked, carrier).bytes else { continue };
                let message = Message::read(&bytes);
                assert!(message.damage.is_none() && message.trailing.is_empty(), "{asked:?}: {message:?}");
            }
        }
    }
});
