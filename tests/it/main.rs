//! All integration tests, in one binary.

#[cfg(test)]
#[cfg(feature = "live")]
mod bpf;
#[cfg(test)]
mod interrupt;
#[cfg(test)]
#[cfg(feature = "live")]
mod live;
#[cfg(test)]
#[cfg(feature = "live")]
mod privilege;
#[cfg(test)]
mod source;
