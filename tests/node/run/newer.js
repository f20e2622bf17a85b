'use strict';
// What Node's newer tests ask of Node itself, beside `net`, and Node 20 does not have yet.
const events = require('node:events');
const util = require('node:util');

util.getCallSites ??= function getCallSites(count = 8) {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder = {};
  Error.prepareStackTrace = (_, sites) => sites;
  Error.stackTraceLimit = count;
  Error.captureStackTrace(holder, getCallSites);
  const sites = holder.stack;
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  return sites.map((site) => ({
    functionName: site.getFunctionName() ?? '',
    scriptName: site.getFileName() ?? '',
    lineNumber: site.getLineNumber(),
    columnNumber: site.getColumnNumber(),
    column: site.getColumnNumber(),
  }));
};

// Of an EventTarget too.
const { listenerCount, getEventListeners } = events;
events.listenerCount = (emitter, type) =>
  (emitter instanceof EventTarget ? getEventListeners(emitter, type).length : listenerCount(emitter, type));
