//! What a capture holds, in one clause: said when a filter matched nothing.

use std::collections::BTreeMap;

use super::CaptureTotals;
use crate::decode::TransportProtocol;
use crate::flow::FlowTable;

/// Most ports named of one protocol.
const MAX_PORTS: usize = 8;

/// `11 packets: tcp on port 43389; udp on ports 53, 5353 and 3 others`: the responders' ports, most flows first.
#[must_use]
pub fn contents(totals: &CaptureTotals, flows: &FlowTable) -> String {
    let mut text = match totals.packets {
        0 => return "no packets".to_owned(),
        1 => "1 packet".to_owned(),
        many => format!("{many} packets"),
    };
    let mut separator = ": ";
    for protocol in [TransportProtocol::Tcp, TransportProtocol::Udp] {
        let mut ports: BTreeMap<u16, u64> = BTreeMap::new();
        for flow in flows.flows().iter().filter(|flow| flow.id.protocol == protocol) {
            *ports.entry(flow.tuple.resp.port).or_default() += 1;
        }
        if !ports.is_empty() {
            text.push_str(separator);
            text.push_str(&ports_clause(protocol, ports));
            separator = "; ";
        }
    }
    if separator == ": " {
        text.push_str(", none of them TCP or UDP");
    }
    text
}

fn ports_clause(protocol: TransportProtocol, ports: BTreeMap<u16, u64>) -> String {
    let mut ranked: Vec<(u16, u64)> = ports.into_iter().collect();
    ranked.sort_by_key(|&(port, flows)| (std::cmp::Reverse(flows), port));
    let named: Vec<String> = ranked.iter().take(MAX_PORTS).map(|(port, _)| port.to_string()).collect();
    let others = match ranked.len().saturating_sub(MAX_PORTS) {
        0 => String::new(),
        1 => " and 1 other".to_owned(),
        many => format!(" and {many} others"),
    };
    let noun = if ranked.len() == 1 { "port" } else { "ports" };
    format!("{} on {noun} {}{others}", protocol.name(), named.join(", "))
}
