/** The changes of a batch as they come, through every outage. */

import { Problem, addressOf, getBatch } from "./api.js";

/** @typedef {import("./types.js").Followed} Followed */
/** @typedef {import("./types.js").Batch} Batch */
/** @typedef {import("./types.js").Job} Job */

/** A stream that comes back within this time was not away: the service ends each from time to time. */
const AWAY_MS = 5000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Follow a batch until it is closed, is over or is gone.
 * @param {string} id
 * @param {Followed} told
 * @returns {{close: () => void}}
 */
export function followBatch(id, told) {
  const follower = new Follower(id, told);
  follower.open();
  return follower;
}

class Follower {
  /**
   * @param {string} id
   * @param {Followed} told
   */
  constructor(id, told) {
    this._id = id;
    this._told = told;
    /** @type {EventSource | null} */
    this._source = null;
    this._isAway = false;
    this._isClosed = false;
    this._awayTimer = 0;
    this._nextTimer = 0;
    this._pause = FIRST_PAUSE_MS;
    this._reopen = () => this._openAgain();
  }

  open() {
    window.addEventListener("online", this._reopen);
    this._connect();
  }

  close() {
    this._isClosed = true;
    window.removeEventListener("online", this._reopen);
    window.clearTimeout(this._awayTimer);
    window.clearTimeout(this._nextTimer);
    this._source?.close();
    this._markBack();
  }

  _connect() {
    const source = new EventSource(addressOf(`/v1/batches/${this._id}/events`));
    this._source = source;
    source.onopen = () => this._markBack();
    source.onerror = () => this._miss(source);
    this._hear(source, "batch", (data) => this._takeBatch(data));
    this._hear(source, "job", (data) => this._takeJob(data));
    this._hear(source, "place", (data) => this._told.onPlace?.(data.places ?? {}));
  }

  /**
   * @param {EventSource} source
   * @param {string} name
   * @param {(data: any) => void} take
   */
  _hear(source, name, take) {
    source.addEventListener(name, (event) => {
      if (!this._isClosed) take(JSON.parse(/** @type {MessageEvent} */ (event).data));
    });
  }

  /** @param {Job} job */
  _takeJob(job) {
    this._pause = FIRST_PAUSE_MS;
    this._told.onJob?.(job);
  }

  /** @param {Batch} batch */
  _takeBatch(batch) {
    this._told.onBatch?.(batch);
    if (batch.status === "over" && !this._isClosed) this._told.onOver?.();
  }

  /**
   * The browser connects again by itself after a lost line, but not after an answer that is no stream.
   * @param {EventSource} source
   */
  _miss(source) {
    if (this._isClosed) return;
    if (!this._awayTimer && !this._isAway) this._awayTimer = window.setTimeout(() => this._markAway(), AWAY_MS);
    if (source.readyState !== EventSource.CLOSED) return;
    this._look();
  }

  /** Ask for the batch itself, which says why there is no stream. */
  async _look() {
    try {
      const batch = await getBatch(this._id);
      if (this._isClosed) return;
      this._takeBatch(batch);
      if (!this._isClosed) this._schedule(this._pause);
    } catch (problem) {
      if (this._isClosed || !(problem instanceof Problem)) return;
      if (problem.isPassing) this._schedule((problem.retryAfter ?? 0) * 1000 || this._pause);
      else this._told.onGone?.(problem.toTrouble());
    }
  }

  /** @param {number} milliseconds */
  _schedule(milliseconds) {
    window.clearTimeout(this._nextTimer);
    this._nextTimer = window.setTimeout(() => this._openAgain(), milliseconds);
    this._pause = Math.min(this._pause * 2, LONGEST_PAUSE_MS);
  }

  _openAgain() {
    if (this._isClosed) return;
    this._source?.close();
    this._connect();
  }

  _markAway() {
    this._awayTimer = 0;
    this._isAway = true;
    this._told.onAway?.();
  }

  _markBack() {
    window.clearTimeout(this._awayTimer);
    this._awayTimer = 0;
    if (this._isAway) this._told.onBack?.();
    this._isAway = false;
  }
}
