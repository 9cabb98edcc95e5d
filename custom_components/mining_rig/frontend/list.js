// The list of rigs, of the cards, boards or workers of one, or of what is wrong.

import { Order } from "./order.js";
import { readRegistry, shortName } from "./registry.js";
import { buildProblem, buildRow, make, moveFocus, updateRow } from "./row.js";
import { RANK, foldProblems, look, rowOf, writePower } from "./rows.js";
import { STYLE } from "./style.js";
import { text } from "./texts.js";

const SHOWS = ["rigs", "problems", "heat"];

export class MiningRigList extends HTMLElement {
  #config;
  #hass;
  #registry;
  #rows = [];
  #seen = new Map();
  #elements = new Map();
  #order = new Order();
  #timer;
  #told = "";
  #parts = {};

  static getStubConfig() {
    return {};
  }

  /** The form of the visual editor. */
  static getConfigForm() {
    return { schema: [{ name: "device", selector: { device: { integration: "mining_rig" } } }] };
  }

  /** `device`: list its cards, boards or workers. `show`: rigs, problems or heat. */
  setConfig(config) {
    if (config.show !== undefined && !SHOWS.includes(config.show)) {
      throw new Error(`show must be one of: ${SHOWS.join(", ")}`);
    }
    this.#config = config;
    this.#registry = undefined;
    if (this.#hass) {
      this.hass = this.#hass;
    }
  }

  set hass(hass) {
    const isFirst = this.#hass?.locale !== hass.locale;
    this.#hass = hass;
    if (!this.#config) {
      return;
    }
    const registry = readRegistry(hass);
    if (isFirst || registry !== this.#registry) {
      this.#registry = registry;
      this.#rows = this.#makeRows(registry);
      this.#seen.clear();
      this.#build();
    }
    this.#update();
  }

  get hass() {
    return this.#hass;
  }

  getCardSize() {
    return 1 + this.#rows.length;
  }

  getGridOptions() {
    return { columns: "full", rows: "auto", min_columns: 6 };
  }

  connectedCallback() {
    if (this.#hass && this.#config) {
      this.#update();
    }
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  #makeRows({ rigs, pools, byId }) {
    const { device, show } = this.#config;
    if (show === "problems") {
      const units = device ? [byId.get(device)] : [...rigs, ...pools];
      return units.filter(Boolean).map((unit) => rowOf(unit));
    }
    if (device) {
      const owner = byId.get(device);
      return owner ? owner.parts.map((part) => rowOf(part, owner)) : [];
    }
    if (show === "heat") {
      return rigs.flatMap((rig) => {
        const parts = rig.parts.map((part) => ({
          ...rowOf(part, rig),
          name: `${rig.name} · ${shortName(part, rig.name)}`,
        }));
        return parts.some(({ heats }) => heats.length) ? parts : [rowOf(rig)];
      });
    }
    return rigs.map((unit) => rowOf(unit));
  }

  #build() {
    if (!this.shadowRoot) {
      this.attachShadow({ mode: "open" });
    }
    const style = document.createElement("style");
    style.textContent = STYLE;
    const card = document.createElement("ha-card");
    const head = make("div", "head");
    const title = document.createElement("h2");
    const summary = make("span", "summary");
    const list = make("div", "list");
    list.setAttribute("role", "list");
    list.addEventListener("keydown", (event) => moveFocus(event, list));
    title.textContent = this.#title();
    list.setAttribute("aria-label", title.textContent);
    head.append(title, summary);
    head.hidden = !title.textContent;
    card.append(head, list);
    this.shadowRoot.replaceChildren(style, card);
    this.#parts = { summary, list };
    this.#elements.clear();
    this.#told = "";
  }

  #title() {
    if (this.#config.title !== undefined) {
      return this.#config.title;
    }
    return this.#config.show === "problems" ? text(this.#hass, "attention") : "";
  }

  #update() {
    const hass = this.#hass;
    const changed = new Set();
    for (const row of this.#rows) {
      const before = this.#seen.get(row.id);
      if (!before || row.watched.some((id, at) => before.states[at] !== hass.states[id])) {
        const states = row.watched.map((id) => hass.states[id]);
        this.#seen.set(row.id, { ...look(hass, row), states });
        changed.add(row.id);
      }
    }
    if (this.#config.show === "problems") {
      this.#updateProblems();
    } else {
      this.#updateRows(changed);
    }
  }

  #updateRows(changed) {
    const { list, summary } = this.#parts;
    const hottest = this.#config.device ? this.#hottest() : undefined;
    const isMoved = hottest !== this.#told;
    this.#told = hottest;
    const layout = layoutOf(this.#rows);
    for (const row of this.#rows) {
      let element = this.#elements.get(row.id);
      if (!element) {
        element = buildRow(row, this.#act, layout);
        this.#elements.set(row.id, element);
        list.append(element);
      }
      if (changed.has(row.id) || isMoved) {
        updateRow(this.#hass, element, row, this.#seen.get(row.id), row.id === hottest);
      }
    }
    if (changed.size) {
      this.#sort();
      summary.textContent = this.#config.summary ? this.#summary() : "";
    }
    if (!this.#rows.length && !list.firstChild) {
      const empty = make("div", "empty");
      empty.textContent = text(this.#hass, "nothing");
      list.append(empty);
    }
  }

  #sort() {
    const { device, show } = this.#config;
    const seen = (row) => this.#seen.get(row.id);
    const left = (row) => seen(row).heat.left ?? Infinity;
    const rows = [...this.#rows];
    if (show === "heat") {
      rows.sort((one, other) => left(one) - left(other));
    } else if (!device) {
      rows.sort(
        (one, other) => seen(one).rank - seen(other).rank || seen(other).watts - seen(one).watts,
      );
    } else if (!this.#registry.byId.get(device)?.parts.some(({ inside }) => inside)) {
      // Workers that are down come first; cards keep the order of their slots.
      rows.sort((one, other) => isDown(seen(other)) - isDown(seen(one)));
    }
    const urgent = rows.filter((row) => seen(row).rank === RANK.act && (show === "heat" || !device));
    const keys = rows.map(({ id }) => id);
    const now = Date.now();
    this.#place(this.#order.settle(keys, new Set(urgent.map(({ id }) => id)), now));
    clearTimeout(this.#timer);
    const due = this.#order.due(now);
    if (due !== undefined && this.isConnected) {
      this.#timer = setTimeout(() => this.#sort(), due + 50);
    }
  }

  /** Put the rows in order; those that stay are not touched, so that focus stays. */
  #place(keys) {
    const { list } = this.#parts;
    const focused = this.shadowRoot.activeElement;
    keys.forEach((key, place) => {
      const element = this.#elements.get(key);
      if (list.children[place] !== element) {
        list.insertBefore(element, list.children[place] ?? null);
      }
    });
    if (focused && this.shadowRoot.activeElement !== focused) {
      focused.focus();
    }
  }

  #hottest() {
    const hot = this.#rows.filter((row) => Number.isFinite(this.#seen.get(row.id).heat.left));
    if (hot.length < 2) {
      return undefined;
    }
    return hot.reduce((one, other) =>
      this.#seen.get(other.id).heat.left < this.#seen.get(one.id).heat.left ? other : one,
    ).id;
  }

  #summary() {
    const all = this.#rows.map((row) => this.#seen.get(row.id));
    const watts = all.reduce((sum, { watts }) => sum + watts, 0);
    const count = all.filter(({ isMining }) => isMining).length;
    const miners = this.#rows.filter(({ hashrate }) => hashrate);
    const told = [text(this.#hass, "mining", { count, all: miners.length })];
    if (watts && this.#config.summary !== "count") {
      told.push(writePower(this.#hass, watts));
    }
    return told.join(" · ");
  }

  #updateProblems() {
    const { list } = this.#parts;
    const found = this.#rows
      .filter((row) => this.#seen.get(row.id).problems.length)
      .map((row) => [row, foldProblems(this.#seen.get(row.id).problems)])
      .sort(([, one], [, other]) => RANK[one.level] - RANK[other.level]);
    const told = JSON.stringify(found.map(([row, problem]) => [row.id, problem]));
    if (told !== this.#told) {
      this.#told = told;
      list.setAttribute("aria-live", "polite");
      list.replaceChildren(
        ...found.map(([row, problem]) => buildProblem(this.#hass, row, problem, this.#act)),
      );
    }
    if (this.hidden !== !found.length) {
      this.hidden = !found.length;
      this.#tell("card-visibility-changed", { value: !this.hidden });
    }
  }

  #act = (what, row, problem) => {
    const seen = this.#seen.get(row.id);
    switch (what) {
      case "open":
        if (this.#config.links && row.isRig && this.#registry.byId.get(row.id)?.kind === "rig") {
          this.#go(row.path);
        } else {
          this.#more(row.status ?? row.hashrate ?? row.watched[0]);
        }
        break;
      case "turn":
        this.#turn(seen.stop.id, !seen.stop.isOn);
        break;
      case "stop":
        this.#turn(row.stop, false);
        break;
      case "repeat":
        this.#turn(row.stop, seen.stop.isOn);
        break;
      case "reset":
      case "reboot":
      case "restart":
        this.#hass.callService("button", "press", { entity_id: row.buttons[what] });
        break;
      case "details":
        this.#more(problem.id);
        break;
      default:
        this.#more(what === "temperature" ? seen.heat.id : row[what]);
    }
  };

  #turn(id, isOn) {
    this.#hass.callService("switch", isOn ? "turn_on" : "turn_off", { entity_id: id });
  }

  #more(id) {
    if (id) {
      this.#tell("hass-more-info", { entityId: id });
    }
  }

  #go(path) {
    const [, dashboard] = window.location.pathname.split("/", 2);
    window.history.pushState(null, "", `/${dashboard}/${path}`);
    window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace: false } }));
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

/** Columns that no row would fill are left out. */
function layoutOf(rows) {
  if (rows.some(({ stop }) => stop)) {
    return "";
  }
  return rows.some(({ heats, power }) => heats.length || power) ? "bare" : "plain";
}

function isDown(seen) {
  return Number(seen.isOff || !seen.isMining);
}
