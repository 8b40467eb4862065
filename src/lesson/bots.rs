//! The same talk with a chatbot over TCP and over UDP: by the packets alone both are known for what they are, and alike.

use super::count::{Counted, OrNone};
use super::{Case, Check};
use crate::lab::Transport;
use crate::proto::lab::Lab;
use crate::report::lab::LabFlow;

pub(super) fn of(case: &Case<'_>) -> Vec<Check> {
    let mut against = Vec::new();
    let mut found: Vec<&LabFlow> = Vec::new();
    for (transport, lab) in [(Transport::Tcp, Lab::ChatbotTcp), (Transport::Udp, Lab::ChatbotUdp)] {
        let talks = case.talks.iter().filter(|talk| talk.transport == transport);
        let flows: Vec<_> = talks.filter_map(|talk| Some(talk.flow(case.evidence.flows)?.0)).collect();
        let over = transport.to_string().to_uppercase();
        let [told] = flows.as_slice() else {
            let many = Counted::new(flows.len(), "talk", "talks");
            against.push(format!("The capture shows {many} over {over}, and not one"));
            continue;
        };
        match told.lab.filter(|flow| flow.lab == lab) {
            Some(flow) => found.push(flow),
            None => {
                let other = told.lab.map_or("nothing that is known", |flow| flow.lab.name());
                against.push(format!("The flow over {over} is recognised as {other}, and not as {lab}"));
            }
        }
    }
    let faults: usize = found.iter().map(|flow| flow.faults().count()).sum();
    if faults > 0 {
        against.push(format!("{} not as it should be", Counted::new(faults, "message is", "messages are")));
    }
    if let [tcp, udp] = found.as_slice() {
        let of = |flow: &LabFlow| -> Vec<(bool, Box<[u8]>)> {
            flow.messages.iter().map(|message| (message.said.by_client, message.text.clone())).collect()
        };
        let (tcp, udp) = (of(tcp), of(udp));
        if tcp != udp || tcp.is_empty() {
            let [tcp, udp] = [tcp.len(), udp.len()].map(OrNone);
            against.push(format!(
                "What is said is not the same: {tcp} of the messages over TCP, {udp} over UDP"
            ));
        }
    }
    let packets = found.iter().flat_map(|flow| &flow.messages).map(|message| message.at.number);
    let text = "By the packets alone one flow is the lab chatbot-tcp and the other chatbot-udp: the same questions, the same answers, and nothing wrong with them";
    Check::unless(against, text, packets)
}
