/** The backends that model code can run on. `cpu` is the stock JavaScript backend, slow, the reference of the others. */
export const BACKENDS = ['native', 'tensorflow', 'webgpu', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

/**
 * Environment of the backends that `runOnEngine` gives a process of their own: their addons keep state per process (tfjs-node's
 * even without a lock), a GPU's memory is returned when a process ends, and a fault in a driver ends no service.
 */
export const PROCESS_ENVIRONMENT: Readonly<Partial<Record<BackendName, Readonly<Record<string, string>>>>> = {
  tensorflow: {
    // Without it TensorFlow takes the whole memory of a GPU at its start.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // Leaves out the notes about instruction sets at every start (the one about oneDNN heeds no level).
    TF_CPP_MIN_LOG_LEVEL: '1',
  },
  webgpu: {},
};
