// What a row of the list shows, worked out from states alone.

import { find, findAll, shortName, stopOf } from "./registry.js";
import { text } from "./texts.js";

/** How much a row needs a person; rows are listed in this order. */
export const RANK = { act: 0, attention: 1, fine: 2, off: 3 };

const WORKING = new Set(["mining", "idle"]);
const UNKNOWN = new Set(["unknown", "unavailable"]);
const HEATS =
  /^(hottest|temperature|chip_temperature|board_temperature|junction_temperature)(_number)?$/;
const WATTS = { mW: 0.001, W: 1, kW: 1000, MW: 1e6 };
/** °C below a limit from which a temperature is amber. */
const MARGIN = 5;
// The integration's own defaults, for rigs whose limit is not shown.
const USUAL_LIMITS = [
  [/^axeos_/, 72],
  [/^(antminer|avalon|braiins|epic|luxos|vnish|whatsminer)_/, 105],
  [/^(chip|board)_temperature/, 95],
];
const USUAL_LIMIT = 90;
const USUAL_MEMORY_LIMIT = 110;

/** Return the entities of a rig, a card, a board or a worker that its row needs. */
export function rowOf(unit, owner) {
  const rig = owner ?? unit;
  const units = owner ? [unit] : [unit, ...unit.parts.filter((part) => part.inside)];
  const heats = findAll(unit, "sensor", HEATS);
  const hottest = find(unit, "sensor", "hottest");
  const problems = units.flatMap((each) =>
    each.entities
      .filter(({ domain, key }) => domain === "binary_sensor" && key !== "not_following")
      .filter(({ key }) => !key.endsWith("_number"))
      .map((entity) => ({ ...entity, part: each === unit ? "" : shortName(each) })),
  );
  const row = {
    id: unit.id,
    name: owner ? shortName(unit, owner.name) : unit.name,
    path: unit.path,
    isRig: !owner,
    status: find(unit, "sensor", "status", "headframe_status"),
    connected: find(unit, "binary_sensor", "connected", "headframe_online"),
    following: find(unit, "binary_sensor", "not_following"),
    stop: stopOf(unit),
    hashrate: find(unit, "sensor", "hashrate", "hashrate_number"),
    coin: find(unit, "sensor", "coin", "algorithm"),
    heats: hottest ? [hottest] : heats,
    memory: find(unit, "sensor", "hottest_memory", "memory_temperature"),
    limit: find(rig, "number", "protection_limit"),
    memoryLimit: find(rig, "number", "protection_memory_limit"),
    usual: usualLimit(rig),
    power: find(unit, "sensor", "power", "power_estimate"),
    problems,
    buttons: {
      reset: find(unit, "button", "protection_reset"),
      reboot: find(unit, "button", "reboot"),
      restart: find(unit, "button", "restart_miner"),
    },
  };
  row.watched = [
    ...[row.status, row.connected, row.following, row.stop, row.hashrate, row.coin],
    ...[row.memory, row.limit, row.memoryLimit, row.power, ...row.heats],
    ...problems.map(({ id }) => id),
  ].filter(Boolean);
  return row;
}

function usualLimit(rig) {
  const keys = [rig, ...rig.parts].flatMap((unit) => unit.entities.map(({ key }) => key));
  const found = USUAL_LIMITS.find(([pattern]) => keys.some((key) => pattern.test(key)));
  return found?.[1] ?? USUAL_LIMIT;
}

/** Return the state of an entity; undefined where there is none that says anything. */
export function known(hass, id) {
  const state = id && hass.states[id];
  return state && !UNKNOWN.has(state.state) ? state : undefined;
}

/** Return the state as a number, undefined where it is none. */
export function number(hass, id) {
  const state = known(hass, id);
  const value = state ? Number(state.state) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** Return a power in watts, whatever unit its owner chose. */
export function watts(hass, id) {
  const value = number(hass, id);
  const unit = hass.states[id]?.attributes.unit_of_measurement;
  return value === undefined ? undefined : value * (WATTS[unit] ?? 1);
}

function celsius(hass, id) {
  const value = number(hass, id);
  const unit = hass.states[id]?.attributes.unit_of_measurement;
  return unit === "°F" && value !== undefined ? ((value - 32) * 5) / 9 : value;
}

/** Return what a row shows at this moment. */
export function look(hass, row) {
  const heat = heatOf(hass, row);
  const word = known(hass, row.status)?.state;
  const isOff = offline(hass, row, word);
  const problems = isOff ? [] : problemsOf(hass, row, word, heat);
  const rank = isOff
    ? RANK.off
    : Math.min(RANK.fine, ...problems.map((problem) => RANK[problem.level]));
  const stop = row.stop ? hass.states[row.stop] : undefined;
  return {
    rank,
    problems,
    heat: isOff ? {} : heat,
    level: isOff ? "off" : Object.keys(RANK).find((level) => RANK[level] === rank),
    isMining: !isOff && mines(hass, row, word),
    isOff,
    words: wordsOf(hass, row, word, problems, isOff),
    coin: shown(hass, row.coin),
    hashrate: isOff ? "" : shown(hass, row.hashrate),
    temperature: isOff ? "" : shown(hass, heat.id),
    power: isOff ? "" : shown(hass, row.power),
    watts: isOff ? 0 : (watts(hass, row.power) ?? 0),
    stop: stop && { id: row.stop, isOn: stop.state === "on", isAble: !UNKNOWN.has(stop.state) },
  };
}

function mines(hass, row, word) {
  return word === undefined ? (number(hass, row.hashrate) ?? 0) > 0 : word === "mining" || word === "stable";
}

function offline(hass, row, word) {
  if (known(hass, row.connected)) {
    return hass.states[row.connected].state === "off";
  }
  return word === "offline" || (word === undefined && row.watched.every((id) => !known(hass, id)));
}

/** Return the temperature that is nearest to its limit: {id, level, of}. */
function heatOf(hass, row) {
  const limit = celsius(hass, row.limit) ?? row.usual;
  const memoryLimit = celsius(hass, row.memoryLimit) ?? USUAL_MEMORY_LIMIT;
  const measured = [
    ...row.heats.map((id) => ({ id, of: "chip", left: limit - celsius(hass, id) })),
    { id: row.memory, of: "memory", left: memoryLimit - celsius(hass, row.memory) },
  ].filter(({ left }) => Number.isFinite(left));
  const rated = measured.map((heat) => ({
    ...heat,
    level: heat.left <= 0 ? "act" : heat.left < MARGIN ? "attention" : "fine",
  }));
  const chips = rated.filter((heat) => heat.of === "chip");
  const worst = (heats) => heats.reduce((one, other) => (other.left < one.left ? other : one));
  const chip = chips.length ? worst(chips) : undefined;
  // A memory's degrees stand in the place of a chip's only when they are what matters.
  const memory = rated.find((heat) => heat.of === "memory");
  if (memory && (!chip || RANK[memory.level] < RANK[chip.level])) {
    return memory;
  }
  return chip ?? {};
}

function problemsOf(hass, row, word, heat) {
  const found = [];
  const stop = row.stop && hass.states[row.stop]?.state === "on" ? "stop" : undefined;
  const reboot = row.buttons.reboot ? "reboot" : undefined;
  const restart = row.buttons.restart ? "restart" : reboot;
  if (word === "hot") {
    const reset = row.buttons.reset ? "reset" : undefined;
    found.push({ level: "act", words: shown(hass, row.status), help: reset, id: row.status });
  } else if (heat.level === "act") {
    const words = text(hass, heat.of === "memory" ? "memory_hot" : "too_hot");
    found.push({ level: "act", words: `${words}: ${shown(hass, heat.id)}`, help: stop, id: heat.id });
  }
  for (const { id, key, name, part } of row.problems) {
    const state = known(hass, id);
    const isHeat = state?.attributes.device_class === "heat" || key.endsWith("_overheated");
    const words = part ? `${part}: ${name}` : name;
    if (key === "pool_connected" && state?.state === "off" && WORKING.has(word)) {
      found.push({ level: "attention", words: text(hass, "no_pool"), help: restart, id });
    } else if (state?.state !== "on") {
      continue;
    } else if (isHeat && !found.length) {
      found.push({ level: "act", words, name, help: stop, id });
    } else if (!isHeat && state.attributes.device_class === "problem") {
      found.push({ level: "attention", words, name, help: reboot, id });
    }
  }
  if (word === "not_following" || known(hass, row.following)?.state === "on") {
    const id = word === "not_following" ? row.status : row.following;
    const words = word === "not_following" ? shown(hass, id) : nameOf(hass, id);
    found.push({ level: "attention", words, help: row.stop ? "repeat" : undefined, id });
  }
  return found;
}

/** Return one problem for all of a rig: the worst, with the words of each kind. */
export function foldProblems(problems) {
  const worst = problems.reduce((one, other) =>
    RANK[other.level] < RANK[one.level] ? other : one,
  );
  const byName = new Map();
  for (const problem of problems) {
    const name = problem.name ?? problem.words;
    byName.set(name, [...(byName.get(name) ?? []), problem.words]);
  }
  const told = [...byName].map(([name, words]) =>
    words.length > 1 ? `${name} (${words.length})` : words[0],
  );
  return { ...worst, words: told.join(" · ") };
}

function wordsOf(hass, row, word, problems, isOff) {
  if (isOff) {
    const id = row.connected ?? row.status;
    const since = hass.states[id]?.last_changed;
    const words = word === "offline" ? shown(hass, row.status) : text(hass, "offline");
    return since ? `${words} ${text(hass, "since", { time: moment(hass, since) })}` : words;
  }
  if (problems.length) {
    return problems[0].words;
  }
  return word === undefined || word === "mining" || word === "stable" ? "" : shown(hass, row.status);
}

/** Return a state as Home Assistant writes it; empty where it says nothing. */
export function shown(hass, id) {
  const state = known(hass, id);
  return state ? hass.formatEntityState(state) : "";
}

/** Return an entity's own name, without its device's. */
export function nameOf(hass, id) {
  return hass.entities[id]?.name ?? hass.states[id]?.attributes.friendly_name ?? id;
}

function moment(hass, iso) {
  const at = new Date(iso);
  const { language, time_format: format, time_zone: zone } = hass.locale ?? {};
  const isToday = Date.now() - at < 12 * 3_600_000;
  return new Intl.DateTimeFormat(language, {
    ...(isToday
      ? { hour: "numeric", minute: "2-digit" }
      : { day: "numeric", month: "short" }),
    ...(format === "12" || format === "24" ? { hour12: format === "12" } : {}),
    ...(zone === "server" ? { timeZone: hass.config.time_zone } : {}),
  }).format(at);
}

/** Write watts, in kilowatts where they are many. */
export function writePower(hass, value) {
  const separators = { comma_decimal: "en", decimal_comma: "de", space_comma: "fr" };
  const { language, number_format: format } = hass.locale ?? {};
  const [size, unit] = value >= 1000 ? [value / 1000, "kW"] : [value, "W"];
  const options = { maximumFractionDigits: unit === "W" ? 0 : 2 };
  return `${size.toLocaleString(separators[format] ?? language, options)} ${unit}`;
}
