/** @type {import('jest').Config} */
const project = (name, roots, extra = {}) => ({
  displayName: name,
  rootDir: __dirname,
  roots: roots.map((root) => `<rootDir>/${root}`),
  testEnvironment: 'node',
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/.*\\.test\\.js$'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  ...extra,
});

module.exports = {
  // Ends a test that hangs, and nothing else: no test may depend on how fast the machine is, so none sets a limit of its own.
  testTimeout: 600_000,
  projects: [project('unit', ['packages', 'services', 'demo']), project('system', ['tests'])],
};
