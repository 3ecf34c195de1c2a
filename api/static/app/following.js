/** Which batches are followed, and what their events do to the rows. */

import { Problem, getBatch } from "./api.js";
import { followBatch } from "./events.js";
import { withLock } from "./locks.js";
import { PENDING, RUNNING } from "./store.js";

/** @typedef {import("./types.js").Batch} Batch */
/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").Trouble} Trouble */
/** @typedef {import("./store.js").Store} Store */

/** Streams at a time: over HTTP/1.1 a browser has six connections to a service, and three of them send files. */
const MOST_STREAMS = 2;
/** Three answers are under way at a time; the rest are jobs of rows that were removed. */
const MOST_HEARD = 200;

export class Following {
  /**
   * @param {Store} store
   * @param {{onAway: () => void, onBack: () => void}} told
   */
  constructor(store, told) {
    this._store = store;
    this._told = told;
    /** @type {Map<string, AbortController>} */
    this._followed = new Map();
    /** @type {Map<string, Job>} The newest of jobs that no row knows yet. */
    this._heard = new Map();
    this._timer = 0;
    store.listen((change) => {
      if (change.kind === "moment") return;
      if (change.row?.job && change.kind !== "removed") this._catchUp(change.row);
      this._lookSoon();
    });
    this._lookSoon();
  }

  /**
   * Ask once for every batch of the list that nobody follows: results may have expired since.
   * @returns {Promise<void>}
   */
  async refresh() {
    const ids = new Set(this._store.list().map((row) => row.batch));
    for (const id of ids) {
      if (id && !this._followed.has(id)) await this._refreshBatch(id);
    }
  }

  /** @param {string} id */
  async _refreshBatch(id) {
    try {
      this._takeBatch(await getBatch(id));
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 404) this._markGone(id, problem.toTrouble());
    }
  }

  _lookSoon() {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._look(), 0);
  }

  /** Follow what is to be followed, and leave the rest. */
  _look() {
    const running = this._batchesOf(RUNNING);
    const alive = new Set([...running, ...this._batchesOf(PENDING)]);
    for (const [id, controller] of this._followed) {
      if (!alive.has(id)) controller.abort();
    }
    for (const id of running) {
      if (this._followed.size >= MOST_STREAMS) return;
      if (!this._followed.has(id)) this._follow(id);
    }
  }

  /**
   * @param {Set<string>} states
   * @returns {Set<string>}
   */
  _batchesOf(states) {
    const rows = this._store.list().filter((row) => states.has(row.state));
    return new Set(rows.flatMap((row) => row.batch ?? []));
  }

  /**
   * Follow a batch while no other tab does: that one passes on what it hears.
   * @param {string} id
   */
  async _follow(id) {
    const controller = new AbortController();
    this._followed.set(id, controller);
    try {
      await withLock(`stream ${id}`, () => this._listen(id, controller), controller.signal);
    } catch {
      // Not wanted any more, before it was this tab's turn.
    }
    this._followed.delete(id);
    this._lookSoon();
  }

  /**
   * @param {string} id
   * @param {AbortController} controller
   * @returns {Promise<void>} resolves at the end of the stream
   */
  _listen(id, controller) {
    return new Promise((resolve) => {
      const stream = followBatch(id, {
        ...this._told,
        onBatch: (batch) => this._takeBatch(batch),
        onJob: (job) => this._takeJob(job),
        onPlace: (places) => this._takePlaces(places),
        onOver: () => this._batchesOf(RUNNING).has(id) || controller.abort(),
        onGone: (trouble) => {
          this._markGone(id, trouble);
          controller.abort();
        },
      });
      controller.signal.addEventListener("abort", () => {
        stream.close();
        resolve();
      });
      if (controller.signal.aborted) controller.abort();
    });
  }

  /** @param {Batch} batch */
  _takeBatch(batch) {
    for (const entry of batch.jobs) {
      if (entry.status !== "refused") this._takeJob(entry);
    }
  }

  /** @param {Job} job */
  _takeJob(job) {
    const row = this._store.findJob(job.id);
    if (!row) this._remember(job);
    else if (isNews(row, job)) this._store.update(row.id, { state: job.status, answer: job, trouble: null });
  }

  /**
   * The event of a job may come before the answer to its upload, which tells the row its job.
   * @param {Row} row
   */
  _catchUp(row) {
    const heard = this._heard.get(row.job ?? "");
    this._heard.delete(row.job ?? "");
    if (heard && row.state === "queued" && isNews(row, heard)) {
      this._store.update(row.id, { state: heard.status, answer: heard });
    }
  }

  /**
   * Keep what is newest of a job that no row knows, and forget what was heard longest ago.
   * @param {Job} job
   */
  _remember(job) {
    this._heard.delete(job.id);
    this._heard.set(job.id, job);
    const oldest = this._heard.keys().next();
    if (this._heard.size > MOST_HEARD && !oldest.done) this._heard.delete(oldest.value);
  }

  /** @param {{[job: string]: number | null}} places */
  _takePlaces(places) {
    for (const [job, place] of Object.entries(places)) {
      const row = this._store.findJob(job);
      if (row) this._store.note(row.id, { place });
    }
  }

  /**
   * @param {string} batch
   * @param {Trouble} trouble
   */
  _markGone(batch, trouble) {
    for (const row of this._store.list()) {
      if (row.batch === batch && row.job && row.state !== "failed") this._store.update(row.id, { state: "expired", trouble });
    }
  }
}

/**
 * @param {Row} row
 * @param {Job} job
 * @returns {boolean}
 */
function isNews(row, job) {
  return row.state !== job.status || row.answer?.attempts !== job.attempts || (row.answer?.source.width ?? null) !== (job.source.width ?? null);
}
