//! Ctrl-C that keeps what was gathered.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit code of a program that Ctrl-C ended (128 and the number of SIGINT).
pub const INTERRUPTED_EXIT_CODE: u8 = 130;

/// Set by the first SIGINT (Ctrl-C) or SIGTERM, for a loop to end in good order. The second one ends the
/// program at once, in case the loop is stuck.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over both signals, for the rest of the process's life.
    ///
    /// # Errors
    /// [`io::Error`] where the system refuses.
    pub fn install() -> io::Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // The order matters: the flag is looked at before it is set, so the first signal only sets it.
            let code = i32::from(INTERRUPTED_EXIT_CODE);
            flag::register_conditional_shutdown(signal, code, Arc::clone(&interrupt.0))?;
            flag::register(signal, Arc::clone(&interrupt.0))?;
        }
        Ok(interrupt)
    }

    /// Whether a signal came.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for a loop that knows nothing of signals.
    #[must_use]
    pub fn flag(&self) -> &AtomicBool {
        &self.0
    }

    /// As if a signal had come: for a view that reads Ctrl-C as a key.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
