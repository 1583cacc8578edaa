import { useEffect, useState } from 'react';
import { age, untilOlder } from './age.ts';

/** How old something is; drawn again only when that reads otherwise. */
export function AgeText({ since }: { readonly since: string | null }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (since === null) return;
    const timer = setTimeout(() => setNow(Date.now()), untilOlder(since, now));
    return () => clearTimeout(timer);
  }, [since, now]);
  return <span className="age">{age(since, now)}</span>;
}
