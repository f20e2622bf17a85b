//! Medians and spreads.

/// A number of measurements of one thing.
#[derive(Clone, Debug, Default)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// The value that `part` of the measurements (0 to 1) do not exceed; NaN when there are none.
    pub fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
        let at = part.clamp(0.0, 1.0) * last as f64;
        let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
        low + (high - low) * at.fract()
    }

    /// The middle one.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The 10th percentile: what the thing costs when least is in its way.
    pub fn p10(&self) -> f64 {
        self.quantile(0.1)
    }

    /// From the 10th to the 90th percentile, in percent of the median.
    pub fn spread(&self) -> f64 {
        (self.quantile(0.9) - self.p10()) / self.median() * 100.0
    }

    /// Each measurement over the one of `other` that was made beside it.
    pub fn over(&self, other: &Sample) -> Sample {
        self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect()
    }

    /// One more.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// Prints rows under their heads, the first column to the left and the others to the right.
pub fn print_table(heads: &[&str], rows: &[Vec<String>]) {
    let widths: Vec<usize> = (0..heads.len())
        .map(|at| rows.iter().map(|row| row[at].chars().count()).chain([heads[at].len()]).max().unwrap_or(0))
        .collect();
    let line = |cells: &[&str]| {
        let cells = cells.iter().zip(&widths).enumerate();
        let cells = cells.map(|(at, (cell, &w))| if at == 0 { format!("{cell:<w$}") } else { format!("{cell:>w$}") });
        println!("{}", cells.collect::<Vec<_>>().join("  "));
    };
    line(heads);
    for row in rows {
        line(&row.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let sample: Sample = [4.0, 1.0, 3.0, 2.0].into_iter().collect();
        assert_eq!(sample.median(), 2.5);
        assert_eq!(sample.quantile(0.0), 1.0);
        assert_eq!(sample.quantile(1.0), 4.0);
        assert!(Sample::default().median().is_nan());
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let a: Sample = [2.0, 6.0].into_iter().collect();
        let b: Sample = [1.0, 2.0].into_iter().collect();
        assert_eq!(a.over(&b).median(), 2.5);
    }
}
