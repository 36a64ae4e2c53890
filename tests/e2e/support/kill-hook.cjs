// Loaded into a command by `killAt`: SIGKILL from inside at one exact step, so that no test depends on how fast a machine is. A step
// is a rename whose target matches; each is also written down.
const fs = require('node:fs');
const promises = require('node:fs/promises');

const { pattern, nth, when, log } = JSON.parse(process.env.KILL_AT);
const matches = new RegExp(pattern);
const { rename } = promises;
let steps = 0;

promises.rename = async (from, to) => {
  const step = matches.test(String(to)) && (steps += 1);
  if (step === nth && when === 'before') process.kill(process.pid, 'SIGKILL');
  await rename(from, to);
  if (step !== false) fs.appendFileSync(log, `${to}\n`);
  if (step === nth) process.kill(process.pid, 'SIGKILL');
};
