// Home Assistant's own cards, as the views use them.

import { find } from "./registry.js";
import { text } from "./texts.js";

export const LIST = "custom:mining-rig-list";
export const FULL = { columns: "full" };
const HALF = { columns: 6 };
/** As many lines as a graph can show and still be read. */
const MOST_LINES = 10;

export const heading = (words, icon, extra = {}) => ({
  type: "heading",
  heading: words,
  heading_style: "title",
  ...(icon ? { icon } : {}),
  ...extra,
});

export const tile = (entity, extra = {}) => ({
  type: "tile",
  entity,
  name: { type: "entity" },
  vertical: false,
  grid_options: HALF,
  ...extra,
});

/** A tile with the line of the last day. */
export const trend = (entity, extra = {}) =>
  tile(entity, { features: [{ type: "trend-graph", hours_to_show: 24 }], ...extra });

/** A tile with a switch in it. */
export const toggle = (entity, extra = {}) =>
  tile(entity, { features: [{ type: "toggle" }], features_position: "inline", ...extra });

/** Return tiles in pairs: the last of an odd number is as wide as two. */
export function even(tiles) {
  const shown = tiles.filter(Boolean);
  if (shown.length % 2) {
    shown[shown.length - 1] = { ...shown.at(-1), grid_options: FULL };
  }
  return shown;
}

/** Return one tile for each entity that a unit has of these rows: [domain, keys, make]. */
export function tilesOf(unit, rows) {
  return rows
    .map(([domain, keys, make = tile, extra = {}]) => {
      const entity = find(unit, domain, ...keys);
      return entity && make(entity, extra);
    })
    .filter(Boolean);
}

const subtitle = (words) => heading(words, undefined, { heading_style: "subtitle" });

/** Return a graph of the last day under its title. */
export const history = (title, entities) => [
  subtitle(title),
  { type: "history-graph", hours_to_show: 24, entities, grid_options: FULL },
];

/** Return a graph of the last week under its title. */
export const statistics = (title, entities, extra = {}) => [
  subtitle(title),
  {
    type: "statistics-graph",
    entities,
    days_to_show: 7,
    period: "hour",
    stat_types: ["mean"],
    hide_legend: entities.length < 2,
    grid_options: FULL,
    ...extra,
  },
];

/** Return a titled graph of one reading of many units, or none where no unit has it. */
export function graphOf(hass, title, units, keys, make = history) {
  const lines = units
    .map((unit) => ({ entity: find(unit, "sensor", ...keys), name: unit.name }))
    .filter(({ entity }) => entity);
  if (!lines.length) {
    return [];
  }
  const size = ({ entity }) => Number(hass.states[entity]?.state) || 0;
  const largest = [...lines].sort((one, other) => size(other) - size(one)).slice(0, MOST_LINES);
  const shown = lines.filter((line) => largest.includes(line));
  const name =
    shown.length < lines.length ? text(hass, "largest", { name: title, count: MOST_LINES }) : title;
  return make(name, shown);
}

export const section = (cards, extra = {}) => ({ type: "grid", cards, ...extra });

/** A section with a heading; none where it would be empty. */
export function group(words, icon, cards, extra = {}) {
  const shown = cards.filter(Boolean);
  return shown.length ? [section([heading(words, icon), ...shown], extra)] : [];
}

export const empty = (title, content, icon, button) => ({
  type: "empty-state",
  icon,
  title,
  content,
  content_only: true,
  ...(button ? { buttons: [button] } : {}),
  grid_options: FULL,
});
