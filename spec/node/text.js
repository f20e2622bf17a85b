'use strict';
// The forms in which errors, events and addresses stand in a log.
// Ports and paths are put into the text between marks and named only when everything is printed,
// because the number of different ports decides between PORT and PORT1, PORT2.

const PORT_MARK = '\u0001';
const PATH_MARK = '\u0002';
let knownPaths = [];

// From now on this path is masked.
function knowPath(path) {
  knownPaths.push(path);
}

function forgetPaths() {
  knownPaths = [];
}

function maskPort(port) {
  return typeof port === 'number' && port > 0 ? PORT_MARK + port + PORT_MARK : String(port);
}

function maskText(text) {
  for (const p of knownPaths) text = text.split(p).join(PATH_MARK + p + PATH_MARK);
  return text.replace(/(\d+\.\d+\.\d+\.\d+|::1?):(\d+)/g, (all, host, port) => host + ':' + maskPort(Number(port)));
}

function nameMarks(text, mark, label) {
  const parts = text.split(mark);
  const seen = [];
  for (let i = 1; i < parts.length; i += 2) {
    if (!seen.includes(parts[i])) seen.push(parts[i]);
  }
  for (let i = 1; i < parts.length; i += 2) {
    parts[i] = seen.length === 1 ? label : label + (seen.indexOf(parts[i]) + 1);
  }
  return parts.join('');
}

// Gives every marked port and path of a finished log its name.
function nameAll(text) {
  return nameMarks(nameMarks(text, PORT_MARK, 'PORT'), PATH_MARK, 'PATH');
}

function errorText(err) {
  if (err === null) return 'null';
  if (err === undefined) return 'undefined';
  return (err.code || err.name) + ' "' + maskText(err.message) + '"';
}

function valueText(value) {
  return typeof value === 'string' ? maskText(value) : String(value);
}

function eventText(name, args) {
  switch (name) {
    case 'data':
      return 'data ' + args[0].length;
    case 'error':
      return 'error ' + errorText(args[0]);
    case 'close':
      return args.length === 0 ? 'close undefined' : 'close ' + args[0];
    case 'lookup':
      return ['lookup', errorText(args[0]), String(args[1]), String(args[2]), args[3]].join(' ');
    case 'connectionAttempt':
    case 'connectionAttemptTimeout':
      return [name, valueText(args[0]), maskPort(args[1]), String(args[2])].join(' ');
    case 'connectionAttemptFailed':
      return [name, valueText(args[0]), maskPort(args[1]), String(args[2]), args[3].code].join(' ');
    case 'drop': {
      const d = args[0];
      if (d === undefined) return 'drop undefined';
      return ['drop', d.localAddress, maskPort(d.localPort), d.localFamily,
        d.remoteAddress, maskPort(d.remotePort), d.remoteFamily].map(String).join(' ');
    }
    default:
      return name;
  }
}

module.exports = { errorText, eventText, forgetPaths, knowPath, maskPort, nameAll, valueText };
