/** What tests across packages and processes are made of. */
export { adapterProduct } from '@eigenloom/checkpoint/dist/testing/adapter-product.js';
export { expireLease } from './expire-lease.js';
export { freePort } from './free-port.js';
export { Gate } from './gate.js';
export { beyondMergeBounds } from './merge-bounds.js';
export { NatsServer } from './nats-server.js';
export { ServiceProcess } from './service-process.js';
export { stopProcess } from './stop-process.js';
export { countingKind, joiningKind, joinRequest, TEST_KINDS } from './test-kinds.js';
export { until } from './until.js';
