use super::super::tests::wire::{self, AA, CNAME, NS, QR, address, message, name, names, record, soa};
use super::super::{MAX_IGNORED, Misfit, Over, Step, StepOutcome};
use super::*;
use crate::decode::TransportProtocol;
use crate::flow::PacketStamp;
use crate::report::dns::DnsMessage;
use crate::time::Timestamp;

const RRSIG: u16 = 46;

/// A capture: the transactions as they are collected, a packet each tenth of a second.
#[derive(Default)]
struct Packets {
    all: Vec<DnsTransaction>,
    number: PacketNumber,
}

fn at(text: &str, port: u16) -> Endpoint {
    Endpoint { addr: text.parse().unwrap(), port }
}

const RESOLVER: &str = "192.0.2.53";

impl Packets {
    fn stamp(&mut self) -> PacketStamp {
        self.number += 1;
        let nanos = i128::from(self.number) * 100_000_000;
        PacketStamp { number: self.number, ts: Some(Timestamp::from_nanos(nanos)) }
    }

    fn message(&mut self, from: Endpoint, to: Endpoint, bytes: Vec<u8>) -> DnsMessage {
        let at = self.stamp();
        DnsMessage { first: at, at, from, to, bytes: bytes.into(), cut: false, announced: None }
    }

    /// A query; its place.
    fn ask(&mut self, port: u16, server: &str, id: u16, about: &str) -> usize {
        let query = message(id, 0, (about, wire::A), [&[], &[], &[]]);
        let kept = self.message(at(RESOLVER, port), at(server, 53), query);
        self.all.push(DnsTransaction::unanswered(Protocol::Dns, TransportProtocol::Udp, kept));
        self.all.len() - 1
    }

    /// What the query at `place` is answered.
    fn answer(&mut self, place: usize, flags: u16, sections: [&[Vec<u8>]; 3]) {
        let (client, server) = (self.all[place].client, self.all[place].server);
        let query = self.all[place].queries[0].bytes.clone();
        let asked = wire_question(&query);
        let id = u16::from_be_bytes([query[0], query[1]]);
        let kept = self.message(server, client, message(id, QR | flags, (&asked, wire::A), sections));
        self.all[place].responses.push(kept);
    }

    /// A response that no query is for.
    fn stray(&mut self, from: &str, port: u16, id: u16, about: &str) {
        let bytes = message(id, QR | AA, (about, wire::A), [&[address(about, "192.0.2.66")], &[], &[]]);
        let kept = self.message(at(from, 53), at(RESOLVER, port), bytes);
        let mut one = DnsTransaction::unanswered(Protocol::Dns, TransportProtocol::Udp, kept);
        (one.client, one.server) = (one.server, one.client);
        one.responses.append(&mut one.queries);
        self.all.push(one);
    }

    /// Two referrals and an answer, from the first root server's address down.
    fn down(&mut self, port: u16, about: &str) {
        let root = self.ask(port, "198.41.0.4", 1, about);
        let glue = [address("a.edu", "198.51.100.2")];
        self.answer(root, 0, [&[], &[names("edu", NS, "a.edu")], &glue]);
        let edu = self.ask(port, "198.51.100.2", 2, about);
        self.answer(edu, AA, [&[address(about, "192.0.2.1")], &[], &[]]);
    }

    fn steps(&self) -> Vec<Vec<Step>> {
        rebuild(&self.all).traces.into_iter().map(|one| one.trace.steps).collect()
    }
}

fn wire_question(query: &[u8]) -> String {
    let read = crate::proto::dns::Message::read(query);
    read.questions[0].name.to_string()
}

#[test]
fn strays_go_with_the_query_that_they_were_meant_for() {
    let mut packets = Packets::default();
    let first = packets.ask(4000, "198.41.0.4", 7, "www.nyu.edu");
    packets.stray("198.41.0.4", 4000, 8, "www.nyu.edu");
    packets.stray("203.0.113.9", 4000, 7, "www.nyu.edu");
    packets.stray("198.41.0.4", 4000, 7, "www.bank.edu");
    // To another port, and when it had been answered: of no query.
    packets.stray("198.41.0.4", 4001, 8, "www.nyu.edu");
    packets.answer(first, AA | 3, [&[], &[soa("edu")], &[]]);
    packets.stray("198.41.0.4", 4000, 9, "www.nyu.edu");
    let steps = packets.steps();
    let told: Vec<_> = steps[0][0].ignored.iter().map(|one| (one.why, one.packet)).collect();
    let wanted = [(Misfit::Id(8), Some(2)), (Misfit::Source, Some(3)), (Misfit::Question, Some(4))];
    assert_eq!(told, wanted);
    assert_eq!(steps.len(), 1);
}

#[test]
fn of_two_queries_that_wait_the_question_tells_then_the_server_then_nothing() {
    let mut packets = Packets::default();
    packets.ask(53, "198.41.0.4", 7, "a.edu");
    packets.ask(53, "192.33.4.12", 8, "b.edu");
    packets.stray("192.33.4.12", 53, 9, "a.edu");
    packets.stray("192.33.4.12", 53, 9, "c.edu");
    packets.stray("203.0.113.9", 53, 9, "c.edu");
    let steps = packets.steps();
    let told = |at: usize| steps[at][0].ignored.iter().map(|one| one.packet).collect::<Vec<_>>();
    assert_eq!((told(0), told(1)), (vec![Some(3)], vec![Some(4)]));
}

#[test]
fn a_second_response_is_told() {
    let mut packets = Packets::default();
    let asked = packets.ask(4000, "198.41.0.4", 7, "www.nyu.edu");
    packets.answer(asked, AA, [&[address("www.nyu.edu", "192.0.2.66")], &[], &[]]);
    packets.answer(asked, AA, [&[address("www.nyu.edu", "192.0.2.1")], &[], &[]]);
    let steps = packets.steps();
    let told: Vec<_> = steps[0][0].ignored.iter().map(|one| (one.why, one.packet)).collect();
    assert_eq!((told, steps[0][0].packets.response), (vec![(Misfit::Again, Some(3))], Some(2)));
}

#[test]
fn a_flood_of_strays_is_cut() {
    let mut packets = Packets::default();
    packets.ask(4000, "198.41.0.4", 7, "www.nyu.edu");
    (0..500).for_each(|id| packets.stray("198.41.0.4", 4000, 1000 + id, "www.nyu.edu"));
    assert_eq!(packets.steps()[0][0].ignored.len(), MAX_IGNORED);
}

#[test]
fn the_zone_of_a_first_server_is_told_or_guessed() {
    let signature = [&[0; 18][..], name("nyu.edu").wire(), &[1; 8]].concat();
    let signed = [address("a.b.nyu.edu", "192.0.2.1"), record("a.b.nyu.edu", RRSIG, &signature)];
    let plain = [address("a.b.nyu.edu", "192.0.2.1")];
    let own = [names("nyu.edu", NS, "ns.nyu.edu")];
    let top = [names("edu", NS, "ns.nyu.edu")];
    for (flags, answer, authority, zone, guessed) in [
        (AA, &signed[..], &[][..], "nyu.edu", false),
        (AA, &plain, &own, "nyu.edu", false),
        (AA, &[], &[soa("nyu.edu")], "nyu.edu", false),
        // A referral to nyu.edu. comes from a zone above: from which, it does not say.
        (0, &[], &own, "edu", true),
        (0, &[], &top, ".", false),
        (AA, &plain, &[], "b.nyu.edu", true),
        // What is said of another name tells nothing.
        (AA, &plain, &[soa("mit.edu")], "b.nyu.edu", true),
    ] {
        let mut packets = Packets::default();
        let asked = packets.ask(4000, "192.0.2.10", 7, "a.b.nyu.edu");
        packets.answer(asked, flags, [answer, authority, &[]]);
        let found = rebuild(&packets.all).traces.remove(0);
        assert_eq!((&found.trace.steps[0].zone, found.guessed), (&name(zone), guessed), "{authority:?}");
    }
}

#[test]
fn who_is_no_known_server_and_never_answers_is_no_step() {
    let mut packets = Packets::default();
    packets.ask(4000, "192.0.2.10", 7, "printer");
    packets.ask(4001, "224.0.0.251", 7, "printer.local");
    assert!(packets.steps().is_empty());
    // One of the root's servers is known.
    packets.ask(4002, "198.41.0.4", 7, "www.nyu.edu");
    assert_eq!(packets.steps()[0][0].outcome, StepOutcome::TimeOut);
}

#[test]
fn addresses_that_nobody_has_a_say_in_are_not_learnt() {
    let mut packets = Packets::default();
    let root = packets.ask(4000, "198.41.0.4", 1, "www.nyu.edu");
    let edu = [address("a.edu", "198.51.100.2")];
    packets.answer(root, 0, [&[], &[names("edu", NS, "a.edu")], &edu]);
    // A server of edu. says where a server of com. is.
    let asked = packets.ask(4000, "198.51.100.2", 2, "www.nyu.edu");
    let evil = [address("ns.bank.com", "203.0.113.66")];
    packets.answer(asked, 0, [&[], &[names("nyu.edu", NS, "ns.bank.com")], &evil]);
    let after = packets.ask(4000, "203.0.113.66", 3, "www.nyu.edu");
    packets.answer(after, AA, [&[address("www.nyu.edu", "192.0.2.1")], &[], &[]]);
    let steps = packets.steps();
    assert_eq!(steps[0].len(), 3);
    assert_eq!(steps[0][2].server.known_by, super::super::KnownBy::Unknown);
}

#[test]
fn more_steps_than_a_resolution_has_are_counted() {
    let mut packets = Packets::default();
    for number in 0..u16::try_from(MAX_STEPS).unwrap() + 9 {
        packets.ask(4000 + number, "198.41.0.4", number, "www.nyu.edu");
        packets.number -= 1;
    }
    // All at once, by packets of one number each.
    for (number, one) in (1..).zip(&mut packets.all) {
        one.queries[0].at.number = number;
    }
    let rebuilt = rebuild(&packets.all);
    assert_eq!((rebuilt.traces[0].trace.steps.len(), rebuilt.left_out), (MAX_STEPS, 9));
}

#[test]
fn look_ups_nest_to_some_depth() {
    let mut packets = Packets::default();
    let server = |number: usize| format!("ns.z{number}");
    let mut about = "www.z0".to_owned();
    for number in 0..MAX_NESTED + 4 {
        let root = packets.ask(4000, "198.41.0.4", 1, &about);
        let zone = format!("z{number}");
        packets.answer(root, 0, [&[], &[names(&zone, NS, &server(number + 1))], &[]]);
        about = server(number + 1);
    }
    fn depth(trace: &DnsTrace) -> usize {
        let nested = trace.steps.iter().flat_map(|step| &step.nested).chain(&trace.fruitless);
        nested.map(|one| depth(one) + 1).max().unwrap_or(0)
    }
    let rebuilt = rebuild(&packets.all);
    assert_eq!(rebuilt.traces.iter().map(|one| depth(&one.trace)).max(), Some(MAX_NESTED));
    assert!(rebuilt.traces.len() > 1);
}

#[test]
fn resolutions_of_one_name_one_after_the_other_are_two() {
    let mut packets = Packets::default();
    packets.down(4000, "www.nyu.edu");
    packets.down(4001, "www.nyu.edu");
    assert_eq!(packets.steps().iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    assert!(packets.steps().iter().flatten().all(|step| step.over == Over::Udp));
}

#[test]
fn a_circle_of_aliases_is_where_it_ends() {
    let mut packets = Packets::default();
    let asked = packets.ask(4000, "192.0.2.10", 7, "a.nyu.edu");
    let circle = [names("a.nyu.edu", CNAME, "b.nyu.edu"), names("b.nyu.edu", CNAME, "a.nyu.edu")];
    packets.answer(asked, AA, [&circle, &[soa("nyu.edu")], &[]]);
    assert_eq!(rebuild(&packets.all).traces[0].trace.ending, super::super::Ending::AliasLoop);
}

#[test]
fn many_aliases_are_no_circle() {
    let mut packets = Packets::default();
    let asked = packets.ask(4000, "192.0.2.10", 7, "x0.nyu.edu");
    let link = |at: u8| names(&format!("x{at}.nyu.edu"), CNAME, &format!("x{}.nyu.edu", at + 1));
    let mut chain: Vec<_> = (0..21).map(link).collect();
    chain.push(address("x21.nyu.edu", "192.0.2.1"));
    packets.answer(asked, AA, [&chain, &[soa("nyu.edu")], &[]]);
    let found = rebuild(&packets.all).traces.remove(0).trace;
    assert_eq!(found.ending, super::super::Ending::Spent(super::super::Budget::Aliases));
}
