/** The calls of the API that the page makes. */

import { addressOf } from "./api_root.js";
import { hearDate } from "./clock.js";

/** @typedef {import("./types.js").Batch} Batch */
/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./types.js").Sending} Sending */
/** @typedef {import("./types.js").Trouble} Trouble */

export { addressOf, useRoot } from "./api_root.js";

export const AWAY = "away";
/** Bytes that stand still for so long are on a dead line. */
const STALL_MS = 60_000;
/** A sent file is answered within this time, or the answer is lost. */
const ANSWER_MS = 180_000;
const WORTH_ANOTHER_TRY = new Set([0, 408, 429, 500, 502, 503, 504, 507]);

/** A refusal of the API, or the code `away` with the status 0 when nothing answered. */
export class Problem extends Error {
  /**
   * @param {Trouble} trouble
   * @param {number | null} retryAfter in seconds
   */
  constructor(trouble, retryAfter = null) {
    super(trouble.detail || trouble.code);
    this.status = trouble.status;
    this.code = trouble.code;
    this.detail = trouble.detail;
    this.errors = trouble.errors ?? [];
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get isPassing() {
    return this.retryAfter !== null || WORTH_ANOTHER_TRY.has(this.status);
  }

  /**
   * Return what is kept of it.
   * @returns {Trouble}
   */
  toTrouble() {
    return { status: this.status, code: this.code, detail: this.detail, errors: this.errors };
  }
}

/**
 * Make an empty batch.
 * @returns {Promise<Batch>}
 */
export async function createBatch() {
  return /** @type {Promise<Batch>} */ (call("POST", "/v1/batches"));
}

/**
 * @param {string} id
 * @returns {Promise<Batch>}
 */
export async function getBatch(id) {
  return /** @type {Promise<Batch>} */ (call("GET", `/v1/batches/${id}`));
}

/**
 * Cancel a job, or erase its bytes.
 * @param {string} id
 * @returns {Promise<void>}
 */
export async function deleteJob(id) {
  await call("DELETE", `/v1/jobs/${id}`);
}

/**
 * Cancel or erase all jobs of a batch.
 * @param {string} id
 * @returns {Promise<void>}
 */
export async function deleteBatch(id) {
  await call("DELETE", `/v1/batches/${id}`);
}

/**
 * Ask for the first byte of a result.
 * @param {string} url
 * @returns {Promise<void>} rejects with a Problem that says why it is not there
 */
export async function checkResult(url) {
  const answer = await ask(url, { headers: { Range: "bytes=0-0" } });
  await answer.body?.cancel();
}

/**
 * @param {string} method
 * @param {string} path
 * @returns {Promise<unknown>}
 */
async function call(method, path) {
  const answer = await ask(addressOf(path), { method });
  try {
    return answer.status === 204 ? null : await answer.json();
  } catch {
    throw awayProblem();
  }
}

/**
 * @param {string} url
 * @param {{method?: string, headers?: {[name: string]: string}}} asked
 * @returns {Promise<Response>} rejects with a Problem
 */
async function ask(url, { method = "GET", headers = {} }) {
  let answer;
  try {
    answer = await fetch(url, { method, headers: { Accept: "application/json", ...headers }, cache: "no-store" });
  } catch {
    throw awayProblem();
  }
  hearDate(answer.headers.get("Date"));
  if (answer.ok) return answer;
  throw readProblem(answer.status, await answer.text().catch(() => ""), answer.headers.get("Retry-After"));
}

/**
 * Send one file as a job. XMLHttpRequest, because fetch tells nothing of an upload's progress.
 * @param {Sending} sending `blob` is null when a field names an upload that is there already
 * @returns {Promise<Job>} rejects with a Problem, or an AbortError by the signal
 */
export function submitFile({ blob, filename, fields, key, onProgress, signal }) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (blob) form.append("file", blob, filename);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const watchdog = new Watchdog(stop);
    request.upload.onprogress = (event) => {
      watchdog.feed(STALL_MS);
      // The form around the file is some hundred bytes more.
      if (blob) onProgress?.(Math.min(event.loaded, blob.size), blob.size);
    };
    request.upload.onload = () => watchdog.feed(ANSWER_MS);
    request.onload = () => settle(request, resolve, reject);
    request.onerror = () => reject(awayProblem());
    request.onabort = () => reject(signal?.aborted ? new DOMException("canceled", "AbortError") : awayProblem());
    request.onloadend = () => {
      watchdog.end();
      signal?.removeEventListener("abort", stop);
    };
    signal?.addEventListener("abort", stop);
    request.open("POST", addressOf("/v1/jobs"));
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    watchdog.feed(blob ? STALL_MS : ANSWER_MS);
    if (signal?.aborted) reject(new DOMException("canceled", "AbortError"));
    else request.send(form);
  });
}

/** Calls back when it was not fed in time. */
class Watchdog {
  /** @param {() => void} bark */
  constructor(bark) {
    this._bark = bark;
    this._timer = 0;
  }

  /** @param {number} milliseconds */
  feed(milliseconds) {
    this.end();
    this._timer = window.setTimeout(this._bark, milliseconds);
  }

  end() {
    window.clearTimeout(this._timer);
  }
}

/**
 * @param {XMLHttpRequest} request
 * @param {(job: Job) => void} resolve
 * @param {(problem: Error) => void} reject
 * @returns {void}
 */
function settle(request, resolve, reject) {
  const { status, responseText } = request;
  hearDate(request.getResponseHeader("Date"));
  if (status >= 200 && status < 300) {
    try {
      resolve(JSON.parse(responseText));
    } catch {
      reject(awayProblem());
    }
    return;
  }
  reject(readProblem(status, responseText, request.getResponseHeader("Retry-After")));
}

/**
 * Return what stands for no answer at all.
 * @returns {Problem}
 */
export function awayProblem() {
  return new Problem({ status: 0, code: AWAY, detail: "" });
}

/**
 * Read a refusal. A proxy before the service answers with pages of its own, which have no code.
 * @param {number} status
 * @param {string} text
 * @param {string | null} retryAfter
 * @returns {Problem}
 */
export function readProblem(status, text, retryAfter) {
  const told = parseObject(text);
  const isFromProxy = typeof told.code !== "string";
  const code = isFromProxy ? codeOfStatus(status) : String(told.code);
  const trouble = { status, code, detail: String(told.detail ?? ""), errors: Array.isArray(told.errors) ? told.errors : [] };
  return new Problem(trouble, readSeconds(retryAfter));
}

/**
 * @param {string} text
 * @returns {{[name: string]: unknown}}
 */
function parseObject(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/**
 * @param {number} status of an answer that has no code
 * @returns {string}
 */
function codeOfStatus(status) {
  if (status === 413) return "too_large";
  return WORTH_ANOTHER_TRY.has(status) ? AWAY : "unknown_answer";
}

/**
 * @param {string | null} header seconds, or a date
 * @returns {number | null}
 */
function readSeconds(header) {
  if (!header) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}
