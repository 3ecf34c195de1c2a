/** Results are erased after their time, also while the page is open: one timer for the earliest of them. */

import { isClockKnown, serverNow } from "./clock.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./store.js").Store} Store */

/** No timer of a browser can wait for longer than 24 days. */
const LONGEST_MS = 24 * 3600_000;

export class Expiry {
  /**
   * @param {Store} store
   * @param {(batch: string) => Promise<unknown>} ask any answer of the service tells its clock
   */
  constructor(store, ask) {
    this._store = store;
    this._ask = ask;
    this._timer = 0;
    this._due = Infinity;
    store.listen(({ row }) => row && this._watch(row));
    for (const row of store.list()) this._watch(row);
    // A machine that sleeps stops the timer.
    document.addEventListener("visibilitychange", () => document.hidden || void this._look());
  }

  /** @param {Row} row */
  _watch(row) {
    const time = expiryOf(row);
    if (time >= this._due) return;
    this._due = time;
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._look(), Math.min(Math.max(time - serverNow(), 0), LONGEST_MS));
  }

  /** End what is over, and wait for the next. */
  async _look() {
    window.clearTimeout(this._timer);
    this._due = Infinity;
    const rows = this._store.list();
    const next = rows.reduce((a, b) => (expiryOf(b) < expiryOf(a) ? b : a), rows[0]);
    // The clock of this machine may be wrong.
    if (next?.batch && expiryOf(next) <= serverNow() && !isClockKnown()) await this._ask(next.batch).catch(() => {});
    for (const row of this._store.list()) {
      if (expiryOf(row) <= serverNow()) this._store.update(row.id, { state: "expired" });
      else this._watch(row);
    }
  }
}

/**
 * @param {Row} row
 * @returns {number} in milliseconds since 1970; infinite where there is no result
 */
function expiryOf({ state, answer }) {
  const time = Date.parse((state === "succeeded" && answer?.expires_at) || "");
  return Number.isNaN(time) ? Infinity : time;
}
