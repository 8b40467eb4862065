//! Who talked with whom and what was said, by the word of those who did.

use std::net::{IpAddr, SocketAddr};

use crate::decode::{Endpoint, TransportProtocol};
use crate::flow::{Direction, Flow, Turn};
use crate::lab::scene::{Line, Scene, What};
use crate::lab::{Ending, Transport};
use crate::report::Told;
use crate::source::PacketNumber;

/// A part of what one side said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'a> {
    /// These bytes, by one send.
    Bytes(&'a [u8]),
    /// So many bytes, which were not told one by one.
    Carried(u64),
}

impl Piece<'_> {
    /// Its length in bytes, where they were told.
    pub(super) fn length(&self) -> Option<usize> {
        match self {
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::Carried(length) => usize::try_from(*length).ok(),
        }
    }
}

/// What both sides said by the word of one of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Words<'a> {
    pub(super) of_client: Vec<Piece<'a>>,
    pub(super) of_server: Vec<Piece<'a>>,
}

/// A connection, or the datagrams between two sockets.
#[derive(Clone, Debug)]
pub(super) struct Talk<'a> {
    pub(super) transport: Transport,
    pub(super) client: SocketAddr,
    pub(super) port: u16,
    /// The client's name; the server's where the client told nothing.
    pub(super) who: &'a str,
    by_client: Option<Words<'a>>,
    by_server: Option<Words<'a>>,
    /// How it ended by the word of the server.
    pub(super) ending: Option<Ending>,
}

/// Scenes whose clients tell what they say and hear line by line, as a person reads it: only the servers tell the bytes.
const TOLD_BY_LINES: [&str; 5] = ["web", "proxy", "file-transfer", "retransmission", "mail"];

/// Whether its clients read, and tell, line by line.
pub(super) fn is_told_by_lines(scene: &Scene) -> bool {
    TOLD_BY_LINES.contains(&scene.name)
}

/// All talks that a scene's log tells of.
pub(super) fn talks<'a>(scene: &Scene, log: &'a [Line]) -> Vec<Talk<'a>> {
    let by_lines = is_told_by_lines(scene);
    let mut talks: Vec<Talk<'_>> = Vec::new();
    let mut servers: Vec<(&str, u16, Transport)> = Vec::new();
    // Whom a client talks to, and from where.
    let mut clients: Vec<(&str, SocketAddr, SocketAddr, Transport)> = Vec::new();
    for Line { who, what, .. } in log {
        if let What::Listening { local, transport } = what {
            servers.push((who, local.port(), *transport));
        }
        let Some(peer) = peer_of(what) else { continue };
        if let Some((_, port, transport)) = servers.iter().rev().find(|(name, ..)| name == who) {
            let place = place_of(&mut talks, who, *transport, *port, peer);
            let Some(talk) = talks.get_mut(place) else { continue };
            take(talk.by_server.get_or_insert_default(), what, false);
            if let What::Closed { ending, .. } = what {
                talk.ending = Some(*ending);
            }
            continue;
        }
        if let What::Opened { local, peer, transport } = what {
            clients.push((who, *local, *peer, *transport));
        }
        let own = clients.iter().rev().find(|(name, _, server, _)| name == who && *server == peer);
        let Some((_, local, server, transport)) = own else { continue };
        if by_lines {
            continue;
        }
        let place = place_of(&mut talks, who, *transport, server.port(), *local);
        let Some(talk) = talks.get_mut(place) else { continue };
        talk.who = who;
        take(talk.by_client.get_or_insert_default(), what, true);
    }
    talks
}

/// The place of the talk of that client with that server, a new one where there is none yet.
fn place_of<'a>(
    talks: &mut Vec<Talk<'a>>,
    who: &'a str,
    transport: Transport,
    port: u16,
    client: SocketAddr,
) -> usize {
    let client = SocketAddr::new(client.ip().to_canonical(), client.port());
    let is_it = |talk: &Talk<'_>| (talk.transport, talk.port, talk.client) == (transport, port, client);
    talks.iter().position(is_it).unwrap_or_else(|| {
        talks.push(Talk { transport, client, port, who, by_client: None, by_server: None, ending: None });
        talks.len() - 1
    })
}

/// Whom a line is about.
fn peer_of(what: &What) -> Option<SocketAddr> {
    match what {
        What::Opened { peer, .. }
        | What::Received { peer, .. }
        | What::Sent { peer, .. }
        | What::NotSent { peer }
        | What::Carried { peer, .. }
        | What::HalfClosed { peer }
        | What::ThrownAway { peer }
        | What::Closed { peer, .. } => Some(*peer),
        What::Step { .. }
        | What::Listening { .. }
        | What::Tries { .. }
        | What::Noted { .. }
        | What::Failed { .. } => None,
    }
}

fn take<'a>(words: &mut Words<'a>, what: &'a What, by_client: bool) {
    let (piece, is_sent) = match what {
        What::Sent { bytes, .. } => (Piece::Bytes(&bytes.0), true),
        What::Received { bytes, .. } => (Piece::Bytes(&bytes.0), false),
        What::Carried { length, sent, .. } => (Piece::Carried(*length), *sent),
        What::NotSent { .. } => {
            let side = if by_client { &mut words.of_client } else { &mut words.of_server };
            side.pop();
            return;
        }
        _ => return,
    };
    let side = if is_sent == by_client { &mut words.of_client } else { &mut words.of_server };
    side.push(piece);
}

impl<'a> Talk<'a> {
    /// What the client said, by its own word where it told any.
    pub(super) fn asked(&self) -> &[Piece<'a>] {
        let words = self.by_client.as_ref().or(self.by_server.as_ref());
        words.map_or(&[], |words| &words.of_client)
    }

    /// What the server said, by its own word where it told any.
    pub(super) fn answered(&self) -> &[Piece<'a>] {
        let words = self.by_server.as_ref().or(self.by_client.as_ref());
        words.map_or(&[], |words| &words.of_server)
    }

    /// What the server heard, by its own word.
    pub(super) fn heard_by_server(&self) -> Option<&[Piece<'a>]> {
        self.by_server.as_ref().map(|words| words.of_client.as_slice())
    }

    /// Whether this is its client.
    pub(super) fn is_of(&self, peer: SocketAddr) -> bool {
        (peer.ip().to_canonical(), peer.port()) == (self.client.ip(), self.client.port())
    }

    /// Its flow, and the direction from client to server there.
    pub(super) fn flow<'f>(&self, flows: &'f [Told<'f>]) -> Option<(&'f Told<'f>, Direction)> {
        let protocol = match self.transport {
            Transport::Tcp => TransportProtocol::Tcp,
            Transport::Udp => TransportProtocol::Udp,
        };
        let is_client = |end: &Endpoint| (end.addr, end.port) == (self.client.ip(), self.client.port());
        flows.iter().filter(|told| told.flow.id.protocol == protocol).find_map(|told| {
            let tuple = &told.flow.tuple;
            if is_client(&tuple.orig) && tuple.resp.port == self.port {
                Some((told, Direction::OrigToResp))
            } else if is_client(&tuple.resp) && tuple.orig.port == self.port {
                Some((told, Direction::RespToOrig))
            } else {
                None
            }
        })
    }
}

/// What one side said in the capture.
pub(super) fn turns(flow: &Flow, by: Direction) -> impl Iterator<Item = &Turn> {
    let turns = flow.conversation.as_deref().map(|all| all.turns.as_slice()).unwrap_or_default();
    turns.iter().filter(move |turn| turn.direction == by)
}

/// Compares what was said with the capture: the packets that carry it, or the first piece that is not there as it was said,
/// from 1; the number after the last where the capture has more than was said.
pub(super) fn compare(
    flow: &Flow,
    by: Direction,
    transport: Transport,
    said: &[Piece<'_>],
) -> Result<Vec<PacketNumber>, usize> {
    let packets: Vec<PacketNumber> = turns(flow, by).flat_map(|turn| turn.packets.iter().copied()).collect();
    if transport == Transport::Udp {
        let mut seen = turns(flow, by).map(|turn| turn.bytes.as_slice());
        for (place, piece) in (1_usize..).zip(said) {
            let found = seen.next().is_some_and(|bytes| match piece {
                Piece::Bytes(said) => *said == bytes,
                Piece::Carried(length) => u64::try_from(bytes.len()) == Ok(*length),
            });
            if !found {
                return Err(place);
            }
        }
        return if seen.next().is_some() { Err(said.len() + 1) } else { Ok(packets) };
    }
    let stream: Vec<u8> = turns(flow, by).flat_map(|turn| turn.bytes.iter().copied()).collect();
    let mut rest = stream.as_slice();
    for (place, piece) in (1_usize..).zip(said) {
        let after = match piece {
            Piece::Bytes(said) => rest.strip_prefix(*said),
            Piece::Carried(length) => usize::try_from(*length).ok().and_then(|length| rest.get(length..)),
        };
        rest = after.ok_or(place)?;
    }
    if rest.is_empty() { Ok(packets) } else { Err(said.len() + 1) }
}

/// The address as a flow has it.
pub(super) fn is_v6(address: IpAddr) -> bool {
    address.to_canonical().is_ipv6()
}
