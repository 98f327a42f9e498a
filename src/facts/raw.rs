//! Plain rows in what serde writes: as the bytes that they are.

use bytemuck::Pod;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

pub(super) mod one {
    use super::*;

    pub fn serialize<S: Serializer>(row: &impl Pod, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytemuck::bytes_of(row))
    }

    pub fn deserialize<'d, T: Pod, D: Deserializer<'d>>(from: D) -> Result<T, D::Error> {
        let bytes = <&serde_bytes::Bytes>::deserialize(from)?;
        bytemuck::try_pod_read_unaligned(bytes).map_err(|_| D::Error::custom("a row of another length"))
    }
}

pub(super) mod many {
    use super::*;

    pub fn serialize<S: Serializer>(rows: &[impl Pod], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytemuck::cast_slice(rows))
    }

    pub fn deserialize<'d, T: Pod, D: Deserializer<'d>>(from: D) -> Result<Vec<T>, D::Error> {
        let bytes = <&serde_bytes::Bytes>::deserialize(from)?;
        if bytes.len() % size_of::<T>() != 0 {
            return Err(D::Error::custom("rows of another length"));
        }
        let mut rows = vec![T::zeroed(); bytes.len() / size_of::<T>()];
        bytemuck::cast_slice_mut(&mut rows).copy_from_slice(bytes);
        Ok(rows)
    }
}
