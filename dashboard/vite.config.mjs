import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// biome-ignore lint/style/noDefaultExport: Vite wants it so.
export default defineConfig({
  plugins: [react()],
  // As the Content-Security-Policy wants it: nothing inline.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
