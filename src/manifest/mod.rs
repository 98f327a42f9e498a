//! Text to model: read, check, include, expand, interpolate, lower.
