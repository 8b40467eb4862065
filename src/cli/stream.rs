//! One flow, by its stream number: `--stream`, and `-z follow`.

use super::args::InputArgs;
use super::input::{Ending, Reading};
use super::output::{Failure, Status, say};
use super::select::Selection;
use crate::decode::TransportProtocol;
use crate::flow::{FlowId, FlowTable};

/// Reads `tcp:0` or `udp:3`.
pub(super) fn id(text: &str) -> Option<FlowId> {
    let (protocol, number) = text.split_once(':')?;
    let protocol = match protocol {
        "tcp" => TransportProtocol::Tcp,
        "udp" => TransportProtocol::Udp,
        _ => return None,
    };
    Some(FlowId { protocol, number: number.parse().ok()? })
}

/// Whether the packets can be read a second time.
pub(super) fn is_file(input: &InputArgs) -> bool {
    let path = input.path();
    path.as_os_str() != "-" && std::fs::metadata(&path).is_ok_and(|about| about.is_file())
}

/// That what was asked for has another number, under which its bytes were not kept.
pub(super) fn other_number(first: FlowId) -> Failure {
    Failure::new("the flow has two stream numbers, and its bytes were not kept under this one")
        .hint(format!("ask for {first}, or save the packets to a file first"))
}

/// Says that there is no flow `id`, and which there are; the status of the answer.
pub(super) fn missing(id: FlowId, reading: &Reading<'_>, table: &FlowTable, ending: &Ending) -> Status {
    say_missing(id, reading.selection(), table);
    match reading.tell_ending(ending) {
        Status::Done => Status::No,
        other => other,
    }
}

/// The same, said alone.
pub(super) fn say_missing(id: FlowId, selection: &Selection<'_>, table: &FlowTable) {
    match selection.spelled().filter(|_| table.flow(id).is_some()) {
        Some(selection) => say(format_args!("flow {id} is none of those that match {selection}")),
        None => say(format_args!("there is no flow {id}; {}", there_are(table))),
    }
}

/// Which flows there are.
fn there_are(table: &FlowTable) -> String {
    let spans: Vec<_> = [TransportProtocol::Tcp, TransportProtocol::Udp]
        .into_iter()
        .filter_map(|of| span(of, table))
        .collect();
    if spans.is_empty() {
        return "the capture has no TCP or UDP flow".to_owned();
    }
    format!("there is {}; `wirelab flows` lists them", spans.join(" and "))
}

/// `tcp:0`, or from the first to the last with their count, since some numbers may be of no flow.
fn span(of: TransportProtocol, table: &FlowTable) -> Option<String> {
    let numbers = || table.flows().iter().map(|flow| flow.id).filter(|id| id.protocol == of);
    let first = numbers().min_by_key(|id| id.number)?;
    let last = numbers().max_by_key(|id| id.number)?;
    Some(match numbers().count() {
        1 => first.to_string(),
        count => format!("{first} to {last} ({count} flows)"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_named_by_protocol_and_number() {
        let named = |text| id(text).map(|id| id.to_string());
        assert_eq!(named("tcp:0").as_deref(), Some("tcp:0"));
        assert_eq!(named("udp:37").as_deref(), Some("udp:37"));
        for wrong in ["", "tcp", "tcp:", "tcp:-1", "sctp:0", "tcp:0:1", "udp:4294967296"] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }
}
