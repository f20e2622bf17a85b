//! The netfold tool.
fn main() {}
