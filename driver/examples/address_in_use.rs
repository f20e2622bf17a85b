//! Node's reference on EADDRINUSE: try again after a while. The address is freed on the way, so the example ends.

use netfold::{Listen, Net, NetError};

const RETRY_MS: f64 = 100.0;

fn main() -> Result<(), NetError> {
    let mut net = Net::new(())?;
    let blocker = net.create_server(|_, _| {});
    blocker.listen_then(&mut net, ("127.0.0.1", 0), |net, blocker| {
        let port = blocker.port(net).expect("it listens on TCP");
        let server = net.create_server(|_, _| {});
        server.on_error(net, move |net, server, error| {
            if error.code() == "EADDRINUSE" {
                println!("Address in use, retrying...");
                blocker.close(net);
                net.set_timeout(RETRY_MS, move |net| {
                    server.close(net);
                    server.listen(net, Listen::port(port).host("127.0.0.1")).expect("the arguments are right");
                });
            }
        });
        server.listen_then(net, Listen::port(port).host("127.0.0.1"), |net, server| {
            println!("listening after all");
            server.close(net);
        });
    });
    net.run()
}
