/** The list on the screen: a row for each of the store's, and what is about all of them. */

import { RowView } from "./row.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./store.js").Change} Change */
/** @typedef {import("./row.js").RowTools} RowTools */

const TICK_MS = 1000;

export class List {
  /**
   * @param {HTMLElement} element the `<ul>`
   * @param {Store} store
   * @param {RowTools} tools
   * @param {{onShown: (rows: Row[]) => void, onEmptied: () => void}} told after the rows were shown; when the last one with the focus is gone
   */
  constructor(element, store, tools, told) {
    this._element = element;
    this._store = store;
    this._tools = tools;
    this._told = told;
    /** @type {Map<string, RowView>} */
    this._views = new Map();
    /** @type {Set<string>} rows that are to be shown anew */
    this._changed = new Set();
    this._isDue = false;
    store.listen((change) => this._hear(change));
    for (const row of store.list()) this._mark(row.id);
    window.setInterval(() => this._tick(), TICK_MS);
  }

  /** Show all rows anew, because the form says something else. */
  showAll() {
    for (const id of this._views.keys()) this._mark(id);
  }

  /**
   * Show a small picture in a row, if it is still there.
   * @param {string} id
   * @param {string} url
   */
  showThumb(id, url) {
    this._views.get(id)?.showThumb(url);
  }

  /** @param {Change} change */
  _hear(change) {
    if (change.kind === "removed") this._remove(change.id);
    else this._mark(change.id);
  }

  /** Rows that wait say for how long. */
  _tick() {
    for (const [id, view] of this._views) {
      if (view.element.dataset.state === "away") this._mark(id);
    }
  }

  /** @param {string} id */
  _mark(id) {
    this._changed.add(id);
    this._showSoon();
  }

  /** Many changes at once are one change of the screen. It is no animation frame: a hidden tab has a title too. */
  _showSoon() {
    if (this._isDue) return;
    this._isDue = true;
    window.setTimeout(() => this._show(), 0);
  }

  _show() {
    this._isDue = false;
    const rows = this._store.list();
    if ([...this._changed].some((id) => !this._views.has(id))) this._addViews(rows);
    for (const id of this._changed) {
      const row = this._store.get(id);
      if (row) this._views.get(id)?.show(row, this._store.moment(id));
    }
    this._changed.clear();
    this._element.hidden = rows.length === 0;
    this._told.onShown(rows);
  }

  /**
   * Put new rows in their places. Others are not moved: an element that is moved loses the focus.
   * @param {Row[]} rows
   */
  _addViews(rows) {
    /** @type {Element | null} */
    let last = null;
    for (const row of rows) {
      let view = this._views.get(row.id);
      if (!view) {
        view = new RowView(row, this._tools);
        this._views.set(row.id, view);
        if (last) last.after(view.element);
        else this._element.prepend(view.element);
      }
      last = view.element;
    }
  }

  /** @param {string} id */
  _remove(id) {
    const view = this._views.get(id);
    if (!view) return;
    const hadFocus = view.element.contains(document.activeElement);
    const next = view.element.nextElementSibling ?? view.element.previousElementSibling;
    view.element.remove();
    this._views.delete(id);
    this._changed.delete(id);
    if (hadFocus) this._focusOn(next);
    this._showSoon();
  }

  /** @param {Element | null} element of a row */
  _focusOn(element) {
    const view = [...this._views.values()].find((other) => other.element === element);
    if (view) view.focusRemoval();
    else this._told.onEmptied();
  }
}
