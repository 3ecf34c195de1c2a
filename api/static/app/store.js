/** The list: its rows in memory, kept in the browser, and the same in every tab. */

import { makeId } from "./locks.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").Moment} Moment */
/** @typedef {import("./shelf.js").Shelf} Shelf */
/** @typedef {{kind: "added" | "changed" | "moment" | "removed", id: string, row?: Row, before?: Row}} Change */
/** @typedef {{kind: "row", row: Row} | {kind: "moment", id: string, moment: Moment} | {kind: "removed", id: string}} Message */

/** Rows that are still to be sent. */
export const PENDING = new Set(["uploading", "away"]);
/** Rows whose job is not over. */
export const RUNNING = new Set(["queued", "processing"]);

export class Store {
  /**
   * @param {Shelf | null} shelf null: nothing is kept, and other tabs are not told
   * @param {string} channel the name by which the tabs of one service find each other
   */
  constructor(shelf, channel = "") {
    this._shelf = shelf;
    /** @type {Map<string, Row>} */
    this._rows = new Map();
    /** @type {Map<string, Moment>} */
    this._moments = new Map();
    /** @type {Map<string, Blob>} */
    this._files = new Map();
    /** @type {((change: Change) => void)[]} */
    this._listeners = [];
    /** @type {Set<string>} rows that were removed since this tab was opened */
    this._gone = new Set();
    this._counter = 0;
    /** The name of this tab. */
    this.tab = makeId();
    this._channel = channel && "BroadcastChannel" in window ? new BroadcastChannel(channel) : null;
    if (this._channel) this._channel.onmessage = (event) => this._hear(event.data);
  }

  /** @param {(change: Change) => void} listener */
  listen(listener) {
    this._listeners.push(listener);
  }

  /** Whether the list outlives this tab. */
  get isLasting() {
    return this._shelf !== null && !this._shelf.isFailing;
  }

  /**
   * Be told once when something can be kept no more, at once where it could not from the beginning.
   * @param {(wasNeverKept: boolean) => void} tell
   */
  watchKeeping(tell) {
    if (!this._shelf || this._shelf.isFailing) tell(!this._shelf);
    else this._shelf.onFailing = () => tell(false);
  }

  /**
   * Take the rows that are kept. What other tabs have told meanwhile is newer.
   * @returns {Promise<void>}
   */
  async open() {
    try {
      const rows = (await this._shelf?.load()) ?? [];
      for (const row of rows) {
        if (!this._rows.has(row.id) && !this._gone.has(row.id)) this._take(row);
      }
    } catch {
      // Some browsers refuse it in private windows.
      this._shelf = null;
    }
  }

  /** @param {Row} row */
  _take(row) {
    this._rows.set(row.id, row);
    this._tell({ kind: "added", id: row.id, row });
  }

  /**
   * Return the rows in the order in which they were added.
   * @returns {Row[]}
   */
  list() {
    return [...this._rows.values()].sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
  }

  /**
   * @param {string} id
   * @returns {Row | undefined}
   */
  get(id) {
    return this._rows.get(id);
  }

  /**
   * @param {string} job
   * @returns {Row | undefined}
   */
  findJob(job) {
    return [...this._rows.values()].find((row) => row.job === job);
  }

  /**
   * @param {string} id
   * @returns {Moment}
   */
  moment(id) {
    return this._moments.get(id) ?? {};
  }

  /**
   * Add a row, with its file where there is one.
   * @param {Partial<Row> & {name: string, size: number}} given
   * @param {Blob | null} file
   * @returns {Row}
   */
  add(given, file) {
    this._counter += 1;
    /** @type {Row} */
    const row = {
      id: makeId(), order: Date.now() + this._counter / 1000, state: "ready", target: "", fields: {}, key: "",
      tab: this.tab, batch: null, job: null, answer: null, trouble: null, upload: null, kept: false, ...given,
    }; // prettier-ignore
    if (file) this._files.set(row.id, file);
    this._put(row, "added");
    if (file) this._keepFile(row, file);
    return row;
  }

  /**
   * Change a row. Nothing happens when it is gone.
   * @param {string} id
   * @param {Partial<Row>} patch
   * @returns {Row | undefined}
   */
  update(id, patch) {
    const before = this._rows.get(id);
    if (!before) return undefined;
    const row = { ...before, ...patch };
    if (!PENDING.has(row.state) && !RUNNING.has(row.state)) this._moments.delete(id);
    this._put(row, "changed", before);
    return row;
  }

  /**
   * Note what is known for the moment.
   * @param {string} id
   * @param {Moment} moment
   */
  note(id, moment) {
    if (!this._rows.has(id)) return;
    this._mark(id, moment);
    this._post({ kind: "moment", id, moment });
  }

  /** @param {string} id */
  remove(id) {
    const row = this._rows.get(id);
    if (!row) return;
    this._drop(row);
    this._shelf?.forget(row);
    this._post({ kind: "removed", id });
  }

  /**
   * Return a row's bytes, wherever they are.
   * @param {string} id
   * @returns {Promise<Blob | null>}
   */
  async file(id) {
    return this._files.get(id) ?? (await this._shelf?.readFile(id)) ?? null;
  }

  /**
   * Return whether the bytes of a row are at hand.
   * @param {Row} row
   * @returns {boolean}
   */
  hasFile(row) {
    return row.kept || this._files.has(row.id);
  }

  /**
   * Read what is kept beside the rows.
   * @param {string} name
   * @returns {Promise<any>}
   */
  async read(name) {
    return this._shelf?.read(name);
  }

  /**
   * @param {string} name
   * @param {unknown} value
   * @returns {Promise<void>}
   */
  async write(name, value) {
    await this._shelf?.write(name, value);
  }

  /** Resolve once the rows are kept. */
  async flush() {
    await this._shelf?.flush();
  }

  /**
   * @param {Row} row
   * @param {Blob} file
   */
  async _keepFile(row, file) {
    if (!(await this._shelf?.keepFile(row, file))) return;
    if (this._rows.has(row.id)) this.update(row.id, { kept: true });
    else this._shelf?.forget({ ...row, kept: true });
  }

  /**
   * @param {Row} row
   * @param {"added" | "changed"} kind
   * @param {Row} [before]
   */
  _put(row, kind, before) {
    this._rows.set(row.id, row);
    this._shelf?.keepRow(row);
    this._post({ kind: "row", row });
    this._tell({ kind, id: row.id, row, before });
  }

  /**
   * @param {string} id
   * @param {Moment} moment
   */
  _mark(id, moment) {
    this._moments.set(id, { ...this.moment(id), ...moment });
    this._tell({ kind: "moment", id, row: this._rows.get(id) });
  }

  /** @param {Row} row */
  _drop(row) {
    this._gone.add(row.id);
    for (const kept of [this._rows, this._moments, this._files]) kept.delete(row.id);
    this._tell({ kind: "removed", id: row.id, row });
  }

  /** @param {Message} message */
  _post(message) {
    this._channel?.postMessage(message);
  }

  /** @param {Message} message of another tab, which has kept it */
  _hear(message) {
    if (message.kind === "row") {
      if (this._gone.has(message.row.id)) return;
      const before = this._rows.get(message.row.id);
      this._rows.set(message.row.id, message.row);
      this._tell({ kind: before ? "changed" : "added", id: message.row.id, row: message.row, before });
    } else if (message.kind === "removed") {
      const row = this._rows.get(message.id);
      this._gone.add(message.id);
      if (row) this._drop(row);
    } else if (this._rows.has(message.id)) this._mark(message.id, message.moment);
  }

  /** @param {Change} change */
  _tell(change) {
    for (const listener of this._listeners) listener(change);
  }
}
