import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // As the Content-Security-Policy wants it: nothing inline.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
