/** What is said of a row, in the person's language. */

import { AWAY } from "./api.js";
import { changePercent, formatBytes, formatChange, formatPercent, formatSpeed } from "./sizes.js";
import { hasWords, readFacts, say } from "./words.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").Moment} Moment */
/** @typedef {import("./types.js").Coded} Coded */
/** @typedef {import("./types.js").PageData} PageData */
/** @typedef {{text: string, detail: string}} Said `detail` is the service's own English sentence, where it says more */

/** Codes whose sentence by the service names what its code does not: which option, which part of the file. */
const MORE_IN_DETAIL = new Set([
  "problem.bad_option", "problem.malformed_request", "failure.bad_option", "failure.corrupt_image",
  "failure.unsupported_image", "failure.dimension_limit",
]); // prettier-ignore
export const KEY_CODES = new Set(["key_required", "key_invalid"]);

export class Sentences {
  /** @param {PageData} data */
  constructor(data) {
    this._language = data.language;
    this._isEnglish = data.language === "en";
    this._limits = data.limits;
  }

  /**
   * Say how a row is.
   * @param {Row} row
   * @param {Moment} moment
   * @returns {string}
   */
  state(row, moment) {
    if (row.state === "uploading") return this._uploading(moment);
    if (row.state === "away") return this._away(row, moment);
    if (row.state === "queued" && typeof moment.place === "number") return sayPlace(moment.place);
    return say(row.state === "ready" ? "row.ready" : `status.${row.state}`);
  }

  /**
   * Say why a row has no result; null when nothing is wrong.
   * @param {Row} row
   * @returns {Said | null}
   */
  trouble(row) {
    if (row.state === "failed" && row.answer?.error) return this.failure(row.answer.error);
    if (row.state === "expired") return { text: say("problem.expired"), detail: "" };
    return row.state === "refused" && row.trouble ? this.problem(row.trouble) : null;
  }

  /**
   * Say why the service refused something.
   * @param {Coded} problem
   * @returns {Said}
   */
  problem(problem) {
    return this._say("problem", problem);
  }

  /**
   * Say why a conversion failed. In English the service's own sentence is used: it has the figures in it.
   * @param {Coded} failure
   * @returns {Said}
   */
  failure(failure) {
    return this._isEnglish ? { text: failure.detail, detail: "" } : this._say("failure", failure);
  }

  /**
   * Say what a result could not keep, with the facts of the service's own sentence; it stands beside where it says more.
   * @param {Coded} warning
   * @returns {Said}
   */
  warning(warning) {
    const { code, detail } = warning;
    if (this._isEnglish) return { text: detail, detail: "" };
    const facts = readFacts(`sentence.${code}`, detail);
    if (!facts) return { text: "", detail };
    return { text: say(`warning.${code}`, facts), detail: facts.why || facts.what ? detail : "" };
  }

  /**
   * @param {string} kind
   * @param {Coded} coded
   * @returns {Said}
   */
  _say(kind, { code, detail }) {
    const key = `${kind}.${code}`;
    // A newer service may have newer codes.
    if (!hasWords(key)) return { text: say("row.unknown", { code }), detail };
    return { text: say(key, this._values()), detail: MORE_IN_DETAIL.has(key) ? detail : "" };
  }

  /**
   * Say the sizes of the file and of its result.
   * @param {Row} row
   * @returns {string} empty before there is a result
   */
  sizes(row) {
    const result = row.answer?.result;
    if (!result) return "";
    const before = formatBytes(row.size, this._language);
    const after = formatBytes(result.bytes, this._language);
    return say("row.sizes", { before, after, change: this._change(row.size, result.bytes) });
  }

  /**
   * @param {number} count
   * @returns {string}
   */
  bytes(count) {
    return formatBytes(count, this._language);
  }

  /**
   * @param {number} before
   * @param {number} after
   * @returns {string}
   */
  _change(before, after) {
    const change = changePercent(before, after);
    if (!change) return say("row.same");
    const percent = formatChange(change, this._language);
    return say(after < before ? "row.smaller" : "row.larger", { percent });
  }

  /**
   * @param {Moment} moment
   * @returns {string}
   */
  _uploading({ sent, total = 0, speed = 0 }) {
    if (sent === undefined) return say("row.waits");
    if (sent >= total) return say("row.sent");
    const percent = formatPercent(sent / total, this._language);
    if (speed <= 0) return say("row.uploading", { percent });
    return say("row.uploading_at", { percent, speed: formatSpeed(speed, this._language) });
  }

  /**
   * @param {Row} row
   * @param {Moment} moment
   * @returns {string}
   */
  _away(row, moment) {
    const left = Math.ceil(((moment.retryAt ?? 0) - Date.now()) / 1000);
    const goesOn = left > 0 ? say("row.again_in", { count: left }) : say("row.again_now");
    return `${this.problem(row.trouble ?? { code: AWAY, detail: "" }).text} ${goesOn}`;
  }

  /** @returns {{[name: string]: string | number}} */
  _values() {
    const limit = (/** @type {string} */ name) => this._limits[name] ?? 0;
    return {
      upload: this.bytes(limit("upload_bytes")), pixels: limit("pixels"), frames: limit("frames"),
      seconds: limit("job_seconds"), result: this.bytes(limit("result_bytes")), hours: limit("retention_hours"),
    }; // prettier-ignore
  }
}

/**
 * @param {number} place how many start before it
 * @returns {string}
 */
function sayPlace(place) {
  return place === 0 ? say("row.next") : say("row.place", { count: place });
}
