/** One sentence for as long as the service does not answer, whoever noticed. */

import { say } from "./words.js";

/** @typedef {import("./notice.js").Notice} Notice */

export class Outage {
  /** @param {Notice} notice */
  constructor(notice) {
    this._notice = notice;
    /** @type {Set<string>} */
    this._noticed = new Set();
  }

  /**
   * @param {string} who "stream" or "upload"
   * @param {boolean} isAway
   */
  mark(who, isAway) {
    if (isAway) this._noticed.add(who);
    else this._noticed.delete(who);
    if (this._noticed.size > 0) this._notice.show("away", say("app.away"));
    else this._notice.clear("away");
  }
}
