//! How tables of connections grow.

/// Makes room for one more: an eighth of what there is, where a vector left to itself takes as much again. So a table has
/// next to nothing in it that is not used, and entries are still moved only a few times in their life.
pub(crate) fn for_one_more<T>(table: &mut Vec<T>) {
    if table.len() == table.capacity() {
        table.reserve_exact(table.len() / 8 + 16);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn little_is_left_over_and_a_table_is_seldom_moved() {
        let (mut table, mut moves) = (Vec::new(), 0);
        for at in 0..10_000 {
            let before = table.capacity();
            super::for_one_more(&mut table);
            moves += usize::from(table.capacity() != before);
            table.push(at);
            assert!(table.capacity() <= table.len() + table.len() / 8 + 16);
        }
        assert!(moves < 60, "{moves}");
    }
}
