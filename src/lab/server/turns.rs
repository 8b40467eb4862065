//! A TCP connection on which one send is one message: each is answered before the next is read. What one talk says
//! to others goes out here, too.

use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Outlet, Over, Talk};
use crate::lab::stream::write_at_once;
use crate::lab::{Action, Conversation, Ending, Event, Problem, Service, TICK};

/// The connections of one server that others may speak to. Holds at most as many as may be connected.
#[derive(Default)]
pub(super) struct Rooms {
    /// Held while a message is answered where everybody must hear the same order.
    turn: Mutex<()>,
    others: Mutex<BTreeMap<SocketAddr, TcpStream>>,
}

impl Rooms {
    fn others(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, TcpStream>> {
        // A thread that broke left the map whole: it is changed by single calls.
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something on another connection. Who does not take it at once is cut off: nobody waits for one who
    /// does not read.
    fn say_to(&self, to: SocketAddr, bytes: Vec<u8>, outlet: &Outlet) {
        let mut others = self.others();
        let Some(stream) = others.get(&to) else { return };
        match write_at_once(stream, &bytes) {
            Ok(true) => outlet.tell(Event::Sent { peer: to, bytes }),
            Ok(false) => {
                // Its own thread sees the end; that it is gone already is no failure.
                let _ = stream.shutdown(Shutdown::Both);
                others.remove(&to);
                outlet.problem(Some(to), Problem::NotTaken { limit: TICK });
            }
            // Its own thread sees the reset and tells it.
            Err(_) => {
                others.remove(&to);
            }
        }
    }
}

/// Takes turns until one side ends.
pub(super) fn take(service: &dyn Service, rooms: &Rooms, talk: &mut Talk<'_>) -> Result<(), Over> {
    let is_room = service.is_room();
    if is_room {
        let stream = talk.second_handle()?;
        rooms.others().insert(talk.peer(), stream);
    }
    let mut conversation = service.open(talk.peer());
    let ended = turns(&mut *conversation, is_room, rooms, talk);
    if is_room {
        rooms.others().remove(&talk.peer());
    }
    let turn = is_room.then(|| lock(&rooms.turn));
    for action in conversation.end() {
        // Whom it concerns is gone: only others can still be told.
        match action {
            Action::SayTo(to, bytes) => rooms.say_to(to, bytes, talk.outlet()),
            Action::Note(note) => talk.note(note),
            _ => {}
        }
    }
    drop(turn);
    ended
}

fn turns(
    conversation: &mut dyn Conversation,
    is_room: bool,
    rooms: &Rooms,
    talk: &mut Talk<'_>,
) -> Result<(), Over> {
    loop {
        let message = talk.receive()?;
        let turn = is_room.then(|| lock(&rooms.turn));
        for action in conversation.respond(&message) {
            match action {
                Action::Say(bytes) | Action::SayLater(_, bytes) => talk.say(&bytes)?,
                Action::SayTo(to, bytes) if to == talk.peer() => talk.say(&bytes)?,
                Action::SayTo(to, bytes) => rooms.say_to(to, bytes, talk.outlet()),
                Action::Note(note) => talk.note(note),
                Action::Close => return Ok(()),
                Action::Stop => {
                    talk.stop_server();
                    return Err(Over::Ended(Ending::ByUs));
                }
                // Datagrams alone are passed on.
                Action::Forward { failed, .. } => talk.say(&failed)?,
            }
        }
        drop(turn);
    }
}

fn lock(turn: &Mutex<()>) -> MutexGuard<'_, ()> {
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}
