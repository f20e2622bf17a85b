//! Draws the diagrams of `spec/states/` anew: `cargo run -p netfold-states --bin diagrams`.

use netfold_states::{TABLES, Table, draw, folder};

fn main() -> std::io::Result<()> {
    for name in TABLES {
        let path = folder().join(name).with_extension("svg");
        std::fs::write(&path, draw::svg(&Table::load(name)))?;
        println!("{}", path.display());
    }
    Ok(())
}
