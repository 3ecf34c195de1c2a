/** An address that an <img> can show, of any image. */

import { PREVIEW_SIDE, requestPreview } from "./preview_request.js";

/** @typedef {import("./preview_request.js").OnProgress} OnProgress */
/**
 * @typedef {object} Showable
 * @property {string} url of a blob; whoever is done with the picture calls `release`
 * @property {number} width as the browser shows it
 * @property {number} height
 * @property {boolean} isPreview made by the service
 * @property {() => void} release
 */
/**
 * @typedef {object} Wish
 * @property {string} name
 * @property {number} [side] the longer side of the image, where it is known
 * @property {() => void} onRequest told when the service is asked
 * @property {OnProgress} onProgress
 * @property {AbortSignal} signal
 */

/** Previews are kept while their image is: a second look sends nothing. @type {WeakMap<Blob, Blob>} */
const made = new WeakMap();

/**
 * Make an image showable: by the browser's own decoder, else by a preview of the service.
 * @param {Blob} blob
 * @param {Wish} wish
 * @returns {Promise<Showable>} Throws Problem.
 */
export async function makeShowable(blob, wish) {
  return (await tryShowing(blob, false)) ?? (await showPreview(blob, wish));
}

/**
 * @param {Blob} blob
 * @param {Wish} wish
 * @returns {Promise<Showable>}
 */
async function showPreview(blob, wish) {
  const preview = made.get(blob) ?? (await makePreview(blob, wish));
  made.set(blob, preview);
  const shown = await tryShowing(preview, true);
  if (!shown) throw new Error("This browser shows no WebP.");
  return shown;
}

/**
 * @param {Blob} blob
 * @param {Wish} wish
 * @returns {Promise<Blob>}
 */
function makePreview(blob, { name, side, onRequest, onProgress, signal }) {
  onRequest();
  // A small image loses nothing, so that its pixels can be looked at.
  const lossless = side !== undefined && side <= PREVIEW_SIDE;
  return requestPreview(blob, { name, lossless, onProgress, signal });
}

/**
 * Load the image. `decode()` is not used: it holds all pixels at once, several hundred megabytes of a large photo.
 * @param {Blob} blob
 * @param {boolean} isPreview
 * @returns {Promise<Showable | null>} null when this browser does not know the format
 */
async function tryShowing(blob, isPreview) {
  const url = URL.createObjectURL(blob);
  const image = new Image();
  const isKnown = await new Promise((tell) => {
    image.onload = () => tell(true);
    image.onerror = () => tell(false);
    image.src = url;
  });
  const release = () => URL.revokeObjectURL(url);
  if (isKnown) return { url, width: image.naturalWidth, height: image.naturalHeight, isPreview, release };
  release();
  return null;
}
