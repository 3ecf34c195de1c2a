/** The files on their way: three at a time, each from one tab only, and again until the service has taken it. */

import { AWAY, Problem, deleteJob, submitFile } from "./api.js";
import { holdLock, makeId, withLock } from "./locks.js";
import { Progress } from "./progress.js";
import { PENDING } from "./store.js";
import { Waiting } from "./waiting.js";

/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./store.js").Change} Change */
/** @typedef {import("./batches.js").Batches} Batches */

const TOGETHER = 3;
/** A smaller file is sent again from its beginning sooner than it is gone on with. */
const RESUMABLE_BYTES = 4e6;
/** A defect of the service is not cured by patience. */
const MOST_DEFECTS = 3;
const KEY_CODES = new Set(["key_required", "key_invalid"]);
/** Refusals that another batch and another key cure. */
const BATCH_CODES = new Set(["batch_full", "batch_not_found", "idempotency_key_reused"]);

export class Uploads {
  /**
   * @param {Store} store
   * @param {Batches} batches
   * @param {{onAway: () => void, onBack: () => void}} told
   */
  constructor(store, batches, told) {
    this._store = store;
    this._told = told;
    this._batches = batches;
    /** @type {Map<string, AbortController>} */
    this._active = new Map();
    this._slots = Array.from({ length: TOGETHER }, (_, index) => index);
    this._waiting = new Waiting();
    /** @type {Map<string, number>} refusals of each row that may pass, without those that it must wait for */
    this._defects = new Map();
    this._timer = 0;
    store.listen((change) => this._hear(change));
    window.addEventListener("online", () => this.tryNow());
  }

  /** Go on with the rows of this tab, and with those of tabs that are gone. */
  start() {
    holdLock(`tab ${this._store.tab}`);
    for (const row of this._store.list()) this._adopt(row);
    this._pump();
  }

  /** Do not wait any longer. */
  tryNow() {
    this._waiting.skip();
    this._pump();
  }

  /**
   * Give up the upload of a row. Where every byte is sent already, the job is deleted once it is known.
   * @param {string} id
   */
  cancel(id) {
    const { sent = 0, total = 1 } = this._store.moment(id);
    if (sent < total) this._active.get(id)?.abort();
    const upload = this._store.get(id)?.upload;
    if (!upload) return;
    // What is erased once is not asked for again.
    this._store.update(id, { upload: null });
    void loadResumable().then((resumable) => resumable?.forgetUpload(upload));
  }

  /** @param {Change} change */
  _hear(change) {
    // Another tab may have removed or canceled it.
    if (change.kind === "removed" || change.row?.state === "canceled") this.cancel(change.id);
    if (change.kind !== "added" && change.kind !== "changed") return;
    if (change.row && change.row.tab !== change.before?.tab) this._adopt(change.row);
    this._pump();
  }

  /**
   * Take over a row once the tab that it belongs to is closed.
   * @param {Row} row
   */
  _adopt(row) {
    if (row.tab === this._store.tab) return;
    withLock(`tab ${row.tab}`, async () => {
      if (this._store.get(row.id)?.tab === row.tab) this._store.update(row.id, { tab: this._store.tab });
    });
  }

  /** Start as many uploads as may run. */
  _pump() {
    window.clearTimeout(this._timer);
    if (this._waiting.isOn) {
      this._timer = window.setTimeout(() => this._pump(), this._waiting.left);
      return;
    }
    while (this._slots.length > 0) {
      const row = this._nextRow();
      if (!row) {
        if (this._active.size === 0) this._told.onBack();
        return;
      }
      this._run(row.id, this._slots.pop() ?? 0);
    }
  }

  /** @returns {Row | undefined} */
  _nextRow() {
    return this._store.list().find((row) => PENDING.has(row.state) && row.tab === this._store.tab && !this._active.has(row.id));
  }

  /**
   * @param {string} id
   * @param {number} slot the lock that keeps it to three in all tabs together
   */
  async _run(id, slot) {
    const controller = new AbortController();
    this._active.set(id, controller);
    try {
      await withLock(`slot ${slot}`, () => this._send(id, controller.signal), controller.signal);
    } catch {
      // Canceled before its turn.
    }
    this._active.delete(id);
    this._slots.push(slot);
    this._pump();
  }

  /**
   * @param {string} id
   * @param {AbortSignal} signal
   */
  async _send(id, signal) {
    const known = this._store.get(id);
    if (!known || !PENDING.has(known.state) || this._waiting.isOn) return;
    try {
      const file = await readableFile(this._store, known);
      const batch = known.batch ?? (await this._batches.takePlace());
      const row = this._store.update(id, { state: "uploading", trouble: null, batch });
      if (!row) return;
      // The key must be known before its job is: a tab that is closed now goes on with it later.
      await this._store.flush();
      await this._take(id, await this._deliver(row, file, signal));
    } catch (error) {
      this._miss(id, error);
    }
  }

  /**
   * @param {Row} row
   * @param {Blob} file
   * @param {AbortSignal} signal
   * @returns {Promise<Job>}
   */
  async _deliver(row, file, signal) {
    const fields = { ...row.fields, target_format: row.target, batch: row.batch ?? "" };
    const progress = new Progress(this._store, row.id);
    /** @param {number} sent @param {number} total */
    const onProgress = (sent, total) => {
      // The last bytes of a small file go out as well when nothing takes them.
      if (sent < total) this._told.onBack();
      progress.note(sent, total);
    };
    const sending = { filename: row.name, key: row.key, signal, onProgress };
    const resumable = file.size > RESUMABLE_BYTES ? await loadResumable() : null;
    if (!resumable) return submitFile({ ...sending, blob: file, fields });
    /** @param {string | null} upload */
    const onUrl = (upload) => this._store.update(row.id, { upload });
    const upload = await resumable.uploadResumable(file, { ...sending, url: row.upload, onUrl });
    return submitFile({ ...sending, blob: null, fields: { ...fields, upload } });
  }

  /**
   * @param {string} id
   * @param {Job} job
   */
  async _take(id, job) {
    this._waiting.end();
    this._told.onBack();
    this._defects.delete(id);
    const row = this._store.get(id);
    if (row && PENDING.has(row.state)) {
      this._store.update(id, { state: job.status, job: job.id, answer: job, trouble: null, upload: null });
      return;
    }
    // The row was canceled or removed while the answer was on its way.
    if (row) this._store.update(id, { job: job.id });
    await deleteJob(job.id).catch(() => {});
  }

  /**
   * @param {string} id
   * @param {unknown} error
   */
  _miss(id, error) {
    const row = this._store.get(id);
    if (error instanceof Problem && error.code !== AWAY) this._told.onBack();
    if (!row || !PENDING.has(row.state)) return;
    if (error instanceof DOMException && error.name === "AbortError") this._store.update(id, { state: "canceled" });
    else if (!(error instanceof Problem)) throw error;
    else if (KEY_CODES.has(error.code)) this._refuseAll(error);
    else if (this._isCurable(row, error)) this._beginAgain(row, error);
    else if (error.isPassing && !this._isDefect(id, error)) this._wait(row, error);
    else this._store.update(id, { state: "refused", trouble: error.toTrouble() });
  }

  /**
   * Without a key no file is taken: one sentence a row, and not one request a row.
   * @param {Problem} problem
   */
  _refuseAll(problem) {
    for (const row of this._store.list()) {
      if (PENDING.has(row.state) && row.tab === this._store.tab) {
        this._store.update(row.id, { state: "refused", trouble: problem.toTrouble() });
      }
    }
  }

  /**
   * @param {Row} row
   * @param {Problem} problem
   * @returns {boolean} whether the same file may be taken in another batch, under another key, from its beginning
   */
  _isCurable(row, problem) {
    const isOfUpload = row.upload !== null && (problem.status === 404 || problem.status === 410);
    return (BATCH_CODES.has(problem.code) || isOfUpload) && !this._isDefect(row.id, problem, true);
  }

  /**
   * @param {Row} row
   * @param {Problem} problem
   */
  async _beginAgain(row, problem) {
    if (problem.code.startsWith("batch_")) await this._batches.leave(row.batch);
    this._store.update(row.id, { key: makeId(), batch: null, upload: null });
  }

  /**
   * Count a defect, and say whether there were too many.
   * @param {string} id
   * @param {Problem} problem
   * @param {boolean} [counts]
   * @returns {boolean}
   */
  _isDefect(id, problem, counts = problem.status === 500) {
    if (!counts) return false;
    const count = (this._defects.get(id) ?? 0) + 1;
    this._defects.set(id, count);
    return count > MOST_DEFECTS;
  }

  /**
   * @param {Row} row
   * @param {Problem} problem
   */
  _wait(row, problem) {
    if (problem.code === AWAY) this._told.onAway();
    const retryAt = this._waiting.begin(problem.retryAfter);
    this._store.update(row.id, { state: "away", trouble: problem.toTrouble() });
    // All of them go on together.
    for (const { id, state, tab } of this._store.list()) {
      if (state === "away" && tab === this._store.tab) this._store.note(id, { retryAt, sent: 0 });
    }
  }
}

/**
 * Return the file of a row, if it can be read. A file that was changed or removed since it was chosen cannot.
 * @param {Store} store
 * @param {Row} row
 * @returns {Promise<Blob>}
 */
async function readableFile(store, row) {
  const file = await store.file(row.id);
  if (!file) throw new Problem({ status: 0, code: "file_gone", detail: "" });
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem({ status: 0, code: "file_unreadable", detail: "" });
  }
  return file;
}

/**
 * Load the module that goes on where an upload broke off. Without it a file is sent in one piece.
 * @returns {Promise<{uploadResumable: (file: Blob, asked: any) => Promise<string>, forgetUpload: (url: string) => Promise<void>} | null>}
 */
async function loadResumable() {
  try {
    // @ts-ignore - the module comes with the resumable uploads of the service
    return await import("./resume.js");
  } catch {
    return null;
  }
}
