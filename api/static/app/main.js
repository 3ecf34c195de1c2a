/** Start the page: the form becomes a list of files, or the page of a batch shows what becomes of its jobs. */

import { useRoot } from "./api_root.js";
import { nameLocks } from "./locks.js";
import { loadWords } from "./words.js";

/** @typedef {import("./types.js").PageData} PageData */

/** @returns {PageData | null} */
function readPageData() {
  const element = document.getElementById("page-data");
  return element ? JSON.parse(element.textContent ?? "null") : null;
}

/** Without words or data the page stays as it is, and that works too. */
async function start() {
  const data = readPageData();
  if (!data) return;
  useRoot(data.root);
  nameLocks(data.root);
  await loadWords(data.root, data.language, data.version);
  if (data.batch) await (await import("./batch_page.js")).startBatchPage(data, data.batch);
  else if (document.getElementById("files")) await (await import("./home.js")).startHome(data);
  document.documentElement.dataset.app = "ready";
}

start();
