/** The small pictures of the rows: made one after the other, and kept. */

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./list.js").List} List */
/** @typedef {import("./types.js").Row} Row */

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
    this._last = Promise.resolve();
    store.listen((change) => {
      if (change.kind === "added" && change.row) this._queue(change.row);
      if (change.kind === "removed") this._release(change.id);
    });
    for (const row of store.list()) this._queue(row);
  }

  /** @param {Row} row */
  _queue(row) {
    this._last = this._last.then(() => this._show(row)).catch(() => {});
  }

  /** @param {Row} row */
  async _show(row) {
    const name = `thumb ${row.id}`;
    let thumb = await this._store.read(name);
    if (!thumb) {
      thumb = await makeThumb(await this._store.file(row.id));
      if (thumb && this._store.get(row.id)) await this._store.write(name, thumb);
    }
    if (!thumb || !this._store.get(row.id)) return;
    const url = URL.createObjectURL(thumb);
    this._urls.set(row.id, url);
    this._list.showThumb(row.id, url);
  }

  /** @param {string} id */
  _release(id) {
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
