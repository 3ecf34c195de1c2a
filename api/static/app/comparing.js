/** Opening the comparison of a row, whose module is loaded when it is first wanted. */

import { say } from "./words.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./notice.js").Notice} Notice */

/**
 * @param {Store} store
 * @param {Notice} notice
 * @param {string} id
 * @returns {Promise<void>}
 */
export async function openPreview(store, notice, id) {
  const row = store.get(id);
  const source = await store.file(id);
  if (!row?.answer?.result) return;
  try {
    const { openCompare } = await import("./compare.js");
    const { result, source: sourceFacts, warnings } = row.answer;
    await openCompare({ name: row.name, source, result, sourceFacts, warnings });
    notice.clear("action");
  } catch {
    notice.show("action", say("app.no_preview"));
  }
}
