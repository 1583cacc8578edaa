/** Restores documents that the store has lost; a failure is retried by the next `retry`. */
export class LostDocuments {
  readonly #restore: () => Promise<void>;
  #lost = false;

  constructor(restore: () => Promise<void>) {
    this.#restore = restore;
  }

  /** The store's own failure is logged elsewhere. */
  restore(): void {
    this.#lost = false;
    this.#restore().catch(() => {
      this.#lost = true;
    });
  }

  /** Call it every second. */
  retry(): void {
    if (this.#lost) this.restore();
  }
}
