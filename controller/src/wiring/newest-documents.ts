import type { Logger } from '@wscluster/service';
import type { KeptDocuments } from '../adapters/kept-documents.ts';

/** As often as standbys look, ms. */
const LOOK_MS = 1_000;

export interface NewestDocumentsParts {
  readonly documents: Pick<KeptDocuments, 'keep'>;
  readonly names: readonly string[];
  readonly cluster: string;
  readonly log: Logger;
  /** The store has newer ones than this leader began with: they were lost there, and somebody had them. */
  onNewer(): void;
}

/** Keeps a leader's documents in the store, and looks for newer ones, until the function that it returns is called. */
export function watchForNewerDocuments({ documents, names, cluster, log, onNewer }: NewestDocumentsParts): () => void {
  const look = async () => {
    if (!(await documents.keep(names))) return;
    const action = 'none: it leads on with the newer ones; check what emptied the store or restored it from a backup';
    log.warn(
      { event: 'documents-outdated', cluster, action },
      'the store has newer documents than this leader began with',
    );
    onNewer();
  };
  // That the store is away is said elsewhere.
  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS);
  return () => clearInterval(timer);
}
