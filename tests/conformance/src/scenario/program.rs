//! A scenario as data: what `spec/scenarios/README.md` describes, nothing of how it runs.

use netfold::EventKind;

/// A name of an actor, block, callback, task or signal.
pub type Name = String;

/// A whole scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The comment at its top, a line each, without the `#`.
    pub about: Vec<String>,
    /// The rules it shows.
    pub rules: Vec<String>,
    /// The deviation it shows.
    pub deviates: Option<String>,
    /// Who takes part, in order.
    pub actors: Vec<Actor>,
    /// `watch` lines and blocks, in order.
    pub parts: Vec<Part>,
}

/// Who takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Its name.
    pub name: Name,
    /// What it is.
    pub role: Role,
}

/// What an actor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// `net.createServer`
    Server(ServerOptions),
    /// `new net.Socket`
    Socket(SocketOptions),
    /// What the server of this name accepts.
    Peer(Name),
}

/// Options of `server`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerOptions {
    /// `allowHalfOpen`
    pub allow_half_open: bool,
    /// `pauseOnConnect`
    pub pause_on_connect: bool,
    /// `noDelay`
    pub no_delay: bool,
    /// `keepAlive`
    pub keep_alive: bool,
    /// `highWaterMark=N`
    pub high_water_mark: Option<u32>,
    /// `blockList=A`
    pub block_list: Option<String>,
}

/// Options of `socket`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketOptions {
    /// `allowHalfOpen`
    pub allow_half_open: bool,
    /// `highWaterMark=N`
    pub high_water_mark: Option<u32>,
    /// `readableHighWaterMark=N`
    pub readable_high_water_mark: Option<u32>,
    /// `writableHighWaterMark=N`
    pub writable_high_water_mark: Option<u32>,
    /// `noRead`: `readable: false`
    pub no_read: bool,
    /// `noWrite`: `writable: false`
    pub no_write: bool,
    /// `onread=N`
    pub on_read: Option<u32>,
    /// `signal=NAME`
    pub signal: Option<Name>,
    /// `forgotten`: netfold's is not retained.
    pub forgotten: bool,
}

/// A `watch` line or a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Listeners that only log.
    Watch(Name, Vec<EventKind>),
    /// Steps with what they wait for.
    Block(Trigger, Vec<Step>),
}

/// What a block waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// `start:`
    Start,
    /// `quiet:`
    Quiet,
    /// `on ACTOR EVENT [NUMBER]:`
    On(Name, EventKind, Option<u32>),
    /// `listener NAME ACTOR EVENT:`
    Listener(Name, Name, EventKind),
    /// `cb NAME:`
    Callback(Name),
    /// `task NAME:`
    Task(Name),
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `ACTOR VERB ...`
    Do(Name, Verb),
    /// `tick NAME`
    Tick(Name),
    /// `immediate NAME`
    Immediate(Name),
    /// `timer NAME MS`
    Timer(Name, u32),
    /// `abort NAME`
    Abort(Name),
    /// `throw`
    Throw,
    /// `log WORD`
    Log(String),
}

/// `cb=NAME`
pub type Callback = Option<Name>;

/// What an actor does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `connect TO [OPTION...] [CB]`
    Connect(To, Vec<ConnectOption>, Callback),
    /// `write N [ENC] [CB]`
    Write(Amount, Callback),
    /// `end [N [ENC]] [CB]`
    End(Option<Amount>, Callback),
    /// `destroy [error]`
    Destroy(bool),
    /// `destroySoon`
    DestroySoon,
    /// `reset`: `resetAndDestroy()`
    Reset,
    /// `pause`
    Pause,
    /// `resume`
    Resume,
    /// `cork`
    Cork,
    /// `uncork`
    Uncork,
    /// `ref` (true) and `unref` (false), of sockets and servers
    Ref(bool),
    /// `read [N]`
    Read(Option<u32>),
    /// `setEncoding ENC`; `None` is `none`.
    SetEncoding(Option<Encoding>),
    /// `setTimeout MS [CB]`
    SetTimeout(u32, Callback),
    /// `setNoDelay [false]`
    SetNoDelay(bool),
    /// `setKeepAlive [false] [MS]`
    SetKeepAlive(bool, Option<u32>),
    /// `pipe D [noEnd]`: whether D is ended.
    Pipe(Name, bool),
    /// `unpipe [D]`
    Unpipe(Option<Name>),
    /// `on NAME` and its kin
    Add(Adding, Name),
    /// `off NAME`
    Off(Name),
    /// `removeAll [EVENT]`
    RemoveAll(Option<EventKind>),
    /// `get PROPERTY...`
    Get(Vec<String>),
    /// `listen [OPTION...] [CB]`
    Listen(Vec<ListenOption>, Callback),
    /// `close [CB]`
    Close(Callback),
    /// `getConnections CB`
    GetConnections(Name),
    /// `maxConnections N`
    MaxConnections(i64),
    /// `dispose [CB]`, of sockets and servers
    Dispose(Callback),
    /// `unshift N [ENC]`
    Unshift(Amount),
    /// `nest N`: a listener of 'pause' that resumes and pauses, N deep
    Nest(u32),
    /// `smile N [CB]`: text of N characters beyond the sixteen bits of a UTF-16 unit
    Smile(u32, Callback),
    /// `setTypeOfService N`
    SetTypeOfService(u8),
    /// `getTypeOfService`
    GetTypeOfService,
    /// What Node alone has.
    NodeAlone(NodeAlone),
}

/// Members of Node's that netfold has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeAlone {
    /// `push N`
    Push(u32),
    /// `setDefaultEncoding ENC`
    SetDefaultEncoding(Encoding),
    /// `emit EVENT`
    Emit(EventKind),
    /// `iterate`: `for await`
    Iterate,
}

/// How a listener is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adding {
    /// `on`
    On,
    /// `once`
    Once,
    /// `prepend`: `prependListener`
    Prepend,
    /// `prependOnce`: `prependOnceListener`
    PrependOnce,
}

/// How much is written, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Bytes of a Buffer, or letters of a string.
    pub length: u32,
    /// Set for a string.
    pub encoding: Option<Encoding>,
}

/// An encoding of text.
pub type Encoding = netfold::Encoding;

/// Where `connect` goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// A server, by name.
    Server(Name),
    /// `refused`
    Refused,
    /// `missing`
    Missing,
    /// `path-of-file`
    File,
}

/// An option of `connect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectOption {
    /// `host=NAME`
    Host(String),
    /// `lookup=...`
    Lookup(Lookup),
    /// `family=N`
    Family(u8),
    /// `localPort=N`
    LocalPort(i64),
    /// `localAddress=A`
    LocalAddress(String),
    /// `timeout=MS`
    Timeout(u32),
    /// `autoSelectFamily` (true), `noAutoSelectFamily` (false)
    AutoSelectFamily(bool),
    /// `port=N`
    Port(i64),
    /// `blockList=A`
    BlockList(String),
}

/// How a custom lookup answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Within the call, with 127.0.0.1.
    Sync,
    /// In a tick.
    Tick,
    /// In an immediate.
    Immediate,
    /// Within the call, with an error of code ENOTFOUND.
    Error,
    /// Within the call, with no address.
    Empty,
    /// In an immediate, with 127.0.0.1 and 127.0.0.2, or with the first if one was asked for.
    Two,
    /// Within the call, with 127.0.0.1 and the number of the other family, which only Node can be told.
    Wrong,
}

/// An option of `listen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenOption {
    /// `path`
    Path,
    /// `host=A`
    Host(String),
    /// `any`
    Any,
    /// `port=N`
    Port(i64),
    /// `port-of=SERVER`
    PortOf(Name),
    /// `path-of=SERVER`
    PathOf(Name),
    /// `backlog=N`
    Backlog(u32),
    /// `signal=NAME`
    Signal(Name),
    /// `exclusive`
    Exclusive,
    /// `reusePort`
    ReusePort,
    /// `ipv6Only`
    Ipv6Only,
    /// `readableAll`
    ReadableAll,
    /// `writableAll`
    WritableAll,
    /// `pathLength=N`: a path of its own of N bytes.
    PathLength(u32),
    /// `pathWithNul`: a path of its own, a NUL and more.
    PathWithNul,
    /// `abstract`: an abstract name of its own.
    Abstract,
    /// `noFolder`: a path in a folder that is not there.
    NoFolder,
    /// `fd=file`: the descriptor of an ordinary file.
    FdOfFile,
    /// `handle-of=SERVER`
    HandleOf(Name),
}
