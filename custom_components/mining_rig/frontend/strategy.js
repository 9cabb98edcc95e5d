// The dashboard and its views, made anew whenever a registry changes.

import { readRegistry } from "./registry.js";
import { rigView } from "./rig_view.js";
import { text } from "./texts.js";
import { farmView, healthView, moneyView, poolsView } from "./views.js";

const TYPE = "custom:mining-rig";
const REGISTRIES = ["entities", "devices", "areas"];
const VIEWS = [
  ["farm", "mdi:pickaxe", farmView],
  ["money", "mdi:cash-multiple", moneyView],
  ["pools", "mdi:server-network", poolsView],
  ["health", "mdi:heart-pulse", healthView],
];

/** `type: custom:mining-rig` of a dashboard. */
export class MiningRigDashboard extends HTMLElement {
  static registryDependencies = REGISTRIES;
  static noEditor = true;

  /** What the dialog of a new dashboard suggests. */
  static getCreateSuggestions(hass) {
    return { title: text(hass, "title"), icon: "mdi:pickaxe" };
  }

  static async generate(_config, hass) {
    return {
      title: text(hass, "title"),
      views: [
        ...VIEWS.map(([path, icon]) => ({
          path,
          icon,
          title: text(hass, path),
          strategy: { type: TYPE, view: path },
        })),
        ...readRegistry(hass).rigs.map(({ id, name, path }) => ({
          path,
          title: name,
          subview: true,
          strategy: { type: TYPE, view: "rig", device: id },
        })),
      ],
    };
  }
}

/** A view of it; by itself `type: custom:mining-rig` with `view: farm` ... `health`. */
export class MiningRigView extends HTMLElement {
  static registryDependencies = REGISTRIES;
  static noEditor = true;

  static async generate({ view = "farm", device }, hass) {
    const registry = readRegistry(hass);
    if (view === "rig") {
      const rig = registry.byId.get(device);
      return rig ? rigView(hass, rig) : { type: "sections", sections: [] };
    }
    const [, , make] = VIEWS.find(([path]) => path === view) ?? VIEWS[0];
    return make(hass, registry);
  }
}
