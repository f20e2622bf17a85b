//! The server of Node's reference that takes any free port and says goodbye.

use netfold::{Listen, Net, NetError};

fn main() -> Result<(), NetError> {
    let mut net = Net::new(())?;
    let server = net.create_server(|net, socket| socket.end_with(net, "goodbye\n"));
    // Handle errors here.
    server.on_error(&mut net, |_, _, error| panic!("{error}"));
    // Grab an arbitrary unused port.
    server.listen_then(&mut net, Listen::port(0), |net, server| {
        println!("opened server on {:?}", server.address(net));
    });
    net.run()
}
