/** The list and all that moves it: rows are sent, followed and shown. */

import { Actions } from "./actions.js";
import { getBatch } from "./api.js";
import { addressOf } from "./api_root.js";
import { Batches } from "./batches.js";
import { leaveStep } from "./compare_history.js";
import { openPreview } from "./comparing.js";
import { findOrMake, make } from "./dom.js";
import { Downloads } from "./downloads.js";
import { Expiry } from "./expiry.js";
import { Following } from "./following.js";
import { List } from "./list.js";
import { Outage } from "./outage.js";
import { Overview } from "./overview.js";
import { KEY_CODES, Sentences } from "./sentences.js";
import { PENDING } from "./store.js";
import { Thumbnails } from "./thumbnails.js";
import { Uploads } from "./uploads.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").PageData} PageData */
/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./form.js").Form} Form */
/** @typedef {import("./notice.js").Notice} Notice */

const BATCH_ENTRIES = 100;

/**
 * @param {PageData} data
 * @param {Store} store
 * @param {Form} form
 * @param {Notice} notice
 * @returns {Machine}
 */
export function startMachine(data, store, form, notice) {
  const machine = new Machine(data, store, form, notice);
  machine.show();
  machine.goOn();
  return machine;
}

/** Two presses that quick are one. */
const DOUBLE_PRESS_MS = 500;

export class Machine {
  /**
   * @param {PageData} data
   * @param {Store} store
   * @param {Form} form
   * @param {Notice} notice
   */
  constructor(data, store, form, notice) {
    this._data = data;
    this._store = store;
    this._form = form;
    this._notice = notice;
    this._sentences = new Sentences(data);
    const outage = new Outage(notice);
    this._following = new Following(store, listenFor(outage, "stream"));
    const batches = new Batches(store, data.limits.batch_entries ?? BATCH_ENTRIES);
    const uploads = new Uploads(store, batches, listenFor(outage, "upload"));
    this._uploads = uploads;
    /** @type {Overview | null} */
    this._overview = null;
    this._downloads = new Downloads(store, notice, this._sentences);
    this._actions = new Actions({ store, uploads, batches, notice, panel: form, sentences: this._sentences });
  }

  /** Let the person see the rows that were added, with as much of the form as there is room for. */
  showAdded() {
    this._overview?.reveal("nearest");
  }

  /** Let the person see what becomes of the rows. What is pressed twice must not run away from the pointer. */
  showStarted() {
    this._overview?.reveal("start", DOUBLE_PRESS_MS);
  }

  show() {
    const element = findOrMake("ul", "list", /** @type {HTMLElement} */ (document.getElementById("main")));
    element.setAttribute("aria-label", say("app.list"));
    const empty = document.getElementById("welcome") ?? make("p", "empty", say("app.empty"));
    if (!empty.isConnected) element.after(empty);
    const overview = new Overview(element, {
      notice: this._notice,
      eraseAll: () => void this._eraseAll(),
      hasResults: (batch) => this._downloads.hasResults(batch),
    });
    this._overview = overview;
    const list = new List(element, this._store, this._rowTools(), {
      onShown: (rows) => {
        overview.show(rows);
        empty.hidden = rows.length > 0;
        this._form.show(rows.filter((row) => row.state === "ready").length);
      },
      onEmptied: () => this._form.input.focus(),
    });
    new Thumbnails(this._store, list);
    new Expiry(this._store, getBatch);
    this._form.panel.onChange(() => list.showAll());
  }

  /** Go on with what an earlier visit began. */
  goOn() {
    leaveStep();
    for (const row of this._store.list()) {
      const lacksKey = row.state === "refused" && KEY_CODES.has(row.trouble?.code ?? "");
      if (this._data.hasKey && lacksKey) this._store.update(row.id, { state: "uploading", trouble: null, tab: this._store.tab });
    }
    this._store.listen((change) => this._tellOptions(change.row, change.before));
    this._uploads.start();
    void this._following.refresh();
    // Results may have been erased elsewhere meanwhile.
    document.addEventListener("visibilitychange", () => document.hidden || void this._following.refresh());
    window.addEventListener("beforeunload", (event) => this._guard(event));
    this._store.watchKeeping((never) => this._notice.show("lasting", say(never ? "app.not_lasting" : "app.storage_full")));
  }

  /** @returns {import("./row.js").RowTools} */
  _rowTools() {
    const actions = this._actions;
    return {
      sentences: this._sentences,
      targets: this._data.targets,
      isFixed: false,
      keyPage: addressOf("/key"),
      hasFile: (row) => this._store.hasFile(row),
      commonTarget: () => this._form.target,
      acts: {
        remove: (id) => void actions.remove(id),
        retry: (id) => actions.retry(id),
        preview: (id) => void openPreview(this._store, this._notice, id),
        hasResult: (id) => this._downloads.hasResult(id),
        choose: (id, target) => actions.choose(id, target),
      },
    };
  }

  async _eraseAll() {
    await this._actions.eraseAll();
    this._form.input.focus();
  }

  /**
   * What the service said of an option stands beside the option too.
   * @param {Row} [row]
   * @param {Row} [before]
   */
  _tellOptions(row, before) {
    const isNew = row?.state === "refused" && before && before.state !== "refused";
    if (isNew && row.trouble?.code === "bad_option") this._form.panel.showErrors(row.trouble.errors ?? []);
  }

  /** @param {BeforeUnloadEvent} event */
  _guard(event) {
    // Only what this browser could not keep would be lost.
    const isLost = (/** @type {Row} */ row) => PENDING.has(row.state) && !row.kept && row.tab === this._store.tab;
    if (this._store.list().some(isLost)) event.preventDefault();
  }
}

/**
 * @param {Outage} outage
 * @param {string} who
 * @returns {{onAway: () => void, onBack: () => void}}
 */
function listenFor(outage, who) {
  return { onAway: () => outage.mark(who, true), onBack: () => outage.mark(who, false) };
}
