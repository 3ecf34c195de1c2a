/** One sentence for as long as the service does not answer, whoever noticed. */

import { AWAY } from "./api.js";
import { say } from "./words.js";

/** @typedef {import("./api.js").Problem} Problem */
/** @typedef {import("./notice.js").Notice} Notice */
/** @typedef {import("./sentences.js").Sentences} Sentences */

/** The topic of what was not done because the service did not answer. It holds until it answers again. */
export const UNREACHED = "unreached";

export class Outage {
  /** @param {Notice} notice */
  constructor(notice) {
    this._notice = notice;
    /** @type {Set<string>} */
    this._noticed = new Set();
    window.addEventListener("online", () => notice.clear(UNREACHED));
  }

  /**
   * @param {string} who "stream" or "upload"
   * @param {boolean} isAway
   */
  mark(who, isAway) {
    if (isAway) this._noticed.add(who);
    else if (this._noticed.delete(who)) this._notice.clear(UNREACHED);
    if (this._noticed.size > 0) this._notice.show("away", say("app.away"));
    else this._notice.clear("away");
  }
}

/**
 * Say that nothing was erased, and why.
 * @param {Notice} notice
 * @param {Problem} problem
 * @param {Sentences} sentences
 * @returns {void}
 */
export function tellNotErased(notice, problem, sentences) {
  const text = `${say("app.not_erased")} ${sentences.problem(problem).text}`;
  notice.show(problem.code === AWAY ? UNREACHED : "action", text);
}
