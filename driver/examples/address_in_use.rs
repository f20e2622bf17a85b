//! Node's reference on EADDRINUSE: try again after a while. What is in the way goes meanwhile, so the example ends.

use netfold::{Listen, Net, NetError};

const HOST: &str = "127.0.0.1";

fn main() -> Result<(), NetError> {
    let mut net = Net::new(())?;
    let in_the_way = net.create_server(|_, _| {});
    in_the_way.listen_then(&mut net, (HOST, 0), |net, in_the_way| {
        let port = in_the_way.port(net).expect("it listens on TCP");
        let server = net.create_server(|_, _| {});
        server.on_error(net, move |net, server, e| {
            if e.code() == "EADDRINUSE" {
                println!("Address in use, retrying...");
                net.set_timeout(1000.0, move |net| {
                    server.close(net);
                    server.listen(net, Listen::port(port).host(HOST)).expect("the arguments are right");
                });
            }
        });
        server.listen_then(net, Listen::port(port).host(HOST), |net, server| {
            println!("server bound {:?}", server.address(net));
            server.close(net);
        });
        net.set_timeout(500.0, move |net| in_the_way.close(net));
    });
    net.run()
}
