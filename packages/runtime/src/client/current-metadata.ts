import { Metadata } from '@grpc/grpc-js';
import { context, propagation } from '@opentelemetry/api';

/** Metadata with the trace context of what runs now. */
export function currentMetadata(): Metadata {
  const metadata = new Metadata();
  propagation.inject(context.active(), metadata, {
    set: (carrier, key, value) => {
      carrier.set(key, value);
    },
  });
  return metadata;
}
