//! What a client says.

use std::io;

use crate::lab::{Lab, LabOption, Settings};

/// How many messages a client chooses from its own where nobody said how many: enough to see both kinds of most.
const CHOSEN: u32 = 5;

/// What is said, message by message. As an iterator it waits for the next one for as long as a person thinks.
pub trait Messages: Iterator<Item = io::Result<Vec<u8>>> {
    /// The next message, where there is one by now. What never waits need not say more than `next`.
    fn poll(&mut self) -> Polled {
        self.next().map_or(Polled::End, Polled::Message)
    }
}

/// What came of asking for the next message.
#[derive(Debug)]
pub enum Polled {
    /// This, or why it could not be read.
    Message(io::Result<Vec<u8>>),
    /// Nothing so far: it is worth asking again.
    NotYet,
    /// Nothing more.
    End,
}

/// Messages that are there already.
#[derive(Clone, Debug)]
pub struct Ready<I>(pub I);

impl<I: Iterator<Item = io::Result<Vec<u8>>>> Iterator for Ready<I> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl<I: Iterator<Item = io::Result<Vec<u8>>>> Messages for Ready<I> {}

/// What the lab's client says when it is given nothing else: its messages in order; where it has several and counts them,
/// so many, each of them one of these at random.
pub fn own_messages(lab: &Lab, settings: &Settings) -> impl Messages + use<> {
    let all = lab.messages;
    let mut random = fastrand::Rng::with_seed(settings.seed);
    // A measurement counts what it repeats by itself.
    let is_chosen = all.len() > 1 && lab.options.contains(&LabOption::Count) && !lab.measures();
    let in_order = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let count = if is_chosen { settings.count.unwrap_or(CHOSEN) } else { in_order };
    let mut place = 0..all.len();
    Ready((0..count).filter_map(move |_| {
        let place = if is_chosen { Some(random.usize(0..all.len())) } else { place.next() };
        all.get(place?).map(|text| Ok(text.as_bytes().to_vec()))
    }))
}
