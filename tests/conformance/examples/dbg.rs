//! x
fn main() {
    let mut d = netfold_conformance::random::differ::Differ::new().unwrap();
    for f in std::env::args().skip(1) {
        let t = std::fs::read_to_string(&f).unwrap();
        let p = netfold_conformance::scenario::parse(&t).unwrap();
        let t = std::time::Instant::now();
        let c = d.compare(&p).unwrap();
        println!("{f} {:?} {:?} {}", c.verdict, t.elapsed(), c.sign);
    }
}
