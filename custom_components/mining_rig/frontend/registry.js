// What the registries say of the integration's devices: rigs, pools, farms, their parts.

export const DOMAIN = "mining_rig";

const POOL_KEYS = /^(headframe_|xmrig_proxy_)/;
const MAKERS = /\b(nvidia|geforce|amd|radeon|intel|core|\d+-core|processor|cpu|gpu)\b|\((r|tm)\)/gi;
const CHIP = /\b(rtx|gtx|rx|arc|cmp|vega|quadro|tesla)\b.*/i;
const SHOUTED = /\b(rtx|gtx|rx|xtx?|gre)\b/gi;

let last = {};

/**
 * Read the registries of `hass`: {rigs, pools, farms, byId}, each unit with
 * {id, name, kind, entities, parts, path}. The same object until a registry changes.
 */
export function readRegistry(hass) {
  const { entities, devices, areas } = hass;
  if (last.entities !== entities || last.devices !== devices || last.areas !== areas) {
    last = { entities, devices, areas, read: read(hass) };
  }
  return last.read;
}

function read(hass) {
  const byId = new Map();
  for (const entity of Object.values(hass.entities)) {
    const device = hass.devices[entity.device_id];
    if (entity.platform !== DOMAIN || entity.hidden || !device) {
      continue;
    }
    if (!byId.has(device.id)) {
      byId.set(device.id, unitOf(hass, device));
    }
    byId.get(device.id).entities.push({
      id: entity.entity_id,
      domain: entity.entity_id.split(".", 1)[0],
      key: entity.translation_key ?? "",
      category: entity.entity_category ?? null,
      name: entity.name ?? "",
    });
  }
  const tops = [];
  for (const unit of byId.values()) {
    const parent = byId.get(unit.parent);
    if (parent) {
      parent.parts.push(unit);
    } else {
      tops.push(unit);
    }
  }
  const collator = new Intl.Collator(hass.locale?.language, { numeric: true });
  const byName = (one, other) => collator.compare(one.name, other.name);
  tops.sort(byName);
  for (const unit of byId.values()) {
    unit.parts.sort(byName);
    unit.kind = kindOf(unit, byId);
  }
  const all = (kind) => tops.filter((unit) => unit.kind === kind);
  return { rigs: all("rig"), pools: all("pool"), farms: all("farm"), byId };
}

function unitOf(hass, device) {
  const area = device.area_id ? hass.areas?.[device.area_id]?.name : undefined;
  return {
    id: device.id,
    name: device.name_by_user || device.name || "",
    renamed: Boolean(device.name_by_user),
    area,
    service: device.entry_type === "service",
    parent: device.parent_device_id ?? device.via_device_id ?? null,
    inside: Boolean(device.parent_device_id),
    path: `rig-${device.id}`,
    entities: [],
    parts: [],
  };
}

function kindOf(unit, byId) {
  if (byId.has(unit.parent)) {
    return "part";
  }
  if (unit.entities.some(({ key }) => key.startsWith("farm_"))) {
    return "farm";
  }
  const pays = unit.service || unit.entities.some(({ key }) => POOL_KEYS.test(key));
  return pays ? "pool" : "rig";
}

/** Return the id of the first entity of a domain with one of the keys, best key first. */
export function find(unit, domain, ...keys) {
  for (const key of keys) {
    for (const entity of unit.entities) {
      if (entity.domain === domain && entity.key === key) {
        return entity.id;
      }
    }
  }
  return undefined;
}

/** Return the ids of all entities of a domain whose key matches. */
export function findAll(unit, domain, pattern) {
  return unit.entities
    .filter((entity) => entity.domain === domain && pattern.test(entity.key))
    .map(({ id }) => id);
}

/** The switch that really stops a unit: an ASIC by agent has only its mains. */
export function stopOf(unit) {
  return find(unit, "switch", "mining_allowed", "rig_monitor_power");
}

/** Shorten the name of a part: "GPU 1 NVIDIA GeForce RTX 3070" to "1 · RTX 3070". */
export function shortName(part, owner) {
  if (part.renamed) {
    return part.name;
  }
  const name = part.name.startsWith(`${owner} `)
    ? part.name.slice(owner.length + 1)
    : part.name;
  if (!part.inside) {
    return name;
  }
  const [, kind, number, model] = name.match(/^(\S+?)(?: (\d+))?(?: (.+))?$/) ?? [];
  const chip = model?.match(CHIP)?.[0] ?? model ?? "";
  const short = chip
    .replace(MAKERS, "")
    .replace(/\s+/g, " ")
    .trim()
    .replace(SHOUTED, (word) => word.toUpperCase());
  if (!short) {
    return name;
  }
  return number ? `${number} · ${short}` : `${kind} · ${short}`;
}
