//! A name that is looked up before a connection: through a stub resolver, a recursive one behind it, and a small internet of
//! name servers.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use super::{BOTH, Bytes, Hosts, Kind, Line, PATIENCE, Scene, Stage, Teller, What};
use crate::lab::dns::{
    self, Addresses, Answers, Carrier, Happened, Internet, Name, Served, Sockets, Validity,
};
use crate::lab::{Ending, LabError, MAX_MESSAGE, Note, Policy, TICK, Transport, uppercase};

/// Binds a stub and a recursive resolver of an internet at this port, beside its servers; gives who answers for all of them,
/// and where the stub resolver is. They are in a module above this one, which knows what answers mean.
pub type BindResolvers =
    for<'a> fn(&'a Internet, &mut Sockets, u16) -> Result<(Box<dyn Answers + 'a>, [SocketAddr; 2]), LabError>;

/// The port of DNS: in a sandbox it is anybody's.
const PORT: u16 = 53;

/// Ports that are tried where that one is taken or needs privileges.
const OTHER_PORTS: usize = 8;

/// The name that is looked up.
const NAME: &str = "upper.lab.edu.";

pub(super) static LOOKUP: Scene = Scene {
    name: "lookup",
    title: "a name looked up before a connection",
    kind: Kind::Experiment,
    transports: BOTH,
    port: PORT,
    look_for: &[
        "The client knows a name, and asks the stub resolver of its host for the address. That one passes the question on.",
        "The recursive resolver asks from the root down: root, edu., lab.edu. The first two know only whom to ask next.",
        "The answer goes back the same way, and only then is there a SYN: to the address in it.",
        "The recursive resolver asks for keys, too (DNSKEY): it checks the signatures on the way.",
    ],
    pace: 1.0,
    hosts: Hosts::One { because: "its name servers have addresses of the loopback network" },
    play: lookup,
};

fn lookup(stage: &mut Stage) -> Result<(), LabError> {
    let stub = stage.serve_names()?;
    let lab = &uppercase::TCP;
    let name = Name::parse(NAME, &Name::root()).unwrap_or_else(|_| Name::root());
    let address = stage.look_up("client", &name, stub)?;
    let settings = stage.settings();
    let server = stage.serve_at("server", lab, SocketAddr::new(address, lab.default_port), &settings)?;
    stage.client("client", lab, server, &[])?;
    Ok(())
}

impl Stage {
    /// Starts name servers and resolvers; they listen when this returns. Gives the stub resolver's address.
    ///
    /// # Errors
    /// [`LabError`], as [`Sockets::bind`].
    fn serve_names(&mut self) -> Result<SocketAddr, LabError> {
        let nobody = self.at(PORT);
        let bind = self.resolvers().ok_or_else(|| {
            LabError::io("there is no resolver for", nobody)(std::io::ErrorKind::Unsupported.into())
        })?;
        let (policy, any_port, teller) = (self.how().policy, self.how().any_port, self.teller());
        let (ready, bound) = sync_channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let spawned = thread::Builder::new().spawn(move || {
            let internet = match Internet::own(Addresses::Loopback, Validity::starting_now()) {
                Ok(internet) => internet,
                Err(error) => {
                    let error = LabError::io("no zones for", nobody)(std::io::Error::other(error));
                    let _ = ready.send(Err(error));
                    return;
                }
            };
            let (sockets, answers, places) = match bound_at_some_port(&internet, bind, policy, any_port) {
                Ok(bound) => bound,
                Err(error) => {
                    let _ = ready.send(Err(error));
                    return;
                }
            };
            let [stub, _] = places;
            let mut told = Told { internet: &internet, places, teller: &teller, listening: Vec::new() };
            told.tell_listening(stub.port());
            let _ = ready.send(Ok(stub));
            let fail = |text| {
                let what = What::Failed { text, expected: false };
                teller(Line { who: "names".to_owned(), aside: true, what });
            };
            let served = sockets.serve(&*answers, &stopped, &mut |happened| match happened {
                Happened::Served(served) => told.tell(&served),
                Happened::LeftOut(count) => fail(format!("{count} queries were answered and not told")),
            });
            if let Err(error) = served {
                fail(error.to_string());
            }
        });
        let thread = spawned.map_err(LabError::io("no thread for the servers at", nobody))?;
        self.keep(stop, thread);
        // Keys and signatures take their time on a busy machine.
        bound.recv().unwrap_or(Err(LabError::NoReply { server: nobody, within: PATIENCE }))
    }

    /// Looks up the address of a name, as a program does that knows its resolver.
    ///
    /// # Errors
    /// [`LabError`]: the resolver does not answer, or says that there is none.
    fn look_up(&self, who: &str, name: &Name, resolver: SocketAddr) -> Result<IpAddr, LabError> {
        self.how().policy.check(resolver.ip())?;
        let fail = LabError::io("asking failed of", resolver);
        let aside = |what| (self.teller())(Line { who: who.to_owned(), aside: true, what });
        let note = |text: String| {
            self.tell(who, What::Noted { peer: Some(resolver), note: Note::Told(text) });
        };
        self.tell(who, What::Tries { server: resolver, transport: Transport::Udp });
        let socket = UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0)).map_err(&fail)?;
        socket.connect(resolver).map_err(&fail)?;
        socket.set_read_timeout(Some(TICK)).map_err(&fail)?;
        let local = socket.local_addr().map_err(&fail)?;
        self.tell(who, What::Opened { local, peer: resolver, transport: Transport::Udp });
        let question = dns::question(fastrand::u16(..), name, dns::Kind::A);
        socket.send(&question).map_err(&fail)?;
        note(format!("asks for the address of {name}"));
        aside(What::Sent { peer: resolver, bytes: Bytes(question.clone()) });
        let answer = receive(&socket, &question, LOOK_UP)
            .ok_or(LabError::NoReply { server: resolver, within: LOOK_UP })?;
        aside(What::Received { peer: resolver, bytes: Bytes(answer.clone()) });
        let (code, found) = dns::addresses(&question, &answer).unwrap_or_default();
        let Some(address) = found.first().copied() else {
            return Err(LabError::Refusal { server: resolver, said: format!("no address, code {code}") });
        };
        note(format!("is told that {name} is {address}"));
        aside(What::Closed { peer: resolver, ending: Ending::ByUs });
        Ok(address)
    }
}

/// How long a name is waited for: a resolver may take so long, too.
const LOOK_UP: Duration = Duration::from_secs(20);

/// The answer to a question; what is none is passed over.
fn receive(socket: &UdpSocket, question: &[u8], within: Duration) -> Option<Vec<u8>> {
    let end = Instant::now() + within;
    let mut buffer = vec![0; MAX_MESSAGE];
    while Instant::now() < end {
        let Ok(length) = socket.recv(&mut buffer) else { continue };
        let answer = buffer.get(..length).unwrap_or_default();
        if dns::addresses(question, answer).is_some() {
            return Some(answer.to_vec());
        }
    }
    None
}

/// What [`BindResolvers`] gives, with the sockets.
type Bound<'a> = (Sockets, Box<dyn Answers + 'a>, [SocketAddr; 2]);

fn bound_at_some_port(
    internet: &Internet,
    bind: BindResolvers,
    policy: Policy,
    any_port: bool,
) -> Result<Bound<'_>, LabError> {
    let bind = |port| {
        let mut sockets = Sockets::bind(internet, port, policy)?;
        let (answers, places) = bind(internet, &mut sockets, port)?;
        Ok((sockets, answers, places))
    };
    // Outside a sandbox ports below 1024 are the machine's own.
    let mut bound = bind(if any_port { dns::HIGH_PORT } else { PORT });
    for _ in 0..OTHER_PORTS {
        match bound {
            Err(LabError::PortInUse { .. }) if any_port => bound = bind(fastrand::u16(20_000..60_000)),
            bound => return bound,
        }
    }
    bound
}

/// Tells what name servers and resolvers were asked, and what they answered, byte by byte.
struct Told<'a> {
    internet: &'a Internet,
    places: [SocketAddr; 2],
    teller: &'a Teller,
    /// Who was told to listen: as many as there are zones, and two.
    listening: Vec<String>,
}

impl Told<'_> {
    /// Tells who listens before anybody asks: the resolvers, and of each zone on the way to [`NAME`] the first server, and how
    /// many there are. Others are told of when they are asked.
    fn tell_listening(&mut self, port: u16) {
        let [stub, recursive] = self.places;
        self.listens("stub", stub, Transport::Udp);
        self.listens("recursive", recursive, Transport::Udp);
        let Ok(name) = Name::parse(NAME, &Name::root()) else { return };
        let mut servers: BTreeMap<(usize, String), Vec<SocketAddr>> = BTreeMap::new();
        for server in self.internet.servers() {
            let zones = server.zones.iter().filter_map(|at| self.internet.zones().get(*at));
            for apex in zones.map(|zone| &zone.apex).filter(|apex| name.is_within(apex)) {
                let of_zone = servers.entry((apex.label_count(), zone_name(apex))).or_default();
                of_zone.push(SocketAddr::new(server.address, port));
            }
        }
        for ((_, who), places) in &servers {
            if let Some(first) = places.iter().min() {
                self.listens(who, *first, Transport::Udp);
            }
        }
        let count =
            |((_, who), places): (&(usize, String), &Vec<SocketAddr>)| format!("{who} ({})", places.len());
        let zones: Vec<String> = servers.iter().map(count).collect();
        let text = format!("Each zone has name servers: {}. Any of them may be asked.", zones.join(", "));
        (self.teller)(Line { who: "scene".to_owned(), aside: false, what: What::Step { text } });
    }

    /// Tells it, once.
    fn listens(&mut self, who: &str, local: SocketAddr, transport: Transport) {
        if !self.listening.iter().any(|told| told == who) {
            self.listening.push(who.to_owned());
            (self.teller)(Line {
                who: who.to_owned(),
                aside: true,
                what: What::Listening { local, transport },
            });
        }
    }

    fn tell(&mut self, served: &Served) {
        let Served { server, peer, carrier, query, response, .. } = served;
        let who = self.who(served);
        let transport = if *carrier == Carrier::Udp { Transport::Udp } else { Transport::Tcp };
        self.listens(&who, *server, transport);
        let line = |what| (self.teller)(Line { who: who.clone(), aside: true, what });
        let bytes = |message: &[u8]| Bytes(on_the_wire(message, *carrier));
        line(What::Opened { local: *server, peer: *peer, transport });
        line(What::Received { peer: *peer, bytes: bytes(query) });
        if let Some(response) = response {
            line(What::Sent { peer: *peer, bytes: bytes(response) });
        }
        if let Some(question) = &served.question {
            let Served { word, by, .. } = served;
            let text = format!("was asked for {} {}: {word}{by}", question.name, question.kind);
            line(What::Noted { peer: Some(*peer), note: Note::Told(text) });
        }
    }

    /// A resolver's name; of a name server the zone that it was asked about.
    fn who(&self, served: &Served) -> String {
        let [stub, recursive] = self.places;
        if served.server == stub || served.server == recursive {
            return if served.server == stub { "stub" } else { "recursive" }.to_owned();
        }
        let server = self.internet.servers().iter().find(|server| server.address == served.server.ip());
        let zones = server.into_iter().flat_map(|server| &server.zones);
        let apexes = zones.filter_map(|at| self.internet.zones().get(*at)).map(|zone| &zone.apex);
        let asked = served.question.as_ref().map(|question| &question.name);
        let closest = apexes
            .filter(|apex| asked.is_some_and(|name| name.is_within(apex)))
            .max_by_key(|apex| apex.label_count());
        closest.map_or_else(|| "name server".to_owned(), zone_name)
    }
}

fn zone_name(apex: &Name) -> String {
    if apex.is_root() { "root".to_owned() } else { apex.to_string() }
}

/// A message as it is on the wire: on a connection its length stands before it.
fn on_the_wire(message: &[u8], carrier: Carrier) -> Vec<u8> {
    match carrier {
        Carrier::Udp => message.to_vec(),
        Carrier::Tcp => {
            let length = u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes();
            [&length, message].concat()
        }
    }
}
