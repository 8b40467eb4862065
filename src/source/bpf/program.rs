//! A classic BPF program and the machine that runs it: an accumulator, an index register and 16 words of
//! scratch memory over the packet's bytes (McCanne and Jacobson 1993, "The BSD Packet Filter").
//!
//! The machine is total: whatever the program and the packet, it ends, and a load of bytes that are not there
//! rejects the packet.

/// Most instructions run for one packet. libpcap's programs only jump forward, except for `protochain`, which
/// loops over IPv6 extension headers: 8,192 of them fill the largest datagram, in about 16 steps each.
const MAX_STEPS: u32 = 1 << 17;

/// Words of scratch memory, fixed by the instruction set.
const SCRATCH_WORDS: usize = 16;

/// Loads from these offsets are Linux's ancillary data (direction, interface, VLAN tag), known only to the
/// kernel: `SKF_AD_OFF` to `SKF_AD_MAX` of `<linux/filter.h>`. Other huge offsets come from terms that a link
/// type cannot have, and simply lie outside the packet.
const ANCILLARY: std::ops::Range<u32> = 0xffff_f000..0xffff_f040;

/// What an arithmetic, jump or return instruction works with besides the accumulator.
#[derive(Clone, Copy, Debug)]
enum Operand {
    K(u32),
    X,
}

/// Where a load reads.
#[derive(Clone, Copy, Debug)]
enum Load {
    /// So many bytes (1, 2 or 4) at a fixed offset.
    Absolute(u32, u8),
    /// So many bytes at an offset from X.
    Indexed(u32, u8),
    Immediate(u32),
    Scratch(u32),
    /// The packet's length on the wire.
    WireLen,
}

#[derive(Clone, Copy, Debug)]
enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Or,
    And,
    ShiftLeft,
    ShiftRight,
    Mod,
    Xor,
}

#[derive(Clone, Copy, Debug)]
enum Test {
    Equal,
    Greater,
    GreaterOrEqual,
    BitsSet,
}

#[derive(Clone, Copy, Debug)]
enum Instruction {
    LoadA(Load),
    LoadX(Load),
    /// X becomes the length in bytes of the IPv4 header at this offset.
    LoadXHeaderLen(u32),
    StoreA(u32),
    StoreX(u32),
    Arithmetic(Arithmetic, Operand),
    Negate,
    /// Relative to the next instruction; negative only in `protochain` loops.
    Jump(i32),
    Branch(Test, Operand, u8, u8),
    ReturnK(u32),
    ReturnA,
    CopyAToX,
    CopyXToA,
}

/// A compiled filter.
#[derive(Clone, Debug)]
pub(super) struct Program(Vec<Instruction>);

impl Program {
    /// Takes over what libpcap compiled; `None` where it has an instruction that cannot be run on a packet's
    /// bytes alone.
    pub(super) fn new(compiled: &pcap::BpfProgram) -> Option<Self> {
        // The only public view of an instruction is its text: "code jt jf k".
        compiled
            .get_instructions()
            .iter()
            .map(|one| instruction(&one.to_string()))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// Runs the program: how many bytes of the packet to keep, 0 to reject it.
    pub(super) fn run(&self, data: &[u8], wire_len: u32) -> u32 {
        let mut machine = Machine { data, wire_len, a: 0, x: 0, scratch: [0; SCRATCH_WORDS] };
        let mut at = 0_usize;
        for _ in 0..MAX_STEPS {
            let Some(one) = self.0.get(at) else { return 0 };
            let step = match *one {
                Instruction::ReturnK(k) => return k,
                Instruction::ReturnA => return machine.a,
                Instruction::Jump(by) => isize::try_from(by).ok(),
                Instruction::Branch(test, operand, yes, no) => {
                    Some(isize::from(if machine.test(test, operand) { yes } else { no }))
                }
                other => machine.step(other).map(|()| 0),
            };
            let Some(next) = step.and_then(|by| at.checked_add(1)?.checked_add_signed(by)) else { return 0 };
            at = next;
        }
        0
    }
}

/// The registers while a program runs.
struct Machine<'a> {
    data: &'a [u8],
    wire_len: u32,
    a: u32,
    x: u32,
    scratch: [u32; SCRATCH_WORDS],
}

impl Machine<'_> {
    /// One instruction that does not jump; `None` rejects the packet.
    fn step(&mut self, instruction: Instruction) -> Option<()> {
        match instruction {
            Instruction::LoadA(load) => self.a = self.load(load)?,
            Instruction::LoadX(load) => self.x = self.load(load)?,
            Instruction::LoadXHeaderLen(at) => self.x = (self.bytes(at, 1)? & 0x0f) << 2,
            Instruction::StoreA(slot) => *self.slot(slot)? = self.a,
            Instruction::StoreX(slot) => *self.slot(slot)? = self.x,
            Instruction::Arithmetic(operation, operand) => {
                self.a = arithmetic(operation, self.a, self.operand(operand))?;
            }
            Instruction::Negate => self.a = self.a.wrapping_neg(),
            Instruction::CopyAToX => self.x = self.a,
            Instruction::CopyXToA => self.a = self.x,
            Instruction::Jump(_)
            | Instruction::Branch(..)
            | Instruction::ReturnK(_)
            | Instruction::ReturnA => return None,
        }
        Some(())
    }

    fn load(&mut self, load: Load) -> Option<u32> {
        match load {
            Load::Absolute(at, size) => self.bytes(at, size),
            Load::Indexed(at, size) => self.bytes(self.x.checked_add(at)?, size),
            Load::Immediate(value) => Some(value),
            Load::Scratch(slot) => self.slot(slot).map(|word| *word),
            Load::WireLen => Some(self.wire_len),
        }
    }

    /// `size` captured bytes at `at` in network byte order.
    fn bytes(&self, at: u32, size: u8) -> Option<u32> {
        let start = usize::try_from(at).ok()?;
        let bytes = self.data.get(start..start.checked_add(usize::from(size))?)?;
        Some(bytes.iter().fold(0, |value, byte| (value << 8) | u32::from(*byte)))
    }

    fn slot(&mut self, slot: u32) -> Option<&mut u32> {
        self.scratch.get_mut(usize::try_from(slot).ok()?)
    }

    fn operand(&self, operand: Operand) -> u32 {
        match operand {
            Operand::K(k) => k,
            Operand::X => self.x,
        }
    }

    fn test(&self, test: Test, operand: Operand) -> bool {
        let other = self.operand(operand);
        match test {
            Test::Equal => self.a == other,
            Test::Greater => self.a > other,
            Test::GreaterOrEqual => self.a >= other,
            Test::BitsSet => self.a & other != 0,
        }
    }
}

/// 32-bit arithmetic; `None`, which rejects the packet, for a division by zero.
fn arithmetic(operation: Arithmetic, a: u32, b: u32) -> Option<u32> {
    Some(match operation {
        Arithmetic::Add => a.wrapping_add(b),
        Arithmetic::Sub => a.wrapping_sub(b),
        Arithmetic::Mul => a.wrapping_mul(b),
        Arithmetic::Div => a.checked_div(b)?,
        Arithmetic::Mod => a.checked_rem(b)?,
        Arithmetic::Or => a | b,
        Arithmetic::And => a & b,
        Arithmetic::Xor => a ^ b,
        // Shifting everything out leaves nothing.
        Arithmetic::ShiftLeft => a.checked_shl(b).unwrap_or(0),
        Arithmetic::ShiftRight => a.checked_shr(b).unwrap_or(0),
    })
}

/// Reads an instruction from its text, by the opcode layout of `<net/bpf.h>`: class in bits 0–2; size in bits
/// 3–4 and mode in bits 5–7 of a load; source in bit 3 and operation in bits 4–7 of arithmetic and jumps.
fn instruction(text: &str) -> Option<Instruction> {
    let mut words = text.split_ascii_whitespace();
    let code: u16 = words.next()?.parse().ok()?;
    let (yes, no): (u8, u8) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let k: u32 = words.next()?.parse().ok()?;
    let operand = if code & 0x08 == 0 { Operand::K(k) } else { Operand::X };
    Some(match code & 0x07 {
        0 => Instruction::LoadA(load(code, k)?),
        // The one X load with a byte size is the IPv4 header length.
        1 if code & 0xe0 == 0xa0 => Instruction::LoadXHeaderLen(within_packet(k)?),
        1 => Instruction::LoadX(load(code, k)?),
        2 => Instruction::StoreA(k),
        3 => Instruction::StoreX(k),
        4 if code & 0xf0 == 0x80 => Instruction::Negate,
        4 => Instruction::Arithmetic(operation(code)?, operand),
        5 if code & 0xf0 == 0 => Instruction::Jump(k.cast_signed()),
        5 => Instruction::Branch(test(code)?, operand, yes, no),
        6 if code & 0x18 == 0 => Instruction::ReturnK(k),
        6 if code & 0x18 == 0x10 => Instruction::ReturnA,
        7 if code & 0xf8 == 0 => Instruction::CopyAToX,
        7 if code & 0xf8 == 0x80 => Instruction::CopyXToA,
        _ => return None,
    })
}

fn load(code: u16, k: u32) -> Option<Load> {
    let size = match code & 0x18 {
        0x00 => 4,
        0x08 => 2,
        0x10 => 1,
        _ => return None,
    };
    Some(match code & 0xe0 {
        0x00 => Load::Immediate(k),
        0x20 => Load::Absolute(within_packet(k)?, size),
        0x40 => Load::Indexed(k, size),
        0x60 => Load::Scratch(k),
        0x80 => Load::WireLen,
        _ => return None,
    })
}

/// An offset of packet bytes; `None` for Linux's ancillary data.
fn within_packet(k: u32) -> Option<u32> {
    (!ANCILLARY.contains(&k)).then_some(k)
}

fn operation(code: u16) -> Option<Arithmetic> {
    Some(match code & 0xf0 {
        0x00 => Arithmetic::Add,
        0x10 => Arithmetic::Sub,
        0x20 => Arithmetic::Mul,
        0x30 => Arithmetic::Div,
        0x40 => Arithmetic::Or,
        0x50 => Arithmetic::And,
        0x60 => Arithmetic::ShiftLeft,
        0x70 => Arithmetic::ShiftRight,
        0x90 => Arithmetic::Mod,
        0xa0 => Arithmetic::Xor,
        _ => return None,
    })
}

fn test(code: u16) -> Option<Test> {
    Some(match code & 0xf0 {
        0x10 => Test::Equal,
        0x20 => Test::Greater,
        0x30 => Test::GreaterOrEqual,
        0x40 => Test::BitsSet,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(lines: &[&str]) -> Program {
        Program(lines.iter().map(|line| instruction(line).unwrap()).collect())
    }

    #[test]
    fn a_load_past_the_captured_bytes_rejects() {
        let word_at_2 = program(&["32 0 0 2", "22 0 0 0"]);
        assert_eq!(word_at_2.run(&[0, 0, 1, 2, 3, 4], 6), 0x0102_0304);
        assert_eq!(word_at_2.run(&[0, 0, 1, 2, 3], 6), 0);
        // Index and offset must not wrap around to the packet's beginning.
        let wrapping = program(&["1 0 0 4294967295", "80 0 0 1", "6 0 0 1"]);
        assert_eq!(wrapping.run(&[7; 8], 8), 0);
    }

    #[test]
    fn endless_loops_and_wild_jumps_end() {
        assert_eq!(program(&["5 0 0 4294967295"]).run(&[], 0), 0);
        assert_eq!(program(&["5 0 0 4294967290"]).run(&[], 0), 0);
        assert_eq!(program(&["21 200 200 0"]).run(&[], 0), 0);
        assert_eq!(program(&[]).run(&[], 0), 0);
    }

    #[test]
    fn arithmetic_that_has_no_answer_rejects_or_gives_zero() {
        // A = 8; X = 0; A / X.
        assert_eq!(program(&["0 0 0 8", "1 0 0 0", "60 0 0 0", "6 0 0 1"]).run(&[], 0), 0);
        assert_eq!(program(&["0 0 0 8", "1 0 0 0", "156 0 0 0", "6 0 0 1"]).run(&[], 0), 0);
        assert_eq!(program(&["0 0 0 8", "100 0 0 32", "22 0 0 0"]).run(&[], 0), 0);
        assert_eq!(program(&["0 0 0 8", "100 0 0 2", "22 0 0 0"]).run(&[], 0), 32);
        assert_eq!(program(&["0 0 0 8", "132 0 0 0", "22 0 0 0"]).run(&[], 0), 8_u32.wrapping_neg());
    }

    #[test]
    fn scratch_memory_has_16_words() {
        assert_eq!(program(&["0 0 0 5", "2 0 0 15", "97 0 0 15", "135 0 0 0", "22 0 0 0"]).run(&[], 0), 5);
        assert_eq!(program(&["0 0 0 5", "2 0 0 16", "6 0 0 1"]).run(&[], 0), 0);
    }

    #[test]
    fn an_offset_that_no_packet_has_rejects() {
        assert_eq!(program(&["40 0 0 4294967295", "6 0 0 1"]).run(&[7; 8], 8), 0);
    }

    #[test]
    fn unknown_and_ancillary_instructions_are_refused() {
        assert!(instruction("40 0 0 4294963204").is_none());
        assert!(instruction("56 0 0 0").is_none());
        assert!(instruction("nonsense").is_none());
    }
}
