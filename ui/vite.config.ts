import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// Everything the page needs comes from its own origin: no inlined script, style or font, so that the strict
// content security policy of both hosts holds without an exception.
export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'dist',
    assetsInlineLimit: 0,
    target: ['es2022', 'safari15'],
    chunkSizeWarningLimit: 700,
  },
  server: { host: '127.0.0.1', strictPort: false },
  // Svelte's server build would be taken under Vitest without the browser condition.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
  },
});
