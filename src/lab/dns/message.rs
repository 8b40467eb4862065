//! Queries read, responses written (RFC 1035 section 4, RFC 6891).

use std::collections::HashMap;

use super::Name;
use super::record::{Kind, Set};

/// Bytes of a header.
pub(super) const HEADER: usize = 12;

/// Largest message over UDP where a query says nothing else (RFC 1035 section 4.2.1).
const UDP_BYTES: u16 = 512;

/// Largest message over UDP that these servers send, whatever a query allows: it fits every IPv6 path.
pub(super) const OUR_BYTES: u16 = 1_232;

/// Largest message of all: over TCP its length has 16 bits.
const TCP_BYTES: usize = 65_535;

/// Farthest place that a pointer can lead to (RFC 1035 section 4.1.4).
const FARTHEST: usize = 0x3fff;

/// Class IN, the only one that is served.
pub(super) const IN: u16 = 1;

/// The bit of the header's flags that says "response", and others of them.
const RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
const TRUNCATED: u16 = 0x0200;
pub(super) const RECURSION_DESIRED: u16 = 0x0100;
const RECURSION_AVAILABLE: u16 = 0x0080;
const AUTHENTIC_DATA: u16 = 0x0020;
const CHECKING_DISABLED: u16 = 0x0010;
const OPCODE: u16 = 0x7800;

/// The flag of OPT that asks for signatures (RFC 3225).
const DO: u32 = 0x8000;

/// Bytes of an OPT record without options.
const OPT_BYTES: usize = 11;

/// The option that says more of why there is no answer (RFC 8914 section 2).
const EXTENDED_ERROR: u16 = 15;

/// Longest text of such an option: it is for people.
const MAX_ERROR_TEXT: usize = 200;

/// A response code (RFC 1035 section 4.1.1, RFC 6891 section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No error.
    NoError,
    /// The query could not be read.
    FormErr,
    /// A resolver found no answer, or none that it believes.
    ServFail,
    /// The name is not there.
    NxDomain,
    /// Such a query is not known here.
    NotImp,
    /// This server does not answer for the name.
    Refused,
    /// A name would be too long after a DNAME (RFC 6672 section 2.2).
    YxDomain,
    /// EDNS of another version.
    BadVers,
}

impl Code {
    /// Its name, as DNS tools write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoError => "NOERROR",
            Self::FormErr => "FORMERR",
            Self::ServFail => "SERVFAIL",
            Self::NxDomain => "NXDOMAIN",
            Self::NotImp => "NOTIMP",
            Self::Refused => "REFUSED",
            Self::YxDomain => "YXDOMAIN",
            Self::BadVers => "BADVERS",
        }
    }

    const fn number(self) -> u16 {
        match self {
            Self::NoError => 0,
            Self::FormErr => 1,
            Self::ServFail => 2,
            Self::NxDomain => 3,
            Self::NotImp => 4,
            Self::Refused => 5,
            Self::YxDomain => 6,
            Self::BadVers => 16,
        }
    }
}

/// What carried a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A datagram: what does not fit is left out, and the response says so.
    Udp,
    /// A connection.
    Tcp,
}

/// A query's question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name, in lower case.
    pub name: Name,
    /// The type.
    pub kind: Kind,
    /// The class: 1 is the Internet's.
    pub class: u16,
}

/// A query as far as it could be read.
#[derive(Debug)]
pub struct Query<'a> {
    id: u16,
    flags: u16,
    /// The question as it was sent: its letters keep their case.
    raw_question: &'a [u8],
    /// The question, where it could be read.
    pub question: Option<Question>,
    edns: Option<Edns>,
    /// Why it is not answered; what was read before the fault is good.
    pub refusal: Option<Code>,
}

#[derive(Clone, Copy, Debug)]
struct Edns {
    bytes: u16,
    wants_signatures: bool,
}

impl<'a> Query<'a> {
    /// Reads a query. `None` where silence is the answer: there is not even a header, or it is a response, which two
    /// servers would throw at each other for ever.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let [i0, i1, f0, f1, q0, q1, counts @ ..] = *header;
        let word = |high, low| u16::from_be_bytes([high, low]);
        let flags = word(f0, f1);
        if flags & RESPONSE != 0 {
            return None;
        }
        let mut query =
            Self { id: word(i0, i1), flags, raw_question: &[], question: None, edns: None, refusal: None };
        if flags & OPCODE != 0 {
            query.refusal = Some(Code::NotImp);
        }
        // Also what is refused is read: who speaks EDNS is answered so (RFC 6891 section 6.1.1).
        let is_read = match word(q0, q1) {
            0 => query.read_records(rest, &counts).and(None),
            1 => query.read_question(rest).and_then(|rest| query.read_records(rest, &counts)),
            _ => None,
        };
        if is_read.is_none() {
            query.refusal.get_or_insert(Code::FormErr);
        }
        Some(query)
    }

    /// What follows the question; `None` where something is wrong with it.
    fn read_question(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let (name, length) = Name::read(rest)?;
        let &[k0, k1, c0, c1] = rest.get(length..)?.first_chunk()?;
        self.raw_question = rest.get(..length + 4)?;
        let kind = Kind(u16::from_be_bytes([k0, k1]));
        self.question = Some(Question { name, kind, class: u16::from_be_bytes([c0, c1]) });
        rest.get(length + 4..)
    }

    /// `None` where something is wrong.
    fn read_records(&mut self, mut rest: &'a [u8], counts: &[u8; 6]) -> Option<()> {
        let &[a0, a1, n0, n1, d0, d1] = counts;
        for (at, count) in [[a0, a1], [n0, n1], [d0, d1]].into_iter().enumerate() {
            for _ in 0..u16::from_be_bytes(count) {
                let is_root = rest.first() == Some(&0);
                let record = rest.get(name_length(rest)?..)?;
                let (&[k0, k1, c0, c1, t0, t1, t2, t3, l0, l1], data) = record.split_first_chunk()?;
                let (data, behind) = data.split_at_checked(u16::from_be_bytes([l0, l1]).into())?;
                rest = behind;
                if Kind(u16::from_be_bytes([k0, k1])) == Kind::OPT {
                    // One, at the root, among the additional records (RFC 6891 section 6.1.1).
                    if at != 2 || !is_root || self.edns.is_some() {
                        return None;
                    }
                    let ttl = u32::from_be_bytes([t0, t1, t2, t3]);
                    self.edns =
                        Some(Edns { bytes: u16::from_be_bytes([c0, c1]), wants_signatures: ttl & DO != 0 });
                    if t1 != 0 {
                        self.refusal.get_or_insert(Code::BadVers);
                    } else if !are_options(data) {
                        return None;
                    }
                }
            }
        }
        Some(())
    }

    /// Whether signatures and proofs are wanted (DO, RFC 3225).
    #[must_use]
    pub fn wants_signatures(&self) -> bool {
        self.edns.is_some_and(|edns| edns.wants_signatures)
    }

    /// Whether it is to be known that the answer was checked (RFC 6840 section 5.7).
    #[must_use]
    pub fn wants_authentic(&self) -> bool {
        self.wants_signatures() || self.flags & AUTHENTIC_DATA != 0
    }

    /// Whether servers are to be asked for the answer (RD).
    #[must_use]
    pub const fn wants_recursion(&self) -> bool {
        self.flags & RECURSION_DESIRED != 0
    }

    /// Whether an answer that cannot be believed is wanted all the same (CD, RFC 4035 section 3.2.2).
    #[must_use]
    pub const fn takes_unchecked(&self) -> bool {
        self.flags & CHECKING_DISABLED != 0
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> u16 {
        self.id
    }

    /// How many bytes a response may have.
    #[must_use]
    pub fn limit(&self, carrier: Carrier) -> usize {
        match carrier {
            Carrier::Tcp => TCP_BYTES,
            Carrier::Udp => self.edns.map_or(UDP_BYTES, |edns| edns.bytes.clamp(UDP_BYTES, OUR_BYTES)).into(),
        }
    }
}

/// Whether they are options one after another, whatever they mean (RFC 6891 section 6.1.2). Badly formatted ones are an error
/// (section 7), unknown ones are not.
fn are_options(mut data: &[u8]) -> bool {
    while let Some((&[_, _, l0, l1], behind)) = data.split_first_chunk() {
        let Some(rest) = behind.get(usize::from(u16::from_be_bytes([l0, l1]))..) else { return false };
        data = rest;
    }
    data.is_empty()
}

/// How long the name at the beginning of `bytes` is in its place.
pub(super) fn name_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length @ 1..0x40 => at += usize::from(length) + 1,
            0xc0.. => return bytes.get(at + 1).map(|_| at + 2),
            _ => return None,
        }
    }
}

/// Where a set stands in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What was asked for.
    Answer,
    /// Who knows more, or why there is nothing.
    Authority,
    /// What goes with it.
    Additional,
}

/// A set in a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it stands.
    pub section: Section,
    /// Whose records these are.
    pub owner: Name,
    /// The records.
    pub set: Set,
    /// The response is truncated without it; what is not needed is left out silently.
    pub is_needed: bool,
}

/// Why there is no answer (RFC 8914).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedError {
    /// The number: 6 is an answer whose signatures are not good.
    pub code: u16,
    /// In words; the first 200 bytes are sent.
    pub text: String,
}

/// A response, not yet written.
#[derive(Debug)]
pub struct Response {
    /// Its response code.
    pub code: Code,
    /// The server has authority (AA).
    pub is_authoritative: bool,
    /// The server asks others (RA).
    pub offers_recursion: bool,
    /// Its signatures were checked (AD).
    pub is_authentic: bool,
    /// All that does not fit a datagram of no bytes is left out: the question comes again over TCP.
    pub is_empty_over_udp: bool,
    /// Its records.
    pub items: Vec<Item>,
    /// Why there is no answer, for who speaks EDNS.
    pub error: Option<ExtendedError>,
}

impl Response {
    /// A response without records.
    #[must_use]
    pub const fn of(code: Code) -> Self {
        Self {
            code,
            is_authoritative: false,
            offers_recursion: false,
            is_authentic: false,
            is_empty_over_udp: false,
            items: Vec::new(),
            error: None,
        }
    }

    /// The options of the OPT record.
    fn options(&self) -> Vec<u8> {
        let Some(error) = &self.error else { return Vec::new() };
        let text = error.text.as_bytes();
        let text = text.get(..MAX_ERROR_TEXT).unwrap_or(text);
        let length = u16::try_from(text.len() + 2).unwrap_or(u16::MAX);
        let mut bytes: Vec<u8> =
            [EXTENDED_ERROR, length, error.code].into_iter().flat_map(u16::to_be_bytes).collect();
        bytes.extend_from_slice(text);
        bytes
    }

    /// Writes it, whole sets only; says whether something that is needed was left out.
    #[must_use]
    pub fn write(&self, query: &Query<'_>, carrier: Carrier) -> (Vec<u8>, bool) {
        let limit = query.limit(carrier);
        let options = self.options();
        let opt_bytes = if query.edns.is_some() { OPT_BYTES + options.len() } else { 0 };
        let mut writer = Writer { bytes: vec![0; HEADER], places: HashMap::new() };
        writer.bytes.extend_from_slice(query.raw_question);
        if let Some(question) = &query.question {
            writer.remember(&question.name, HEADER);
        }
        let mut counts = [0_u16; 3];
        let mut is_truncated = self.is_empty_over_udp && carrier == Carrier::Udp;
        let mut items: Vec<&Item> = self.items.iter().collect();
        items.sort_by_key(|item| item.section);
        for item in items {
            if is_truncated {
                break;
            }
            let before = writer.bytes.len();
            let records = writer.set(item);
            if writer.bytes.len() + opt_bytes > limit {
                writer.take_back(before);
                is_truncated = item.is_needed;
            } else if let Some(count) = counts.get_mut(item.section as usize) {
                *count = count.saturating_add(records);
            }
        }
        let code = self.code.number();
        if query.edns.is_some() {
            let flags = if query.wants_signatures() { DO } else { 0 };
            let high = u32::from(code >> 4) << 24;
            writer.bytes.push(0);
            writer.bytes.extend(Kind::OPT.0.to_be_bytes());
            writer.bytes.extend(OUR_BYTES.to_be_bytes());
            writer.bytes.extend((high | flags).to_be_bytes());
            writer.bytes.extend(u16::try_from(options.len()).unwrap_or(u16::MAX).to_be_bytes());
            writer.bytes.extend_from_slice(&options);
            let [.., additional] = &mut counts;
            *additional = additional.saturating_add(1);
        }
        let mut flags =
            RESPONSE | (query.flags & (OPCODE | RECURSION_DESIRED | CHECKING_DISABLED)) | (code & 0xf);
        if self.is_authoritative {
            flags |= AUTHORITATIVE;
        }
        for (is_set, flag) in [
            (is_truncated, TRUNCATED),
            (self.offers_recursion, RECURSION_AVAILABLE),
            (self.is_authentic, AUTHENTIC_DATA),
        ] {
            if is_set {
                flags |= flag;
            }
        }
        let [answers, authority, additional] = counts;
        let questions = u16::from(!query.raw_question.is_empty());
        let header = [query.id, flags, questions, answers, authority, additional];
        for (place, byte) in writer.bytes.iter_mut().zip(header.iter().flat_map(|word| word.to_be_bytes())) {
            *place = byte;
        }
        (writer.bytes, is_truncated)
    }
}

/// Writes records, names compressed.
struct Writer {
    bytes: Vec<u8>,
    /// Where a name was written: each is looked for from its whole to its last label.
    places: HashMap<Vec<u8>, usize>,
}

impl Writer {
    fn remember(&mut self, name: &Name, at: usize) {
        let mut place = at;
        for suffix in name.suffixes().take_while(|suffix| suffix.len() > 1) {
            if place <= FARTHEST {
                self.places.entry(suffix.to_vec()).or_insert(place);
            }
            place += usize::from(suffix.first().copied().unwrap_or(0)) + 1;
        }
    }

    fn name(&mut self, name: &Name) {
        let at = self.bytes.len();
        for suffix in name.suffixes() {
            if let Some(place) = self.places.get(suffix).and_then(|place| u16::try_from(*place).ok()) {
                self.bytes.extend((0xc000 | place).to_be_bytes());
                break;
            }
            let length = usize::from(suffix.first().copied().unwrap_or(0)) + 1;
            self.bytes.extend(suffix.iter().take(length));
        }
        self.remember(name, at);
    }

    /// Writes the records of a set and its signatures, and says how many.
    fn set(&mut self, item: &Item) -> u16 {
        let Set { kind, ttl, data, signatures } = &item.set;
        for record in data {
            self.record(&item.owner, *kind, *ttl, record);
        }
        for signature in signatures {
            self.record(&item.owner, Kind::RRSIG, *ttl, signature);
        }
        u16::try_from(data.len() + signatures.len()).unwrap_or(u16::MAX)
    }

    fn record(&mut self, owner: &Name, kind: Kind, ttl: u32, data: &[u8]) {
        self.name(owner);
        self.bytes.extend(kind.0.to_be_bytes());
        self.bytes.extend(IN.to_be_bytes());
        self.bytes.extend(ttl.to_be_bytes());
        let length_at = self.bytes.len();
        self.bytes.extend([0, 0]);
        let mut rest = data;
        if let Some((before, count)) = kind.names().filter(|_| kind.is_compressed()) {
            let (fixed, names) = rest.split_at_checked(before).unwrap_or((rest, &[]));
            self.bytes.extend_from_slice(fixed);
            rest = names;
            for _ in 0..count {
                let Some((name, length)) = Name::read(rest) else { break };
                self.name(&name);
                rest = rest.get(length..).unwrap_or_default();
            }
        }
        self.bytes.extend_from_slice(rest);
        let length = u16::try_from(self.bytes.len() - length_at - 2).unwrap_or(u16::MAX);
        for (place, byte) in self.bytes.iter_mut().skip(length_at).zip(length.to_be_bytes()) {
            *place = byte;
        }
    }

    fn take_back(&mut self, to: usize) {
        self.bytes.truncate(to);
        self.places.retain(|_, place| *place < to);
    }
}
