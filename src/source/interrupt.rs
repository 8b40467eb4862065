//! Ctrl-C that keeps what was gathered.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit code of a program that Ctrl-C ended (128 and the number of SIGINT).
pub const INTERRUPTED_EXIT_CODE: u8 = 130;

/// Set by the first SIGINT (Ctrl-C) or SIGTERM, for a loop to end in good order. The second one ends the
/// program at once, in case the loop is stuck.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    came: Arc<AtomicBool>,
    /// The number of the last signal, 0 before.
    signal: Arc<AtomicUsize>,
}

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
            flag::register_conditional_shutdown(signal, code, Arc::clone(&interrupt.came))?;
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&interrupt.signal), number)?;
            flag::register(signal, Arc::clone(&interrupt.came))?;
        }
        Ok(interrupt)
    }

    /// Whether a signal came.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.came.load(Ordering::Relaxed)
    }

    /// As shells count what came: 128 and the signal's number; `None` before.
    #[must_use]
    pub fn exit_code(&self) -> Option<u8> {
        let number = u8::try_from(self.signal.load(Ordering::Relaxed)).unwrap_or_default();
        self.is_set().then(|| if number == 0 { INTERRUPTED_EXIT_CODE } else { number.saturating_add(128) })
    }

    /// The flag itself, for a loop that knows nothing of signals.
    #[must_use]
    pub fn flag(&self) -> &AtomicBool {
        &self.came
    }

    /// As if a signal had come: for a view that reads Ctrl-C as a key.
    pub fn set(&self) {
        self.came.store(true, Ordering::Relaxed);
    }
}
