//! The scene itself, inside the sandbox or without one: its lines go to whoever listens.

use std::io::{self, Write};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use clap::ValueEnum;

use super::hosts;
use crate::lab::scene::{Cast, How, Line, Scene, Stage, Teller, failed};
use crate::resolver;
use crate::source::Interrupt;

/// How often a server whose clients are on another host looks whether it was asked to stop.
const TICK: Duration = Duration::from_millis(20);

/// What this program plays inside the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// The whole scene.
    All,
    /// The servers, on a host of their own.
    Server,
    /// The clients, on another.
    Client,
    /// The line between the two.
    Hop,
}

/// Plays the role and writes its lines to standard output, a JSON document each; gives the exit status, which only says
/// whether it came to its end.
pub(super) fn run(scene: &Scene, role: Role, how: How) -> u8 {
    let out = Mutex::new(io::stdout());
    // Hosts write into one pipe, which keeps lines apart that are shorter than PIPE_BUF: one write each.
    let teller: Teller = Arc::new(move |line| {
        let Ok(mut text) = serde_json::to_vec(&line) else { return };
        text.push(b'\n');
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        // Where nobody listens any more, the scene ends soon.
        let _ = out.write_all(&text).and_then(|()| out.flush());
    });
    match role {
        Role::All => play(scene, how, teller, None),
        Role::Client => play(scene, hosts::how(how, Cast::Clients), teller, None),
        Role::Server | Role::Hop => {
            let Ok(interrupt) = Interrupt::install() else { return 2 };
            if role == Role::Hop {
                return hosts::pass_on(&how, &interrupt, &teller);
            }
            play(scene, hosts::how(how, Cast::Servers), teller, Some(&interrupt))
        }
    }
}

/// Plays it and sends its lines.
pub(super) fn send(scene: &Scene, how: How, lines: Sender<Line>) {
    let lines = Mutex::new(lines);
    let teller: Teller = Arc::new(move |line| {
        let _ = lines.lock().unwrap_or_else(PoisonError::into_inner).send(line);
    });
    play(scene, how, teller, None);
}

/// Plays it; with `until` the servers stay until then.
fn play(scene: &Scene, how: How, teller: Teller, until: Option<&Interrupt>) -> u8 {
    let fault = how.settings.fault;
    let mut stage = Stage::new(how, Arc::clone(&teller)).with_resolvers(resolver::bind);
    let ended = (scene.play)(&mut stage);
    if let Err(error) = &ended {
        teller(Line { who: "scene".to_owned(), aside: false, what: failed(error, fault) });
    }
    while ended.is_ok() && until.is_some_and(|interrupt| !interrupt.is_set()) {
        thread::sleep(TICK);
    }
    drop(stage);
    u8::from(ended.is_err())
}
