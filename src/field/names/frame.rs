//! Fields of `frame`.

use super::kinds::*;
use crate::field::words::frame::encapsulation;

protocol! { frame "frame" "Frame";
    SECTION_NUMBER "frame.section_number" U32, "Number of the file's section that it is in, from 1";
    INTERFACE_ID "frame.interface_id" U32, "Number of the interface it was captured on, from 0 in each section";
    INTERFACE_NAME "frame.interface_name" Text, "Name of that interface";
    INTERFACE_DESCRIPTION "frame.interface_description" Text, "What that interface is, as the file has it";
    ENCAP_TYPE "frame.encap_type" I16, "Which header it starts with, in Wireshark's own numbering", encapsulation;
    TIME "frame.time" Time(Clock::Date), "When the packet was captured, as a date";
    OFFSET_SHIFT "frame.offset_shift" Span, "By how much its time was shifted: always 0, wirelab shifts none";
    TIME_EPOCH "frame.time_epoch" Span, "When the packet was captured, in seconds since 1970";
    TIME_DELTA "frame.time_delta" Span, "Time since the packet before";
    TIME_DELTA_DISPLAYED "frame.time_delta_displayed" Span, "Time since the packet that was shown before";
    TIME_RELATIVE "frame.time_relative" Span, "Time since the first packet";
    NUMBER "frame.number" U32, "Number of the packet in the capture, from 1";
    LEN "frame.len" U32, "Bytes on the wire";
    CAP_LEN "frame.cap_len" U32, "Bytes captured";
    MARKED "frame.marked" Boolean, "Somebody marked it: always false in a file that is read";
    IGNORED "frame.ignored" Boolean, "Somebody chose to ignore it: always false in a file that is read";
    PROTOCOLS "frame.protocols" Text, "Names of its layers, outermost first, with colons between";
}
