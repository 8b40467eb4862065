//! Frames of an Ethernet interface, taken and sent whole: for a hop between two interfaces of a namespace.

use std::os::fd::{AsFd, BorrowedFd};

use pcap::{Active, Capture, Direction};

use super::live::{DEFAULT_SNAPLEN, LiveError, failure, prepared, refusal};
use super::{LinkType, SourceError, dlt};

/// Kernel buffer in bytes: some thousand full frames, which wait while a slow line is busy.
const BUFFER: u32 = 8 << 20;

/// An interface whose incoming frames are read and which frames are sent on.
pub struct FramePort {
    capture: Capture<Active>,
    device: String,
}

impl std::fmt::Debug for FramePort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FramePort").field("device", &self.device).finish_non_exhaustive()
    }
}

impl FramePort {
    /// Opens `device`; frames that come in are kept from the moment this returns.
    ///
    /// # Errors
    /// [`LiveError`]: no such interface, no permission, or it is no Ethernet.
    pub fn open(device: &str) -> Result<Self, LiveError> {
        let refused = |error: pcap::Error| refusal(device, &error);
        // A frame is handed over as it comes: waiting for more would add to every round trip.
        let inactive = prepared(device, DEFAULT_SNAPLEN, BUFFER)?.immediate_mode(true);
        let capture = inactive.open().map_err(refused)?;
        if dlt::to_link(capture.get_datalink().0) != Some(LinkType::ETHERNET) {
            return Err(LiveError::NotANetwork { device: device.to_owned() });
        }
        // What is sent here does not come back.
        capture.direction(Direction::In).map_err(refused)?;
        let capture = capture.setnonblock().map_err(refused)?;
        Ok(Self { capture, device: device.to_owned() })
    }

    /// The next frame that came in, or `None` where none waits.
    ///
    /// # Errors
    /// [`SourceError`] where the interface is gone.
    pub fn take(&mut self) -> Result<Option<&[u8]>, SourceError> {
        match self.capture.next_packet() {
            Ok(packet) => Ok(Some(packet.data)),
            Err(pcap::Error::TimeoutExpired) => Ok(None),
            Err(error) => Err(failure(&self.device, "receiving on", &error)),
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// [`SourceError`]: the frame is longer than the interface takes, or the interface is gone.
    pub fn send(&mut self, frame: &[u8]) -> Result<(), SourceError> {
        self.capture.sendpacket(frame).map_err(|error| failure(&self.device, "sending on", &error))
    }
}

impl AsFd for FramePort {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.capture.as_fd()
    }
}
