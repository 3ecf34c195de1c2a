/** Locks that all tabs of this browser share. They exist only where the address is safe (https or this machine). */

let prefix = "imagemill";

/**
 * Give every service of this origin its own locks.
 * @param {string} root
 * @returns {void}
 */
export function nameLocks(root) {
  prefix = `imagemill${root}`;
}

/**
 * Do some work while no other tab holds the lock. Without locks it is done at once: the Idempotency-Key of a row sees to
 * it that even then a file makes one job.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {AbortSignal} [signal] ends the waiting
 * @returns {Promise<T>}
 */
export async function withLock(name, work, signal) {
  if (!navigator.locks) return work();
  return navigator.locks.request(`${prefix} ${name}`, signal ? { signal } : {}, work);
}

/**
 * Hold a lock for as long as this tab lives.
 * @param {string} name
 * @returns {void}
 */
export function holdLock(name) {
  withLock(name, () => (navigator.locks ? new Promise(() => {}) : Promise.resolve()));
}

/**
 * Make a random id. `crypto.randomUUID` is missing where the address is not safe.
 * @returns {string}
 */
export function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
