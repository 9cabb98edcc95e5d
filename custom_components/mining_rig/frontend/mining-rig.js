// What Home Assistant loads: the dashboard strategy and the list, registered by name.

import { MiningRigList } from "./list.js";
import { MiningRigDashboard, MiningRigView } from "./strategy.js";
import { text } from "./texts.js";

function define(name, element) {
  // After an update, a page that is still open may load this a second time.
  if (!customElements.get(name)) {
    customElements.define(name, element);
  }
}

function list(catalogue, entry) {
  window[catalogue] ??= [];
  if (!window[catalogue].some(({ type }) => type === entry.type)) {
    window[catalogue].push(entry);
  }
}

const language = { language: document.documentElement.lang || navigator.language };

define("mining-rig-list", MiningRigList);
define("ll-strategy-dashboard-mining-rig", MiningRigDashboard);
define("ll-strategy-view-mining-rig", MiningRigView);

list("customStrategies", {
  type: "mining-rig",
  strategyType: "dashboard",
  name: text(language, "title"),
  description: text(language, "about"),
});
list("customCards", {
  type: "mining-rig-list",
  name: text(language, "list"),
  description: text(language, "list_about"),
  preview: true,
});
