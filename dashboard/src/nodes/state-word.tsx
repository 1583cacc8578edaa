import type { LiveNode } from '../live/live-cluster.ts';

const WORDS: Readonly<Record<LiveNode['state'], { word: string; tone: string }>> = {
  starting: { word: 'starting', tone: 'progress' },
  ready: { word: 'ready', tone: 'good' },
  unready: { word: 'unhealthy', tone: 'bad' },
  draining: { word: 'draining', tone: 'progress' },
  restarting: { word: 'restarting', tone: 'bad' },
  gone: { word: 'gone', tone: 'gone' },
};

export function StateWord({ state }: { readonly state: LiveNode['state'] }) {
  const { word, tone } = WORDS[state];
  return <span className={`word ${tone}`}>{word}</span>;
}
