//! Where a scene is played: servers in threads of their own, clients, and what all of them tell.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{BindResolvers, Line, What};
use crate::lab::client::{self, Messages, Options, Outcome, Polled, Ready, Session};
use crate::lab::{Event, Fault, Lab, LabError, Policy, Server, Settings};

/// Longest wait of a client, and of a scene for what must come: generous, since the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Who of a scene is played here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cast {
    /// Servers and clients.
    #[default]
    All,
    /// The servers; their clients are on another host.
    Servers,
    /// The clients; their servers are on another host, and listen.
    Clients,
}

/// How a scene is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct How {
    /// Where servers listen, and clients are.
    pub address: IpAddr,
    /// The same place by IPv4 and by IPv6, for scenes that want both.
    pub families: [IpAddr; 2],
    /// Where clients come from, where that is not the servers' host: by IPv4 and by IPv6.
    pub clients: Vec<IpAddr>,
    /// Who is played here.
    pub cast: Cast,
    /// Where packets may go.
    pub policy: Policy,
    /// The settings of servers and clients.
    pub settings: Settings,
    /// A port that is taken is no failure: another one is used. Outside a sandbox ports are everybody's.
    pub any_port: bool,
}

impl Default for How {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            families: [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            clients: Vec::new(),
            cast: Cast::All,
            policy: Policy::from_env(),
            settings: Settings::default(),
            any_port: false,
        }
    }
}

/// Is told each line as it happens, by several threads.
pub type Teller = Arc<dyn Fn(Line) + Send + Sync>;

/// The stage of one scene. Whatever runs on it ends when it is dropped.
pub struct Stage {
    how: How,
    teller: Teller,
    servers: Vec<Running>,
    over: Arc<AtomicBool>,
    files: Vec<PathBuf>,
    resolvers: Option<BindResolvers>,
}

struct Running {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    /// An empty stage.
    #[must_use]
    pub fn new(how: How, teller: Teller) -> Self {
        Self { how, teller, servers: Vec::new(), over: Arc::default(), files: Vec::new(), resolvers: None }
    }

    /// The same with resolvers, for scenes in which names are looked up.
    #[must_use]
    pub fn with_resolvers(mut self, resolvers: BindResolvers) -> Self {
        self.resolvers = Some(resolvers);
        self
    }

    /// Who binds resolvers.
    pub(super) fn resolvers(&self) -> Option<BindResolvers> {
        self.resolvers
    }

    /// Keeps a thread with servers until the end, or until it is stopped.
    pub(super) fn keep(&mut self, stop: Arc<AtomicBool>, thread: JoinHandle<()>) {
        self.servers.push(Running { stop, thread: Some(thread) });
    }

    /// How the scene is to be played.
    #[must_use]
    pub fn how(&self) -> &How {
        &self.how
    }

    /// The settings of every server and client.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.how.settings.clone()
    }

    /// Where servers listen by both families, IPv4 first; only one of them where the machine lacks the other.
    #[must_use]
    pub fn families(&self) -> Vec<IpAddr> {
        let own = |address: &IpAddr| -> IpAddr {
            if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() }
        };
        let is_there = |address: &IpAddr| std::net::UdpSocket::bind((own(address), 0)).is_ok();
        self.how.families.into_iter().filter(is_there).collect()
    }

    /// The path of a file that nobody else has, in the folder for such files; it goes with the stage.
    #[must_use]
    pub fn temporary_file(&mut self, what: &str) -> PathBuf {
        let file = std::env::temp_dir().join(format!("wirelab-{what}-{:016x}", fastrand::u64(..)));
        self.files.push(file.clone());
        file
    }

    /// Tells a line.
    pub fn tell(&self, who: &str, what: What) {
        (self.teller)(Line { who: who.to_owned(), aside: false, what });
    }

    /// Where lines are told.
    pub(super) fn teller(&self) -> Teller {
        Arc::clone(&self.teller)
    }

    /// A remark on what comes next.
    pub fn step(&self, text: &str) {
        self.tell("scene", What::Step { text: text.to_owned() });
    }

    /// The address at which a scene's own socket listens, or its client tries.
    #[must_use]
    pub fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.how.address, port)
    }

    /// Whether clients are played here: else they are on another host, and nothing of theirs can be waited for.
    #[must_use]
    pub fn has_clients(&self) -> bool {
        self.how.cast != Cast::Servers
    }

    /// Starts a lab's server at its own port; it listens when this returns.
    ///
    /// # Errors
    /// [`LabError`], as [`Server::bind`].
    pub fn serve(&mut self, who: &str, lab: &'static Lab) -> Result<SocketAddr, LabError> {
        let address = self.at(lab.default_port);
        let settings = self.settings();
        self.serve_at(who, lab, address, &settings)
    }

    /// The same at another address or with other settings.
    ///
    /// # Errors
    /// [`LabError`], as [`Server::bind`].
    pub fn serve_at(
        &mut self,
        who: &str,
        lab: &'static Lab,
        address: SocketAddr,
        settings: &Settings,
    ) -> Result<SocketAddr, LabError> {
        if self.how.cast == Cast::Clients {
            return Ok(address);
        }
        let bind = |address| Server::bind(lab, address, settings, self.how.policy);
        let server = match bind(address) {
            Err(LabError::PortInUse { .. }) if self.how.any_port => bind(SocketAddr::new(address.ip(), 0))?,
            bound => bound?,
        };
        let address = server.local_addr();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, teller, who) = (Arc::clone(&stop), Arc::clone(&self.teller), who.to_owned());
        let listening = Arc::new(Signal::default());
        let heard = Arc::clone(&listening);
        let spawned = thread::Builder::new().spawn(move || {
            let tell = |what| teller(Line { who: who.clone(), aside: true, what });
            let served = server.serve(&stopped, &mut |event| {
                tell(What::of(event, lab.transport));
                listening.give(());
            });
            if let Err(error) = served {
                tell(What::Failed { text: error.to_string(), expected: false });
            }
        });
        let thread = spawned.map_err(LabError::io("no thread for the server at", address))?;
        self.keep(stop, thread);
        heard.wait_for(PATIENCE, |told| !told.is_empty());
        Ok(address)
    }

    /// Ends the server that was started last, and waits for its end.
    pub fn stop_last_server(&mut self) {
        self.servers.pop();
    }

    /// Runs a lab's client to its end, here and now. With no `messages` it says what the lab says. A failure that its server's
    /// fault explains is told, and the scene goes on.
    ///
    /// # Errors
    /// [`LabError`].
    pub fn client(
        &self,
        who: &str,
        lab: &'static Lab,
        server: SocketAddr,
        messages: &[&str],
    ) -> Result<(), LabError> {
        let settings = self.settings();
        match self.client_with(who, lab, server, messages, &settings) {
            Err(error) if settings.fault.is_some_and(|fault| fault.explains(&error)) => {
                self.tell(who, failed(&error, settings.fault));
                Ok(())
            }
            ended => ended.map(|_| ()),
        }
    }

    /// The same with other settings, and every failure is an error.
    ///
    /// # Errors
    /// [`LabError`].
    pub fn client_with(
        &self,
        who: &str,
        lab: &'static Lab,
        server: SocketAddr,
        messages: &[&str],
        settings: &Settings,
    ) -> Result<Outcome, LabError> {
        if !self.has_clients() {
            return Ok(Outcome::Done);
        }
        let mut own = client::own_messages(lab, settings);
        let mut given = Ready(messages.iter().map(|text| Ok(text.as_bytes().to_vec())));
        let messages: &mut dyn Messages = if messages.is_empty() { &mut own } else { &mut given };
        let settings = settings.clone();
        let role = Role { who: who.to_owned(), lab, server, settings, policy: self.how.policy };
        play(role, messages, &self.over, &self.teller, &mut |_| {})
    }

    /// The same where the scene shows that there is no answer: an answer is the failure.
    ///
    /// # Errors
    /// [`LabError`] where it failed otherwise than by a refusal or by silence.
    pub fn client_in_vain(
        &self,
        who: &str,
        lab: &'static Lab,
        server: SocketAddr,
        messages: &[&str],
    ) -> Result<(), LabError> {
        if !self.has_clients() {
            return Ok(());
        }
        match self.client_with(who, lab, server, messages, &self.settings()) {
            Err(error) if error.is_no_reply() => {
                self.tell(who, What::Failed { text: error.to_string(), expected: true });
                Ok(())
            }
            Err(error) => Err(error),
            Ok(_) => {
                let text = "it was answered".to_owned();
                self.tell(who, What::Failed { text, expected: false });
                Ok(())
            }
        }
    }

    /// Lets a lab's client enter, which says what [`Part::say`] tells it, while others do the same.
    ///
    /// # Errors
    /// [`LabError::Io`] where there is no thread for it.
    pub fn enter(&self, who: &str, lab: &'static Lab, server: SocketAddr) -> Result<Part, LabError> {
        let (cue, cues) = channel();
        let (heard, opened) = (Arc::new(Signal::default()), Arc::new(Signal::default()));
        if !self.has_clients() {
            return Ok(Part { cue: None, heard, opened, thread: None, patience: PATIENCE });
        }
        let settings = self.settings();
        let options = options_of(server, &settings, self.how.policy);
        // A little longer than the client waits itself.
        let patience = options.gives_up_after().map_or(PATIENCE, |client| client.saturating_mul(2));
        let fault = settings.fault;
        let role = Role { who: who.to_owned(), lab, server, settings, policy: self.how.policy };
        let (teller, over) = (Arc::clone(&self.teller), Arc::clone(&self.over));
        let (hears, opens) = (Arc::clone(&heard), Arc::clone(&opened));
        let spawned = thread::Builder::new().spawn(move || {
            let who = role.who.clone();
            let ran = play(role, &mut Cues { cues, over: &over }, &over, &teller, &mut |event| match event {
                Event::Received { bytes, .. } => hears.give(bytes.clone()),
                Event::Opened { local, .. } => opens.give(*local),
                _ => {}
            });
            if let Err(error) = ran {
                teller(Line { who, aside: false, what: failed(&error, fault) });
            }
        });
        let thread = spawned.map_err(LabError::io("no thread for the client of", server))?;
        Ok(Part { cue: Some(cue), heard, opened, thread: Some(thread), patience })
    }
}

/// What there is to tell of a failure: where servers have a fault that makes clients fail like that, it is what they show.
#[must_use]
pub fn failed(error: &LabError, fault: Option<Fault>) -> What {
    let expected = fault.is_some_and(|fault| fault.explains(error));
    What::Failed { text: error.to_string(), expected }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Whoever reads or writes them ends first.
        self.servers.clear();
        for file in &self.files {
            // Where it was not written there is nothing to take away.
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that broke has told what it could.
            let _ = thread.join();
        }
    }
}

/// What a client is told, besides what to say.
fn options_of(server: SocketAddr, settings: &Settings, policy: Policy) -> Options {
    let timeout = PATIENCE.saturating_add(settings.impairment.at_pace(settings.pace).longest());
    Options { server, timeout, policy, settings: settings.clone() }
}

/// Who plays a client.
struct Role {
    who: String,
    lab: &'static Lab,
    server: SocketAddr,
    settings: Settings,
    policy: Policy,
}

/// Runs a client, and tells what happens.
fn play(
    role: Role,
    messages: &mut dyn Messages,
    stop: &AtomicBool,
    teller: &Teller,
    look: &mut dyn FnMut(&Event),
) -> Result<Outcome, LabError> {
    let Role { who, lab, server, settings, policy } = role;
    let transport = lab.transport;
    let tell = |what| teller(Line { who: who.clone(), aside: false, what });
    tell(What::Tries { server, transport });
    let options = options_of(server, &settings, policy);
    client::run(Session {
        lab,
        options: &options,
        messages,
        stop,
        on_event: &mut |event| {
            look(&event);
            tell(What::of(event, transport));
        },
    })
}

/// What a client is told to say, until nobody tells it any more.
struct Cues<'a> {
    cues: Receiver<Vec<u8>>,
    over: &'a AtomicBool,
}

impl Iterator for Cues<'_> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over.load(Ordering::Relaxed) {
            return None;
        }
        self.cues.recv().ok().map(Ok)
    }
}

impl Messages for Cues<'_> {
    fn poll(&mut self) -> Polled {
        match self.cues.try_recv() {
            Ok(message) => Polled::Message(Ok(message)),
            Err(TryRecvError::Empty) => Polled::NotYet,
            Err(TryRecvError::Disconnected) => Polled::End,
        }
    }
}

/// A client among others.
pub struct Part {
    cue: Option<Sender<Vec<u8>>>,
    heard: Arc<Signal<Vec<u8>>>,
    opened: Arc<Signal<SocketAddr>>,
    thread: Option<JoinHandle<()>>,
    /// How long is waited for what it is to hear: not long where that may be lost.
    patience: Duration,
}

impl Part {
    /// Makes it say something.
    pub fn say(&self, text: &str) {
        // One that has failed has told so, and says nothing more.
        let _ = self.cue.as_ref().map(|cue| cue.send(text.as_bytes().to_vec()));
    }

    /// Waits until it has heard a text, anywhere in what came; false where that does not come.
    pub fn hears(&self, text: &str) -> bool {
        self.heard.wait_for(self.patience, |heard| {
            let all: Vec<u8> = heard.concat();
            all.windows(text.len().max(1)).any(|part| part == text.as_bytes())
        })
    }

    /// The address that it talks from; `None` where it has none within a while.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        let mut address = None;
        self.opened.wait_for(PATIENCE, |opened| {
            address = opened.last().copied();
            address.is_some()
        });
        address
    }

    /// Makes it say something, and waits until it has heard one message more; false where none comes.
    pub fn asks(&self, text: &str) -> bool {
        let before = self.heard.so_far();
        self.say(text);
        self.heard.wait_for(self.patience, |heard| heard.len() > before)
    }

    /// Lets it end as it does when all is said, and waits for that.
    pub fn leave(&mut self) {
        self.cue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Things that come one after another, and somebody who waits for them. Holds as many as a scene says, some hundred.
struct Signal<T> {
    came: Mutex<Vec<T>>,
    bell: Condvar,
}

impl<T> Default for Signal<T> {
    fn default() -> Self {
        Self { came: Mutex::default(), bell: Condvar::new() }
    }
}

impl<T> Signal<T> {
    fn give(&self, thing: T) {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).push(thing);
        self.bell.notify_all();
    }

    /// How many have come.
    fn so_far(&self) -> usize {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until it is `enough`; false where the time is up before.
    fn wait_for(&self, patience: Duration, mut enough: impl FnMut(&[T]) -> bool) -> bool {
        let end = Instant::now() + patience;
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if enough(&came) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            came = self.bell.wait_timeout(came, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
