//! gzip members (RFC 1952), one after another.
//!
//! Done over flate2's raw inflater rather than its readers: those throw away what a read call had unpacked when it
//! meets damage, and every packet before the damage is wanted.

use std::io::{self, BufRead};

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// What comes next in the stream.
enum State {
    /// The first member's header.
    First,
    Body,
    /// The next member's header, or the end.
    Next,
    /// The end, or a failure that was told.
    Done,
}

/// Unpacks gzip as it is read.
pub(super) struct GzipReader<R> {
    packed: R,
    inflater: Decompress,
    crc: Crc,
    state: State,
    /// Damage met behind bytes that were given; told at the next call.
    pending: Option<io::Error>,
}

fn damage(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: BufRead> GzipReader<R> {
    pub(super) fn new(packed: R) -> Self {
        Self { packed, inflater: Decompress::new(false), crc: Crc::new(), state: State::First, pending: None }
    }

    /// Reads a member's header (RFC 1952 section 2.3). False where no member begins here: as gzip does, what
    /// follows the last member (padding of a tape, a signature) is left alone.
    fn header(&mut self) -> io::Result<bool> {
        let start = self.packed.fill_buf()?;
        match start.first() {
            None => return Ok(false),
            Some(0x1f) => {}
            Some(_) => return Ok(false),
        }
        let [_, second, method, flags, ..] = self.array::<10>()?;
        if second != 0x8b {
            return Ok(false);
        }
        if method != 8 {
            return Err(damage("an unknown gzip compression method"));
        }
        if flags & 0x04 != 0 {
            let extra = u16::from_le_bytes(self.array()?);
            for _ in 0..extra {
                self.array::<1>()?;
            }
        }
        for text in [0x08, 0x10] {
            if flags & text != 0 {
                while self.array::<1>()? != [0] {}
            }
        }
        if flags & 0x02 != 0 {
            self.array::<2>()?;
        }
        Ok(true)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.packed.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Checks a member against its CRC and length.
    fn trailer(&mut self) -> io::Result<()> {
        let crc = u32::from_le_bytes(self.array()?);
        let length = u32::from_le_bytes(self.array()?);
        if crc != self.crc.sum() || length != self.crc.amount() {
            return Err(damage("the gzip checksum does not fit"));
        }
        Ok(())
    }

    /// Unpacks into `buffer`; the count of bytes, and what went wrong behind them.
    fn body(&mut self, buffer: &mut [u8]) -> (usize, io::Result<()>) {
        loop {
            let input = match self.packed.fill_buf() {
                Ok(input) => input,
                Err(error) => return (0, Err(error)),
            };
            let ended = input.is_empty();
            let (had, gave) = (self.inflater.total_in(), self.inflater.total_out());
            let flush = if ended { FlushDecompress::Finish } else { FlushDecompress::None };
            let status = self.inflater.decompress(input, buffer, flush);
            let used = usize::try_from(self.inflater.total_in() - had).unwrap_or(0);
            let given = usize::try_from(self.inflater.total_out() - gave).unwrap_or(0);
            self.packed.consume(used);
            self.crc.update(buffer.get(..given).unwrap_or(&[]));
            match status {
                Ok(Status::StreamEnd) => {
                    let checked = self.trailer();
                    self.state = State::Next;
                    return (given, checked);
                }
                Err(_) => return (given, Err(damage("the deflated bytes make no sense"))),
                Ok(_) if given > 0 => return (given, Ok(())),
                Ok(_) if ended => return (0, Err(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) if used == 0 => return (0, Err(damage("the inflater makes no progress"))),
                Ok(_) => {}
            }
        }
    }
}

impl<R: BufRead> io::Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.pending.take() {
            self.state = State::Done;
            return Err(error);
        }
        loop {
            match self.state {
                State::Done => return Ok(0),
                State::First | State::Next => {
                    if !self.header()? {
                        self.state = State::Done;
                        return Ok(0);
                    }
                    self.inflater.reset(false);
                    self.crc.reset();
                    self.state = State::Body;
                }
                State::Body if buffer.is_empty() => return Ok(0),
                State::Body => match self.body(buffer) {
                    (0, Err(error)) => {
                        self.state = State::Done;
                        return Err(error);
                    }
                    (given, outcome) => {
                        self.pending = outcome.err();
                        if given > 0 {
                            return Ok(given);
                        }
                    }
                },
            }
        }
    }
}
