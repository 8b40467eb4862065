//! What a name server answers: a referral, an answer, or a "no" (RFC 1034 section 4.3.2, RFC 4035 section 3.1,
//! RFC 5155 section 7.2). It follows no name out of its own zones.

use std::fmt;
use std::net::SocketAddr;

use super::message::{Carrier, Code, ExtendedError, IN, Item, Query, Question, Response, Section};
use super::nsec3::{Chain, Link};
use super::record::{Kind, Set};
use super::{Manner, Name, Zone};

/// Most aliases that are followed for one question: more are a loop, or made to look like one.
const MAX_ALIASES: usize = 8;

/// What a server made of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The message to send; `None` for silence.
    pub bytes: Option<Vec<u8>>,
    /// What was asked, where that could be read.
    pub question: Option<Question>,
    /// What it is, in a word.
    pub word: Word,
    /// Where it is from.
    pub by: By,
}

/// Where an answer is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The server knows by itself.
    Itself,
    /// It was asked before, and remembers.
    Cache,
    /// It sent so many queries to others.
    Asking(u32),
    /// It passed the question on to this server.
    Passing(SocketAddr),
}

/// What an answer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Records.
    Answer,
    /// An alias that leads out of this server's zones.
    Alias,
    /// Others have to be asked about this zone.
    Referral(Name),
    /// The name has no such records.
    NoData,
    /// The name is not there.
    NxDomain,
    /// The server is not asked about that, or not so.
    Refused(Code),
    /// A resolver found no answer, or none that it believes; why, in words.
    Failed(String),
    /// Too long for a datagram.
    Truncated,
    /// No answer.
    Silence,
}

/// In words: `referral to edu.`.
impl fmt::Display for Word {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => out.write_str("answer"),
            Self::Alias => out.write_str("alias, to be followed elsewhere"),
            Self::Referral(zone) => write!(out, "referral to {zone}"),
            Self::NoData => out.write_str("no such records (NODATA)"),
            Self::NxDomain => out.write_str("no such name (NXDOMAIN)"),
            Self::Refused(code) => write!(out, "refused ({})", code.name()),
            Self::Failed(why) => write!(out, "not found out (SERVFAIL: {why})"),
            Self::Truncated => out.write_str("truncated"),
            Self::Silence => out.write_str("not answered"),
        }
    }
}

/// What follows a [`Word`]: `, by 3 queries`; nothing where the server knows by itself.
impl fmt::Display for By {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Itself => Ok(()),
            Self::Cache => out.write_str(", from its cache"),
            Self::Asking(1) => out.write_str(", by 1 query"),
            Self::Asking(count) => write!(out, ", by {count} queries"),
            Self::Passing(other) => write!(out, ", by asking {other}"),
        }
    }
}

/// Answers a query from these zones, among which the closest one speaks for a name.
#[must_use]
pub fn respond(zones: &[&Zone], manner: Manner, bytes: &[u8], carrier: Carrier) -> Answered {
    let query = match manner {
        Manner::Silent => None,
        Manner::Usual | Manner::Truncates => Query::read(bytes),
    };
    let Some(query) = query else {
        return Answered { bytes: None, question: None, word: Word::Silence, by: By::Itself };
    };
    let (mut response, word) = match (query.refusal, &query.question) {
        (Some(code), _) => (Response::of(code), Word::Refused(code)),
        (None, Some(question)) => answer(zones, question, query.wants_signatures()),
        (None, None) => (Response::of(Code::FormErr), Word::Refused(Code::FormErr)),
    };
    response.is_empty_over_udp = manner == Manner::Truncates;
    let (bytes, is_truncated) = response.write(&query, carrier);
    let word = if is_truncated { Word::Truncated } else { word };
    Answered { bytes: Some(bytes), question: query.question, word, by: By::Itself }
}

/// RFC 8914 section 4.1: "other".
const OTHER: u16 = 0;

/// What a server says that asks others, and has asked for too many already.
#[must_use]
pub fn too_busy(bytes: &[u8], carrier: Carrier) -> Answered {
    let Some(query) = Query::read(bytes) else {
        return Answered { bytes: None, question: None, word: Word::Silence, by: By::Itself };
    };
    let text = "too many other questions wait for their answers".to_owned();
    let error = Some(ExtendedError { code: OTHER, text: text.clone() });
    let response = Response { error, offers_recursion: true, ..Response::of(Code::ServFail) };
    let (bytes, _) = response.write(&query, carrier);
    Answered { bytes: Some(bytes), question: query.question, word: Word::Failed(text), by: By::Itself }
}

fn answer(zones: &[&Zone], question: &Question, wants_signatures: bool) -> (Response, Word) {
    let mut search =
        Search { zones, kind: question.kind, wants_signatures, response: Response::of(Code::NoError) };
    let refused = |code| (Response::of(code), Word::Refused(code));
    let is_transfer = matches!(question.kind, Kind::AXFR | Kind::IXFR);
    let zone = search.zone_of(&question.name).filter(|_| question.class == IN && !is_transfer);
    let Some(zone) = zone else { return refused(Code::Refused) };
    if question.kind.is_meta() && question.kind != Kind::ANY {
        return refused(Code::NotImp);
    }
    let word = search.run(zone, question.name.clone());
    search.add_addresses(zone);
    (search.response, word)
}

struct Search<'a> {
    zones: &'a [&'a Zone],
    kind: Kind,
    wants_signatures: bool,
    response: Response,
}

/// Where the way down a zone to a name ends.
enum End<'a> {
    Cut(&'a Name),
    Moved(Name, &'a Set),
    Found(&'a [Set]),
    /// What the wildcard below this name has (RFC 4592 section 2.1.1).
    Wild(Name, &'a [Set]),
    Missing,
}

impl<'a> Search<'a> {
    /// The zone that speaks for a name; for DS it is the zone above (RFC 4035 section 3.1.4.1), where that is served here.
    fn zone_of(&self, name: &Name) -> Option<&'a Zone> {
        let mut holding: Vec<&'a Zone> =
            self.zones.iter().copied().filter(|zone| name.is_within(&zone.apex)).collect();
        holding.sort_by_key(|zone| zone.apex.label_count());
        let above = holding.iter().rev().find(|zone| self.kind == Kind::DS && name.is_below(&zone.apex));
        above.or(holding.last()).copied()
    }

    fn run(&mut self, mut zone: &'a Zone, mut name: Name) -> Word {
        self.response.is_authoritative = true;
        for step in 0..=MAX_ALIASES {
            let target = match self.end(zone, &name) {
                End::Cut(cut) => {
                    // What an alias led to is still answered with authority.
                    self.response.is_authoritative = step > 0;
                    return self.refer(zone, cut);
                }
                End::Found(sets) => match self.records(&name, sets) {
                    Some(target) => target,
                    None => return self.found_or_not(zone, &name, None, sets),
                },
                End::Wild(wildcard, sets) => match self.records(&name, sets) {
                    Some(target) => {
                        self.prove_expansion(zone, &name);
                        target
                    }
                    None => return self.found_or_not(zone, &name, Some(&wildcard), sets),
                },
                End::Moved(from, set) => match self.redirect(&name, &from, set) {
                    Ok(target) => target,
                    Err(word) => return word,
                },
                End::Missing => return self.missing(zone, &name),
            };
            // Out of this server's zones, or into a circle: whoever asked goes on.
            let has_been = self.response.items.iter().any(|item| item.owner == target);
            match self.zone_of(&target) {
                Some(next) if !has_been => (zone, name) = (next, target),
                _ => return Word::Alias,
            }
        }
        Word::Alias
    }

    fn end(&self, zone: &'a Zone, name: &Name) -> End<'a> {
        if let Some(cut) = zone.cut(name)
            && !(cut == name && self.kind == Kind::DS)
        {
            return End::Cut(cut);
        }
        if let Some(sets) = zone.sets(name) {
            return End::Found(sets);
        }
        let closest = name
            .and_above()
            .take_while(|name| name.is_within(&zone.apex))
            .find(|name| zone.sets(name).is_some());
        let Some(closest) = closest else { return End::Missing };
        if let Some(set) = zone.set(&closest, Kind::DNAME) {
            return End::Moved(closest, set);
        }
        let wildcard = closest.with_label(b"*").ok();
        wildcard
            .and_then(|wildcard| Some((zone.sets(&wildcard)?, wildcard)))
            .map_or(End::Missing, |(sets, wildcard)| End::Wild(wildcard, sets))
    }

    fn push(&mut self, section: Section, owner: &Name, set: &Set, is_needed: bool) {
        let signatures = if self.wants_signatures { set.signatures.clone() } else { Vec::new() };
        let set = Set { signatures, ..set.clone() };
        let is_there = |item: &Item| item.owner == *owner && item.set.kind == set.kind;
        if !self.response.items.iter().any(is_there) {
            self.response.items.push(Item { section, owner: owner.clone(), set, is_needed });
        }
    }

    /// Whether a set answers the question.
    fn is_wanted(&self, set: &Set) -> bool {
        match self.kind {
            // Of all types one is enough (RFC 8482 section 4.1).
            Kind::ANY => true,
            Kind::RRSIG => !set.signatures.is_empty(),
            kind => set.kind == kind,
        }
    }

    /// The records that were asked for, or the alias instead of them, whose target is returned.
    fn records(&mut self, name: &Name, sets: &[Set]) -> Option<Name> {
        if self.kind == Kind::RRSIG {
            self.signatures(name, sets);
            return None;
        }
        let alias = sets.iter().find(|set| set.kind == Kind::CNAME);
        let Some(alias) = alias.filter(|_| !matches!(self.kind, Kind::CNAME | Kind::ANY)) else {
            if let Some(set) = sets.iter().find(|set| self.is_wanted(set)) {
                self.push(Section::Answer, name, set, true);
            }
            return None;
        };
        self.push(Section::Answer, name, alias, true);
        alias.targets().next()
    }

    /// The signatures of all sets of a name, where nobody asks for what they sign: no set of their own, for each lives as long
    /// as what it signs (RFC 4034 section 3). They stand beside an alias, which is not followed.
    fn signatures(&mut self, name: &Name, sets: &[Set]) {
        let signed = sets.iter().filter(|set| !set.signatures.is_empty());
        self.response.items.extend(signed.map(|set| Item {
            section: Section::Answer,
            owner: name.clone(),
            set: Set::new(Kind::RRSIG, set.ttl, set.signatures.clone()),
            is_needed: true,
        }));
    }

    fn found_or_not(&mut self, zone: &Zone, name: &Name, wildcard: Option<&Name>, sets: &[Set]) -> Word {
        if sets.iter().any(|set| self.is_wanted(set)) {
            if wildcard.is_some() {
                self.prove_expansion(zone, name);
            }
            return Word::Answer;
        }
        self.deny(zone, |chain| match (wildcard, chain.matching(name)) {
            // RFC 5155 section 7.2.5.
            (Some(wildcard), _) => {
                chain.not_there(name).1.into_iter().chain(chain.matching(wildcard)).collect()
            }
            (None, Some(link)) => vec![link],
            // A delegation without DS that the chain passes over (RFC 5155 section 7.2.4).
            (None, None) => chain.not_there(name).1,
        });
        Word::NoData
    }

    fn missing(&mut self, zone: &Zone, name: &Name) -> Word {
        self.response.code = Code::NxDomain;
        self.deny(zone, |chain| {
            let (closest, links) = chain.not_there(name);
            let wildcard = closest.and_then(|closest| closest.with_label(b"*").ok());
            links.into_iter().chain(wildcard.and_then(|wildcard| chain.covering(&wildcard))).collect()
        });
        Word::NxDomain
    }

    /// The SOA record, whose time to live says how long the "no" may be kept (RFC 2308 section 3), and the proof.
    fn deny<'z>(&mut self, zone: &'z Zone, proof: impl FnOnce(&'z Chain) -> Vec<&'z Link>) {
        if let Some(soa) = zone.soa() {
            let set = Set { ttl: zone.negative_ttl(), ..soa.clone() };
            self.push(Section::Authority, &zone.apex, &set, true);
        }
        self.prove(zone, proof);
    }

    fn prove<'z>(&mut self, zone: &'z Zone, proof: impl FnOnce(&'z Chain) -> Vec<&'z Link>) {
        if let Some(chain) = zone.proofs.as_ref().filter(|_| self.wants_signatures) {
            for link in proof(chain) {
                self.push(Section::Authority, &link.owner, &link.set, true);
            }
        }
    }

    /// That a wildcard's records are there because the name itself is not (RFC 5155 section 7.2.6).
    fn prove_expansion(&mut self, zone: &Zone, name: &Name) {
        self.prove(zone, |chain| chain.not_there(name).1.into_iter().skip(1).collect());
    }

    /// Without authority: who is to be asked, and whether they sign (RFC 4035 section 3.1.4).
    fn refer(&mut self, zone: &'a Zone, cut: &Name) -> Word {
        let Some(servers) = zone.set(cut, Kind::NS) else { return Word::NoData };
        self.push(Section::Authority, cut, servers, true);
        match zone.set(cut, Kind::DS).filter(|_| self.wants_signatures) {
            Some(ds) => self.push(Section::Authority, cut, ds, true),
            None => self.prove(zone, |chain| match chain.matching(cut) {
                Some(link) => vec![link],
                None => chain.not_there(cut).1,
            }),
        }
        // Without the address of a server below the cut nobody gets any further (RFC 9471): those first.
        for kind in [Kind::A, Kind::AAAA] {
            for server in servers.targets() {
                self.address(zone, &server, kind, kind == Kind::A && server.is_within(cut));
            }
        }
        Word::Referral(cut.clone())
    }

    /// What a DNAME makes of a name, and the alias that says so to those who do not know it (RFC 6672 section 3.1).
    fn redirect(&mut self, name: &Name, from: &Name, set: &Set) -> Result<Name, Word> {
        self.push(Section::Answer, from, set, true);
        let target = set.targets().next().ok_or(Word::NoData)?;
        let Ok(target) = name.moved(from, &target) else {
            self.response.code = Code::YxDomain;
            return Err(Word::Refused(Code::YxDomain));
        };
        let alias = Set::new(Kind::CNAME, set.ttl, vec![target.wire().to_vec()]);
        self.push(Section::Answer, name, &alias, true);
        if self.kind == Kind::CNAME { Err(Word::Answer) } else { Ok(target) }
    }

    /// The addresses of a name: as the zone at hand has them, else wherever in this server's zones they stand.
    fn address(&mut self, zone: &Zone, name: &Name, kind: Kind, is_needed: bool) {
        let holding = self.zones.iter().filter(|zone| name.is_within(&zone.apex));
        let closest = holding.max_by_key(|zone| zone.apex.label_count());
        let set = zone.set(name, kind).or_else(|| closest?.set(name, kind));
        if let Some(set) = set {
            self.push(Section::Additional, name, set, is_needed);
        }
    }

    /// Addresses of the servers and mail hosts that the answer names.
    fn add_addresses(&mut self, zone: &Zone) {
        let answers = self.response.items.iter().filter(|item| item.section == Section::Answer);
        let naming = answers.filter(|item| matches!(item.set.kind, Kind::NS | Kind::MX | Kind::SRV));
        let hosts: Vec<Name> = naming.flat_map(|item| item.set.targets().collect::<Vec<_>>()).collect();
        for kind in [Kind::A, Kind::AAAA] {
            for host in &hosts {
                self.address(zone, host, kind, false);
            }
        }
    }
}
