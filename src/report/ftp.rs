//! FTP: which data connection belongs to which control connection, which command it served, and what came of that.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::decode::{DecodedPacket, Endpoint};
use crate::flow::{Direction, Flow, FlowId, FlowTable, OrigReason};
use crate::proto::ftp::{Announced, FtpNote, MAX_COMMAND, Method, is_transfer};
use crate::proto::lines::{Lines, reply, word};
use crate::proto::{Messages, Note};
use crate::source::PacketNumber;

/// Most data connections and most control connections that are kept; the others are counted. A mirror that is copied has
/// some thousand files.
pub const MAX_TRANSFERS: usize = 1 << 16;

/// Most commands of a connection that wait for their answers; clients send a few ahead at most.
const MAX_WAITING: usize = 64;

/// Most bytes kept of an answer's text.
const MAX_ANSWER: usize = 256;

/// A data connection that was announced.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// The control connection.
    pub control: FlowId,
    /// How it was announced.
    pub method: Method,
    /// Where it is to go.
    pub to: Endpoint,
    /// The packet that says so.
    pub packet: PacketNumber,
    /// The command that it is for, with its packet; at most [`MAX_COMMAND`] bytes of it.
    pub command: Option<(PacketNumber, Box<[u8]>)>,
    /// The last answer to that command.
    pub answer: Option<Answer>,
    /// The connection; `None` where the capture has none.
    pub data: Option<DataConnection>,
    /// The control connection's place in [`FlowTable::flows`].
    place: usize,
    /// Who announced it.
    sender: IpAddr,
}

/// What the server said of a command in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The packet.
    pub packet: PacketNumber,
    /// From 200 on (RFC 959 section 4.2).
    pub code: u16,
    /// What stands behind the code, at most 256 bytes of it.
    pub text: Box<[u8]>,
}

/// The data connection itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataConnection {
    /// Which flow it is.
    pub flow: FlowId,
    /// The client opened it; `None` where its beginning is not in the capture.
    pub opened_by_client: Option<bool>,
    /// Payload that the client sent in it, repeats not counted.
    pub from_client: u64,
    /// The same of the server.
    pub from_server: u64,
}

impl Transfer {
    /// Whether the server waits for the data connection, and the client opens it.
    #[must_use]
    pub const fn is_passive(&self) -> bool {
        matches!(self.method, Method::Pasv | Method::Epsv)
    }
}

/// The data connections of a capture.
#[derive(Debug, Default)]
pub struct Transfers {
    /// In the order of their announcements, until the capture ends.
    all: Vec<Transfer>,
    /// Then here, those of a control connection together.
    done: Vec<Transfer>,
    /// By the place of the flow.
    controls: HashMap<usize, Control>,
    /// By the place of the data connection's flow.
    data: HashMap<usize, usize>,
    not_kept: u64,
}

/// What is remembered of a control connection.
#[derive(Debug, Default)]
struct Control {
    /// The data connection announced last.
    last: Option<usize>,
    /// Commands without their answer, each with the data connection that it is for.
    waiting: VecDeque<Option<usize>>,
}

impl Transfers {
    /// Takes the messages that end in a packet.
    pub fn packet(&mut self, decoded: &DecodedPacket<'_>, messages: &Messages) {
        for message in messages.all() {
            let (Note::Ftp(note), Some(place)) = (&message.note, message.flow) else { continue };
            let Some(transport) = decoded.transports().get(message.transport) else { continue };
            let bytes = message.inner.unwrap_or(message.range).of(decoded);
            self.take(place, message.last.number, note, transport.src.addr, bytes);
        }
    }

    fn take(&mut self, place: usize, packet: PacketNumber, note: &FtpNote, sender: IpAddr, bytes: &[u8]) {
        if self.controls.len() >= MAX_TRANSFERS && !self.controls.contains_key(&place) {
            self.not_kept = self.not_kept.saturating_add(u64::from(note.announces.is_some()));
            return;
        }
        let control = self.controls.entry(place).or_default();
        if let Some(announced) = note.announces {
            control.last = (self.all.len() < MAX_TRANSFERS).then_some(self.all.len());
            match control.last {
                Some(_) => self.all.push(Transfer::new(place, packet, announced, sender)),
                None => self.not_kept = self.not_kept.saturating_add(1),
            }
        }
        // A line without an end comes again when it has one.
        for line in Lines::of(bytes).filter(|line| line.whole.len() > line.text.len()) {
            if note.is_reply {
                control.reply(packet, line.text, &mut self.all);
            } else {
                control.command(packet, line.text, &mut self.all);
            }
        }
    }

    /// Finds the data connections among the flows.
    pub fn finish(&mut self, flows: &FlowTable) {
        self.controls.clear();
        let mut all = std::mem::take(&mut self.all);
        all.sort_by_key(|transfer| (transfer.place, transfer.packet));
        for transfer in &mut all {
            if let Some(control) = flows.flows().get(transfer.place) {
                transfer.control = control.id;
            }
        }
        let expected = expected(&all);
        for (place, flow) in flows.flows().iter().enumerate().filter(|(_, flow)| flow.tcp.is_some()) {
            let ends = [(Direction::RespToOrig, flow.tuple.resp), (Direction::OrigToResp, flow.tuple.orig)];
            // Where it is known who began, it is the other one that was announced.
            let ends = ends.into_iter().take(if flow.orig_reason == OrigReason::FirstPacket { 2 } else { 1 });
            for (announced, end) in ends {
                let list = expected.get(&(end.addr, end.port)).map_or(&[][..], Vec::as_slice);
                let before = list.partition_point(|(packet, _)| *packet < flow.first.number);
                let last = before.checked_sub(1).and_then(|last| list.get(last));
                let Some((at, transfer)) = last.and_then(|(_, at)| Some((*at, all.get_mut(*at)?))) else {
                    continue;
                };
                if transfer.data.is_none() && transfer.place != place {
                    transfer.data = Some(DataConnection::new(flow, announced, transfer.is_passive()));
                    self.data.insert(place, at);
                    break;
                }
            }
        }
        self.done = all;
    }

    /// The data connections that the flow at `place` of the flow table announced, once the capture has ended.
    #[must_use]
    pub fn of_control(&self, place: usize) -> &[Transfer] {
        let start = self.done.partition_point(|transfer| transfer.place < place);
        let end = self.done.partition_point(|transfer| transfer.place <= place);
        self.done.get(start..end).unwrap_or_default()
    }

    /// What the flow at `place` carries data of, once the capture has ended.
    #[must_use]
    pub fn of_data(&self, place: usize) -> Option<&Transfer> {
        self.data.get(&place).and_then(|at| self.done.get(*at))
    }

    /// How many were not kept because a limit was reached.
    #[must_use]
    pub fn not_kept(&self) -> u64 {
        self.not_kept
    }
}

/// Where data connections are expected to go: the packets that say so, in order, and the places of what they announced.
fn expected(all: &[Transfer]) -> HashMap<(IpAddr, u16), Vec<(PacketNumber, usize)>> {
    let mut expected: HashMap<(IpAddr, u16), Vec<(PacketNumber, usize)>> = HashMap::new();
    for (at, transfer) in all.iter().enumerate() {
        // A server behind NAT may tell its inner address, which clients pass over.
        let outer = (transfer.sender != transfer.to.addr).then_some(transfer.sender);
        for addr in [Some(transfer.to.addr), outer].into_iter().flatten() {
            expected.entry((addr, transfer.to.port)).or_default().push((transfer.packet, at));
        }
    }
    expected.values_mut().for_each(|list| list.sort_unstable());
    expected
}

impl Control {
    fn command(&mut self, packet: PacketNumber, line: &[u8], all: &mut [Transfer]) {
        let (verb, _) = word(line);
        // What MLST lists comes over the control connection (RFC 3659 section 7).
        let transfers = is_transfer(verb) && !verb.eq_ignore_ascii_case(b"MLST");
        let last = self.last.filter(|_| transfers);
        if let Some(transfer) = last.and_then(|last| all.get_mut(last)) {
            transfer.command = Some((packet, line.get(..MAX_COMMAND).unwrap_or(line).into()));
            transfer.answer = None;
        }
        self.waiting.push_back(last);
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_front();
        }
    }

    fn reply(&mut self, packet: PacketNumber, line: &[u8], all: &mut [Transfer]) {
        let Some((code, false)) = reply(line) else { return };
        if code < 200 {
            // Only a transfer has an answer before the last: of what stood before it the capture lacks the answers.
            if let Some(transfer) = self.waiting.iter().position(Option::is_some) {
                self.waiting.drain(..transfer);
            }
            return;
        }
        let of = self.waiting.pop_front().flatten();
        if let Some(transfer) = of.and_then(|of| all.get_mut(of)) {
            let text = line.get(3..).unwrap_or_default().trim_ascii();
            let text = text.get(..MAX_ANSWER).unwrap_or(text).into();
            transfer.answer = Some(Answer { packet, code, text });
        }
    }
}

impl Transfer {
    fn new(place: usize, packet: PacketNumber, announced: Announced, sender: IpAddr) -> Self {
        Self {
            control: FlowId { protocol: crate::decode::TransportProtocol::Tcp, number: 0 },
            method: announced.method,
            to: Endpoint { addr: announced.addr.unwrap_or(sender), port: announced.port },
            packet,
            command: None,
            answer: None,
            data: None,
            place,
            sender,
        }
    }
}

impl DataConnection {
    /// A flow, of which the sender of direction `announced` was.
    fn new(flow: &Flow, announced: Direction, is_passive: bool) -> Self {
        let sent = |by| {
            let repeated = flow.tcp.as_ref().map_or(0, |tcp| tcp.side(by).repeated_bytes);
            flow.side(by).payload_bytes.saturating_sub(repeated)
        };
        let client = if is_passive { announced.reversed() } else { announced };
        Self {
            flow: flow.id,
            opened_by_client: (flow.orig_reason != OrigReason::FirstPacket)
                .then_some(client == Direction::OrigToResp),
            from_client: sent(client),
            from_server: sent(client.reversed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    /// Lines of a control connection in turn, a packet each; those of the server begin with a digit.
    fn said(lines: &[&str]) -> Transfers {
        let mut transfers = Transfers::default();
        for (line, packet) in lines.iter().zip(1..) {
            let is_reply = line.starts_with(|first: char| first.is_ascii_digit());
            let announces = crate::proto::ftp::announcement(line.as_bytes(), is_reply);
            let note = FtpNote { is_reply, announces, ..FtpNote::default() };
            transfers.take(7, packet, &note, HOST, format!("{line}\r\n").as_bytes());
        }
        transfers
    }

    fn told(transfer: &Transfer) -> String {
        let command = transfer.command.as_ref().map(|(_, line)| String::from_utf8_lossy(line));
        let answer = transfer.answer.as_ref().map(|answer| (answer.packet, answer.code));
        format!("{} {} {answer:?}", transfer.packet, command.unwrap_or_default())
    }

    #[test]
    fn the_answer_to_a_transfer_is_found_among_others() {
        let transfers = said(&[
            "220 hello",
            "TYPE I",
            "PASV",
            "200 ok",
            "227 Entering Passive Mode (10,0,0,1,8,1)",
            "RETR a",
            "NOOP",
            "150 comes",
            "226-done",
            "226 with it",
            "200 ok",
            "PORT 10,0,0,1,8,2",
            "MLST b",
        ]);
        let all = &transfers.all;
        assert_eq!(told(&all[0]), "5 RETR a Some((10, 226))");
        assert_eq!(told(&all[1]), "12  None");
        assert_eq!(&*all[0].answer.as_ref().unwrap().text, b"with it");
    }

    #[test]
    fn an_answer_that_is_missing_does_not_shift_the_others() {
        let transfers = said(&["EPSV", "229 ok (|||2049|)", "TYPE A", "LIST", "150 comes", "226 done"]);
        assert_eq!(told(&transfers.all[0]), "2 LIST Some((6, 226))");
        let refused = said(&["EPSV", "229 ok (|||2049|)", "RETR a", "550 no", "RETR b", "150 comes"]);
        assert_eq!(told(&refused.all[0]), "2 RETR b None");
    }

    #[test]
    fn no_number_of_lines_takes_memory_without_end() {
        let mut transfers = said(&vec!["LIST"; 500]);
        assert_eq!(transfers.controls[&7].waiting.len(), MAX_WAITING);
        let announces = Some(Announced { method: Method::Port, addr: None, port: 1 });
        let note = FtpNote { announces, ..FtpNote::default() };
        for packet in 0..=MAX_TRANSFERS {
            transfers.take(packet, 1, &note, HOST, b"");
        }
        assert_eq!((transfers.all.len(), transfers.controls.len()), (MAX_TRANSFERS, MAX_TRANSFERS));
        assert_eq!(transfers.not_kept(), 1);
    }
}
