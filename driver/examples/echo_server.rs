//! The echo server of Node's reference: `net.createServer`, on a port (8124 unless given) or a Unix path.
//!
//! Try it with `nc localhost 8124`, or `nc -U PATH`.

use netfold::{Listen, Net, NetError, Socket};

fn main() -> Result<(), NetError> {
    let place = std::env::args().nth(1).unwrap_or_else(|| String::from("8124"));
    let listen = match place.parse::<u16>() {
        Ok(port) => Listen::port(port),
        Err(_) => Listen::path(&place),
    };
    let mut net = Net::new(())?;
    let server = net.create_server(|net, c| {
        // 'connection' listener.
        println!("client connected");
        c.on_end(net, |_, _| println!("client disconnected"));
        // Not in the reference: without it a client that resets ends the program, there as here.
        c.on_error(net, |_, _, error| println!("client failed: {error}"));
        c.write(net, "hello\r\n");
        pipe(net, c);
    });
    server.on_error(&mut net, |_, _, error| {
        eprintln!("{error}");
        std::process::exit(1);
    });
    server.listen_then(&mut net, listen, |net, server| println!("server bound {:?}", server.address(net)));
    net.run()
}

/// `c.pipe(c)`
fn pipe(net: &mut Net<()>, c: Socket) {
    c.on_data(net, |net, c, chunk| {
        if !c.write(net, chunk) {
            c.pause(net);
        }
    });
    c.on_drain(net, |net, c| c.resume(net));
    c.on_end(net, |net, c| c.end(net));
}
