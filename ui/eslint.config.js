import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

import svelteConfig from './svelte.config.js';

const tauri = {
  patterns: [{ group: ['@tauri-apps/*'], message: 'The window is reached only through src/host/tauri.ts.' }],
};

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'src/contract/contract.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  prettier,
  ...svelte.configs.prettier,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      'no-undef': 'off',
      'no-console': 'error',
      'no-restricted-imports': ['error', tauri],
      '@typescript-eslint/no-non-null-assertion': 'error',
      'max-lines': ['error', 600],
      'svelte/no-at-html-tags': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "SvelteAttribute[key.name='style']",
          message: 'The security policy refuses style attributes: use a class or a style: directive.',
        },
      ],
      'svelte/no-navigation-without-resolve': 'off',
      // Plain maps and sets beside runes are bookkeeping that no template reads.
      'svelte/prefer-svelte-reactivity': 'off',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } },
  },
  { files: ['src/host/tauri.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['*.js', 'vite.config.ts', 'test/**'], languageOptions: { globals: { ...globals.node } } },
);
