// F5: the names of what a resolver can be asked.
'use strict';
const dns = require('dns');
const { actor } = require('./oracle');
const c = actor('c');

for (const name of ['ADDRCONFIG', 'V4MAPPED', 'ALL']) c.log(name + ' ' + dns[name]);
