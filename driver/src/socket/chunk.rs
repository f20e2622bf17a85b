//! What a socket is given: chunks, and errors.

use bytes::Bytes;
use netfold_core::{Chunk, Encoding, NodeError, ReadText, SharedError};
use std::sync::Arc;

/// What can be written: bytes, or text in an encoding (UTF-8 unless said otherwise).
pub trait IntoChunk {
    /// The chunk.
    fn into_chunk(self) -> Chunk;
}

impl IntoChunk for Bytes {
    fn into_chunk(self) -> Chunk {
        self.into()
    }
}

impl IntoChunk for Vec<u8> {
    fn into_chunk(self) -> Chunk {
        Bytes::from(self).into()
    }
}

impl IntoChunk for &[u8] {
    fn into_chunk(self) -> Chunk {
        Bytes::copy_from_slice(self).into()
    }
}

impl<const N: usize> IntoChunk for &[u8; N] {
    fn into_chunk(self) -> Chunk {
        Bytes::copy_from_slice(self).into()
    }
}

impl IntoChunk for &str {
    fn into_chunk(self) -> Chunk {
        Chunk::text(self, Encoding::Utf8)
    }
}

impl IntoChunk for String {
    fn into_chunk(self) -> Chunk {
        Chunk::text(self, Encoding::Utf8)
    }
}

impl IntoChunk for ReadText {
    fn into_chunk(self) -> Chunk {
        Chunk::text(&*self, Encoding::Utf8)
    }
}

impl IntoChunk for (&str, Encoding) {
    fn into_chunk(self) -> Chunk {
        Chunk::text(self.0, self.1)
    }
}

impl IntoChunk for Chunk {
    fn into_chunk(self) -> Chunk {
        self
    }
}

/// An error to destroy a socket with.
pub trait IntoError {
    /// The error.
    fn into_error(self) -> SharedError;
}

impl IntoError for SharedError {
    fn into_error(self) -> SharedError {
        self
    }
}

impl IntoError for NodeError {
    fn into_error(self) -> SharedError {
        Arc::new(self)
    }
}

impl IntoError for &str {
    fn into_error(self) -> SharedError {
        Arc::new(NodeError::user(self))
    }
}
