//! What a link was: what clicks of it mean once the link itself has changed or gone.

use super::frame::{self, Salt, u16_at, u32_at, u64_at};
use super::lengths::LINK_BYTES_MIN;
use super::scratch::RecordScratch;
use crate::limits::{LOGGED_KEY_BYTES_MAX, TARGET_BYTES_MAX};

pub(super) const TYPE: u8 = 4;
const KEY_CUT: u16 = 1;
const TARGET_CUT: u16 = 1 << 1;

/// A link as it was from one generation of the table on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedLink<'a> {
    /// Which link, as clicks say it.
    pub link: u64,
    /// Which of its targets, as clicks say it.
    pub variant: u8,
    /// The generation of the table that answered so.
    pub generation: u32,
    /// Its key, as a link file has it.
    pub key: &'a [u8],
    /// Where it sends; empty for nowhere.
    pub target: &'a [u8],
    /// Whether the key was longer than is kept.
    pub is_key_cut: bool,
    /// Whether the target was longer than is kept.
    pub is_target_cut: bool,
}

impl<'a> LoggedLink<'a> {
    /// The record of this link, written for the click that will be number `sequence`.
    /// Strings over their bound are cut on the byte, and flagged.
    pub fn encode<'s>(
        &self,
        sequence: u64,
        salt: Salt,
        scratch: &'s mut RecordScratch,
    ) -> &'s [u8] {
        let key = &self.key[..self.key.len().min(LOGGED_KEY_BYTES_MAX)];
        let target = &self.target[..self.target.len().min(TARGET_BYTES_MAX)];
        let mut flags = 0;
        if self.is_key_cut || key.len() < self.key.len() {
            flags |= KEY_CUT;
        }
        if self.is_target_cut || target.len() < self.target.len() {
            flags |= TARGET_CUT;
        }
        let record = scratch.begin(TYPE, sequence, LINK_BYTES_MIN + key.len() + target.len());
        record[9] = self.variant;
        record[10..12].copy_from_slice(&(key.len() as u16).to_le_bytes());
        record[12..14].copy_from_slice(&(target.len() as u16).to_le_bytes());
        record[14..16].copy_from_slice(&flags.to_le_bytes());
        record[24..32].copy_from_slice(&self.link.to_le_bytes());
        record[32..36].copy_from_slice(&self.generation.to_le_bytes());
        record[36..40].fill(0);
        record[LINK_BYTES_MIN..][..key.len()].copy_from_slice(key);
        record[LINK_BYTES_MIN + key.len()..][..target.len()].copy_from_slice(target);
        frame::close(record, salt);
        record
    }

    /// The link in a record whose frame has been found good. What stands behind its
    /// strings is of a later version, and passed over.
    #[must_use]
    pub fn of(record: &'a [u8]) -> Option<Self> {
        let (fixed, strings) = record.split_at_checked(LINK_BYTES_MIN)?;
        let (key, behind) = strings.split_at_checked(usize::from(u16_at(fixed, 10)))?;
        let flags = u16_at(fixed, 14);
        Some(Self {
            link: u64_at(fixed, 24),
            variant: fixed[9],
            generation: u32_at(fixed, 32),
            key,
            target: behind.get(..usize::from(u16_at(fixed, 12)))?,
            is_key_cut: flags & KEY_CUT != 0,
            is_target_cut: flags & TARGET_CUT != 0,
        })
    }
}
