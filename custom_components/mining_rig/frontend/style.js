// How the list looks; all colours are the theme's.

export const STYLE = `
:host {
  display: block; container-type: inline-size;
  /* Amber that can be read on white and on black. */
  --amber: color-mix(in srgb, var(--warning-color) 70%, var(--primary-text-color));
}
:host([hidden]) { display: none; }
ha-card { display: block; padding: 4px 0; overflow: hidden; }
.head {
  display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 12px;
  padding: 8px 16px 4px;
}
.head[hidden] { display: none; }
h2 { margin: 0; font: inherit; font-weight: 500; font-size: 16px; color: var(--primary-text-color); }
.summary { color: var(--secondary-text-color); font-size: 14px; }
.row {
  display: grid; align-items: center; column-gap: 8px;
  grid-template-columns: 10px minmax(0, 1fr) 104px 56px 72px 46px;
  min-height: 48px; padding: 0 8px 0 16px; box-sizing: border-box;
  color: var(--primary-text-color); font-size: 14px; line-height: 18px;
}
.row + .row { border-top: 1px solid var(--divider-color); }
.row.bare { grid-template-columns: 10px minmax(0, 1fr) 104px 56px 72px; padding-right: 16px; }
.row.plain { grid-template-columns: 10px minmax(0, 1fr) 104px; padding-right: 16px; }
.plain .temperature, .plain .power { display: none; }
button {
  all: unset; box-sizing: border-box; cursor: pointer; border-radius: 6px;
  -webkit-tap-highlight-color: transparent;
}
button:focus-visible { outline: 2px solid var(--primary-color); outline-offset: -2px; }
.dot { width: 10px; height: 10px; border-radius: 50%; background: var(--success-color); }
.attention .dot { background: var(--warning-color); border-radius: 2px; }
.act .dot { background: var(--error-color); border-radius: 0; transform: rotate(45deg); }
.idle .dot { background: none; box-shadow: inset 0 0 0 2px var(--secondary-text-color); }
.off .dot { background: var(--disabled-text-color); }
.name { min-width: 0; min-height: 44px; display: flex; flex-direction: column; justify-content: center; }
.title, .words { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.title { font-weight: 500; }
.name:has(.words[hidden]) .title {
  white-space: normal; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
}
.words { font-size: 12px; line-height: 16px; color: var(--secondary-text-color); }
.act .words { color: var(--error-color); }
.attention .words { color: var(--amber); }
.off .title { color: var(--secondary-text-color); font-weight: 400; }
.value {
  text-align: end; white-space: nowrap; min-height: 32px; font-variant-numeric: tabular-nums;
  display: flex; align-items: center; justify-content: flex-end;
}
.value:empty { pointer-events: none; }
.temperature.attention { color: var(--amber); font-weight: 700; }
.temperature.act { color: var(--error-color); font-weight: 700; }
.switch { width: 46px; height: 40px; display: grid; place-items: center; }
.switch::before {
  content: ""; width: 36px; height: 20px; border-radius: 10px; box-sizing: border-box;
  background: radial-gradient(circle at 10px, var(--card-background-color, #fff) 7px, #0000 7.5px),
    var(--secondary-text-color);
  opacity: 0.7;
}
.switch[aria-checked="true"]::before {
  background: radial-gradient(circle at 26px, var(--text-primary-color, #fff) 7px, #0000 7.5px),
    var(--primary-color);
  opacity: 1;
}
.switch[disabled] { cursor: default; pointer-events: none; opacity: 0.4; }
.help {
  padding: 6px 14px; min-height: 36px; border-radius: 18px; font-weight: 500; white-space: nowrap;
  background: color-mix(in srgb, var(--primary-color) 14%, transparent); color: var(--primary-color);
  display: flex; align-items: center;
}
.row.problem { grid-template-columns: 10px minmax(0, 1fr) auto; padding-right: 12px; }
.problem .words { white-space: normal; }
.problem .name { padding: 4px 0; }
.empty { padding: 12px 16px; color: var(--secondary-text-color); }
@container (max-width: 480px) {
  .row { grid-template-columns: 10px minmax(0, 1fr) 92px 46px 46px; column-gap: 6px; padding: 0 4px 0 12px; }
  .row.bare { grid-template-columns: 10px minmax(0, 1fr) 92px 46px; padding-right: 12px; }
  .row.plain { grid-template-columns: 10px minmax(0, 1fr) 104px; padding-right: 12px; }
  .row.plain .hashrate { grid-row: 1 / span 2; align-self: center; }
  .row.problem { grid-template-columns: 10px minmax(0, 1fr) auto; padding-right: 8px; }
  .value { min-height: 22px; }
  .hashrate { grid-column: 3; grid-row: 1; align-self: end; }
  .power { grid-column: 3; grid-row: 2; align-self: start; font-size: 12px; color: var(--secondary-text-color); }
  .dot, .name, .temperature, .switch, .help { grid-row: 1 / span 2; }
  .dot { grid-column: 1; } .name { grid-column: 2; } .temperature { grid-column: 4; } .switch { grid-column: 5; }
  .row:not(.problem) { grid-template-rows: 24px 24px; }
  .hashrate:has(+ .temperature + .power:empty) { grid-row: 1 / span 2; align-self: center; }
  .head { padding: 6px 12px 2px; }
}
`;
