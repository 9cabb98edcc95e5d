// What the rows of the list show, and in which order. Run by tests/test_dashboard.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

// The modules are loaded as browsers do, whatever this Node.js makes of their names.
const folder = new URL("../../custom_components/mining_rig/frontend/", import.meta.url);
const loaded = new Map();

async function load(name) {
  if (!loaded.has(name)) {
    let text = readFileSync(new URL(name, folder), "utf8");
    for (const [whole, other] of text.matchAll(/from "\.\/([\w.-]+)"/g)) {
      text = text.replaceAll(whole, `from "${await load(other)}"`);
    }
    loaded.set(name, `data:text/javascript,${encodeURIComponent(text)}`);
  }
  return loaded.get(name);
}

const { Order } = await import(await load("order.js"));
const { readRegistry, shortName } = await import(await load("registry.js"));
const { RANK, foldProblems, look, rowOf, writePower } = await import(await load("rows.js"));
const { farmView } = await import(await load("views.js"));

const KEYS = {
  "sensor.attic_status": "status",
  "binary_sensor.attic_connected": "connected",
  "binary_sensor.attic_overheating": "overheating",
  "binary_sensor.attic_fault": "axeos_fault",
  "switch.attic": "mining_allowed",
  "sensor.attic_hashrate": "hashrate",
  "sensor.attic_hottest": "hottest",
  "sensor.attic_memory": "hottest_memory",
  "sensor.attic_power": "power",
  "number.attic_limit": "protection_limit",
  "button.attic_reboot": "reboot",
};
const FINE = {
  "sensor.attic_status": "mining",
  "binary_sensor.attic_connected": "on",
  "switch.attic": "on",
  "sensor.attic_hashrate": ["261.1", { unit_of_measurement: "MH/s" }],
  "sensor.attic_hottest": ["70", { unit_of_measurement: "°C" }],
  "sensor.attic_power": ["1.4", { unit_of_measurement: "kW" }],
  "number.attic_limit": ["80", { unit_of_measurement: "°C" }],
};

function hassOf(states, more = {}) {
  const entities = {};
  for (const [id, key] of Object.entries(KEYS)) {
    entities[id] = { entity_id: id, device_id: "attic", platform: "mining_rig", translation_key: key };
  }
  return {
    locale: { language: "en" },
    config: { time_zone: "UTC" },
    areas: {},
    devices: { attic: { id: "attic", name: "Attic" }, ...more.devices },
    entities: { ...entities, ...more.entities },
    formatEntityState: ({ state }) => state,
    states: Object.fromEntries(
      Object.entries(states).map(([id, told]) => {
        const [state, attributes] = [told].flat();
        const last_changed = "2026-11-28T12:00:00Z";
        return [id, { entity_id: id, state, attributes: attributes ?? {}, last_changed }];
      }),
    ),
  };
}

function seen(states) {
  const hass = hassOf({ ...FINE, ...states });
  const [rig] = readRegistry(hass).rigs;
  return look(hass, rowOf(rig));
}

test("a rig that mines is fine, and needs no words", () => {
  const { level, words, watts, stop, isMining } = seen({});
  assert.deepEqual({ level, words, watts, isMining }, { level: "fine", words: "", watts: 1400, isMining: true });
  assert.deepEqual(stop, { id: "switch.attic", isOn: true, isAble: true });
});

test("a temperature is coloured by the rig's own limit", () => {
  const at = (degrees) => seen({ "sensor.attic_hottest": degrees }).heat.level;
  assert.deepEqual([at("74.9"), at("75.1"), at("80")], ["fine", "attention", "act"]);
});

test("degrees Fahrenheit are understood", () => {
  const attributes = { unit_of_measurement: "°F" };
  const limit = ["176", attributes];
  const at = (degrees) =>
    seen({ "sensor.attic_hottest": [degrees, attributes], "number.attic_limit": limit }).heat.level;
  assert.deepEqual([at("158"), at("170"), at("176")], ["fine", "attention", "act"]);
});

test("the usual limit holds where none is shown", () => {
  const at = (degrees) =>
    seen({ "sensor.attic_hottest": degrees, "number.attic_limit": "unavailable" }).heat.level;
  assert.deepEqual([at("66"), at("71"), at("72")], ["fine", "attention", "act"]);
});

test("the memory is shown where it is nearer to trouble", () => {
  assert.equal(seen({ "sensor.attic_memory": "100" }).heat.of, "chip");
  assert.equal(seen({ "sensor.attic_memory": "108" }).heat.of, "memory");
});

test("too hot is red, and the button that helps stops it", () => {
  const { rank, problems } = seen({ "sensor.attic_hottest": "85" });
  assert.equal(rank, RANK.act);
  assert.deepEqual(problems.map(({ help }) => help), ["stop"]);
});

test("a fault is amber, and the button that helps restarts it", () => {
  const problem = ["on", { device_class: "problem" }];
  const { rank, problems } = seen({ "binary_sensor.attic_fault": problem });
  assert.equal(rank, RANK.attention);
  assert.deepEqual(problems.map(({ help }) => help), ["reboot"]);
});

test("a rig that is off is one grey row with since", () => {
  const { level, words, hashrate, problems } = seen({ "binary_sensor.attic_connected": "off" });
  assert.equal(level, "off");
  assert.match(words, /^Offline since /);
  assert.equal(hashrate, "");
  assert.deepEqual(problems, []);
});

test("problems of one kind are told once", () => {
  const each = { level: "attention", name: "Unstable" };
  const told = foldProblems([
    { ...each, words: "1: Unstable" },
    { level: "act", words: "Too hot" },
    { ...each, words: "2: Unstable" },
  ]);
  assert.deepEqual([told.level, told.words], ["act", "Unstable (2) · Too hot"]);
});

test("names of cards are short", () => {
  const short = (name) => shortName({ name, inside: true }, "Attic");
  assert.equal(short("GPU 1 NVIDIA GeForce RTX 3070"), "1 · RTX 3070");
  assert.equal(short("GPU 2 amd radeon rx 7800 xt"), "2 · RX 7800 XT");
  assert.equal(short("GPU 3 MSI GTX 1660 SUPER"), "3 · GTX 1660 SUPER");
  assert.equal(short("CPU AMD Ryzen 5 3600 6-Core Processor"), "CPU · Ryzen 5 3600");
  assert.equal(short("Hashboard 1"), "Hashboard 1");
  assert.equal(shortName({ name: "Pool desk" }, "Pool"), "desk");
  assert.equal(shortName({ name: "My best", inside: true, renamed: true }, ""), "My best");
});

test("rows wait for 30 s, but one that is urgent moves up at once", () => {
  const order = new Order();
  const none = new Set();
  assert.deepEqual(order.settle(["a", "b", "c"], none, 0), ["a", "b", "c"]);
  assert.deepEqual(order.settle(["b", "a", "c"], none, 1_000), ["a", "b", "c"]);
  assert.equal(order.due(1_000), 30_000);
  assert.deepEqual(order.settle(["b", "a", "c"], none, 30_999), ["a", "b", "c"]);
  assert.deepEqual(order.settle(["b", "a", "c"], none, 31_000), ["b", "a", "c"]);
  assert.deepEqual(order.settle(["c", "b", "a"], new Set("c"), 32_000), ["c", "b", "a"]);
  assert.deepEqual(order.settle(["b", "c", "a"], none, 33_000), ["c", "b", "a"]);
  assert.deepEqual(order.settle(["c", "b", "a"], none, 34_000), ["c", "b", "a"]);
  assert.equal(order.due(34_000), undefined);
  assert.deepEqual(order.settle(["a", "d"], none, 35_000), ["a", "d"]);
});

test("devices are told apart: rigs with their parts, pools, farms", () => {
  const entity = (id, device_id, translation_key) => ({
    [id]: { entity_id: id, device_id, translation_key, platform: "mining_rig" },
  });
  const read = readRegistry(
    hassOf(FINE, {
      devices: {
        card: { id: "card", name: "GPU 1", parent_device_id: "attic" },
        pool: { id: "pool", name: "Pool", entry_type: "service" },
        worker: { id: "worker", name: "Pool desk", via_device_id: "pool" },
        farm: { id: "farm", name: "Farm", entry_type: "service" },
        other: { id: "other", name: "Lamp" },
      },
      entities: {
        ...entity("sensor.card", "card", "temperature"),
        ...entity("sensor.pool", "pool", "hashrate"),
        ...entity("sensor.worker", "worker", "hashrate"),
        ...entity("sensor.farm", "farm", "farm_rigs"),
        "light.lamp": { entity_id: "light.lamp", device_id: "other", platform: "hue" },
        "sensor.hidden": { entity_id: "sensor.hidden", device_id: "attic", platform: "mining_rig", hidden: true },
      },
    }),
  );
  const names = (units) => units.map(({ name }) => name);
  assert.deepEqual(names(read.rigs), ["Attic"]);
  assert.deepEqual(names(read.rigs[0].parts), ["GPU 1"]);
  assert.deepEqual(names(read.pools), ["Pool"]);
  assert.deepEqual(names(read.pools[0].parts), ["Pool desk"]);
  assert.deepEqual(names(read.farms), ["Farm"]);
  assert.ok(!read.rigs[0].entities.some(({ id }) => id === "sensor.hidden"));
});

test("no graph has two algorithms", () => {
  const keys = { "sensor.cpu_hashrate": "hashrate", "sensor.cpu_algorithm": "algorithm" };
  const hass = hassOf(
    { ...FINE, "sensor.cpu_hashrate": "7.3", "sensor.cpu_algorithm": "rx/0" },
    {
      devices: { cpu: { id: "cpu", name: "CPU" } },
      entities: Object.fromEntries(
        Object.entries(keys).map(([id, translation_key]) => [
          id,
          { entity_id: id, device_id: "cpu", platform: "mining_rig", translation_key },
        ]),
      ),
    },
  );
  const view = farmView(hass, readRegistry(hass));
  const graphs = view.sections
    .flatMap(({ cards }) => cards)
    .filter(({ type }) => type === "history-graph")
    .map(({ entities }) => entities.map(({ entity }) => entity));
  assert.deepEqual(graphs, [["sensor.attic_hashrate"], ["sensor.cpu_hashrate"], ["sensor.attic_power"]]);
});

test("a farm without rigs leads to the dialog", () => {
  const hass = { ...hassOf({}), entities: {}, devices: {} };
  const text = JSON.stringify(farmView(hass, readRegistry(hass)));
  assert.match(text, /add\?domain=mining_rig/);
});

test("power has at most two decimals", () => {
  assert.equal(writePower({ locale: { language: "en" } }, 999.6), "1,000 W");
  assert.equal(writePower({ locale: { language: "de" } }, 10_536), "10,54 kW");
});
