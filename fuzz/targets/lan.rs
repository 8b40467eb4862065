//! ARP, ICMP, neighbour discovery, fragments and DHCP of two hosts, and what `explain` says of them. Of each packet: one
//! byte for what it is and who sends it, one for how much follows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::source::LinkType;
use wirelab_fuzz::{Run, Script, udp};

/// An IP packet of `next` with a time to live of `ttl`, between two of few addresses.
fn ip(v6: bool, next: u8, ttl: u8, hosts: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).unwrap_or(0);
    let (from, to) = (hosts & 3, hosts >> 2 & 3);
    if v6 {
        let mut out = [&[0x60, 0, 0, 0], &len.to_be_bytes()[..], &[next, ttl]].concat();
        for host in [from, to] {
            out.extend([0; 15]);
            out.push(host);
        }
        return [out, payload.to_vec()].concat();
    }
    let len = len.saturating_add(20).to_be_bytes();
    // Fragments have their place in the host's upper bits.
    let fragment = u16::from(hosts >> 4 & 7) | u16::from(hosts >> 7) << 13;
    let [f0, f1] = if next == 17 { fragment.to_be_bytes() } else { [0, 0] };
    let head = [0x45, 0, len[0], len[1], 0, 7, f0, f1, ttl, next, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
    [&head, payload].concat()
}

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let mut run = Run::new(true);
    while let (Some(kind), Some(hosts), Some(len)) = (script.byte(), script.byte(), script.byte()) {
        let rest = script.take(usize::from(len));
        let ttl = rest.first().copied().unwrap_or(1) & 31;
        let (ether_type, packet) = match kind & 7 {
            0 => ([8, 6], [&[0, 1, 8, 0, 6, 4, 0], rest].concat()),
            1 => ([8, 0], ip(false, 1, ttl, hosts, rest)),
            2 => ([0x86, 0xdd], ip(true, 58, 255, hosts, rest)),
            3 => ([8, 0], ip(false, 17, ttl, hosts, rest)),
            4 => ([0x86, 0xdd], ip(true, 44, ttl, hosts, rest)),
            5 => ([8, 0], ip(false, 6, ttl, hosts, rest)),
            // DHCP: the header is made here, the options are what follows.
            _ => {
                let mut message = vec![1 + (hosts & 1), 1, 6, 0, 0, 0, 0, hosts >> 1 & 3];
                message.resize(236, hosts >> 3);
                message.extend([0x63, 0x82, 0x53, 0x63]);
                message.extend(rest);
                ([8, 0], udp(kind & 8 == 0, 67, &message))
            }
        };
        let frame = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, hosts & 7], &ether_type[..], &packet].concat();
        run.frame(LinkType::ETHERNET, &frame, u32::from(kind >> 7), &mut |_, _| {});
    }
    run.finish(&mut |_| {});
});
