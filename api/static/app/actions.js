/** What a person does to rows. */

import { Problem, deleteBatch, deleteJob } from "./api.js";
import { UNREACHED, tellNotErased } from "./outage.js";
import { sendRow } from "./sending.js";
import { PENDING, RUNNING } from "./store.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./sending.js").Panel} Panel */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./uploads.js").Uploads} Uploads */
/** @typedef {import("./batches.js").Batches} Batches */
/** @typedef {import("./notice.js").Notice} Notice */
/** @typedef {import("./sentences.js").Sentences} Sentences */

/**
 * @typedef {object} ActionParts
 * @property {Store} store
 * @property {Uploads} uploads
 * @property {Batches} batches
 * @property {Notice} notice
 * @property {Panel} panel
 * @property {Sentences} sentences
 */

export class Actions {
  /** @param {ActionParts} parts */
  constructor(parts) {
    this._parts = parts;
    this._store = parts.store;
  }

  /** @param {string} id */
  retry(id) {
    const row = this._store.get(id);
    if (!row) return;
    if (row.state === "away") this._parts.uploads.tryNow();
    else sendRow(this._store, this._parts.panel, row);
  }

  /**
   * Choose a row's own target; "" is the form's.
   * @param {string} id
   * @param {string} target
   */
  choose(id, target) {
    this._store.update(id, { target });
  }

  /**
   * Cancel a row that is on its way, or erase it: here, and on the server.
   * @param {string} id
   */
  async remove(id) {
    const row = this._store.get(id);
    if (!row) return;
    const isOver = !PENDING.has(row.state) && !RUNNING.has(row.state);
    if (row.job && !(await this._deleteJob(row, row.job))) return;
    if (!isOver) this._cancel(row);
    else {
      this._store.remove(id);
      if (row.job) this._parts.notice.show("action", say("app.erased_one", { name: row.name }));
      else this._parts.notice.speak(say("app.removed_one", { name: row.name }));
    }
  }

  /** Erase everything. */
  async eraseAll() {
    const rows = this._store.list();
    for (const row of rows) {
      this._parts.uploads.cancel(row.id);
      // Nothing that waits for its turn is sent meanwhile.
      if (PENDING.has(row.state)) this._store.update(row.id, { state: "canceled" });
    }
    await this._parts.batches.leave(null);
    /** @type {Set<string | null>} */
    const left = new Set();
    for (const batch of new Set(rows.flatMap((row) => row.batch ?? []))) {
      if (!(await this._delete(() => deleteBatch(batch)))) left.add(batch);
    }
    const gone = rows.filter((row) => row.batch === null || !left.has(row.batch));
    for (const row of gone) this._store.remove(row.id);
    if (gone.length > 0) this._parts.notice.show("action", say("app.erased_all", { count: gone.length }));
  }

  /** @param {Row} row */
  _cancel(row) {
    this._parts.uploads.cancel(row.id);
    this._store.update(row.id, { state: "canceled" });
    this._parts.notice.speak(say("app.canceled_one", { name: row.name }));
  }

  /**
   * @param {Row} row
   * @param {string} job
   * @returns {Promise<boolean>} whether the server has nothing of it any more
   */
  async _deleteJob(row, job) {
    return row.state === "expired" || this._delete(() => deleteJob(job));
  }

  /**
   * @param {() => Promise<void>} work
   * @returns {Promise<boolean>}
   */
  async _delete(work) {
    try {
      await work();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 404) return true;
      tellNotErased(this._parts.notice, problem, this._parts.sentences);
      return false;
    }
    this._parts.notice.clear(UNREACHED);
    return true;
  }
}
