//! x
fn main() {
    let t = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let p = netfold_conformance::scenario::parse(&t).unwrap();
    for o in 0..30 {
        let mut s = netfold::System::new().unwrap();
        let met = std::rc::Rc::new(std::cell::RefCell::new(vec![]));
        let m = met.clone();
        s.choose_order(move |n| {
            m.borrow_mut().push((n, netfold_conformance::scenario::round_now()));
            if m.borrow().len() == 1 { o } else { 0 }
        });
        let log = netfold_conformance::scenario::run_on(s, &p);
        println!("{o} {:?}\n{}", met.borrow(), if o < 30 { log.as_str() } else { "" });
    }
}
