#![allow(unsafe_code)] // instructions that not every processor of the family has

//! The usual request, found with wide instructions: `GET`, a plain path,
//! HTTP/1.1, field names of letters, digits and hyphens. Whatever is anything
//! else in any way is left to the careful reader in `head`, whose answer would
//! be the same; `docs/performance.md` has what this saves.

use super::request::Parsed;

/// The request at the front of `input`, if it is a whole and usual one and the
/// processor can do this.
#[inline]
pub fn parse(input: &[u8]) -> Option<Parsed> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") {
        // SAFETY: the processor has just said that it has these instructions.
        return unsafe { avx2::parse(input) };
    }
    let _ = input;
    None
}

/// Hands over where those lines of a whole head begin that have a colon so many bytes later,
/// or so many: all fields with names of two sizes, and few others. `false` if the processor
/// cannot do this, and nothing was handed over.
#[inline]
pub fn lines_by_colon<const ONE: u32, const OTHER: u32>(
    head: &[u8],
    found: impl FnMut(usize),
) -> bool {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") {
        // SAFETY: the processor has just said that it has these instructions.
        unsafe { avx2::lines_by_colon::<ONE, OTHER>(head, found) };
        return true;
    }
    let _ = (head, found);
    false
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use core::arch::x86_64::{
        __m256i, _mm256_add_epi8, _mm256_andnot_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256,
        _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    };

    use crate::http::fields::{Fields, alphanumeric_and};
    use crate::http::request::{Method, Parsed};
    use crate::limits::{REQUEST_FIELDS_MAX, REQUEST_HEAD_BYTES_MAX, REQUEST_TARGET_BYTES_MAX};

    /// Bytes looked at in one go: a bit each in a mask.
    const BLOCK_BYTES: usize = 64;

    const START: &[u8] = b"GET /";
    const VERSION: &[u8] = b" HTTP/1.1";
    const LINE_END: &[u8] = b"\r\n";

    /// Which bytes of a block are of which kind, the first in the lowest bit.
    #[derive(Clone, Copy)]
    struct Masks {
        /// Neither visible, nor space, nor tab.
        control: u64,
        /// Not a letter, digit or hyphen.
        no_name: u64,
    }

    impl Masks {
        /// Kept apart, so that the compiler makes it once and of wide instructions
        /// alone.
        #[inline(never)]
        #[target_feature(enable = "avx2,bmi1")]
        fn of(block: &[u8; BLOCK_BYTES]) -> Self {
            let splat = |byte: u8| _mm256_set1_epi8(byte.cast_signed());
            let equal = |bytes, byte| _mm256_cmpeq_epi8(bytes, splat(byte));
            let at_most = |bytes, byte| {
                let least: __m256i = _mm256_min_epu8(bytes, splat(byte));
                _mm256_cmpeq_epi8(least, bytes)
            };
            let from = |bytes, byte: u8| _mm256_add_epi8(bytes, splat(byte.wrapping_neg()));
            let (mut control, mut name) = (0, 0);
            for (half, at) in block.as_chunks::<32>().0.iter().zip([0, 32]) {
                // SAFETY: 32 bytes can be read there, and any alignment will do.
                let bytes = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
                let low = _mm256_andnot_si256(equal(bytes, b'\t'), at_most(bytes, 0x1f));
                let is_control = _mm256_or_si256(low, equal(bytes, 0x7f));
                let letter = from(_mm256_or_si256(bytes, splat(0x20)), b'a');
                let letter = at_most(letter, b'z' - b'a');
                let digit = at_most(from(bytes, b'0'), 9);
                let is_name = _mm256_or_si256(_mm256_or_si256(letter, digit), equal(bytes, b'-'));
                let bits = |mask| u64::from(_mm256_movemask_epi8(mask).cast_unsigned());
                control |= bits(is_control) << at;
                name |= bits(is_name) << at;
            }
            Self { control, no_name: !name }
        }
    }

    /// Finds the next byte of a kind, going only forwards.
    struct Scan<'a> {
        input: &'a [u8],
        /// Which block the masks are of.
        block: usize,
        masks: Masks,
    }

    impl<'a> Scan<'a> {
        #[target_feature(enable = "avx2,bmi1")]
        fn new(input: &'a [u8]) -> Self {
            let mut scan = Self { input, block: 0, masks: Masks { control: 0, no_name: 0 } };
            scan.load(0);
            scan
        }

        /// Behind the end everything is zeros, so that every search ends.
        #[inline]
        #[target_feature(enable = "avx2,bmi1")]
        fn load(&mut self, block: usize) {
            self.block = block;
            let rest = self.input.get(block * BLOCK_BYTES..).unwrap_or_default();
            self.masks = match rest.first_chunk() {
                Some(block) => Masks::of(block),
                None => {
                    let mut last = [0; BLOCK_BYTES];
                    last[..rest.len()].copy_from_slice(rest);
                    Masks::of(&last)
                }
            };
        }

        /// Where the first byte at or after `from` stands that is in the mask.
        #[inline]
        #[target_feature(enable = "avx2,bmi1")]
        fn find(&mut self, from: usize, mask: impl Fn(&Masks) -> u64) -> usize {
            let block = from / BLOCK_BYTES;
            if block != self.block {
                self.load(block);
            }
            let mut found = mask(&self.masks) & u64::MAX << (from % BLOCK_BYTES);
            while found == 0 {
                self.load(self.block + 1);
                found = mask(&self.masks);
            }
            self.block * BLOCK_BYTES + found.trailing_zeros() as usize
        }
    }

    #[target_feature(enable = "avx2,bmi1")]
    pub fn parse(input: &[u8]) -> Option<Parsed> {
        let window = &input[..input.len().min(REQUEST_HEAD_BYTES_MAX)];
        if !window.starts_with(START) {
            return None;
        }
        let ends_line = |at: usize| window.get(at..at + LINE_END.len()) == Some(LINE_END);
        let mut scan = Scan::new(window);
        let end = scan.find(START.len(), |masks| masks.control);
        let target = window[START.len() - 1..end].strip_suffix(VERSION)?;
        let path_size = path_size(target)?;
        if target.len() > REQUEST_TARGET_BYTES_MAX || !ends_line(end) {
            return None;
        }
        let mut fields = Fields::default();
        let mut at = end + LINE_END.len();
        for _ in 0..=REQUEST_FIELDS_MAX {
            let colon = scan.find(at, |masks| masks.no_name);
            if colon == at {
                if !ends_line(at) {
                    return None;
                }
                let head = &window[..at + LINE_END.len()];
                fields.check(1).ok()?;
                let mut request = fields.request(head, 1, Method::Get, target);
                (request.path, request.query) = request.path.split_at(path_size);
                return Some(Parsed::Whole(request));
            }
            if window.get(colon) != Some(&b':') {
                return None;
            }
            let end = scan.find(colon + 1, |masks| masks.control);
            if !ends_line(end) {
                return None;
            }
            let value = trim(&window[colon + 1..end]);
            fields.take(&window[at..colon], value).ok()?;
            at = end + LINE_END.len();
        }
        None
    }

    /// Bits for the line ends and the colons of a block; behind the end there are none.
    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn ends_and_colons(head: &[u8], block: usize) -> (u64, u64) {
        let rest = head.get(block * BLOCK_BYTES..).unwrap_or_default();
        let mut last = [0; BLOCK_BYTES];
        let block = rest.first_chunk().unwrap_or_else(|| {
            last[..rest.len()].copy_from_slice(rest);
            &last
        });
        let (mut ends, mut colons) = (0, 0);
        for (half, at) in block.as_chunks::<32>().0.iter().zip([0, 32]) {
            // SAFETY: 32 bytes can be read there, and any alignment will do.
            let bytes: __m256i = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
            let bits = |byte: u8| {
                let equal = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte.cast_signed()));
                u64::from(_mm256_movemask_epi8(equal).cast_unsigned())
            };
            ends |= bits(b'\n') << at;
            colons |= bits(b':') << at;
        }
        (ends, colons)
    }

    #[target_feature(enable = "avx2,bmi1")]
    pub fn lines_by_colon<const ONE: u32, const OTHER: u32>(
        head: &[u8],
        mut found: impl FnMut(usize),
    ) {
        const { assert!(ONE < BLOCK_BYTES as u32 && OTHER < BLOCK_BYTES as u32) };
        let (mut ends, mut colons) = ends_and_colons(head, 0);
        for block in 0..head.len().div_ceil(BLOCK_BYTES) {
            let (next_ends, next_colons) = ends_and_colons(head, block + 1);
            // A name may go over into the next block.
            let ahead = u128::from(colons) | u128::from(next_colons) << BLOCK_BYTES;
            let mut begins = ends & ((ahead >> (ONE + 1)) as u64 | (ahead >> (OTHER + 1)) as u64);
            while begins != 0 {
                found(block * BLOCK_BYTES + begins.trailing_zeros() as usize + 1);
                begins &= begins - 1;
            }
            (ends, colons) = (next_ends, next_colons);
        }
    }

    /// Where the query of a target begins, `?` included. `None` if a byte needs a
    /// closer look.
    #[inline]
    fn path_size(target: &[u8]) -> Option<usize> {
        let mut path_size = target.len();
        for (at, &byte) in target.iter().enumerate() {
            if !PLAIN[usize::from(byte)] {
                return None;
            }
            if byte == b'?' && path_size == target.len() {
                path_size = at;
            }
        }
        Some(path_size)
    }

    /// Without the spaces and tabs around it (RFC 9110 §5.6.3).
    #[inline]
    fn trim(mut value: &[u8]) -> &[u8] {
        while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
            value = rest;
        }
        value
    }

    /// Bytes of a target that mean the same to every reader: `pchar`, `/` and
    /// `?` (RFC 3986 §3.3, §3.4).
    static PLAIN: [bool; 256] = alphanumeric_and(b"-._~!$&'()*+,;=%:@/?");
}
