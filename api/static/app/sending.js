/** Giving rows to the uploads: from then on they go by themselves, even if the page is left right now. */

import { makeId } from "./locks.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").Fields} Fields */
/** @typedef {import("./store.js").Store} Store */

/**
 * The form, as far as rows ask it.
 * @typedef {object} Panel
 * @property {string} target
 * @property {(target: string) => Fields} fieldsFor
 */

/**
 * Send all rows that are ready.
 * @param {Store} store
 * @param {Panel} panel
 * @returns {void}
 */
export function sendReady(store, panel) {
  for (const row of store.list()) {
    if (row.state === "ready") sendRow(store, panel, row);
  }
}

/**
 * Send a row, perhaps again. A new key makes a new job, and the options are those of the form now: the person may have
 * mended them.
 * @param {Store} store
 * @param {Panel} panel
 * @param {Row} row
 * @returns {void}
 */
export function sendRow(store, panel, row) {
  const target = row.target || panel.target;
  store.update(row.id, {
    state: "uploading", target, fields: panel.fieldsFor(target), key: makeId(), tab: store.tab,
    batch: null, job: null, answer: null, trouble: null, upload: null,
  }); // prettier-ignore
}
