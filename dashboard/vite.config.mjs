import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // The Content-Security-Policy requires it: nothing inline.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
