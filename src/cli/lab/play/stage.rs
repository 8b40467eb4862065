//! The scene itself, inside the sandbox or without one: its lines go to whoever listens.

use std::io::{self, Write};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use crate::lab::scene::{How, Line, Scene, Stage, Teller, What};

/// Plays the scene and writes its lines to standard output, a JSON document each; gives the exit status, which only says
/// whether it came to its end.
pub(super) fn run(scene: &Scene, how: How) -> u8 {
    let out = Mutex::new(io::stdout());
    play(
        scene,
        how,
        Arc::new(move |line| {
            let Ok(mut text) = serde_json::to_vec(&line) else { return };
            text.push(b'\n');
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            // Where nobody listens any more, the scene ends soon.
            let _ = out.write_all(&text).and_then(|()| out.flush());
        }),
    )
}

/// Plays it and sends its lines.
pub(super) fn send(scene: &Scene, how: How, lines: Sender<Line>) {
    let lines = Mutex::new(lines);
    play(
        scene,
        how,
        Arc::new(move |line| {
            let _ = lines.lock().unwrap_or_else(PoisonError::into_inner).send(line);
        }),
    );
}

fn play(scene: &Scene, how: How, teller: Teller) -> u8 {
    let mut stage = Stage::new(how, Arc::clone(&teller));
    let ended = (scene.play)(&mut stage);
    if let Err(error) = &ended {
        let what = What::Failed { text: error.to_string(), expected: false };
        teller(Line { who: "scene".to_owned(), aside: false, what });
    }
    drop(stage);
    u8::from(ended.is_err())
}
