/** What the browser cannot show: the service makes a WebP of it, and forgets it again. */

import { addressOf, awayProblem, Problem, readProblem } from "./api.js";

/** The longer side of a preview, in pixels. */
export const PREVIEW_SIDE = 1600;

/** @typedef {(share: number) => void} OnProgress told the share of the image that is sent, 0 to 1 */
/** @typedef {import("./types.js").Job} Job */

/**
 * Have a preview made.
 * @param {Blob} blob
 * @param {{name: string, lossless: boolean, onProgress: OnProgress, signal: AbortSignal}} how
 * @returns {Promise<Blob>} a WebP of at most PREVIEW_SIDE px a side. Throws Problem.
 */
export async function requestPreview(blob, { name, lossless, onProgress, signal }) {
  const answer = await send(makeForm(blob, name, lossless), onProgress, signal);
  const job = answer.getResponseHeader("Location");
  try {
    if (answer.status === 200) return answer.response;
    if (answer.status === 202 && job) return await fetchResult(job);
    throw readProblem(answer.status, await answer.response.text(), answer.getResponseHeader("Retry-After"));
  } finally {
    if (job) erase(job);
  }
}

/**
 * Fetch the bytes of an address of the service.
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<Blob>} Throws Problem.
 */
export async function fetchBytes(url, signal) {
  return read(await ask(url, signal), (answer) => answer.blob());
}

/**
 * @param {Blob} blob
 * @param {string} name
 * @param {boolean} lossless
 * @returns {FormData}
 */
function makeForm(blob, name, lossless) {
  const form = new FormData();
  const quality = lossless ? { lossless: "true", effort: "0" } : { quality: "90", effort: "1" };
  const size = { width: String(PREVIEW_SIDE), height: String(PREVIEW_SIDE), fit: "inside" };
  const fields = { target_format: "webp", ...size, ...quality };
  for (const [field, value] of Object.entries(fields)) form.set(field, value);
  form.set("file", blob, name);
  return form;
}

/**
 * Post the form. A canceled preview stops its upload. Once that is through, the answer is waited for: it names the job,
 * which can then be erased.
 * @param {FormData} form
 * @param {OnProgress} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<XMLHttpRequest>}
 */
function send(form, onProgress, signal) {
  const request = new XMLHttpRequest();
  const stop = () => request.abort();
  return new Promise((answered, failed) => {
    const fail = () => failed(awayProblem());
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.upload.onload = () => signal.removeEventListener("abort", stop);
    request.onload = () => answered(request);
    request.onerror = fail;
    request.onabort = fail;
    request.responseType = "blob";
    request.open("POST", addressOf("/v1/convert?wait=50"));
    signal.addEventListener("abort", stop);
    if (signal.aborted) fail();
    else request.send(form);
  });
}

/**
 * Wait for a job that was not over in time.
 * @param {string} job its address
 * @returns {Promise<Blob>}
 */
async function fetchResult(job) {
  for (;;) {
    /** @type {Job} */
    const { status, error } = await read(await ask(`${job}?wait=50`), (answer) => answer.json());
    if (error) throw new Problem({ status: 422, ...error });
    if (status !== "queued" && status !== "processing") return fetchBytes(`${job}/result`);
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
async function ask(url, signal) {
  const answer = await fetch(url, { signal }).catch(() => null);
  if (!answer) throw awayProblem();
  if (answer.ok) return answer;
  throw readProblem(answer.status, await answer.text().catch(() => ""), answer.headers.get("Retry-After"));
}

/**
 * Read the body of an answer, which may break off.
 * @template T
 * @param {Response} answer
 * @param {(answer: Response) => Promise<T>} how
 * @returns {Promise<T>}
 */
async function read(answer, how) {
  try {
    return await how(answer);
  } catch {
    throw awayProblem();
  }
}

/**
 * Let go of the job: nobody else knows of it. The service forgets it by itself where this fails.
 * @param {string} job its address
 */
function erase(job) {
  fetch(job, { method: "DELETE", keepalive: true }).catch(() => {});
}
