// In the thread of Node's loader: `net`, for modules of the test tree.
let given;

export function initialize(data) {
  given = data;
}

export function resolve(specifier, context, next) {
  const net = specifier === 'net' || specifier === 'node:net';
  if (net && context.parentURL?.startsWith(given.root)) return { url: given.net, format: 'module', shortCircuit: true };
  return next(specifier, context);
}
