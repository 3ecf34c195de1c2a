/** When to try again what failed for the moment: as the service says, else after ever longer pauses. */

const FIRST_PAUSE_S = 2;
const LONGEST_PAUSE_S = 30;

export class Waiting {
  constructor() {
    this._failures = 0;
    this._until = 0;
  }

  /** Whether it is too early to try again. */
  get isOn() {
    return Date.now() < this._until;
  }

  /** The time in milliseconds until the next attempt. */
  get left() {
    return Math.max(0, this._until - Date.now());
  }

  /**
   * Wait because something failed, and return when to try again.
   * @param {number | null} retryAfter in seconds, where the service says so
   * @returns {number} the time in milliseconds since 1970
   */
  begin(retryAfter) {
    // Files that failed together are one failure.
    if (this.isOn && retryAfter === null) return this._until;
    const pause = Math.min(FIRST_PAUSE_S * 2 ** this._failures, LONGEST_PAUSE_S);
    this._failures += 1;
    const seconds = Math.max(retryAfter ?? pause, 1);
    // A little later than all the others who were told the same.
    this._until = Math.max(this._until, Date.now() + seconds * 1000 + Math.random() * 500);
    return this._until;
  }

  /** Something worked. */
  end() {
    this._failures = 0;
    this._until = 0;
  }

  /** Try again now; if that fails too, the pauses go on growing. */
  skip() {
    this._until = 0;
  }
}
