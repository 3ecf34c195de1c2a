/** Start the page: the form becomes a list of files, or the page of a batch shows what becomes of its jobs. */

import { addressOf, useRoot } from "./api.js";
import { startBatchPage } from "./batch_page.js";
import { startHome } from "./home.js";
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
  addStyle(addressOf("/static/app/app.css"));
  await loadWords(data.root, data.language);
  if (data.batch) await startBatchPage(data, data.batch);
  else if (document.getElementById("files")) await startHome(data);
  document.documentElement.dataset.app = "ready";
}

/** @param {string} url */
function addStyle(url) {
  if (document.querySelector(`link[href="${url}"]`)) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = url;
  document.head.append(link);
}

start();
