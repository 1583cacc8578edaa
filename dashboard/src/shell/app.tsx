import type { Clusters } from '@wscluster/controller/api';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { Api, ApiError } from '../api/client.ts';
import { addressOf, fromAddress } from './address.ts';
import { ClusterPage } from './cluster-page.tsx';
import { Notice } from './notice.tsx';
import { type Theme, useTheme } from './theme.ts';
import { TokenForm } from './token-form.tsx';

/** For this tab only: a token that outlives the tab would be available to whoever uses the browser next. */
const TOKEN = 'token';
/** New clusters may be declared at any time. */
const LOOK_AGAIN_MS = 2000;

export function App() {
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN) ?? undefined);
  const [theme, setTheme] = useTheme();
  const [clusters, setClusters] = useState<Clusters['clusters']>();
  const [problem, setProblem] = useState<ApiError>();
  // A controller that begins may know no cluster for a moment: what is shown stays, and so does its history.
  const [shown, setShown] = useState<string>();
  const [attempt, setAttempt] = useState(0);
  const api = useMemo(() => new Api(token), [token]);
  const again = useCallback(() => setAttempt((n) => n + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a further attempt asks the same again.
  useEffect(() => {
    let asked = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    api.clusters().then(
      (answer) => {
        if (!asked) return;
        setClusters(answer.clusters);
        setShown((before) => before ?? firstShown(answer.clusters));
        setProblem(undefined);
        timer = setTimeout(again, LOOK_AGAIN_MS);
      },
      (error: unknown) => {
        if (!asked) return;
        const said = error instanceof ApiError ? error : new ApiError(0, String(error));
        setProblem(said);
        if (said.status !== 401) timer = setTimeout(again, LOOK_AGAIN_MS);
      },
    );
    return () => {
      asked = false;
      clearTimeout(timer);
    };
  }, [api, attempt, again]);

  const giveToken = (given: string) => {
    sessionStorage.setItem(TOKEN, given);
    setProblem(undefined);
    setToken(given);
    again();
  };
  const names = clusters?.map(({ name }) => name) ?? [];
  const current = shown ?? fromAddress('cluster');
  const clusterApi = useMemo(() => (current === undefined ? undefined : api.of(current)), [api, current]);

  return (
    <>
      <header className="top">
        <h1>wscluster</h1>
        {names.length > 0 && (
          <nav aria-label="Clusters">
            {names.map((name) => (
              <a key={name} href={addressOf(name)} aria-current={name === current ? 'page' : undefined}>
                {name}
              </a>
            ))}
          </nav>
        )}
        <label className="theme">
          Theme{' '}
          <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
            <option value="system">system</option>
            <option value="light">light</option>
            <option value="dark">dark</option>
          </select>
        </label>
      </header>
      <main>{content()}</main>
    </>
  );

  function content() {
    if (problem?.status === 401) return <TokenForm refused={token !== undefined} onToken={giveToken} />;
    if (clusters === undefined)
      return problem === undefined ? (
        <Notice title="Asking the controller ..." />
      ) : (
        <Notice title="The controller does not answer" alert>
          {problem.message}. Is the controller running, and can this browser reach its API? Retrying every 2 s.
        </Notice>
      );
    if (current === undefined || clusterApi === undefined)
      return (
        <Notice title="There is no cluster yet">
          Declare one: <code>kubectl apply</code> a WsCluster, or pass a cluster file to the controller with{' '}
          <code>--cluster</code>. It then shows up here by itself.
        </Notice>
      );
    if (shown === undefined)
      return (
        <Notice title={`There is no cluster ${current}`} alert>
          Choose one of the clusters above.
        </Notice>
      );
    return (
      <>
        {!names.includes(current) && (
          <Notice title={`The controller no longer knows the cluster ${current}`} alert>
            This is its last known state.
          </Notice>
        )}
        <ClusterPage key={`${current} ${token}`} api={clusterApi} onUnauthorized={again} />
      </>
    );
  }
}

/** The cluster of the page's address, or else the first; undefined if there is none. */
function firstShown(clusters: Clusters['clusters']): string | undefined {
  const wanted = fromAddress('cluster');
  return clusters.find(({ name }) => wanted === undefined || name === wanted)?.name;
}
