/** The page of a batch: the same list, from the server. What is known of it here (thumbnails, files) is used too. */

import { deleteBatch, deleteJob, getBatch } from "./api.js";
import { addressOf } from "./api_root.js";
import { leaveStep } from "./compare_history.js";
import { findOrMake } from "./dom.js";
import { Downloads } from "./downloads.js";
import { followBatch } from "./events.js";
import { Expiry } from "./expiry.js";
import { List } from "./list.js";
import { Notice } from "./notice.js";
import { Outage, UNREACHED, tellNotErased } from "./outage.js";
import { Overview } from "./overview.js";
import { openPreview } from "./comparing.js";
import { Sentences } from "./sentences.js";
import { Shelf } from "./shelf.js";
import { RUNNING, Store } from "./store.js";
import { Thumbnails } from "./thumbnails.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Batch} Batch */
/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./types.js").RefusedFile} RefusedFile */
/** @typedef {import("./types.js").PageData} PageData */
/** @typedef {import("./types.js").Row} Row */

/**
 * @param {PageData} data
 * @param {string} id
 * @returns {Promise<void>}
 */
export async function startBatchPage(data, id) {
  const page = new BatchPage(data, id);
  await page.start();
}

class BatchPage {
  /**
   * @param {PageData} data
   * @param {string} id
   */
  constructor(data, id) {
    this._data = data;
    this._id = id;
    const main = /** @type {HTMLElement} */ (document.getElementById("main"));
    this._notice = new Notice(findOrMake("div", "notice", main));
    this._sentences = new Sentences(data);
    this._store = new Store(null);
    /** @type {Map<string, Row>} rows of this browser by their job */
    this._own = new Map();
    /** @type {Promise<void> | null} */
    this._looking = null;
  }

  async start() {
    const shelf = new Shelf(this._data.root).forReading();
    const rows = await shelf.load().catch(() => []);
    this._own = new Map(rows.flatMap((row) => (row.job ? [[row.job, row]] : [])));
    this._store = new Store(shelf);
    leaveStep();
    this._show();
    this._follow();
  }

  _show() {
    const main = /** @type {HTMLElement} */ (document.getElementById("main"));
    const element = findOrMake("ul", "list", main);
    element.setAttribute("aria-label", say("app.batch_list"));
    // The page's own title counts, and would say for good what was done when it was loaded.
    const title = document.title.replace(/^.*(?= \u2013 )/, document.querySelector("h1")?.textContent ?? "$&");
    const store = this._store;
    const downloads = new Downloads(store, this._notice, this._sentences);
    const hasResults = (/** @type {string} */ batch) => downloads.hasResults(batch);
    const overview = new Overview(element, { notice: this._notice, eraseAll: () => void this._eraseAll(), hasResults, title });
    const acts = {
      remove: (/** @type {string} */ id) => void this._remove(id),
      retry: () => {},
      preview: (/** @type {string} */ id) => void openPreview(store, this._notice, id),
      hasResult: (/** @type {string} */ id) => downloads.hasResult(id),
      choose: () => {},
    };
    const list = new List(element, store, { ...this._rowTools(), acts }, { onShown: (rows) => overview.show(rows), onEmptied: () => {} });
    new Thumbnails(store, list);
    new Expiry(store, getBatch);
  }

  /** @returns {Omit<import("./row.js").RowTools, "acts">} */
  _rowTools() {
    return {
      sentences: this._sentences,
      targets: this._data.targets,
      keyPage: addressOf("/key"),
      isFixed: true,
      hasFile: (row) => row.kept,
      commonTarget: () => "",
    };
  }

  _follow() {
    const outage = new Outage(this._notice);
    const stream = followBatch(this._id, {
      onBatch: (batch) => this._takeBatch(batch),
      onJob: (job) => this._hear(job),
      onPlace: (places) => this._takePlaces(places),
      onAway: () => outage.mark("stream", true),
      onBack: () => outage.mark("stream", false),
      onOver: () => stream.close(),
      onGone: (trouble) => this._notice.show("away", this._sentences.problem(trouble).text),
    });
  }

  /** @param {Batch} batch */
  _takeBatch(batch) {
    // The table for browsers without scripts says the same, and stays until this list is there.
    if (batch.jobs.length > 0) document.getElementById("plain")?.remove();
    let refused = 0;
    batch.jobs.forEach((entry, order) => {
      if (entry.status !== "refused") this._take(entry, order);
      else this._takeRefused(entry, `refused ${refused++}`, order);
    });
  }

  /**
   * @param {RefusedFile} file
   * @param {string} id
   * @param {number} order
   */
  _takeRefused(file, id, order) {
    const trouble = file.problem;
    if (this._store.get(id)) this._store.update(id, { order });
    else this._store.add({ id, order, name: file.filename, size: 0, state: "refused", trouble }, null);
  }

  /**
   * Take the news of a job. One that is new here was added elsewhere: the batch tells its place.
   * @param {Job} job
   */
  _hear(job) {
    const row = this._store.findJob(job.id);
    if (row) this._take(job, row.order);
    else this._lookSoon();
  }

  /** Ask for the batch once for all that was added meanwhile. An outage is the stream's to tell; it asks again. */
  _lookSoon() {
    this._looking ??= getBatch(this._id)
      .then((batch) => this._takeBatch(batch), () => {})
      .finally(() => (this._looking = null));
  }

  /**
   * @param {Job} job
   * @param {number} order its place among the entries of the batch
   */
  _take(job, order) {
    const row = this._store.findJob(job.id);
    if (!row) this._add(job, order);
    // An answer may be overtaken by the event that ends the job.
    else if (RUNNING.has(job.status) && !RUNNING.has(row.state)) this._store.update(row.id, { order });
    else this._store.update(row.id, { order, state: job.status, answer: job });
  }

  /**
   * @param {Job} job
   * @param {number} order
   */
  _add(job, order) {
    const own = this._own.get(job.id);
    const known = own ? { id: own.id, kept: own.kept, folder: own.folder } : {};
    this._store.add(
      {
        ...known, order, name: job.filename, size: job.source.bytes, state: job.status, target: job.target_format,
        batch: this._id, job: job.id, answer: job,
      },
      null,
    ); // prettier-ignore
  }

  /** @param {{[job: string]: number | null}} places */
  _takePlaces(places) {
    for (const [job, place] of Object.entries(places)) {
      const row = this._store.findJob(job);
      if (row) this._store.note(row.id, { place });
    }
  }

  /** @param {string} id */
  async _remove(id) {
    const row = this._store.get(id);
    if (!row) return;
    if (row.job && row.state !== "expired" && !(await this._try(() => deleteJob(row.job ?? "")))) return;
    this._end(row);
  }

  async _eraseAll() {
    if (!(await this._try(() => deleteBatch(this._id)))) return;
    const rows = this._store.list();
    for (const row of rows) this._end(row);
    this._notice.show("action", say("app.erased_all", { count: rows.length }));
  }

  /** @param {Row} row */
  _end(row) {
    if (RUNNING.has(row.state)) this._store.update(row.id, { state: "canceled" });
    else this._store.remove(row.id);
  }

  /**
   * @param {() => Promise<void>} work
   * @returns {Promise<boolean>}
   */
  async _try(work) {
    try {
      await work();
      this._notice.clear(UNREACHED);
      return true;
    } catch (problem) {
      tellNotErased(this._notice, /** @type {import("./api.js").Problem} */ (problem), this._sentences);
      return false;
    }
  }
}
