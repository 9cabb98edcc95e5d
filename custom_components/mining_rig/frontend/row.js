// The elements of one row, made once and brought up to date.

import { nameOf } from "./rows.js";
import { text } from "./texts.js";

const VALUES = ["hashrate", "temperature", "power"];

/**
 * Build a row; `act(what, row)` is called for taps on its parts. `layout` is "" for all
 * columns, "bare" for no switches, "plain" for a hashrate only.
 */
export function buildRow(row, act, layout) {
  const element = make("div", `row ${layout}`);
  element.setAttribute("role", "listitem");
  const dot = make("span", "dot");
  dot.setAttribute("aria-hidden", "true");
  const name = button("name", () => act("open", row));
  name.append(make("span", "title"), make("span", "words"));
  element.append(dot, name);
  for (const key of VALUES) {
    const value = button(`value ${key}`, () => act(key, row));
    value.tabIndex = -1;
    element.append(value);
  }
  if (row.stop) {
    const turn = button("switch", () => act("turn", row));
    turn.setAttribute("role", "switch");
    element.append(turn);
  }
  return element;
}

/** Bring a row up to date with what it shows now. */
export function updateRow(hass, element, row, seen, isHottest) {
  const idle = seen.level === "fine" && seen.words && !seen.isMining;
  const level = idle ? "idle" : seen.level;
  for (const each of ["act", "attention", "fine", "off", "idle"]) {
    element.classList.toggle(each, each === level);
  }
  const [, name] = element.children;
  write(name.firstChild, row.name);
  const aside = row.isRig ? seen.coin : isHottest ? `▲ ${text(hass, "hottest")}` : "";
  write(name.lastChild, seen.words || aside);
  name.lastChild.hidden = !name.lastChild.textContent;
  const told = [row.name, seen.words || seen.coin, ...VALUES.map((key) => seen[key])];
  name.setAttribute("aria-label", told.filter(Boolean).join(", "));
  for (const key of VALUES) {
    const value = element.querySelector(`.${key}`);
    write(value, seen[key]);
    value.disabled = !seen[key];
    const id = key === "temperature" ? seen.heat.id : row[key];
    value.setAttribute("aria-label", id ? `${nameOf(hass, id)} ${seen[key]}` : "");
  }
  const temperature = element.querySelector(".temperature");
  temperature.classList.toggle("attention", seen.heat.level === "attention");
  temperature.classList.toggle("act", seen.heat.level === "act");
  temperature.title = seen.heat.id ? nameOf(hass, seen.heat.id) : "";
  const turn = element.querySelector(".switch");
  if (turn && seen.stop) {
    turn.setAttribute("aria-checked", String(seen.stop.isOn));
    turn.disabled = !seen.stop.isAble;
    const label = text(hass, seen.stop.isOn ? "turn_off" : "turn_on", { name: row.name });
    turn.setAttribute("aria-label", label);
    turn.title = label;
  }
}

/** Build a row that tells of one problem, with the button that helps. */
export function buildProblem(hass, row, problem, act) {
  const element = make("div", `row problem ${problem.level}`);
  element.setAttribute("role", "listitem");
  const dot = make("span", "dot");
  dot.setAttribute("aria-hidden", "true");
  const name = button("name", () => act("open", row));
  name.append(make("span", "title"), make("span", "words"));
  name.firstChild.textContent = row.name;
  name.lastChild.textContent = problem.words;
  const help = button("help", () => act(problem.help ?? "details", row, problem));
  help.textContent = text(hass, problem.help ?? "details");
  help.setAttribute("aria-label", `${row.name}: ${help.textContent}`);
  element.append(dot, name, help);
  return element;
}

/** Move the focus with the arrow keys: rows by up and down, values by left and right. */
export function moveFocus(event, list) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const step = steps[event.key];
  const row = event.target.closest?.(".row");
  if (!step || !row) {
    return;
  }
  const cells = (each) => [...each.querySelectorAll("button")];
  const rows = [...list.querySelectorAll(".row")];
  const next = rows[rows.indexOf(row) + step[0]];
  const column = cells(row).indexOf(event.target) + step[1];
  const target = next && (cells(next)[column] ?? cells(next).at(-1));
  if (target && column >= 0) {
    event.preventDefault();
    target.focus();
  }
}

/** Make an element with classes. */
export function make(tag, classes) {
  const element = document.createElement(tag);
  element.className = classes;
  return element;
}

function button(classes, act) {
  const element = make("button", classes);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

function write(element, words) {
  if (element.textContent !== words) {
    element.textContent = words;
  }
}
