//! Colour, where it is wanted: a few styles that vanish when off. All output reads without them.

use std::ffi::OsStr;
use std::fmt;

/// When to colour: `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that is not `TERM=dumb`, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Also into a file or pipe.
    Always,
    /// Not at all.
    Never,
}

impl ColorChoice {
    /// The colours for an output that is a terminal or not, in this process's environment.
    #[must_use]
    pub fn colors(self, is_terminal: bool) -> Colors {
        let (no_color, term) = (std::env::var_os("NO_COLOR"), std::env::var_os("TERM"));
        self.decide(is_terminal, no_color.as_deref(), term.as_deref())
    }

    /// The same with the two environment variables given. An empty `NO_COLOR` counts as not set.
    #[must_use]
    pub fn decide(self, is_terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> Colors {
        let refused = no_color.is_some_and(|value| !value.is_empty());
        let dumb = term.is_some_and(|term| term == "dumb");
        Colors(match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && !refused && !dumb,
        })
    }
}

/// What a style means; terminals choose the shade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Of less weight: numbers, times.
    Dim,
    /// A heading.
    Bold,
    /// Went well: a handshake step.
    Green,
    /// Worth a look: a retransmission.
    Yellow,
    /// Went wrong: a reset, a refusal.
    Red,
    /// The originator.
    Cyan,
    /// The responder.
    Magenta,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Dim => "\x1b[2m",
            Self::Bold => "\x1b[1m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
            Self::Red => "\x1b[31m",
            Self::Cyan => "\x1b[36m",
            Self::Magenta => "\x1b[35m",
        }
    }
}

/// Whether styles are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colors(bool);

impl Colors {
    /// No styles.
    pub const OFF: Self = Self(false);
    /// All styles.
    pub const ON: Self = Self(true);

    /// What turns `style` on; empty when off.
    #[must_use]
    pub const fn start(self, style: Style) -> &'static str {
        if self.0 { style.code() } else { "" }
    }

    /// What turns any style off; empty when off.
    #[must_use]
    pub const fn end(self) -> &'static str {
        if self.0 { "\x1b[0m" } else { "" }
    }

    /// `value` in `style`.
    pub const fn paint<T: fmt::Display>(self, style: Style, value: T) -> Painted<T> {
        Painted { colors: self, style, value }
    }
}

/// A value in a style; made by [`Colors::paint`].
#[derive(Clone, Copy, Debug)]
pub struct Painted<T> {
    colors: Colors,
    style: Style,
    value: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.colors.start(self.style))?;
        self.value.fmt(f)?;
        f.write_str(self.colors.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_asks_the_terminal_and_the_environment() {
        let auto = |terminal, no_color: Option<&str>, term: Option<&str>| {
            ColorChoice::Auto.decide(terminal, no_color.map(OsStr::new), term.map(OsStr::new))
        };
        assert_eq!(auto(true, None, Some("xterm")), Colors::ON);
        assert_eq!(auto(true, Some(""), None), Colors::ON);
        assert_eq!(auto(true, Some("1"), Some("xterm")), Colors::OFF);
        assert_eq!(auto(true, None, Some("dumb")), Colors::OFF);
        assert_eq!(auto(false, None, Some("xterm")), Colors::OFF);
    }

    #[test]
    fn a_choice_made_holds_everywhere() {
        let (no_color, dumb) = (Some(OsStr::new("1")), Some(OsStr::new("dumb")));
        assert_eq!(ColorChoice::Always.decide(false, no_color, dumb), Colors::ON);
        assert_eq!(ColorChoice::Never.decide(true, None, None), Colors::OFF);
    }

    #[test]
    fn styles_vanish_when_off() {
        assert_eq!(Colors::OFF.paint(Style::Red, "RST").to_string(), "RST");
        assert_eq!(Colors::ON.paint(Style::Red, "RST").to_string(), "\x1b[31mRST\x1b[0m");
        assert_eq!(format!("{:>5}", Colors::OFF.paint(Style::Dim, 7)), "    7");
    }
}
