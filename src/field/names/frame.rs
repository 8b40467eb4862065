//! Fields of `frame`.

use super::kinds::*;

protocol! { frame "frame" "Frame";
    NUMBER "frame.number" U32, "Number of the packet in the capture, from 1";
    TIME_EPOCH "frame.time_epoch" Span, "When the packet was captured";
    TIME_RELATIVE "frame.time_relative" Span, "Time since the first packet";
    TIME_DELTA "frame.time_delta" Span, "Time since the packet before";
    LEN "frame.len" U32, "Bytes on the wire";
    CAP_LEN "frame.cap_len" U32, "Bytes captured";
}
