/** Results may be gone by now. The service is asked before a download, so that the list says it, and no error page. */

import { Problem, checkResult, getBatch } from "./api.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./notice.js").Notice} Notice */
/** @typedef {import("./sentences.js").Sentences} Sentences */

const GONE = new Set([404, 410]);

/**
 * Let a link ask before it is followed. Who wants it in another tab or window is not kept from that.
 * @param {HTMLAnchorElement} link
 * @param {() => Promise<boolean>} isThere
 */
export function askFirst(link, isThere) {
  let isAsked = false;
  let isSure = false;
  link.addEventListener("click", async (event) => {
    if (isSure || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (isAsked) return;
    isAsked = true;
    isSure = await isThere();
    if (isSure) link.click();
    isAsked = isSure = false;
  });
}

export class Downloads {
  /**
   * @param {Store} store
   * @param {Notice} notice
   * @param {Sentences} sentences
   */
  constructor(store, notice, sentences) {
    this._store = store;
    this._notice = notice;
    this._sentences = sentences;
  }

  /**
   * Ask whether a row's result can be downloaded. If not, the row or the notice says why.
   * @param {string} id
   * @returns {Promise<boolean>}
   */
  hasResult(id) {
    const url = this._store.get(id)?.answer?.result?.url ?? "";
    return this._ask(
      async () => {
        await checkResult(url);
        return true;
      },
      (problem) => {
        this._store.update(id, { state: "expired", trouble: problem.toTrouble() });
        this._notice.speak(say("problem.expired"));
      },
    );
  }

  /**
   * Ask whether a batch has results. Rows say which are gone.
   * @param {string} batch
   * @returns {Promise<boolean>}
   */
  hasResults(batch) {
    return this._ask(
      async () => {
        const { jobs } = await getBatch(batch);
        for (const job of jobs) {
          if (job.status === "refused") continue;
          const row = this._store.findJob(job.id);
          if (row && row.state !== job.status) this._store.update(row.id, { state: job.status, answer: job });
        }
        return jobs.some(({ status }) => status === "succeeded") || this._tellGone();
      },
      (problem) => {
        const trouble = problem.toTrouble();
        const rows = this._store.list().filter((row) => row.batch === batch && row.state === "succeeded");
        for (const row of rows) this._store.update(row.id, { state: "expired", trouble });
        this._tellGone();
      },
    );
  }

  /**
   * @param {() => Promise<boolean>} ask
   * @param {(problem: Problem) => void} onGone
   * @returns {Promise<boolean>}
   */
  async _ask(ask, onGone) {
    this._notice.clear("action");
    try {
      return await ask();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (GONE.has(problem.status)) onGone(problem);
      else this._notice.show("action", this._sentences.problem(problem).text);
      return false;
    }
  }

  /** @returns {false} */
  _tellGone() {
    this._notice.show("action", say("problem.expired"));
    return false;
  }
}
