const net = globalThis[Symbol.for('netfold')]();
export default net;
export const { connect, createConnection, createServer, isIP, isIPv4, isIPv6, Server, Socket, BlockList, SocketAddress } = net;
