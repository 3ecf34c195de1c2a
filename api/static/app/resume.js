/** Uploads that survive: a file is sent by tus, and goes on where it stopped after a cut line, a reload, a closed tab. */

import { AWAY, Problem } from "./api.js";
import { addressOf } from "./api_root.js";

/**
 * @typedef {object} Options
 * @property {string} filename
 * @property {string} [key] the row's Idempotency-Key: not sent, as no job is made here
 * @property {string | null} [url] the address of an upload that was begun before
 * @property {(url: string) => void} [onUrl] told the address as soon as there is one, so that it can be kept
 * @property {(sent: number, total: number) => void} [onProgress]
 * @property {AbortSignal} [signal] stops the upload; what was sent stays for an hour
 */

/**
 * The part of tus-js-client that is used here.
 * @typedef {{getStatus(): number, getBody(): string}} Answer
 * @typedef {Error & {originalResponse?: Answer | null}} TusError
 * @typedef {{url: string | null, options: {endpoint: string | null}, start(): void, abort(): Promise<void>}} TusUpload
 * @typedef {{new (file: Blob, options: object): TusUpload, terminate(url: string, options: object): Promise<void>}} TusUploads
 */

// Relative to this file, so it holds below any path of a proxy and any version. No literal in import(): a checker of types would read the whole program.
const PROGRAM = new URL("../vendor/tus-js-client.js", import.meta.url).href;

/** Behind a proxy that keeps a body until it is whole, a cut line costs no more than this. */
const CHUNK_BYTES = 8 * 1024 * 1024;

/** Milliseconds before each new try; they begin anew whenever bytes came through. A longer outage is the caller's. */
const RETRY_DELAYS = [300, 1000, 2000, 4000];

/** Refusals after which the same bytes may be right at once: the line was too slow, or the offset was an old one. */
const PASSING = new Set([408, 409, 423]);

/**
 * Send a file, or what is missing of it, and return the upload's id for the form field `upload`.
 *
 * Rejects with a Problem, with the code AWAY when nothing answers, and with the signal's reason. Then the upload can be
 * gone on with by the address that `onUrl` told.
 * @param {Blob} file
 * @param {Options} options
 * @returns {Promise<string>}
 */
export async function uploadResumable(file, options) {
  return send(await loadUploads(), file, options);
}

/**
 * Erase what was sent of an upload. One that is gone already is no error.
 * @param {string} url
 */
export async function forgetUpload(url) {
  const uploads = await loadUploads();
  await uploads.terminate(url, {}).catch(() => undefined);
}

/** @returns {Promise<TusUploads>} */
async function loadUploads() {
  await import(PROGRAM);
  return /** @type {{tus: {Upload: TusUploads}}} */ (/** @type {unknown} */ (globalThis)).tus.Upload;
}

/**
 * @param {TusUploads} Upload
 * @param {Blob} file
 * @param {Options} options
 * @returns {Promise<string>}
 */
function send(Upload, file, { filename, url, onUrl, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: url ? null : new URL(addressOf("/v1/uploads"), location.href).href,
      uploadUrl: url ?? null,
      metadata: { filename },
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_DELAYS,
      onShouldRetry: isPassing,
      // The list keeps the address, beside the file.
      storeFingerprintForResuming: false,
      onUploadUrlAvailable: () => {
        // With an endpoint, a HEAD that is answered with 503 would begin another upload.
        upload.options.endpoint = null;
        onUrl?.(upload.url ?? "");
      },
      onProgress,
      onSuccess: () => resolve(upload.url?.split("/").at(-1) ?? ""),
      onError: (/** @type {TusError} */ error) => reject(explain(error)),
    });
    const stop = () => upload.abort().then(() => reject(signal?.reason));
    if (signal?.aborted) {
      stop();
      return;
    }
    signal?.addEventListener("abort", stop, { once: true });
    upload.start();
  });
}

/**
 * @param {TusError} error
 * @returns {boolean}
 */
function isPassing(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  return status === 0 || PASSING.has(status);
}

/**
 * @param {TusError} error
 * @returns {Problem}
 */
function explain(error) {
  const answer = error.originalResponse;
  const status = answer?.getStatus() ?? 0;
  if (!answer || status === 0) return new Problem({ status: 0, code: AWAY, detail: "" });
  const { code, detail, errors, retry_after } = readProblem(answer.getBody());
  return new Problem({ status, code: code ?? "", detail: detail ?? "", errors }, retry_after ?? null);
}

/**
 * @param {string} body
 * @returns {{code?: string, detail?: string, errors?: {field: string, detail: string}[], retry_after?: number}}
 */
function readProblem(body) {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
}
