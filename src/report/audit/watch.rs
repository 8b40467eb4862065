//! One flow as it is watched: what it speaks, what its sides send, the secrets in it.

use std::borrow::Cow;

use super::side::{MAX_LINE_BYTES, Side};
use super::verdict;
use super::{FlowAudit, Legibility, MAX_SECRET_BYTES, Secret, SideAudit};
use crate::decode::{Endpoint, TcpSegment, Transport, TransportProtocol};
use crate::flow::{Direction, Flow, PacketStamp, Reassembler, Segment, SeqNumber, StreamEvent, TcpVerdict};
use crate::proto::content::{self, Form, Spoken};
use crate::proto::tls::{chosen_cipher, is_null_cipher};
use crate::proto::{Protocol, Readability, judge};
use crate::report::secret::{self, Found, SecretKind};
use crate::source::PacketNumber;

/// Most secrets kept of a flow; more are counted.
pub const MAX_SECRETS: usize = 32;

/// Most secrets that one line gives: a request with more cookies than this shows the first.
const MAX_PER_LINE: usize = 16;

/// Packets of a side in which a protocol is looked for: a capture may begin in the middle of a message.
const MAX_TRIES: u8 = 8;

/// Most protocols told of a flow: a proxy's, then one, then its encryption.
const MAX_SPOKEN: usize = 4;

/// Sequence numbers that a datagram of RTP may be ahead of the one before: some are lost.
const RTP_AHEAD: u16 = 64;

/// Bytes kept of the beginning of TLS: the cipher suite stands within the first 78 of a server's hello.
const MAX_HELLO: usize = 128;

/// Readable bytes in a row that are shown where the protocol is not known to be text: fewer come about by chance.
const FEWEST_SHOWN: usize = 4;

/// A flow that is watched. Sides are told by who sent, because the flow table may still change its mind about who began.
#[derive(Debug)]
pub(super) struct Watch {
    transport: TransportProtocol,
    ports: [u16; 2],
    /// Who sent first: the first of the sides.
    one: Endpoint,
    sides: [Side; 2],
    order: [Option<Reassembler>; 2],
    spoken: Vec<Spoken>,
    encrypted_from: Option<PacketNumber>,
    /// The server of TLS has chosen a cipher suite.
    is_cipher_known: bool,
    /// A name that was sent, for the password behind it.
    user: Option<Vec<u8>>,
    secrets: Vec<Secret>,
    more_secrets: u64,
    long_lines: u64,
    /// Number and source of the last datagram that may have been RTP.
    rtp: Option<(u16, u32)>,
}

impl Watch {
    pub(super) fn new(transport: &Transport, direction: Direction) -> Self {
        let (src, dst) = (transport.src.port, transport.dst.port);
        let ports = if direction == Direction::OrigToResp { [src, dst] } else { [dst, src] };
        Self::between(transport.protocol, ports, transport.src)
    }

    fn between(transport: TransportProtocol, ports: [u16; 2], one: Endpoint) -> Self {
        Self {
            transport,
            ports,
            one,
            sides: <[Side; 2]>::default(),
            order: [None, None],
            spoken: Vec::new(),
            encrypted_from: None,
            is_cipher_known: false,
            user: None,
            secrets: Vec::new(),
            more_secrets: 0,
            long_lines: 0,
            rtp: None,
        }
    }

    /// A flow that was not watched: what the flow table kept of its beginning.
    pub(super) fn unseen(flow: &Flow) -> Self {
        let ports = [flow.tuple.orig.port, flow.tuple.resp.port];
        let mut watch = Self::between(flow.id.protocol, ports, flow.tuple.orig);
        for (second, side) in [(false, &flow.orig), (true, &flow.resp)] {
            if !side.sample.as_bytes().is_empty() {
                watch.data(second, side.sample.as_bytes(), flow.first.number);
            }
        }
        watch.end_lines();
        watch
    }

    /// Whether the second side sent it.
    fn is_second(&self, transport: &Transport) -> bool {
        transport.src != self.one
    }

    pub(super) fn datagram(&mut self, transport: &Transport, payload: &[u8], packet: PacketNumber) {
        if payload.is_empty() {
            return;
        }
        let second = self.is_second(transport);
        self.look_for_rtp(payload);
        self.data(second, payload, packet);
        self.end_line(second);
    }

    pub(super) fn segment(
        &mut self,
        transport: &Transport,
        tcp: &TcpSegment<'_>,
        verdict: &TcpVerdict,
        packet: PacketStamp,
    ) {
        let second = self.is_second(transport);
        if tcp.flags.ack() {
            self.with_order(!second, |order, emit| order.acked(SeqNumber(tcp.ack), emit));
        }
        let carries = tcp.payload_len > 0 || tcp.flags.fin() || tcp.flags.rst();
        if !carries || verdict.keep_alive {
            return;
        }
        let [one, other] = &mut self.order;
        let order = if second { other } else { one };
        if order.is_none() {
            let begins = SeqNumber(tcp.seq.wrapping_sub(verdict.missing_before));
            *order = Some(Reassembler::forgetful(begins.plus(u32::from(tcp.flags.syn()))));
            let headless = verdict.begins_mid_stream;
            self.sides.iter_mut().for_each(|side| side.headless |= headless);
        }
        let segment = Segment::new(tcp, packet);
        self.with_order(second, |order, emit| order.segment(&segment, emit));
    }

    /// Bytes that wait for missing ones.
    pub(super) fn waiting(&self) -> usize {
        self.order.iter().flatten().map(Reassembler::buffered_bytes).sum()
    }

    /// What waits is taken with the gaps before it.
    pub(super) fn give_up(&mut self) {
        for second in [false, true] {
            self.with_order(second, |order, emit| order.flush(emit));
        }
    }

    pub(super) fn finish(&mut self) {
        for second in [false, true] {
            self.with_order(second, |order, emit| order.finish(emit));
        }
        self.end_lines();
    }

    fn end_lines(&mut self) {
        self.end_line(false);
        self.end_line(true);
    }

    fn with_order(
        &mut self,
        second: bool,
        run: impl FnOnce(&mut Reassembler, &mut dyn FnMut(StreamEvent<'_>)),
    ) {
        let place = usize::from(second);
        let Some(mut order) = self.order.get_mut(place).and_then(Option::take) else { return };
        run(&mut order, &mut |event| match event {
            StreamEvent::Data { bytes, packet } => self.data(second, bytes, packet.number),
            StreamEvent::Gap { .. } => {
                self.end_line(second);
                self.side(second).gap();
            }
            StreamEvent::End | StreamEvent::Reset => self.end_line(second),
        });
        if let Some(slot) = self.order.get_mut(place) {
            *slot = Some(order);
        }
    }

    fn side(&mut self, second: bool) -> &mut Side {
        let [one, other] = &mut self.sides;
        if second { other } else { one }
    }

    fn form(&self) -> Option<Form> {
        self.spoken.last().map(|spoken| spoken.form)
    }

    /// The next bytes of a side.
    fn data(&mut self, second: bool, bytes: &[u8], packet: PacketNumber) {
        self.side(second).count(bytes, packet);
        self.recognise(second, bytes, packet);
        self.look_for_null_cipher(second, bytes);
        if self.form() == Some(Form::Encrypted) {
            return;
        }
        self.credentials(bytes, packet);
        self.end_turn(!second);
        if self.spoken.last().is_some_and(|spoken| spoken.name == Protocol::Telnet.name()) {
            for &byte in bytes {
                if self.side(second).push(byte, packet) {
                    self.end_line(second);
                }
            }
        } else {
            self.lines(second, bytes, packet);
        }
    }

    /// Reads the lines that end in `bytes`, and keeps what is behind the last.
    fn lines(&mut self, second: bool, bytes: &[u8], packet: PacketNumber) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr::memchr2(b'\r', b'\n', rest);
            let (line, behind) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
            let side = self.side(second);
            let line = side.unpadded(line);
            // A line that lies in one packet is never copied.
            if end.is_some() && side.line.is_empty() && !side.overlong && line.len() < MAX_LINE_BYTES {
                self.line(second, line, packet);
            } else if side.extend(line, packet) || end.is_some() {
                self.end_line(second);
            }
            if let Some(end) = behind.first() {
                self.side(second).end(*end);
            }
            rest = behind.get(1..).unwrap_or(&[]);
        }
    }

    /// Looks for a protocol, or for one that takes over.
    fn recognise(&mut self, second: bool, bytes: &[u8], packet: PacketNumber) {
        let known = match self.form() {
            Some(Form::Encrypted) => return,
            Some(Form::Text | Form::Binary) => true,
            Some(Form::Prelude) | None => false,
        };
        if self.transport == TransportProtocol::Tcp && known {
            if content::begins_tls(bytes) {
                self.encrypted_from = Some(packet);
                self.speaks(content::TLS);
            }
            return;
        }
        if let Some(before) = self.spoken.last().filter(|_| known) {
            if let Some(after) = content::takes_over(*before, bytes) {
                self.encrypted_from = Some(packet);
                self.speaks(after);
            }
            return;
        }
        let (transport, ports) = (self.transport, self.ports);
        let side = self.side(second);
        if side.tries >= MAX_TRIES {
            return;
        }
        side.tries += 1;
        // The first bytes may come one by one.
        let stream = transport == TransportProtocol::Tcp && side.tries > 1 && side.counts.total() <= 64;
        let looked_at = side.counts.bytes().filter(|_| stream).unwrap_or(bytes);
        if let Some(found) = content::spoken(transport, ports, looked_at)
            && self.spoken.last() != Some(&found)
        {
            self.speaks(found);
        }
    }

    /// TLS does not encrypt where the server chooses so.
    fn look_for_null_cipher(&mut self, second: bool, bytes: &[u8]) {
        let datagrams = self.transport == TransportProtocol::Udp;
        let Some(Spoken { name, form: Form::Encrypted }) = self.spoken.last().copied() else { return };
        if self.is_cipher_known || name != Protocol::Tls.name() && name != Protocol::Dtls.name() {
            return;
        }
        let side = self.side(second);
        let room = MAX_HELLO.saturating_sub(side.hello.len());
        let known = if datagrams {
            chosen_cipher(bytes, true)
        } else if room == 0 {
            None
        } else {
            side.hello.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            chosen_cipher(&side.hello, false)
        };
        let Some(suite) = known else { return };
        self.is_cipher_known = true;
        self.sides.iter_mut().for_each(|side| side.hello = Vec::new());
        if let Some(last) = self.spoken.last_mut().filter(|_| is_null_cipher(suite)) {
            last.form = Form::Binary;
            self.encrypted_from = None;
        }
    }

    fn speaks(&mut self, spoken: Spoken) {
        self.is_cipher_known = false;
        if self.spoken.len() < MAX_SPOKEN {
            self.spoken.push(spoken);
        }
    }

    /// Two datagrams of RTP in a row (RFC 3550 section 5.1): version 2, a payload type that is none of RTCP's, the same
    /// source, a number that is a little higher.
    fn look_for_rtp(&mut self, payload: &[u8]) {
        if self.form().is_some() {
            return;
        }
        let Some((&[first, kind, s0, s1, _, _, _, _, c0, c1, c2, c3], _)) = payload.split_first_chunk::<12>()
        else {
            return;
        };
        if first >> 6 != 2 || (64..=95).contains(&(kind & 0x7f)) {
            return;
        }
        let (number, source) = (u16::from_be_bytes([s0, s1]), u32::from_be_bytes([c0, c1, c2, c3]));
        if self.rtp.is_some_and(|(before, same)| {
            same == source && (1..=RTP_AHEAD).contains(&number.wrapping_sub(before))
        }) {
            self.speaks(Spoken { name: "RTP", form: Form::Binary });
        }
        self.rtp = Some((number, source));
    }

    /// Secrets of binary protocols.
    fn credentials(&mut self, bytes: &[u8], packet: PacketNumber) {
        match self.spoken.last().map(|spoken| spoken.name) {
            Some("SNMP") => {
                if let Some(community) = content::snmp_community(bytes) {
                    self.keep(&found(SecretKind::Community, None, community), packet);
                }
            }
            Some("LDAP") => {
                if let Some((name, password)) = content::ldap_simple_bind(bytes) {
                    self.keep(&found(SecretKind::Password, Some(name), password), packet);
                }
            }
            Some("SOCKS") => {
                if let Some((name, password)) = content::socks_login(bytes) {
                    self.keep(&found(SecretKind::Password, Some(name), password), packet);
                }
            }
            _ => {}
        }
    }

    /// The other side speaks: what was sent before is complete, unless it is being typed.
    fn end_turn(&mut self, second: bool) {
        let typed = self.spoken.last().is_some_and(|spoken| spoken.name == Protocol::Telnet.name());
        let side = self.side(second);
        let waits = side.expect.is_answer();
        if !side.line.is_empty() && !waits && (!typed || secret::is_prompt(&side.line)) {
            self.end_line(second);
        }
    }

    /// The line of a side is whole, as far as it is kept.
    fn end_line(&mut self, second: bool) {
        let side = self.side(second);
        let line = std::mem::take(&mut side.line);
        let packet = side.line_packet;
        self.line(second, &line, packet);
    }

    /// A line, without its end; `packet` brought the last byte of it.
    fn line(&mut self, second: bool, line: &[u8], packet: PacketNumber) {
        if line.is_empty() {
            return;
        }
        let is_text = self.form() == Some(Form::Text);
        let side = self.side(second);
        side.line_ends = 0;
        let readability = judge(line);
        // A password is typed in whatever encoding the terminal has.
        if !side.expect.is_looked_at(line) {
            return;
        }
        let expect = std::mem::take(&mut side.expect);
        let read = secret::read(line, &expect, MAX_PER_LINE);
        side.expect = read.next;
        let is_secret = read.hides || !read.found.is_empty() || expect.is_secret();
        let is_whole = matches!(readability, Readability::Readable { .. }) && line.len() >= FEWEST_SHOWN;
        if !is_secret && readability.is_text() && (is_text || is_whole) {
            side.show(line);
        }
        if let Some(packed) = read.packed {
            side.packed_with(packed);
        }
        if line.len() >= MAX_LINE_BYTES {
            self.long_lines = self.long_lines.saturating_add(1);
        }
        if let Some(asks) = read.asks {
            self.side(!second).expect = asks;
        }
        if read.user.is_some() {
            self.user = read.user;
        }
        for found in &read.found {
            self.keep(found, packet);
        }
    }

    fn keep(&mut self, found: &Found<'_>, packet: PacketNumber) {
        let cut = |text: &[u8]| text.get(..MAX_SECRET_BYTES).unwrap_or(text).to_vec();
        let is_of_login = matches!(found.kind, SecretKind::Password | SecretKind::Account);
        let user = found.user.as_deref().or(self.user.as_deref().filter(|_| is_of_login));
        let secret = Secret {
            kind: found.kind,
            name: found.name.as_deref().map(cut),
            user: user.map(cut),
            value: cut(&found.value),
            packet,
        };
        if self.secrets.iter().any(|other| secret.is_same(other)) {
            return;
        }
        if self.secrets.len() < MAX_SECRETS {
            self.secrets.push(secret);
        } else {
            self.more_secrets = self.more_secrets.saturating_add(1);
        }
    }

    /// What is known of it, `flow` being what the flow table says.
    pub(super) fn told(mut self, flow: &Flow, analyzed: Option<Protocol>) -> FlowAudit {
        let mut spoken = std::mem::take(&mut self.spoken);
        // A datagram that only its port makes a message of DNS may be anything: its bytes are judged.
        let is_dns = matches!(analyzed, Some(Protocol::Dns | Protocol::Mdns | Protocol::Llmnr));
        let by_port = is_dns && self.transport == TransportProtocol::Udp && spoken.is_empty();
        let analyzed = analyzed.filter(|told| *told != Protocol::FtpData && !by_port);
        if let Some(protocol) = analyzed.map(Spoken::of) {
            let encrypted = protocol.form == Form::Encrypted
                && !spoken.iter().any(|s| s.form == Form::Encrypted || s.name == protocol.name);
            if spoken.is_empty() || encrypted || spoken.iter().all(|s| s.form == Form::Prelude) {
                spoken.push(protocol);
            }
            // The bytes of multicast DNS and LLMNR are those of DNS; the analyzer knows which it is.
            if matches!(analyzed, Some(Protocol::Mdns | Protocol::Llmnr)) {
                let dns = spoken.iter_mut().filter(|one| one.name == Protocol::Dns.name());
                dns.for_each(|one| one.name = protocol.name);
            }
        }
        // TLS that does not encrypt is what is in its records.
        let is_tls = |name| name == Protocol::Tls.name() || name == Protocol::Dtls.name();
        let open = spoken.last_mut().filter(|last| last.form == Form::Binary && is_tls(last.name));
        if let Some(open) = open.filter(|_| verdict::is_mostly_text(&self.sides)) {
            open.form = Form::Text;
        }
        let form = spoken.last().map(|spoken| spoken.form);
        let verdict = verdict::of_flow(&self.sides, form);
        // That it is a file says nothing of what is in it: the bytes were judged without the name.
        if analyzed == Some(Protocol::FtpData) && spoken.is_empty() {
            let form = match verdict {
                Legibility::Plaintext => Form::Text,
                Legibility::Encrypted => Form::Encrypted,
                Legibility::Compressed | Legibility::Binary | Legibility::TooLittleData => Form::Binary,
            };
            spoken.push(Spoken { form, ..Spoken::of(Protocol::FtpData) });
        }
        let [one, other] = self.sides;
        let (orig, resp) = if flow.tuple.orig == self.one { (one, other) } else { (other, one) };
        self.secrets.shrink_to_fit();
        FlowAudit {
            verdict,
            spoken,
            encrypted_from: self.encrypted_from,
            orig: side_told(orig, form),
            resp: side_told(resp, form),
            secrets: self.secrets,
            more_secrets: self.more_secrets,
            long_lines: self.long_lines,
        }
    }
}

fn found<'a>(kind: SecretKind, user: Option<&'a [u8]>, value: &'a [u8]) -> Found<'a> {
    Found { kind, name: None, user: user.map(Cow::Borrowed), value: value.into(), at: 0..value.len() }
}

fn side_told(mut side: Side, form: Option<Form>) -> SideAudit {
    let bytes = side.counts.total();
    side.sample.shrink_to_fit();
    let verdict = verdict::of_side(&side, form);
    let is_packed = verdict == Some(Legibility::Compressed);
    let buried = || is_packed.then(|| side.buried()).flatten();
    SideAudit {
        verdict,
        bytes,
        readable: side.readable.share(),
        randomness: side.counts.randomness(),
        magic: side.magic().or_else(buried),
        packed_bodies: side.packed,
        sample: side.sample,
        packets: (bytes > 0).then_some((side.first, side.last)),
    }
}
