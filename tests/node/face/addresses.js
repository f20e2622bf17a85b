'use strict';
// net.SocketAddress and net.BlockList: the core's, behind the checks of types.
const { inspect } = require('node:util');
const { native, kId, kServer } = require('./core.js');
const { badPort, invalidArgType, invalidArgValue, validateInt32, validateString } = require('./errors.js');

const kInspect = inspect.custom;

function shown(name, value, depth, options) {
  return `${name} ${inspect(value, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
}

const numberOf = (family) => (typeof family?.toLowerCase === 'function' ? { ipv4: 4, ipv6: 6 }[family.toLowerCase()] : undefined);

const kMade = Symbol('made');
const kAddress = Symbol('address');
const kList = Symbol('list');
const kServers = Symbol('servers');

class SocketAddress {
  static isSocketAddress(value) {
    return value?.[kAddress] !== undefined;
  }

  // Of newer Nodes.
  static parse(input) {
    validateString(input, 'input');
    const parts = native.parseAddress(input);
    return parts === null ? undefined : new SocketAddress({ [kMade]: parts });
  }

  constructor(options = {}) {
    if (options === null || typeof options !== 'object' || Array.isArray(options)) {
      throw invalidArgType('options', 'Object', options);
    }
    if (options[kMade]) {
      this[kAddress] = options[kMade];
      return;
    }
    const { family = 'ipv4' } = options;
    const { address = family === 'ipv4' ? '127.0.0.1' : '::', port = 0, flowlabel = 0 } = options;
    const number = numberOf(family);
    if (number === undefined) throw invalidArgValue('options.family', options.family);
    validateString(address, 'options.address');
    const bad = badPort(port, 'options.port');
    if (bad) throw bad;
    validateInt32(flowlabel, 'options.flowlabel', 0, 4294967295);
    this[kAddress] = native.socketAddress(address, Number(port), number, flowlabel);
  }

  get address() { return this[kAddress][0]; }
  get port() { return this[kAddress][1]; }
  get family() { return this.address.includes(':') ? 'ipv6' : 'ipv4'; }
  get flowlabel() { return this[kAddress][2]; }

  [kInspect](depth, options) {
    return depth < 0 ? this : shown('SocketAddress', this.toJSON(), depth, options);
  }

  toJSON() {
    return { address: this.address, port: this.port, family: this.family, flowlabel: this.flowlabel };
  }
}

// An address as it was given, or as a text with its family.
function addressOf(given, name, family) {
  if (SocketAddress.isSocketAddress(given)) return given;
  validateString(given, name);
  validateString(family, 'family');
  return new SocketAddress({ address: given, family });
}

const pair = (address) => [address.address, address.family === 'ipv6' ? 6 : 4];

const lists = new FinalizationRegistry((number) => native.dropBlockList(number));

class BlockList {
  constructor() {
    this[kList] = native.newBlockList();
    // The servers that it holds for: a rule that is added later holds for them too.
    this[kServers] = new Set();
    lists.register(this, this[kList]);
  }

  // Of newer Nodes.
  static isBlockList(value) {
    return value?.[kList] !== undefined;
  }

  addAddress(address, family = 'ipv4') {
    native.addAddress(this[kList], ...pair(addressOf(address, 'address', family)));
    changed(this);
  }

  addRange(start, end, family = 'ipv4') {
    const first = addressOf(start, 'start', family);
    const last = addressOf(end, 'end', family);
    native.addRange(this[kList], ...pair(first), ...pair(last));
    changed(this);
  }

  addSubnet(network, prefix, family = 'ipv4') {
    const address = addressOf(network, 'network', family);
    validateInt32(prefix, 'prefix', 0, address.family === 'ipv4' ? 32 : 128);
    native.addSubnet(this[kList], ...pair(address), prefix);
    changed(this);
  }

  check(address, family = 'ipv4') {
    if (SocketAddress.isSocketAddress(address)) return native.isBlocked(this[kList], ...pair(address));
    validateString(address, 'address');
    validateString(family, 'family');
    const number = numberOf(family);
    return number !== undefined && native.isBlocked(this[kList], address, number);
  }

  get rules() { return native.rules(this[kList]); }

  [kInspect](depth, options) {
    return depth < 0 ? this : shown('BlockList', { rules: this.rules }, depth, options);
  }
}

// From here on the list holds for this server, or for this socket as the list is now.
function holdsFor(list, owner) {
  if (owner[kServer]) list[kServers].add(new WeakRef(owner));
  native.setBlockList(owner[kId], owner[kServer], list[kList]);
}

function changed(list) {
  for (const known of list[kServers]) {
    const server = known.deref();
    if (server === undefined) list[kServers].delete(known);
    else native.setBlockList(server[kId], true, list[kList]);
  }
}

// The option `blockList`, of newer Nodes.
function blockListOf(options) {
  const list = options?.blockList;
  if (!list) return undefined;
  if (!BlockList.isBlockList(list)) throw invalidArgType('options.blockList', 'net.BlockList', list);
  return list;
}

module.exports = { BlockList, SocketAddress, blockListOf, holdsFor };
