import tseslint from 'typescript-eslint';

// Who may import whom: services → training → adapters → models → datasets, engine, checkpoint → numeric → crates. `cli` is the one composition root that links the services.
const LAYERS = {
  errors: [],
  contracts: ['errors'],
  numeric: ['errors'],
  checkpoint: ['errors', 'numeric', 'contracts'],
  runtime: ['errors', 'contracts', 'checkpoint'],
  engine: ['errors', 'numeric'],
  report: ['errors'],
  datasets: ['errors', 'numeric', 'checkpoint'],
  models: ['errors', 'numeric', 'checkpoint', 'engine', 'datasets'],
  adapters: ['errors', 'contracts', 'numeric', 'checkpoint', 'engine', 'models'],
  training: [
    ...['errors', 'contracts', 'numeric', 'checkpoint', 'engine', 'report'],
    ...['datasets', 'models', 'adapters'],
  ],
  testkit: ['errors', 'contracts', 'numeric', 'checkpoint', 'runtime'],
};
const SERVICES = ['init', 'train', 'merge', 'analysis'];
const SERVICE_PACKAGES = SERVICES.map((name) => `@eigenloom/${name}-service`);
const PACKAGES = Object.keys(LAYERS);

const forbid = (files, names, message) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ group: names.flatMap((n) => [n, `${n}/*`]), message }] },
    ],
  },
});

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/gen/**',
      'target/**',
      '.cache/**',
      '**/*.mjs',
      '**/*.js',
      '**/*.cjs',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: [] }, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  ...PACKAGES.map((name) =>
    forbid(
      [`packages/${name}/src/**/*.ts`],
      [
        ...PACKAGES.filter(
          (other) => other !== name && other !== 'testkit' && !LAYERS[name].includes(other),
        ).map((p) => `@eigenloom/${p}`),
        ...SERVICE_PACKAGES,
      ],
      `packages/${name} may import ${LAYERS[name].join(', ') || 'nothing'} of Eigenloom only`,
    ),
  ),
  forbid(
    ['services/*/src/**/*.ts'],
    [...SERVICE_PACKAGES, '@eigenloom/cli'],
    'services never import each other',
  ),
  {
    files: ['**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
    },
  },
  { files: ['tests/**/*.ts'], rules: { 'no-console': 'off' } },
);
