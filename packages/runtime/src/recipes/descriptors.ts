import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptorSetPath } from '@eigenloom/contracts';
import { internal } from '@eigenloom/errors';
import { readFileSync } from 'node:fs';

let registry: FileRegistry | undefined;

/** Descriptor of a message of the contract, by its full name. Read once, when first needed. */
export function messageDescriptor(typeName: string): DescMessage {
  registry ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSetPath)));
  const found = registry.getMessage(typeName);
  if (found === undefined) throw internal('MESSAGE_TYPE_UNKNOWN', `${typeName} is not in the contract`);
  return found;
}
