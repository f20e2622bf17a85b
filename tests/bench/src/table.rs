//! The figures as they are kept: files of tab-separated values with heads.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Appends rows to a file; the heads go into a new one.
///
/// # Errors
/// The file cannot be written.
pub fn append_rows(file: &Path, heads: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    if file.metadata()?.len() == 0 {
        writeln!(file, "{}", heads.join("\t"))?;
    }
    rows.iter().try_for_each(|row| writeln!(file, "{}", row.join("\t")))
}

/// What such a file holds.
#[derive(Debug, Default)]
pub struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty one if there is no such file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = match fs::read_to_string(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text?,
        };
        let mut rows = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
        Ok(Self { heads: rows.next().unwrap_or_default(), rows: rows.collect() })
    }

    fn at(&self, head: &str) -> Option<usize> {
        self.heads.iter().position(|known| known == head)
    }

    /// The cell in the column `head` of the row whose first cells are `key`.
    pub fn cell(&self, key: &[&str], head: &str) -> Option<&str> {
        let at = self.at(head)?;
        let row = self.rows.iter().find(|row| row.iter().zip(key).all(|(cell, key)| cell == key))?;
        row.get(at).map(String::as_str)
    }

    /// The same, as a number.
    pub fn number(&self, key: &[&str], head: &str) -> Option<f64> {
        self.cell(key, head)?.parse().ok()
    }

    /// What stands in a column, each once, in the order of the rows.
    pub fn values(&self, head: &str) -> Vec<&str> {
        let mut values = Vec::new();
        if let Some(at) = self.at(head) {
            for row in &self.rows {
                let value = row.get(at).map_or("", String::as_str);
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
        values
    }

    /// The whole of it as Markdown.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule = format!("|{}\n", "---|".repeat(self.heads.len()));
        line(&self.heads) + &rule + &self.rows.iter().map(|row| line(row)).collect::<String>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let file = std::env::temp_dir().join(format!("netfold-bench-table-{}", std::process::id()));
        let row = |cells: [&str; 3]| vec![cells.map(str::to_owned).to_vec()];
        append_rows(&file, &["work", "server", "ns"], &row(["1x64", "epoll", "12"])).unwrap();
        append_rows(&file, &["work", "server", "ns"], &row(["1x64", "mio", "13.5"])).unwrap();
        let table = Table::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(table.number(&["1x64", "mio"], "ns"), Some(13.5));
        assert_eq!((table.values("work"), table.values("server")), (vec!["1x64"], vec!["epoll", "mio"]));
        assert_eq!(table.cell(&["1x64", "none"], "ns"), None);
        assert!(table.markdown().starts_with("| work | server | ns |\n|---|---|---|\n| 1x64 | epoll | 12 |\n"));
        assert!(Table::read(&file).unwrap().values("work").is_empty());
    }
}
