// Rows that do not jump under a finger.

const HOLD = 30_000;

/** An order of keys that follows a wanted one only after that has held for a while. */
export class Order {
  #keys = [];
  #since;

  /**
   * Return the keys in the order to show. `urgent` keys move up at once, the others when
   * another order has been wanted for 30 s. `now` is in ms.
   */
  settle(wanted, urgent, now) {
    const known = new Set(this.#keys);
    const isOther = wanted.length !== known.size || wanted.some((key) => !known.has(key));
    if (isOther) {
      this.#take(wanted);
    }
    const first = wanted.filter((key) => urgent.has(key));
    if (this.#keys.slice(0, first.length).some((key) => !urgent.has(key))) {
      this.#keys = [...first, ...this.#keys.filter((key) => !urgent.has(key))];
    }
    if (wanted.every((key, place) => key === this.#keys[place])) {
      this.#since = undefined;
    } else {
      this.#since ??= now;
      if (now - this.#since >= HOLD) {
        this.#take(wanted);
      }
    }
    return this.#keys;
  }

  /** Milliseconds until another order may be due; undefined where none is wanted. */
  due(now) {
    return this.#since === undefined ? undefined : Math.max(0, this.#since + HOLD - now);
  }

  #take(wanted) {
    this.#keys = [...wanted];
    this.#since = undefined;
  }
}
