//! What bytes are taken for: one byte for the ports, then the beginning of a stream, or a datagram.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::decode::TransportProtocol;
use wirelab::proto::{content, judge, name};
use wirelab_fuzz::PORTS;

/// Ports of datagrams, where a form that is weak is looked for.
const OF_DATAGRAMS: [u16; 12] = [53, 67, 69, 123, 137, 161, 500, 514, 1645, 1900, 3478, 5353];

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else { return };
    let _ = (judge(bytes), content::packed(bytes), content::begins_tls(bytes));
    let _ = (content::snmp_community(bytes), content::ldap_simple_bind(bytes));
    let of_streams = PORTS[usize::from(*first) % PORTS.len()];
    let of_datagrams = OF_DATAGRAMS[usize::from(*first) % OF_DATAGRAMS.len()];
    for (transport, port) in [(TransportProtocol::Tcp, of_streams), (TransportProtocol::Udp, of_datagrams)] {
        for port in [port, 40_000] {
            let _ = name(transport, port, bytes);
            for half in [bytes, &bytes[..bytes.len() / 2]] {
                if let Some(spoken) = content::spoken(transport, [40_000, port], half) {
                    let _ = content::takes_over(spoken, bytes);
                }
            }
        }
    }
});
