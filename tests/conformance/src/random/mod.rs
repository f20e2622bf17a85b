//! Random programs, run by Node and by netfold, whose logs must be equal.
//!
//! [`strategy`] makes programs, [`node`] keeps a Node that runs them, [`differ`] compares, [`masks`] holds the freedoms that
//! a system has, [`shrink`] makes what was found small, [`coverage`] says what the programs reached.

pub mod coverage;
pub mod differ;
pub mod filters;
pub mod masks;
pub mod node;
pub mod report;
pub mod shrink;
mod skeleton;
mod steps;
pub mod strategy;
