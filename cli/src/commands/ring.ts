import { formatRevision, SLOTS } from '@wscluster/ring';
import { readAnswer } from '../api/read-answer.ts';
import { apiCommand, show } from '../api-command.ts';
import { pairs, percent, table } from '../print/table.ts';

export const ring = apiCommand({
  name: 'ring',
  summary: 'show the ring: its revision, its members and their shares',
  forms: [''],
  help: `
Shows each node's share of the ${SLOTS} slots, and how many slots still have to move to reach the target. A vacancy is the
place of a lost node, kept for its replacement.

  wscluster ring
  wscluster ring --json | jq .revision`,
  prepare(words) {
    if (words.length > 0) return undefined;
    return show(
      (api) => api.ask('GET', '/ring'),
      (answer) => {
        const { revision, movableUpTo, members, vacancies, remaining } = readAnswer('Ring', answer);
        const head = pairs({
          revision: formatRevision(revision),
          'movable up to': formatRevision(movableUpTo),
          'slots to move': Object.values(remaining).reduce((sum, { slots }) => sum + slots, 0),
          vacancies: vacancies.map(({ nodeId }) => nodeId).join(', ') || 'none',
        });
        const rows = table(members, [
          { title: 'RING ID', of: (member) => member.ringId },
          { title: 'NODE', of: (member) => member.nodeId },
          { title: 'ADDRESS', of: (member) => member.address },
          { title: 'STATE', of: (member) => member.state },
          { title: 'WEIGHT', of: (member) => member.weight },
          { title: 'SLOTS', of: (member) => member.slots },
          { title: 'SHARE', of: (member) => percent(member.share) },
        ]);
        return `${head}\n${rows}`;
      },
    );
  },
});
