//! A TCP connection on which one send is one message: each is answered before the next is read. What one talk says
//! to others goes out here, too.

use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Outlet, Over, Talk};
use crate::lab::stream::write_at_once;
use crate::lab::{Action, Conversation, Ending, Event, Problem, Service};

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

    /// Says something on one of the connections. Who does not take it at once is cut off: nobody waits for one who
    /// does not read.
    fn say_to(&self, to: SocketAddr, bytes: Vec<u8>, outlet: &Outlet) {
        if bytes.is_empty() {
            return;
        }
        let mut others = self.others();
        let Some(stream) = others.get(&to) else { return };
        let taken = write_at_once(stream, &bytes);
        if matches!(taken, Ok(false)) {
            // Its own thread sees the end; that it is gone already is no failure.
            let _ = stream.shutdown(Shutdown::Both);
        }
        if !matches!(taken, Ok(true)) {
            others.remove(&to);
        }
        drop(others);
        match taken {
            Ok(true) => outlet.tell(Event::Sent { peer: to, bytes }),
            Ok(false) => outlet.problem(Some(to), Problem::NotTaken { limit: Duration::ZERO }),
            // Its own thread sees the reset and tells it.
            Err(_) => {}
        }
    }
}

/// Takes turns until one side ends.
pub(super) fn take(service: &dyn Service, rooms: &Rooms, talk: &mut Talk<'_>) -> Result<(), Over> {
    let mut conversation = service.open(talk.peer());
    if !service.is_room() {
        let ended = turns(&mut *conversation, talk);
        for action in conversation.end() {
            if let Action::Note(note) = action {
                talk.note(note);
            }
        }
        return ended;
    }
    let stream = talk.second_handle()?;
    rooms.others().insert(talk.peer(), stream);
    let ended = turns_in_room(&mut *conversation, rooms, talk);
    rooms.others().remove(&talk.peer());
    let _turn = lock(&rooms.turn);
    // Whom it concerns is gone: only others can still be told.
    for action in conversation.end() {
        do_in_room(action, rooms, talk);
    }
    ended
}

/// Whether the talk goes on.
enum Goes {
    On,
    Closes,
    Stops,
}

fn turns(conversation: &mut dyn Conversation, talk: &mut Talk<'_>) -> Result<(), Over> {
    loop {
        let message = talk.receive()?;
        for action in conversation.respond(&message) {
            match action {
                Action::Say(bytes) | Action::SaySurely(bytes) | Action::SayLater(_, bytes) => {
                    talk.say(&bytes)?
                }
                // Nobody else is to be found here, and datagrams alone are passed on.
                Action::SayTo(..) => {}
                Action::Forward { failed, .. } => talk.say(&failed)?,
                Action::Note(note) => talk.note(note),
                Action::Close => return Ok(()),
                Action::Stop => {
                    talk.stop_server();
                    return Err(Over::Ended(Ending::ByUs));
                }
            }
        }
    }
}

/// The same in a room: a turn is taken whole, whoever goes meanwhile, so that all hear the same.
fn turns_in_room(
    conversation: &mut dyn Conversation,
    rooms: &Rooms,
    talk: &mut Talk<'_>,
) -> Result<(), Over> {
    let limits = talk.limits();
    let mut patience = limits.idle;
    loop {
        let message = talk.receive_within(patience)?;
        // Who is in a room may listen for as long as a talk lasts.
        patience = limits.talk;
        let turn = lock(&rooms.turn);
        let mut goes = Goes::On;
        for action in conversation.respond(&message) {
            match do_in_room(action, rooms, talk) {
                Goes::On => {}
                other => goes = other,
            }
        }
        drop(turn);
        match goes {
            Goes::On => {}
            Goes::Closes => return Ok(()),
            Goes::Stops => {
                talk.stop_server();
                return Err(Over::Ended(Ending::ByUs));
            }
        }
    }
}

fn do_in_room(action: Action, rooms: &Rooms, talk: &Talk<'_>) -> Goes {
    match action {
        Action::Say(bytes)
        | Action::SaySurely(bytes)
        | Action::SayLater(_, bytes)
        | Action::Forward { failed: bytes, .. } => {
            rooms.say_to(talk.peer(), bytes, talk.outlet());
        }
        Action::SayTo(to, bytes) => rooms.say_to(to, bytes, talk.outlet()),
        Action::Note(note) => talk.note(note),
        Action::Close => return Goes::Closes,
        Action::Stop => return Goes::Stops,
    }
    Goes::On
}

fn lock(turn: &Mutex<()>) -> MutexGuard<'_, ()> {
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}
