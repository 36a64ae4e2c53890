import { join } from 'node:path';

/** Path of the FileDescriptorSet of the whole contract: what reflection serves and what recipes are checked against. */
export const descriptorSetPath = join(__dirname, '..', 'descriptors.binpb');
