/** Thumbnails for the rows of the list, made by the browser alone. */

const SIDE = 96;
/** A larger file is not worth the memory of decoding it for a thumbnail. */
const MOST_BYTES = 100_000_000;
/** Decoded, this takes 400 MB. */
const MOST_PIXELS = 100_000_000;
const AT_ONCE = 2;

let running = 0;
/** @type {(() => void)[]} */
const waiting = [];

/**
 * Make a small picture of an image, at most 96 px wide and high.
 * @param {Blob} blob
 * @returns {Promise<Blob | null>} null for what this browser cannot read, and for what is too large to try
 */
export async function makeThumbnail(blob) {
  if (blob.size === 0 || blob.size > MOST_BYTES) return null;
  await takeTurn();
  try {
    return await shrink(blob);
  } catch {
    return null;
  } finally {
    endTurn();
  }
}

/** @returns {Promise<void>} when fewer than AT_ONCE others are decoded */
async function takeTurn() {
  if (running >= AT_ONCE) await new Promise((/** @type {(value?: undefined) => void} */ go) => waiting.push(go));
  else running += 1;
}

/** Hand the turn to whoever waits longest. */
function endTurn() {
  const next = waiting.shift();
  if (next) next();
  else running -= 1;
}

/**
 * @param {Blob} blob
 * @returns {Promise<Blob | null>}
 */
async function shrink(blob) {
  const { width, height } = await measure(blob);
  if (width * height > MOST_PIXELS) return null;
  const scale = Math.min(1, SIDE / width, SIDE / height);
  const resizeWidth = Math.max(1, Math.round(width * scale));
  const resizeHeight = Math.max(1, Math.round(height * scale));
  const bitmap = await createImageBitmap(blob, { resizeWidth, resizeHeight, resizeQuality: "medium" });
  try {
    return await encode(bitmap);
  } finally {
    bitmap.close();
  }
}

/**
 * Read the displayed size. Only the header is decoded for it; a resize to a width alone could be millions of pixels high.
 * @param {Blob} blob
 * @returns {Promise<{width: number, height: number}>}
 */
async function measure(blob) {
  const url = URL.createObjectURL(blob);
  const image = new Image();
  try {
    await new Promise((loaded, failed) => {
      image.onload = loaded;
      image.onerror = failed;
      image.src = url;
    });
    return { width: image.naturalWidth, height: image.naturalHeight };
  } finally {
    image.src = "";
    URL.revokeObjectURL(url);
  }
}

/**
 * @param {ImageBitmap} bitmap
 * @returns {Promise<Blob | null>} a WebP, or a PNG where the browser writes no WebP
 */
function encode(bitmap) {
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  return new Promise((made) => canvas.toBlob(made, "image/webp", 0.8));
}
