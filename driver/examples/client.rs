//! The client of Node's reference: `net.createConnection`, to a port (8124 unless given) or a Unix path.

use netfold::{Connect, Net, NetError};

fn main() -> Result<(), NetError> {
    let place = std::env::args().nth(1).unwrap_or_else(|| String::from("8124"));
    let to = match place.parse::<u16>() {
        Ok(port) => Connect::port(port),
        Err(_) => Connect::path(&place),
    };
    let mut net = Net::new(())?;
    let client = net.connect_then(to, |net, client| {
        // 'connect' listener.
        println!("connected to server!");
        client.write(net, "world!\r\n");
    });
    let client = client.expect("the arguments are right");
    client.on_data(&mut net, |net, client, data| {
        println!("{}", String::from_utf8_lossy(&data));
        client.end(net);
    });
    client.on_end(&mut net, |_, _| println!("disconnected from server"));
    // Not in the reference: without it the error is what `run` returns.
    client.on_error(&mut net, |_, _, error| {
        eprintln!("{error}");
        std::process::exit(1);
    });
    net.run()
}
