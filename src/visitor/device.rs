//! The system of a visitor's device, by what the browser says of it.

use core::fmt;
use core::ops::BitOr;

use memchr::{memchr_iter, memchr3_iter, memmem};

use crate::limits::USER_AGENT_BYTES_READ;
use crate::words::shown;

/// A system that apps are made for, or none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Device {
    /// Phones, tablets and television sets with Android.
    Android,
    /// iPhones, iPods, and iPads that do not ask for pages of computers.
    Ios,
    /// Windows.
    Windows,
    /// Macs, and iPads that ask for pages of computers.
    Macos,
    /// Linux on a computer.
    Linux,
    /// Chromebooks.
    Chromeos,
    /// Anything else, or not known.
    Other,
}

impl Device {
    /// All, in the order in which they are listed.
    pub const ALL: [Self; 7] = [
        Self::Android,
        Self::Ios,
        Self::Windows,
        Self::Macos,
        Self::Linux,
        Self::Chromeos,
        Self::Other,
    ];

    /// As rules have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Windows => "windows",
            Self::Macos => "macos",
            Self::Linux => "linux",
            Self::Chromeos => "chromeos",
            Self::Other => "other",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Some of the devices: a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Devices(pub u8);

impl Devices {
    /// None of them.
    pub const NONE: Self = Self(0);
    const MOBILE: Self = Self(Device::Android.bit() | Device::Ios.bit());
    const DESKTOP: Self = Self(
        Device::Windows.bit() | Device::Macos.bit() | Device::Linux.bit() | Device::Chromeos.bit(),
    );

    /// Reads the name of a device or of a group, in any case.
    ///
    /// # Errors
    ///
    /// There is no such name; with all that there are.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let is = |name: &str| text.eq_ignore_ascii_case(name.as_bytes());
        if is("mobile") {
            return Ok(Self::MOBILE);
        }
        if is("desktop") {
            return Ok(Self::DESKTOP);
        }
        let device = Device::ALL.into_iter().find(|device| is(device.name()));
        device.map(Self::from).ok_or_else(|| {
            let names = Device::ALL.map(Device::name).join(", ");
            format!("`{}` is not a device; write one of {names}, mobile or desktop", shown(text))
        })
    }

    /// Appends them as they are stored: a byte.
    pub fn store(self, out: &mut Vec<u8>) {
        out.push(self.0);
    }

    /// Reads them from where they are stored; none, if there is nothing.
    #[inline]
    #[must_use]
    pub fn read(stored: &[u8]) -> Self {
        Self(stored.first().copied().unwrap_or(0))
    }

    /// Whether this one is among them.
    #[inline]
    #[must_use]
    pub const fn has(self, device: Device) -> bool {
        self.0 & device.bit() != 0
    }
}

impl From<Device> for Devices {
    fn from(device: Device) -> Self {
        Self(device.bit())
    }
}

impl BitOr for Devices {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Devices {
    /// The names of all, with commas: what [`parse`](Self::parse) reads one by one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Device::ALL.into_iter().filter(|device| self.has(*device));
        for (at, device) in named.enumerate() {
            write!(f, "{}{device}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// The device of who sends this `User-Agent`, and this `Sec-CH-UA-Platform` as it came, in its
/// quotes. Either may be empty.
#[inline]
#[must_use]
pub fn device(user_agent: &[u8], platform: &[u8]) -> Device {
    match platform {
        b"\"Android\"" => Device::Android,
        b"\"iOS\"" => Device::Ios,
        b"\"Windows\"" => Device::Windows,
        b"\"macOS\"" => Device::Macos,
        b"\"Linux\"" => Device::Linux,
        b"\"Chrome OS\"" | b"\"Chromium OS\"" => Device::Chromeos,
        _ => of_user_agent(user_agent),
    }
}

/// The first of these that a user agent says anywhere: an iPhone, Android, Windows, a Mac, a
/// Chromebook, Linux. Most say two: Android is Linux as well, and old phones said them all.
fn of_user_agent(user_agent: &[u8]) -> Device {
    let text = &user_agent[..user_agent.len().min(USER_AGENT_BYTES_READ)];
    // Letters that few others than the names sought have, so that all is seen at one look.
    let mut found = None;
    for at in memchr3_iter(b'P', b'A', b'W', text) {
        match text[at] {
            b'P' if is_apples(text, at) => return Device::Ios,
            b'A' if text[at..].starts_with(b"Android") => found = Some(Device::Android),
            b'W' if found.is_none() && text[at..].starts_with(b"Windows") => {
                found = Some(Device::Windows);
            }
            _ => {}
        }
    }
    found.unwrap_or_else(|| of_computer(text))
}

/// Whether the `P` there is that of an iPhone, iPad or iPod.
fn is_apples(text: &[u8], at: usize) -> bool {
    let is_i = at > 0 && text[at - 1] == b'i';
    let rest = &text[at + 1..];
    is_i && (rest.starts_with(b"hone") || rest.starts_with(b"ad") || rest.starts_with(b"od"))
}

fn of_computer(text: &[u8]) -> Device {
    let mut found = Device::Other;
    for at in memchr3_iter(b'M', b'C', b'L', text) {
        let rest = &text[at..];
        if rest.starts_with(b"Macintosh") {
            return Device::Macos;
        }
        if rest.starts_with(b"CrOS") {
            found = Device::Chromeos;
        } else if found == Device::Other && rest.starts_with(b"Linux") {
            found = Device::Linux;
        }
    }
    match found {
        // Systems beside Linux that have its windows.
        Device::Other if memmem::find(text, b"X11").is_some() => Device::Linux,
        Device::Linux if is_television(text) => Device::Other,
        found => found,
    }
}

/// Sets with Tizen or webOS say Linux too, and are no computers.
fn is_television(text: &[u8]) -> bool {
    memchr_iter(b'T', text)
        .any(|at| text[at..].starts_with(b"TV") || text[at..].starts_with(b"Tizen"))
}

#[cfg(test)]
mod tests;
