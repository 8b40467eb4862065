//! Whether bytes are text.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = wirelab::proto::judge(data);
});
