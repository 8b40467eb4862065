//! DNS, multicast DNS and LLMNR: header, questions and records; what a record holds is `dns_data`'s part.

use super::dns_data::{self, Rest};
use super::run::{Part, Run};
use super::{ByteRange, Emitter, Subject, offset};
use crate::decode::TransportProtocol;
use crate::field::names::{dns, llmnr, mdns};
use crate::field::{FieldId, Value};
use crate::flow::{Hindsight, PacketStamp};
use crate::proto::dns::{DnsNote, InWireshark, Name, NameFault, OPT, Parts, Question, Record};
use crate::proto::{Message, Note, Protocol, dns as wire};

/// Update (RFC 2136), whose sections have other names.
const UPDATE: u8 = 5;
/// SRV (RFC 2782), whose owner says which service is asked for.
const SRV: u16 = 33;

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let protocol = match message.protocol {
        Protocol::Mdns => mdns::PROTOCOL,
        Protocol::Llmnr => llmnr::PROTOCOL,
        _ => dns::PROTOCOL,
    };
    if !out.wants_any_of(dns::PROTOCOL) && !out.wants(protocol) {
        return;
    }
    let all = Run::of(subject.packet, message.range);
    out.open(protocol, Value::Bytes(all.bytes()), message.range);
    let over_tcp = subject
        .packet
        .transports()
        .get(message.transport)
        .is_some_and(|transport| transport.protocol == TransportProtocol::Tcp);
    if over_tcp {
        all.give(dns::LENGTH, 0, 2, out);
    }
    let note = match &message.note {
        Note::Dns(note) => *note,
        _ => DnsNote::default(),
    };
    let body = all.from(if over_tcp { 2 } else { 0 });
    let mut telling = Telling {
        body,
        protocol: message.protocol,
        packet: message.last,
        hindsight: subject.context.hindsight,
        text: String::new(),
        out,
    };
    telling.message(&note);
    out.close();
}

/// A message on its way out.
pub(super) struct Telling<'p, 'e, 'o> {
    hindsight: Option<&'p Hindsight>,
    /// The message without the length before it.
    pub(super) body: Run<'p>,
    protocol: Protocol,
    packet: PacketStamp,
    /// Where texts are put together, one at a time.
    text: String,
    pub(super) out: &'e mut Emitter<'o>,
}

impl<'p> Telling<'p, '_, '_> {
    fn message(&mut self, note: &DnsNote) {
        let body = self.body;
        body.give(dns::ID, 0, 2, self.out);
        self.flags();
        let is_update = body.byte(2).is_some_and(|byte| byte >> 3 & 0xf == UPDATE);
        let counts = if is_update {
            [dns::COUNT_ZONES, dns::COUNT_PREREQUISITES, dns::COUNT_UPDATES, dns::COUNT_ADD_RR]
        } else {
            [dns::COUNT_QUERIES, dns::COUNT_ANSWERS, dns::COUNT_AUTH_RR, dns::COUNT_ADD_RR]
        };
        body.list(4, &counts.map(|id| (id, 2)), self.out);
        let mut parts = Parts::new(body.bytes());
        for part in &mut parts {
            match part {
                wire::Part::Question(question) => self.question(&question),
                // As Wireshark, which tells nothing of a record that is cut, and nothing behind it.
                wire::Part::Record(record) => {
                    if usize::from(record.data_len) > record.data.len() || self.record(&record) == Rest::Gone
                    {
                        return;
                    }
                }
            }
        }
        if parts.is_complete() {
            self.pair(note);
            self.extraneous(parts.at());
        }
    }

    fn flags(&mut self) {
        let bytes = self.body.bytes();
        let word = |at| bytes.get(at..)?.first_chunk().copied().map(u16::from_be_bytes);
        let Some(flags) = word(2) else { return };
        let is_response = flags & 0x8000 != 0;
        self.body.open(dns::FLAGS, 2, 2, self.out);
        for part in if self.protocol == Protocol::Llmnr { LLMNR_FLAGS } else { FLAGS } {
            let is_told = match part.0 {
                dns::FLAGS_AUTHENTICATED => is_response || flags & 0x0020 != 0,
                dns::FLAGS_AUTHORITATIVE | dns::FLAGS_RECAVAIL | dns::FLAGS_RCODE => is_response,
                _ => true,
            };
            if is_told {
                self.body.bits(*part, 2, 2, self.out);
            }
        }
        self.out.close();
    }

    fn question(&mut self, question: &Question<'p>) {
        let range = self.range_of(question.name.place());
        if self.out.wants(dns::QRY_NAME)
            || self.out.wants(dns::QRY_NAME_LEN)
            || self.out.wants(dns::COUNT_LABELS)
        {
            let (length, labels) = self.name_text(&question.name);
            self.out.give(dns::QRY_NAME, Value::Text(&self.text), range);
            self.out.give(dns::QRY_NAME_LEN, Value::Unsigned(length), range);
            self.out.give(dns::COUNT_LABELS, Value::Unsigned(labels), range);
        }
        let at = question.name.place().end;
        self.body.give(dns::QRY_TYPE, at, 2, self.out);
        self.class(dns::QRY_CLASS, dns::QRY_QU, at.saturating_add(2));
    }

    /// A class; multicast DNS has a bit of its own in it (RFC 6762 sections 10.2 and 18.12).
    fn class(&mut self, class: FieldId, bit: FieldId, at: usize) {
        if self.protocol == Protocol::Mdns {
            self.body.bits((class, 0, 0x7fff), at, 2, self.out);
            self.body.bits((bit, 15, 1), at, 2, self.out);
        } else {
            self.body.give(class, at, 2, self.out);
        }
    }

    fn record(&mut self, record: &Record<'p>) -> Rest {
        let range = self.range_of(record.name.place());
        let fixed = record.name.place().end;
        if record.kind == SRV && !record.name.is_root() && record.name.label_count() > 0 {
            self.service(&record.name, range);
        } else {
            self.name(dns::RESP_NAME, &record.name);
        }
        let body = self.body;
        body.give(dns::RESP_TYPE, fixed, 2, self.out);
        if record.kind == OPT {
            self.class(dns::RR_UDP_PAYLOAD_SIZE, dns::RESP_CACHE_FLUSH, fixed + 2);
            body.list(fixed + 4, &[(dns::RESP_EXT_RCODE, 1), (dns::RESP_EDNS0_VERSION, 1)], self.out);
            body.flags((dns::RESP_Z, 0, 0xffff), fixed + 6, 2, EDNS_FLAGS, self.out);
        } else {
            self.class(dns::RESP_CLASS, dns::RESP_CACHE_FLUSH, fixed + 2);
            body.open(dns::RESP_TTL, fixed + 4, 4, self.out);
            if record.ttl > i32::MAX.unsigned_abs() {
                self.mark(dns::TTL_HIGH_BIT_SET);
            }
            self.out.close();
        }
        body.give(dns::RESP_LEN, fixed + 8, 2, self.out);
        if record.data_len == 0 { Rest::There } else { dns_data::emit(self, record) }
    }

    /// The owner of an SRV record: service, transport and domain (RFC 2782).
    fn service(&mut self, name: &Name<'p>, range: ByteRange) {
        self.name_text(name);
        let mut parts = self.text.splitn(3, '.');
        for id in [dns::SRV_SERVICE, dns::SRV_PROTO, dns::SRV_NAME] {
            if let Some(text) = parts.next() {
                self.out.give(id, Value::Text(text), range);
            }
        }
    }

    fn pair(&mut self, note: &DnsNote) {
        let nowhere = self.body.range(0, 0);
        let (mark, repeated, number) = match note.wireshark {
            InWireshark::Alone => return self.response_in(nowhere),
            InWireshark::ResponseTo(query) => return self.response_to(query, nowhere),
            InWireshark::Unsolicited => {
                return self.out.give(dns::UNSOLICITED, Value::Unsigned(1), nowhere);
            }
            InWireshark::RepeatsQuery(number) => {
                (dns::RETRANSMIT_REQUEST, dns::RETRANSMIT_REQUEST_IN, number)
            }
            InWireshark::RepeatsResponse(number) => {
                (dns::RETRANSMIT_RESPONSE, dns::RETRANSMIT_RESPONSE_IN, number)
            }
        };
        self.mark(mark);
        self.out.give(repeated, Value::Unsigned(number), nowhere);
        self.out.give(dns::RETRANSMISSION, Value::Unsigned(1), nowhere);
    }

    fn response_to(&mut self, query: PacketStamp, nowhere: ByteRange) {
        self.out.give(dns::RESPONSE_TO, Value::Unsigned(query.number), nowhere);
        if let Some(elapsed) = self.packet.since(query) {
            self.out.give(dns::TIME, Value::Delta(elapsed), nowhere);
        }
    }

    fn response_in(&mut self, nowhere: ByteRange) {
        let id = self.body.bytes().first_chunk().map(|id| u16::from_be_bytes(*id));
        if let (Some(hindsight), Some(id)) = (self.hindsight, id)
            && let Some(number) = hindsight.answered_in(self.packet.number, id)
        {
            self.out.give(dns::RESPONSE_IN, Value::Unsigned(number), nowhere);
        }
    }

    fn extraneous(&mut self, at: usize) {
        let rest = self.body.from(at);
        if rest.is_empty() {
            return;
        }
        rest.give(dns::EXTRANEOUS_DATA, 0, rest.len(), self.out);
        let length = Value::Signed(i64::from(offset(rest.len())));
        self.out.give(dns::EXTRANEOUS_LENGTH, length, self.body.range(0, 0));
        self.mark(dns::EXTRANEOUS);
    }

    fn mark(&mut self, id: FieldId) {
        self.out.give(id, Value::Mark, self.body.range(0, 0));
    }

    /// The bytes `place` of the message.
    fn range_of(&self, place: std::ops::Range<usize>) -> ByteRange {
        self.body.range(place.start, place.len())
    }

    /// A name, as Wireshark writes it.
    pub(super) fn name(&mut self, id: FieldId, name: &Name<'p>) {
        if self.out.wants(id) {
            self.name_text(name);
            self.out.give(id, Value::Text(&self.text), self.range_of(name.place()));
        }
    }

    /// The bytes `place` of the message as text: ASCII up to the first zero, anything else as U+FFFD.
    pub(super) fn ascii(&mut self, id: FieldId, at: usize, len: usize) {
        if self.out.wants(id) {
            self.put_ascii(at, len);
            self.out.give(id, Value::Text(&self.text), self.body.range(at, len));
        }
    }

    /// The same as a field that others stand under, which has more bytes than its text.
    pub(super) fn ascii_over(&mut self, id: FieldId, text: (usize, usize), whole: (usize, usize)) {
        self.put_ascii(text.0, text.1);
        self.out.open(id, Value::Text(&self.text), self.body.range(whole.0, whole.1));
    }

    fn put_ascii(&mut self, at: usize, len: usize) {
        let run = self.body.part(at, len);
        self.text.clear();
        let bytes = run.bytes().iter().take_while(|byte| **byte != 0);
        self.text.extend(bytes.map(|&byte| if byte.is_ascii() { char::from(byte) } else { '\u{fffd}' }));
    }

    /// Any text of the message's, written by `write`.
    pub(super) fn written(
        &mut self,
        id: FieldId,
        at: usize,
        len: usize,
        write: impl FnOnce(&[u8], &mut String),
    ) {
        if self.out.wants(id) {
            self.text.clear();
            write(self.body.part(at, len).bytes(), &mut self.text);
            self.out.give(id, Value::Text(&self.text), self.body.range(at, len));
        }
    }

    /// Puts a name together as Wireshark writes it: no escapes for dots, `<Root>` for the root. How many characters and
    /// labels it has, as Wireshark counts them: none in a name of one character.
    pub(super) fn name_text(&mut self, name: &Name<'p>) -> (u64, u64) {
        let text = &mut self.text;
        text.clear();
        let instead = match name.fault() {
            None if name.is_root() => Some("<Root>"),
            Some(NameFault::Loop | NameFault::Forward) => Some("<Name contains a pointer that loops>"),
            Some(NameFault::TooLong) => Some("<Name too long>"),
            Some(_) => Some("<Unknown extended label>"),
            None => None,
        };
        if let Some(instead) = instead {
            text.push_str(instead);
            return (u64::from(offset(instead.len())), 1);
        }
        let (mut length, mut dots) = (0_u64, 0_u64);
        for (place, label) in name.labels().enumerate() {
            if place > 0 {
                text.push('.');
                (length, dots) = (length + 1, dots + 1);
            }
            length += u64::from(offset(label.len()));
            dots += label.iter().map(|&byte| u64::from(byte == b'.')).sum::<u64>();
            put_label(label, text);
        }
        if length > 1 { (length, dots + 1) } else { (0, 0) }
    }
}

/// A label as Wireshark writes it: UTF-8 as it is, control characters as in C.
fn put_label(label: &[u8], text: &mut String) {
    use std::fmt::Write;
    for chunk in label.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\x07' => text.push_str("\\a"),
                '\x08' => text.push_str("\\b"),
                '\t' => text.push_str("\\t"),
                '\n' => text.push_str("\\n"),
                '\x0b' => text.push_str("\\v"),
                '\x0c' => text.push_str("\\f"),
                '\r' => text.push_str("\\r"),
                '\0'..' ' | '\x7f' => {
                    let _ = write!(text, "\\{:03o}", u32::from(char));
                }
                _ => text.push(char),
            }
        }
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
}

const FLAGS: &[Part] = &[
    (dns::FLAGS_RESPONSE, 15, 1),
    (dns::FLAGS_OPCODE, 11, 0xf),
    (dns::FLAGS_AUTHORITATIVE, 10, 1),
    (dns::FLAGS_TRUNCATED, 9, 1),
    (dns::FLAGS_RECDESIRED, 8, 1),
    (dns::FLAGS_RECAVAIL, 7, 1),
    (dns::FLAGS_Z, 6, 1),
    (dns::FLAGS_AUTHENTICATED, 5, 1),
    (dns::FLAGS_CHECKDISABLE, 4, 1),
    (dns::FLAGS_RCODE, 0, 0xf),
];
/// RFC 4795 section 2.1.1.
const LLMNR_FLAGS: &[Part] = &[
    (dns::FLAGS_RESPONSE, 15, 1),
    (dns::FLAGS_OPCODE, 11, 0xf),
    (dns::FLAGS_CONFLICT, 10, 1),
    (dns::FLAGS_TRUNCATED, 9, 1),
    (dns::FLAGS_TENTATIVE, 8, 1),
    (dns::FLAGS_RCODE, 0, 0xf),
];
const EDNS_FLAGS: &[Part] = &[(dns::RESP_Z_DO, 15, 1), (dns::RESP_Z_RESERVED, 0, 0x7fff)];
