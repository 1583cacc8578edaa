import type { LiveState } from '@wscluster/controller/api';
import { colourOf, css } from './colours.ts';

const RADIUS = 40;
const ROUND = 2 * Math.PI * RADIUS;

interface Props {
  readonly members: LiveState['ring']['members'];
  readonly names: ReadonlyMap<string, string>;
}

/** How much of the ring each member owns. */
export function ShareCircle({ members, names }: Props) {
  let from = 0;
  const parts = [...members]
    .sort((a, b) => a.ringId - b.ringId)
    .map((member) => {
      const part = { ...member, from, name: names.get(member.nodeId) ?? member.nodeId };
      from += member.share;
      return part;
    });
  const said = parts.map(({ name, share }) => `${name} ${percent(share)}`).join(', ');
  return (
    <svg className="shares" viewBox="0 0 100 100" role="img" aria-label={`Shares of the ring: ${said || 'nobody'}`}>
      <circle className="nobody" cx="50" cy="50" r={RADIUS} />
      {parts.map((part) => (
        <circle
          key={part.nodeId}
          className="share"
          cx="50"
          cy="50"
          r={RADIUS}
          stroke={css(colourOf(part.ringId))}
          strokeDasharray={`${part.share * ROUND} ${ROUND}`}
          strokeDashoffset={-part.from * ROUND}
        >
          <title>{`${part.name}: ${percent(part.share)} of the slots`}</title>
        </circle>
      ))}
      <text x="50" y="48">
        {parts.length}
      </text>
      <text className="unit" x="50" y="60">
        {parts.length === 1 ? 'member' : 'members'}
      </text>
    </svg>
  );
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
