/** What tests across processes are made of. */
export { beyondMergeBounds } from './merge-bounds.js';
export { freePort, NatsServer } from './nats-server.js';
export { ServiceProcess } from './service-process.js';
export { countingKind, joiningKind, joinRequest, TEST_KINDS } from './test-kinds.js';
