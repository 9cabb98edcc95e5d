// The views of the farm: rigs, money, pools and health.

import {
  FULL,
  LIST,
  empty,
  even,
  graphOf,
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
import { nameOf } from "./rows.js";
import { text } from "./texts.js";

const ENERGY = ["energy", "energy_estimate"];
const POWER = ["power", "power_estimate"];
const BADGES = [
  "farm_rigs_mining",
  "power",
  "farm_energy_today",
  "farm_cost_per_day",
  "farm_earned",
  "farm_profit_per_day",
  "hottest",
  "farm_rejected_share",
];
const MONEY = /cost|earn|profit|break_even|price|income/;
const ADD = "/config/integrations/dashboard/add?domain=mining_rig";

/** All rigs on one screen. */
export function farmView(hass, { rigs, pools, farms }) {
  if (!rigs.length && !pools.length) {
    return { type: "sections", sections: [section([welcome(hass)], { column_span: 2 })] };
  }
  const list = {
    type: LIST,
    title: text(hass, "rigs"),
    links: true,
    summary: farms.length ? "count" : "all",
  };
  const graphs = farms.length
    ? farms.flatMap((farm) => farmGraphs(hass, farm))
    : rigGraphs(hass, rigs);
  const chart = heading(text(hass, "last_day"), "mdi:chart-line");
  const switches = farms.filter(stopOf).map((farm) =>
    toggle(stopOf(farm), { name: farm.name, grid_options: FULL }),
  );
  return {
    type: "sections",
    max_columns: 3,
    header: { badges_wrap: "scroll" },
    badges: farms.flatMap((farm) => badges(farm)),
    sections: [
      section([{ type: LIST, show: "problems", links: true }], { column_span: 3 }),
      section([list], { column_span: 2 }),
      section([...switches, ...(graphs.length ? [chart, ...graphs] : [])]),
    ],
  };
}

function badges(farm) {
  return BADGES.map((key) => find(farm, "sensor", key))
    .filter(Boolean)
    .map((entity) => ({
      type: "entity",
      entity,
      name: { type: "entity" },
      show_name: true,
      color: "primary",
    }));
}

function farmGraphs(hass, farm) {
  const rates = findAll(farm, "sensor", /^farm_hashrate$/);
  const power = find(farm, "sensor", "power");
  return [
    ...rates.flatMap((entity) => history(nameOf(hass, entity), [{ entity, name: farm.name }])),
    ...(power ? history(text(hass, "power"), [{ entity: power, name: farm.name }]) : []),
  ];
}

/** Return a graph for each algorithm: hashrates of two cannot be compared. */
function rigGraphs(hass, rigs) {
  const byAlgorithm = new Map();
  for (const rig of rigs) {
    const hashrate = find(rig, "sensor", "hashrate");
    const algorithm = hass.states[find(rig, "sensor", "algorithm", "coin")];
    const isKnown = algorithm && !["unknown", "unavailable"].includes(algorithm.state);
    const unit = hass.states[hashrate]?.attributes.unit_of_measurement ?? "";
    const name = isKnown ? hass.formatEntityState(algorithm) : unit;
    if (hashrate) {
      byAlgorithm.set(name, [...(byAlgorithm.get(name) ?? []), rig]);
    }
  }
  const graphs = [...byAlgorithm].sort(([one], [other]) => one.localeCompare(other));
  return [
    ...graphs.flatMap(([name, units]) => graphOf(hass, name, units, ["hashrate"])),
    ...graphOf(hass, text(hass, "power"), rigs, POWER),
  ];
}

function welcome(hass) {
  const about = text(hass, "no_rigs_about");
  return empty(text(hass, "no_rigs"), about, "mdi:pickaxe", add(hass, "add_rig"));
}

function add(hass, what) {
  return {
    text: text(hass, what),
    appearance: "filled",
    variant: "brand",
    tap_action: { action: "navigate", navigation_path: ADD },
  };
}

/** What the farm costs and earns, and the energy of every rig. */
export function moneyView(hass, { rigs, pools, farms }) {
  const sections = [...farms, ...pools].flatMap((unit) => {
    const money = unit.entities.filter(
      ({ domain, key, category }) => domain === "sensor" && !category && MONEY.test(key),
    );
    const paid = unit.entities.filter(({ key }) => /balance|payout|reward/.test(key));
    const shown = [...money, ...paid.filter(({ domain, category }) => domain === "sensor" && !category)];
    return group(unit.name, "mdi:cash-multiple", even(shown.map(({ id }) => tile(id))));
  });
  if (!farms.some((farm) => farm.entities.some(({ key }) => MONEY.test(key)))) {
    sections.unshift(section([empty(text(hass, "no_money"), text(hass, "no_money_about"), "mdi:cash", add(hass, "add_farm"))]));
  }
  const energy = graphOf(hass, text(hass, "energy_by_rig"), rigs, ENERGY, (title, lines) =>
    statistics(title, lines, { period: "day", stat_types: ["change"], chart_type: "bar" }),
  );
  const totals = [
    ...farms.map((farm) => find(farm, "sensor", "energy")),
    ...rigs.map((rig) => find(rig, "sensor", ...ENERGY)),
  ].filter(Boolean);
  const rows = totals.map((entity) => ({ entity, name: { type: "device" } }));
  const table = rows.length ? [{ type: "entities", entities: rows, grid_options: FULL }] : [];
  sections.push(...group(text(hass, "energy"), "mdi:lightning-bolt", [...energy, ...table]));
  return { type: "sections", max_columns: 3, sections };
}

const POOL_TILES = [
  ["sensor", ["hashrate"], trend, { grid_options: FULL }],
  ["sensor", ["status"]],
  ["sensor", ["headframe_workers", "xmrig_proxy_workers"]],
  ["sensor", ["headframe_workers_stable", "xmrig_proxy_miners"]],
  ["sensor", ["headframe_rejected_share_1d", "acceptance_rate"]],
  ["sensor", ["headframe_earnings_today"]],
  ["sensor", ["headframe_balance"]],
  ["sensor", ["headframe_last_payout"]],
  ["event", ["headframe_payment"]],
  ["sensor", ["accepted_shares"]],
];
const MOST_TILES = 9;

/** Pool accounts and proxies with their workers. */
export function poolsView(hass, { pools }) {
  const sections = pools.map((pool) => {
    const known = tilesOf(pool, POOL_TILES);
    const other = pool.entities
      .filter(({ domain, category }) => domain === "sensor" && !category)
      .map(({ id }) => tile(id));
    const tiles = (known.length > 2 ? known : other).slice(0, MOST_TILES);
    const workers = pool.parts.length
      ? [{ type: LIST, device: pool.id, title: text(hass, "workers") }]
      : [];
    const [first, ...rest] = tiles;
    return section([heading(pool.name, "mdi:server-network"), first, ...even(rest), ...workers]);
  });
  if (!sections.length) {
    const about = text(hass, "no_pools_about");
    sections.push(section([empty(text(hass, "no_pools"), about, "mdi:server-network")]));
  }
  return { type: "sections", max_columns: 3, sections };
}

/** Heat, shares and updates of everything; rigs that cannot be switched. */
export function healthView(hass, { rigs }) {
  const shares = rigs
    .map((rig) => find(rig, "sensor", "acceptance_rate"))
    .filter(Boolean)
    .map((entity) => ({ entity, name: { type: "device" } }));
  const updates = rigs.flatMap((rig) => findAll(rig, "update", /./)).map((id) => tile(id, { name: undefined }));
  const readOnly = rigs.filter((rig) => !stopOf(rig));
  const rows = readOnly.map((rig) => ({
    entity: find(rig, "sensor", "status") ?? rig.entities[0].id,
    name: rig.name,
  }));
  return {
    type: "sections",
    max_columns: 3,
    sections: [
      section([{ type: LIST, show: "heat", title: text(hass, "all_parts") }], { column_span: 2 }),
      section([
        ...(shares.length
          ? [{ type: "entities", title: text(hass, "shares"), entities: shares, grid_options: FULL }]
          : []),
        ...(updates.length ? [heading(text(hass, "updates"), "mdi:update"), ...even(updates)] : []),
        ...(rows.length
          ? [
              heading(text(hass, "read_only"), "mdi:eye-outline"),
              { type: "markdown", text_only: true, content: text(hass, "read_only_about") },
              { type: "entities", entities: rows, grid_options: FULL },
            ]
          : []),
      ]),
    ].filter(({ cards }) => cards.length),
  };
}
