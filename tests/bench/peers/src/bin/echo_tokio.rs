//! An echo server on tokio, with one thread: a task a connection, one block for all of them. It reads by `poll_read`, which
//! knows that after a short read there is no more, and so reads once a request.

use netfold_bench_peers::counting::Counting;
use netfold_bench_peers::echo::BLOCK;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static SHARED: RefCell<Vec<u8>> = RefCell::new(vec![0; BLOCK]);
}

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let listener = netfold_bench_peers::listen()?;
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let _over = echo(stream).await;
            });
        }
    })
}

/// Until the other side has ended.
async fn echo(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let turn = poll_fn(|cx| SHARED.with_borrow_mut(|block| turn(&mut stream, cx, block)));
        let Some(unsent) = turn.await? else { return Ok(()) };
        let mut unsent = &unsent[..];
        while !unsent.is_empty() {
            stream.writable().await?;
            unsent = &unsent[taken(&stream, unsent)?..];
        }
    }
}

/// Reads once and writes that: what was not taken, `None` at the end.
fn turn(stream: &mut TcpStream, cx: &mut Context<'_>, block: &mut [u8]) -> Poll<io::Result<Option<Vec<u8>>>> {
    let mut read = ReadBuf::new(block);
    ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
    let bytes = read.filled();
    if bytes.is_empty() {
        return Poll::Ready(Ok(None));
    }
    let took = taken(stream, bytes)?;
    Poll::Ready(Ok(Some(bytes[took..].to_vec())))
}

fn taken(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.try_write(bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        took => took,
    }
}
