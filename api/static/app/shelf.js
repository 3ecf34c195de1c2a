/** What the browser keeps of the list: rows in one database, bytes in another, so that a change of a row moves no bytes. */

import * as idb from "../vendor/idb-keyval.js";

/** @typedef {import("./types.js").Row} Row */

/** A larger file is sent, but not kept. */
const MOST_FILE_BYTES = 100e6;
/** All kept files together. */
const MOST_BYTES = 1e9;

export class Shelf {
  /** @param {string} root what keeps the lists of two services of one origin apart */
  constructor(root) {
    this._rows = idb.createStore(`imagemill${root} rows`, "rows");
    this._things = idb.createStore(`imagemill${root} things`, "things");
    this._bytes = 0;
    this._isReading = false;
    /** @type {Map<string, Row | null>} rows to be written at the end of this task; null: deleted */
    this._due = new Map();
    /** @type {Promise<void>} the last of what is being written */
    this._last = Promise.resolve();
    /** Whether something could not be kept. */
    this.isFailing = false;
    /** Told the first time. */
    this.onFailing = () => {};
  }

  /**
   * Write nothing from now on: the page of a batch only looks at what the list keeps.
   * @returns {Shelf}
   */
  forReading() {
    this._isReading = true;
    return this;
  }

  /**
   * Return all rows that are kept.
   * @returns {Promise<Row[]>}
   */
  async load() {
    /** @type {Row[]} */
    const found = await idb.values(this._rows);
    const things = new Set(await idb.keys(this._things));
    // A page that was closed may have kept a file and not noted it, or the other way round.
    const rows = found.map((row) => ({ ...row, kept: things.has(`file ${row.id}`) }));
    this._bytes = rows.reduce((sum, row) => sum + (row.kept ? row.size : 0), 0);
    return rows;
  }

  /** @param {Row} row */
  keepRow(row) {
    this._put(row.id, row);
  }

  /**
   * Keep a file's bytes, and return whether they are.
   * @param {Row} row
   * @param {Blob} file
   * @returns {Promise<boolean>}
   */
  async keepFile(row, file) {
    if (this._isReading || file.size > MOST_FILE_BYTES || this._bytes + file.size > MOST_BYTES) return false;
    this._bytes += file.size;
    try {
      await change(this._things, (store) => store.put(file, `file ${row.id}`));
      return true;
    } catch {
      this._bytes -= file.size;
      this._fail();
      return false;
    }
  }

  /**
   * @param {string} id
   * @returns {Promise<Blob | undefined>}
   */
  async readFile(id) {
    return this.read(`file ${id}`);
  }

  /** @param {Row} row */
  forget(row) {
    if (this._isReading) return;
    if (row.kept) this._bytes -= row.size;
    this._put(row.id, null);
    this._write(change(this._things, (store) => {
      store.delete(`file ${row.id}`);
      store.delete(`thumb ${row.id}`);
    }));
  }

  /**
   * @param {string} name
   * @returns {Promise<any>} undefined without one
   */
  async read(name) {
    try {
      return await idb.get(name, this._things);
    } catch {
      return undefined;
    }
  }

  /**
   * @param {string} name
   * @param {unknown} value
   * @returns {Promise<void>} resolves once it is kept
   */
  async write(name, value) {
    if (!this._isReading) await this._write(change(this._things, (store) => store.put(value, name)));
  }

  /**
   * Resolve once everything is kept.
   * @returns {Promise<void>}
   */
  async flush() {
    await this._last;
  }

  /**
   * Write rows together: one transaction for all that a task changes.
   * @param {string} id
   * @param {Row | null} row
   */
  _put(id, row) {
    if (this._isReading) return;
    if (this._due.size === 0) this._last = Promise.resolve().then(() => this._writeDue());
    this._due.set(id, row);
  }

  /** @returns {Promise<void>} */
  _writeDue() {
    const due = [...this._due];
    this._due.clear();
    return this._write(change(this._rows, (store) => {
      for (const [id, row] of due) {
        if (row) store.put(row, id);
        else store.delete(id);
      }
    }));
  }

  /**
   * @param {Promise<void>} writing
   * @returns {Promise<void>}
   */
  _write(writing) {
    return writing.catch(() => this._fail());
  }

  _fail() {
    if (this.isFailing) return;
    this.isFailing = true;
    this.onFailing();
  }
}

/**
 * Change a database in one transaction. It is committed at once: a page that is left right now has kept it.
 * @param {import("../vendor/idb-keyval.js").UseStore} use
 * @param {(store: IDBObjectStore) => void} work
 * @returns {Promise<void>}
 */
function change(use, work) {
  return use("readwrite", (store) => {
    work(store);
    store.transaction.commit();
    return idb.promisifyRequest(store.transaction);
  });
}
