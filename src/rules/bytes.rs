//! Fields of stored rules, one after the other. What is missing is zeros, which is so in
//! crafted files alone.

/// The next field.
#[inline]
pub fn cut<const SIZE: usize>(rest: &mut &[u8]) -> [u8; SIZE] {
    let (field, behind) = rest.split_first_chunk().unwrap_or((&[0; SIZE], &[]));
    *rest = behind;
    *field
}

/// The next so many bytes, or none if there are fewer.
#[inline]
pub fn cut_slice<'a>(rest: &mut &'a [u8], size: usize) -> &'a [u8] {
    let (field, behind) = rest.split_at_checked(size).unwrap_or_default();
    *rest = behind;
    field
}
