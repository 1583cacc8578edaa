export { startSocketProxy } from './app.ts';
