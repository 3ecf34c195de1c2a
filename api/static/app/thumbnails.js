/** The small pictures of the rows: made a few at a time, and kept. */

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./store.js").Change} Change */
/** @typedef {import("./list.js").List} List */
/** @typedef {import("./types.js").Row} Row */

/** As many as are decoded at a time (thumbs.js). */
const TOGETHER = 2;

export class Thumbnails {
  /**
   * @param {Store} store
   * @param {List} list
   */
  constructor(store, list) {
    this._store = store;
    this._list = list;
    /** @type {Map<string, string>} */
    this._urls = new Map();
    /** @type {Set<string>} rows whose turn is to come */
    this._waiting = new Set();
    this._running = 0;
    store.listen((change) => this._hear(change));
    for (const row of store.list()) this._queue(row);
  }

  /** @param {Change} change */
  _hear({ kind, id, row, before }) {
    if (kind === "removed") this._release(id);
    else if (row && (kind === "added" || this._isKeptNow(row, before))) this._queue(row);
  }

  /**
   * A row of another tab is told before its file is where this tab finds it.
   * @param {Row} row
   * @param {Row} [before]
   * @returns {boolean}
   */
  _isKeptNow(row, before) {
    return row.kept && !before?.kept && row.tab !== this._store.tab;
  }

  /** @param {Row} row */
  _queue(row) {
    this._waiting.add(row.id);
    if (this._running < TOGETHER) void this._work();
  }

  /** Show one after the other until none waits. */
  async _work() {
    this._running += 1;
    for (const id of this._waiting) {
      this._waiting.delete(id);
      await this._show(id).catch(() => {});
    }
    this._running -= 1;
  }

  /** @param {string} id */
  async _show(id) {
    if (this._urls.has(id)) return;
    const name = `thumb ${id}`;
    let thumb = await this._store.read(name);
    if (!thumb) {
      thumb = await makeThumb(await this._store.file(id));
      if (thumb && this._store.get(id)) await this._store.write(name, thumb);
    }
    if (!thumb || !this._store.get(id) || this._urls.has(id)) return;
    const url = URL.createObjectURL(thumb);
    this._urls.set(id, url);
    this._list.showThumb(id, url);
  }

  /** @param {string} id */
  _release(id) {
    this._waiting.delete(id);
    URL.revokeObjectURL(this._urls.get(id) ?? "");
    this._urls.delete(id);
  }
}

/**
 * @param {Blob | null} file
 * @returns {Promise<Blob | null>}
 */
async function makeThumb(file) {
  if (!file) return null;
  try {
    const { makeThumbnail } = await import("./thumbs.js");
    return makeThumbnail(file);
  } catch {
    return null;
  }
}
