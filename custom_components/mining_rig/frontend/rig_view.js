// The view of one rig.

import {
  FULL,
  LIST,
  even,
  group,
  heading,
  history,
  section,
  statistics,
  tile,
  tilesOf,
  toggle,
  trend,
} from "./cards.js";
import { find, findAll, stopOf } from "./registry.js";
import { text } from "./texts.js";

const PROTECTED = [["switch", ["thermal_protection"], toggle]];
const PROTECTION = [
  ["binary_sensor", ["overheating"]],
  ["number", ["protection_limit"]],
  ["number", ["protection_memory_limit"]],
  ["number", ["protection_resume_below"]],
  ["button", ["protection_test"]],
  ["button", ["protection_reset"]],
];
const FIRST = [
  ["sensor", ["status"]],
  ["sensor", ["pool", "pool_number"]],
  ["sensor", ["started"]],
  ["sensor", ["coin", "algorithm"]],
];
const READINGS = [
  ["sensor", ["hashrate"], trend, { color: "amber" }],
  ["sensor", ["hottest", "temperature", "chip_temperature"], trend, { color: "deep-orange" }],
  ["sensor", ["power", "power_estimate"], trend, { color: "blue" }],
  ["sensor", ["efficiency"], trend, { color: "teal" }],
];
const GRAPHS = [
  ["hashrate", ["hashrate"]],
  ["temperature", ["hottest", "hottest_memory"]],
  ["power", ["power", "power_estimate"]],
];
const CONTROLS = new Set(["switch", "number", "select", "text", "button", "update"]);

/** Everything of one rig, what is looked at most first. */
export function rigView(hass, rig) {
  const stop = stopOf(rig);
  const tiles = even(tilesOf(rig, FIRST));
  if (stop) {
    tiles.unshift(toggle(stop, { grid_options: FULL }));
  }
  const inside = rig.parts.filter((part) => part.inside);
  const parts = inside.length
    ? [{ type: LIST, device: rig.id, title: text(hass, "cards") }]
    : [];
  const problems = { type: LIST, show: "problems", device: rig.id };
  const protection = [
    ...tilesOf(rig, PROTECTED),
    ...even(tilesOf(rig, PROTECTION)),
  ];
  return {
    type: "sections",
    max_columns: 3,
    sections: [
      section([
        problems,
        heading(rig.name, "mdi:pickaxe"),
        ...tiles,
        ...even(tilesOf(rig, READINGS)),
        ...parts,
      ]),
      ...group(text(hass, "last_day"), "mdi:chart-line", graphs(hass, rig)),
      section([
        ...(protection.length
          ? [heading(text(hass, "protection"), "mdi:shield-half-full"), ...protection]
          : []),
        ...controls(hass, rig, stop),
        ...events(hass, rig, stop),
      ]),
    ].filter(({ cards }) => cards.length),
  };
}

function graphs(hass, rig) {
  const day = GRAPHS.flatMap(([name, keys]) => {
    const entities = keys.map((key) => find(rig, "sensor", key)).filter(Boolean);
    const lines = entities.map((entity) => ({ entity, name: { type: "entity" } }));
    return lines.length ? history(text(hass, name), lines) : [];
  });
  const hashrate = find(rig, "sensor", "hashrate", "power");
  const week = hashrate
    ? statistics(text(hass, "last_week"), [{ entity: hashrate, name: { type: "entity" } }])
    : [];
  return [...day, ...week];
}

function controls(hass, rig, stop) {
  const protecting = new Set(tilesOf(rig, PROTECTION).map(({ entity }) => entity));
  const own = rig.entities.filter(
    ({ id, domain }) => CONTROLS.has(domain) && id !== stop && !protecting.has(id),
  );
  if (!own.length) {
    return [];
  }
  const rows = own.map(({ id }) => ({ entity: id, name: { type: "entity" } }));
  return [
    heading(text(hass, "controls"), "mdi:tune-variant"),
    { type: "entities", entities: rows, grid_options: FULL },
  ];
}

function events(hass, rig, stop) {
  const ids = [
    ...findAll(rig, "event", /./),
    find(rig, "sensor", "status"),
    find(rig, "binary_sensor", "overheating"),
    find(rig, "binary_sensor", "not_following"),
    stop,
  ].filter(Boolean);
  if (!ids.length) {
    return [];
  }
  return [
    heading(text(hass, "events"), "mdi:history"),
    {
      type: "logbook",
      target: { entity_id: ids },
      hours_to_show: 24,
      grid_options: { columns: "full", rows: 5 },
    },
  ];
}
