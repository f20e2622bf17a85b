//! The client of Node's reference: `net.createConnection`, to a port (8124 unless given) or a Unix path.

use netfold::{Connect, Net, NetError};

fn main() -> Result<(), NetError> {
    let place = std::env::args().nth(1).unwrap_or_else(|| String::from("8124"));
    let to = match place.parse::<u16>() {
        Ok(port) => Connect::from(("127.0.0.1", port)),
        Err(_) => Connect::path(&place),
    };
    let mut net = Net::new(())?;
    let client = net.connect_then(to, |net, client| {
        println!("connected to server!");
        client.write(net, "world!\r\n");
    });
    let client = client.expect("the arguments are right");
    client.on_data(&mut net, |net, client, data| {
        print!("{}", String::from_utf8_lossy(&data));
        client.end(net);
    });
    client.on_end(&mut net, |_, _| println!("disconnected from server"));
    net.run()
}
