//! Sockets, with somebody behind them who takes as long as a test wants.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Condvar, Mutex};

use super::super::{Code, Name, Query, Response, question};
use super::*;
use crate::lab::dns::Kind;

/// Longest that anything takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Names that begin with `known` are answered at once, all others once it is said.
#[derive(Default)]
struct Slow {
    asked: AtomicUsize,
    is_told: Mutex<bool>,
    told: Condvar,
}

fn written(message: &[u8], carrier: Carrier) -> Answered {
    let query = Query::read(message).unwrap();
    let (bytes, _) = Response::of(Code::NoError).write(&query, carrier);
    Answered { bytes: Some(bytes), question: query.question, word: Word::NoData, by: By::Itself }
}

impl Answers for Slow {
    fn answer(&self, _: usize, message: &[u8], carrier: Carrier, _: &AtomicBool) -> Answered {
        self.asked.fetch_add(1, Ordering::AcqRel);
        let mut is_told = self.is_told.lock().unwrap();
        while !*is_told {
            is_told = self.told.wait(is_told).unwrap();
        }
        written(message, carrier)
    }

    fn asks_others(&self, _: usize) -> Option<Asks> {
        Some(Asks { most: 3, again: false })
    }

    fn answer_at_once(&self, _: usize, message: &[u8], carrier: Carrier) -> Option<Answered> {
        message.get(13..18).filter(|name| name == b"known").map(|_| written(message, carrier))
    }
}

impl Slow {
    fn say(&self) {
        *self.is_told.lock().unwrap() = true;
        self.told.notify_all();
    }

    /// Waits until so many questions are being asked.
    fn wait_for(&self, count: usize) {
        let begin = Instant::now();
        while self.asked.load(Ordering::Acquire) < count {
            assert!(begin.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Ends all of it, also where a test fails.
struct End<'a>(&'a Slow, &'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.1.store(true, Ordering::Relaxed);
        self.0.say();
    }
}

/// One server at a port of its own.
fn sockets() -> Sockets {
    let mut door = Door::open(0, (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    door.local = door.udp.local_addr().unwrap();
    Sockets { doors: vec![door], policy: Policy::LocalOnly, left_out: Vec::new() }
}

fn query(id: u16, name: &str) -> Vec<u8> {
    question(id, &Name::parse(name, &Name::root()).unwrap(), Kind::A)
}

/// The id and the code of the next answer.
fn next(client: &UdpSocket) -> (u16, u8) {
    let mut buffer = [0; 512];
    client.recv(&mut buffer).unwrap();
    (u16::from_be_bytes([buffer[0], buffer[1]]), buffer[3] & 0xf)
}

#[test]
fn where_all_places_are_taken_what_is_known_is_answered_and_the_rest_is_told_so() {
    let sockets = sockets();
    let at = sockets.doors[0].local;
    let (slow, stop) = (Slow::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        let _end = End(&slow, &stop);
        scope.spawn(|| sockets.serve(&slow, &stop, &mut |_| {}).unwrap());
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        client.connect(at).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let ask = |id: u16, name: &str| client.send(&query(id, name)).map(|_| ()).unwrap();
        for id in 0..3 {
            ask(id, &format!("slow-{id}."));
        }
        slow.wait_for(3);
        ask(7, "other.");
        assert_eq!(next(&client), (7, 2));
        // The same once more is waiting already: it is neither refused nor answered twice.
        ask(1, "slow-1.");
        ask(8, "known.");
        assert_eq!(next(&client), (8, 0));
        slow.say();
        let answered: BTreeSet<(u16, u8)> = (0..3).map(|_| next(&client)).collect();
        assert_eq!(answered, [(0, 0), (1, 0), (2, 0)].into());
        // There is room again.
        ask(9, "other.");
        assert_eq!(next(&client), (9, 0));
        assert_eq!(slow.asked.load(Ordering::Acquire), 4);
    });
}

#[test]
fn nobody_waits_for_who_is_told() {
    const COUNT: u16 = 3_000;
    let sockets = sockets();
    let at = sockets.doors[0].local;
    let (slow, stop) = (Slow::default(), AtomicBool::new(false));
    let (mut served, mut left_out) = (0, 0);
    thread::scope(|scope| {
        let (stop, slow, sockets) = (&stop, &slow, &sockets);
        let end = End(slow, stop);
        let reader = scope.spawn(move || {
            let (mut served, mut left_out) = (0, 0);
            let tell = |happened| {
                match happened {
                    Happened::Served(_) => served += 1,
                    Happened::LeftOut(count) => left_out += count,
                }
                // Until the last question was answered.
                while !stop.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
            };
            sockets.serve(slow, stop, &mut { tell }).unwrap();
            (served, left_out)
        });
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        client.connect(at).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        for id in 0..COUNT {
            client.send(&query(id, "known.")).unwrap();
            assert_eq!(next(&client), (id, 0));
        }
        drop(end);
        (served, left_out) = reader.join().unwrap();
    });
    assert!(served > 100 && left_out > 100, "{served} {left_out}");
    assert_eq!(served + left_out, u64::from(COUNT));
}
