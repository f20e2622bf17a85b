'use strict';
// A function in a process of its own, with netfold for `net`. NETFOLD_STOCK=1 leaves Node's own, to see that a test is right.
const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { isDeepStrictEqual } = require('node:util');

const LIMIT = 20_000;

// Answers with what the function gave to `report`; with `whole`, how the process ended.
function run(act, given, { whole = false, flags = [], limit = LIMIT, env = {},
                            stock = process.env.NETFOLD_STOCK === '1' } = {}) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'netfold-hard-'));
  const code = `const report = (what) => require('node:fs').writeFileSync(process.env.SCRATCH + '/report',
    JSON.stringify(what)); (${act})(${JSON.stringify(given)});`;
  const file = path.join(scratch, 'main.js');
  fs.writeFileSync(file, code);
  const preload = stock ? [] : ['-r', path.join(__dirname, '..', 'register.js')];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...flags, ...preload, file],
             { env: { ...process.env, NODE_TEST_CONTEXT: '', SCRATCH: scratch, ...env }, timeout: limit }, (error, stdout, stderr) => {
      try {
        if (whole) return resolve({ code: error?.code ?? 0, signal: error?.signal ?? null, stdout, stderr });
        assert.ok(!error, `${error}${stdout}${stderr}`);
        resolve(JSON.parse(fs.readFileSync(path.join(scratch, 'report'), 'utf8')));
      } catch (failure) {
        reject(failure);
      } finally {
        fs.rmSync(scratch, { recursive: true, force: true });
      }
    });
  });
}

// In which turn the two ends of a conversation are heard depends on how busy the machine is, in Node as here. So what is
// reported here must be what Node itself reports, in this very order, in one of so many runs.
const RUNS = 20;

async function asInNode(act, given, options) {
  const [actual, first] = await Promise.all([false, true].map((stock) => run(act, given, { ...options, stock })));
  let expected = first;
  for (let at = 1; at < RUNS && !isDeepStrictEqual(actual, expected); at++) {
    expected = await run(act, given, { ...options, stock: true });
  }
  assert.deepStrictEqual(actual, expected);
  return actual;
}

module.exports = { asInNode, run };
