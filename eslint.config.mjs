import tseslint from 'typescript-eslint';

import { LAYERS, SERVICES } from './scripts/layers.mjs';

const SERVICE_PACKAGES = SERVICES.map((name) => `@eigenloom/${name}-service`);
const PACKAGES = Object.keys(LAYERS);

/** What folds adapters of every kind is in packages/adapters. */
const FOLDS_LORA_ALONE = {
  name: '@eigenloom/checkpoint',
  importNames: ['openModel', 'openModelRef'],
  message: 'takes LoRA alone; those of @eigenloom/adapters take every kind of adapter',
};

const forbid = (files, names, message, ...paths) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      { paths, patterns: [{ group: names.flatMap((n) => [n, `${n}/*`]), message }] },
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
    ...forbid(
      ['services/*/src/**/*.ts'],
      [...SERVICE_PACKAGES, '@eigenloom/cli'],
      'services never import each other',
      FOLDS_LORA_ALONE,
    ),
    ignores: ['**/*.test.ts', '**/testing/**'],
  },
  {
    files: ['**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
    },
  },
  { files: ['tests/**/*.ts'], rules: { 'no-console': 'off' } },
);
