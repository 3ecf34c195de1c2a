/** Which batch the next file joins. One batch is one session of a person: its link opens the same list elsewhere. */

import { createBatch } from "./api.js";
import { withLock } from "./locks.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {{id: string, used: number, since: number}} Current */

const NAME = "current batch";
/** A list of yesterday is another batch: its results expire earlier. */
const LONGEST_MS = 12 * 3600_000;

export class Batches {
  /**
   * @param {Store} store
   * @param {number} capacity entries of a batch
   */
  constructor(store, capacity) {
    this._store = store;
    this._capacity = capacity;
    /** @type {Current | null} */
    this._current = null;
  }

  /**
   * Take a place in a batch; make a batch where the last one is full.
   * @returns {Promise<string>} the batch's id
   */
  takePlace() {
    return withLock("batch", async () => {
      const known = await this._read();
      const current = known && this._hasRoom(known) ? known : { id: (await createBatch()).id, used: 0, since: Date.now() };
      await this._write({ ...current, used: current.used + 1 });
      return current.id;
    });
  }

  /**
   * Join no more files to a batch.
   * @param {string | null} id null: whichever it is
   * @returns {Promise<void>}
   */
  leave(id) {
    return withLock("batch", async () => {
      const current = await this._read();
      if (current && (id === null || current.id === id)) await this._write(null);
    });
  }

  /**
   * @param {Current} current
   * @returns {boolean}
   */
  _hasRoom(current) {
    return current.used < this._capacity && Date.now() - current.since < LONGEST_MS;
  }

  /** @returns {Promise<Current | null>} */
  async _read() {
    const kept = this._store.isLasting ? await this._store.read(NAME) : undefined;
    // A kept null is what another tab leaves; only where nothing could be kept does this tab's own count.
    return kept === undefined ? this._current : kept;
  }

  /** @param {Current | null} current */
  async _write(current) {
    this._current = current;
    await this._store.write(NAME, current);
  }
}
