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
    this._last = Promise.resolve();
    /** Whether something could not be kept. */
    this.isFailing = false;
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
    const rows = await idb.values(this._rows);
    this._bytes = rows.reduce((sum, row) => sum + (row.kept ? row.size : 0), 0);
    return rows;
  }

  /** @param {Row} row */
  keepRow(row) {
    this._write(() => idb.set(row.id, row, this._rows));
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
      await idb.set(`file ${row.id}`, file, this._things);
      return true;
    } catch {
      this._bytes -= file.size;
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
    if (row.kept) this._bytes -= row.size;
    this._write(() => idb.del(row.id, this._rows));
    this._write(() => idb.delMany([`file ${row.id}`, `thumb ${row.id}`], this._things));
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
   * @returns {Promise<void>} resolves once it is kept, and what was written before
   */
  write(name, value) {
    return this._write(() => idb.set(name, value, this._things));
  }

  /**
   * Resolve once everything is kept.
   * @returns {Promise<void>}
   */
  flush() {
    return this._last;
  }

  /**
   * Write after what came before, so that an older row never lands on a newer.
   * @param {() => Promise<void>} work
   * @returns {Promise<void>}
   */
  _write(work) {
    if (this._isReading) return this._last;
    this._last = this._last.then(work).catch(() => {
      this.isFailing = true;
    });
    return this._last;
  }
}

/**
 * Open the shelf; null where the browser keeps nothing.
 * @param {string} root
 * @returns {Promise<{shelf: Shelf | null, rows: Row[]}>}
 */
export async function openShelf(root) {
  try {
    const shelf = new Shelf(root);
    return { shelf, rows: await shelf.load() };
  } catch {
    return { shelf: null, rows: [] };
  }
}
