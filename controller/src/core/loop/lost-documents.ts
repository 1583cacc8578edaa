/** Writes documents again that the store has lost; what fails is tried again by the next `retry`. */
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

  /** To be called each second. */
  retry(): void {
    if (this.#lost) this.restore();
  }
}
