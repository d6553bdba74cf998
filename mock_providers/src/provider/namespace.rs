//! Namespaces: several test workers share a provider without noticing each other.

/// Longest name of a namespace, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Whether `name` can be the name of a namespace: 1 to 64 letters, digits, `-` and `_`.
#[must_use]
pub fn is_namespace(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(legal)
}
