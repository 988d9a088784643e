import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  // The page is served from more than one root: Tauri's own protocol and the bridge of the page tests.
  base: './',
  build: {
    // The oldest engine that the window meets: WebKitGTK as kept up to date on the oldest supported Linux.
    target: ['es2022', 'safari16.4'],
    // The content security policy allows no inline module preload shim, and one script needs none.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/unit/**/*.test.ts'],
    env: { TZ: 'Europe/Berlin' },
    restoreMocks: true,
  },
});
