//! Output that nobody may read: a program that is to end does not wait for its reader.

use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::source::Interrupt;

/// How often a write that takes its time looks whether the program is to end.
const TICK: Duration = Duration::from_millis(50);

/// How many ticks the program, once it is to end, waits for a reader that does not read: a second in all.
const GRACE: u32 = 20;

/// A stream whose writes have an end once the program was asked to stop: then they fail with [`ErrorKind::TimedOut`] where
/// nobody reads. A write to a full pipe or to a stopped terminal cannot be called back, so another thread does it, which the
/// process leaves behind when it ends.
pub(super) struct Abandonable {
    work: Sender<Vec<u8>>,
    done: Receiver<io::Result<()>>,
    interrupt: Interrupt,
    /// Ticks that are left to a reader who does not read.
    left: u32,
}

impl Abandonable {
    /// Whatever is written to it is written to `stream`, one after the other.
    ///
    /// # Errors
    /// [`io::Error`] where there is no thread for it.
    pub(super) fn new(mut stream: impl Write + Send + 'static, interrupt: &Interrupt) -> io::Result<Self> {
        // Who writes waits for the end of it: at most one piece is on its way.
        let (work, pieces) = channel::<Vec<u8>>();
        let (tell, done) = channel();
        thread::Builder::new().spawn(move || {
            for piece in pieces {
                let written = stream.write_all(&piece).and_then(|()| stream.flush());
                if tell.send(written).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { work, done, interrupt: interrupt.clone(), left: GRACE })
    }

    /// Waits for what was begun.
    fn wait(&mut self) -> io::Result<()> {
        loop {
            match self.done.recv_timeout(TICK) {
                Ok(written) => return written,
                Err(RecvTimeoutError::Disconnected) => return Err(ErrorKind::BrokenPipe.into()),
                Err(RecvTimeoutError::Timeout) if !self.interrupt.is_set() => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.left = self.left.saturating_sub(1);
                    if self.left == 0 {
                        return Err(ErrorKind::TimedOut.into());
                    }
                }
            }
        }
    }
}

impl Write for Abandonable {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(ErrorKind::TimedOut.into());
        }
        self.work.send(bytes.to_vec()).map_err(|_| ErrorKind::BrokenPipe)?;
        self.wait().map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Each write is flushed.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    /// Takes each piece when it is allowed to.
    struct Allowed(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Allowed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| ErrorKind::BrokenPipe)?;
            self.1.send(bytes.to_vec()).map_err(|_| ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_does_not_read_is_left_once_the_program_is_to_end() {
        let (allow, allowed) = sync_channel(10);
        let (taken, takes) = channel();
        let interrupt = Interrupt::default();
        let mut stream = Abandonable::new(Allowed(allowed, taken), &interrupt).unwrap();
        allow.send(()).unwrap();
        stream.write_all(b"one").unwrap();
        interrupt.set();
        // Who reads gets all, also then.
        allow.send(()).unwrap();
        stream.write_all(b"two").unwrap();
        assert_eq!(stream.write_all(b"three").unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(stream.write_all(b"four").unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(takes.try_iter().collect::<Vec<_>>(), [b"one", b"two"]);
        drop(allow);
    }

    #[test]
    fn what_failed_is_told() {
        let (allow, allowed) = sync_channel::<()>(1);
        drop(allow);
        let mut stream = Abandonable::new(Allowed(allowed, channel().0), &Interrupt::default()).unwrap();
        assert_eq!(stream.write_all(b"one").unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
