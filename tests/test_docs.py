"""The README and the other pages agree with the code."""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from itertools import pairwise
import json
import os
from pathlib import Path
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import (
    CONF_ID_ROOT,
    CONF_KIND,
    CONF_POWER_METER,
    CONF_WARN_IF_READ_ONLY,
    DOMAIN,
)
from custom_components.mining_rig.sources import KINDS
from scripts.demo import options
from simulator.hardware import Card
from simulator.headframe import SimulatedHeadframe
from simulator.headframe.accounts import Change
from simulator.models import RTX_3070, RTX_3080, RX_7800_XT
from simulator.nvml import LAPTOP, SimulatedNvml, nvidia_card
from simulator.t_rex import SimulatedTRex
from simulator.xmrig import SimulatedXMRig
from simulator.xmrig_proxy import SimulatedXmrigProxy

from .entity_tables import NAMED_BY_CLASS, documented, name_of, undocumented
from .pages import PAGES, README, ROOT, Page
from .pools import entry_of
from .pushing import ASIC_CODE, BASE, PC_CODE, async_set_up_rigs, body, pushing_entry
from .rigs import async_set_up, entry_for

COMPONENT = ROOT / "custom_components" / DOMAIN
TEXTS = json.loads((COMPONENT / "translations" / "en.json").read_text())
CONTRIBUTING = Path("CONTRIBUTING.md")
CONFIG_ACTIONS = Path("docs/actions.md")
ENTITIES = Path("docs/entities.md")
OPTIONS = Path("docs/options.md")
TROUBLESHOOTING = Path("docs/troubleshooting.md")
XMRIG = Path("docs/xmrig.md")
T_REX = Path("docs/t_rex.md")
XMRIG_PROXY = Path("docs/xmrig_proxy.md")
NVML = Path("docs/nvml.md")
HEADFRAME = Path("docs/headframe.md")
ACTIONS = Path("docs/pool_actions.md")
RIG_MONITOR = Path("docs/rig_monitor.md")
MINER_PROGRAMS = Path("docs/miner_programs.md")
LABELS: dict[str, str] = TEXTS["selector"]["kind"]["options"]
"""The names of the kinds in the dialog."""
PROGRAMS = {kind for kind, facts in KINDS.items() if facts.module.startswith("miners.")}
"""The programs that only report: they share a page, and a row of the README."""
PAGE_OF = {
    kind: MINER_PROGRAMS if kind in PROGRAMS else Path(f"docs/{kind}.md")
    for kind in KINDS
}

_ADDRESS = json.loads((COMPONENT / "manifest.json").read_text())["documentation"]
_COMMAND = re.compile(r"(?<![\w/.-])((?:scripts|\.ci)/[a-z-]+)((?: --?[a-z-]+)*)")
_MODULE = re.compile(r"python -m ([\w.]+)")


@pytest.fixture(params=PAGES.values(), ids=str)
def page(request: pytest.FixtureRequest) -> Page:
    """Return each page."""
    found: Page = request.param
    return found


# ---- links, pictures, commands


def test_links_lead_somewhere(page: Page) -> None:
    """Every file, picture and heading that a page points to exists."""
    lost = []
    for link in page.links:
        target = urlsplit(link)
        if target.scheme:
            continue
        path = page.path
        if target.path:
            path = Path(os.path.relpath(ROOT / page.path.parent / target.path, ROOT))
        found = PAGES[path].anchors if path in PAGES else set()
        if not (ROOT / path).exists() or {target.fragment} - {""} - found:
            lost.append(link)
    assert not lost


def test_tables_are_whole(page: Page) -> None:
    """Each row of a table has as many cells as the one above."""
    broken = [
        line
        for above, line in pairwise(page.prose.splitlines())
        if above.startswith("|") and line.startswith("|")
        if above.count("|") != line.count("|")
    ]
    assert not broken


async def test_learn_more(hass: HomeAssistant, socket_enabled: None) -> None:
    """What "Learn more" of a repair opens is a heading about troubleshooting."""
    async with SimulatedXMRig() as rig:
        entry = entry_for(
            rig,
            rig_id=rig.identity,
            options={CONF_POWER_METER: "sensor.gone", CONF_WARN_IF_READ_ONLY: True},
        )
        await async_set_up(hass, entry)
        rig.fault("other_rig")
        await entry.runtime_data.async_refresh()
    issues = list(ir.async_get(hass).issues.values())
    assert len(issues) == 3
    for issue in issues:
        address, _, anchor = str(issue.learn_more_url).partition("#")
        assert address == f"{_ADDRESS}/blob/main/{TROUBLESHOOTING}"
        assert anchor in PAGES[TROUBLESHOOTING].anchors


def test_links_into_home_assistant() -> None:
    """The buttons open this repository in HACS and this integration's dialog."""
    asked = {
        urlsplit(link).path.split("/")[2]: parse_qs(urlsplit(link).query)
        for link in PAGES[README].links
        if link.startswith("https://my.home-assistant.io/redirect/")
        if "blueprint_import" not in link
    }
    owner, name = urlsplit(_ADDRESS).path.strip("/").split("/")
    assert asked == {
        "hacs_repository": {
            "owner": [owner],
            "repository": [name],
            "category": ["integration"],
        },
        "config_flow_start": {"domain": [DOMAIN]},
    }


@pytest.mark.parametrize("path", [README, Path("docs/blueprints.md")], ids=str)
def test_blueprints_can_be_imported(path: Path) -> None:
    """A link for each blueprint leads to its file, which knows its own address."""
    asked = [
        parse_qs(urlsplit(link).query)["blueprint_url"]
        for link in PAGES[path].links
        if "/redirect/blueprint_import/" in link
    ]
    repository = _ADDRESS.removeprefix("https://github.com/").strip("/")
    raw = f"https://raw.githubusercontent.com/{repository}/main"
    files = [file.relative_to(ROOT) for file in ROOT.glob("blueprints/**/*.yaml")]
    assert sorted(asked) == sorted([f"{raw}/{file}"] for file in files)
    for file in files:
        source = f"source_url: https://github.com/{repository}/blob/main/{file}\n"
        assert source in (ROOT / file).read_text()


def test_commands_exist(page: Page) -> None:
    """Every command that a page names can be run, with the options it names."""
    code = [*page.spans, *(b.text for b in page.blocks if b.language == "sh")]
    for command, arguments in (m for text in code for m in _COMMAND.findall(text)):
        assert os.access(ROOT / command, os.X_OK), command
        wanted = arguments.split()
        if command == "scripts/develop" and "--help" not in wanted:
            options.parse(wanted)
    for name in (m for text in code for m in _MODULE.findall(text)):
        path = ROOT / name.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists()


def test_the_readme_is_short() -> None:
    """It leads to the pages."""
    assert PAGES[README].text.count("\n") <= 280


def test_oldest_home_assistant() -> None:
    """The README names the version that HACS asks for."""
    oldest = json.loads((ROOT / "hacs.json").read_text())["homeassistant"]
    assert f"Home Assistant {oldest} or newer" in PAGES[README].prose


def test_named_packages() -> None:
    """The versions in the table of packages are those that are tested with."""
    rows = {
        row["Package"]: row["What stands for it"]
        for row in PAGES[CONTRIBUTING].rows("Package")
    }
    wanted = (ROOT / "requirements_test.txt").read_text()
    kit = "pytest-homeassistant-custom-component"
    (version,) = re.findall(rf"^{kit}==(\S+)$", wanted, re.MULTILINE)
    assert version in rows[kit]
    assert __version__ in rows["homeassistant"]


# ---- fields of the dialogs, and messages


def test_every_kind_of_rig_has_its_place() -> None:
    """Each kind that can be added is in the list, with a page and a section."""
    rows = {row["Rig"]: row for row in PAGES[README].rows("Rig")}
    shared = PAGES[MINER_PROGRAMS].headings[0]
    for kind in KINDS:
        place = shared if kind in PROGRAMS else LABELS[kind]
        assert place in PAGES[README].headings
        assert f"({PAGE_OF[kind]})" in rows[place]["More"]
    which = re.split("[,;] ", rows[shared]["Which"])
    assert sorted(which) == sorted(", ".join(map(LABELS.get, PROGRAMS)).split(", "))


def test_every_program_is_in_the_table() -> None:
    """By its name in the menu, with its usual port and the option that sets it."""
    rows = {row["Program"]: row for row in PAGES[MINER_PROGRAMS].rows("Program")}
    assert rows.keys() == {LABELS[kind] for kind in PROGRAMS}
    for kind in PROGRAMS:
        port = KINDS[kind].form.fields[1].default
        assert rows[LABELS[kind]]["Port"] == str(port)
        start = rows[LABELS[kind]]["Start it with"]
        assert str(port) in start or start.startswith("nothing")


def _labels(step: Mapping[str, Any]) -> set[str]:
    """Return the labels of a form's fields, those of its sections included."""
    inner = [_labels(section) for section in step.get("sections", {}).values()]
    return set(step.get("data", {}).values()).union(*inner)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_explained(kind: str) -> None:
    """A kind's form is in the README or on the kind's own page."""
    text = PAGES[README].text + PAGES[PAGE_OF[kind]].text
    steps = TEXTS["config"]["step"]
    # Where the first step only asks which way to go, the forms are behind it.
    if KINDS[kind].form.has("host"):
        fields = {field.key for field in KINDS[kind].form.fields}
        section = steps[kind].get("sections", {}).get("connection", {"data": {}})
        shown = {**steps[kind]["data"], **section["data"]}
        assert fields <= shown.keys()
        assert not {shown[key] for key in fields if shown[key] not in text}
        return
    own = [steps[kind]]
    if "data" not in steps[kind]:
        own = [steps[name] for name in steps if name.startswith(f"{kind}_")]
    labels = set().union(*(_labels(step) for step in own if "data" in step))
    # NVIDIA cards ask for nothing.
    assert labels or not own
    # A label may name what only the dialog knows, such as a host.
    assert not {label for label in labels if label.partition("{")[0] not in text}


def test_every_option_is_explained() -> None:
    """The options stand in a table, by their names."""
    step = TEXTS["options"]["step"]["settings"]
    sections = {section["name"] for section in step["sections"].values()}
    shown = {row["Option"] for row in PAGES[OPTIONS].rows("Option")}
    assert shown == {*step["data"].values(), *sections}
    for choice in TEXTS["options"]["step"]["init"]["menu_options"].values():
        assert f"**{choice}**" in " ".join(PAGES[OPTIONS].prose.split())


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_of_a_kind_is_explained(kind: str) -> None:
    """What only some kinds have names them in its row, or is on their page."""
    texts = TEXTS["options"]["step"]["settings"]["data"]
    explained = {
        row["Option"]: row["What it does"] for row in PAGES[OPTIONS].rows("Option")
    }
    for field in KINDS[kind].options.fields:
        text = explained[texts[field.key]] + PAGES[PAGE_OF[kind]].text
        assert LABELS[kind] in text or texts[field.key] in text


def test_every_action_is_explained() -> None:
    """Each action stands in a table with its fields."""
    found: dict[str, set[str]] = {}
    name = ""
    for page in (CONFIG_ACTIONS, ACTIONS):
        for row in PAGES[page].rows("Action"):
            name = row["Action"].strip("`") or name
            found.setdefault(name, set()).add(row["Field"].strip("`"))
    assert found == {
        f"{DOMAIN}.{service}": set(texts["fields"])
        for service, texts in TEXTS["services"].items()
    }


@pytest.mark.parametrize("issue", TEXTS["issues"])
def test_every_repair_is_explained(issue: str) -> None:
    """What a repair is called is a heading where its "Learn more" leads."""
    title = re.escape(TEXTS["issues"][issue]["title"])
    pattern = re.sub(r"\\{\w+\\}", r"(an?|the) \\w+", title)
    headings = [heading.lower() for heading in PAGES[TROUBLESHOOTING].headings]
    assert any(re.fullmatch(pattern.lower(), heading) for heading in headings)


# ---- entities


@pytest.fixture
async def entities(
    hass: HomeAssistant, socket_enabled: None
) -> AsyncIterator[list[er.RegistryEntry]]:
    """Return the entities of two XMRigs that together report everything."""
    async with (
        SimulatedXMRig(
            token="secret",
            restricted=False,
            cards=[Card(model=RTX_3070), Card(model=RX_7800_XT)],
            pools=[{"url": "one:1", "tls": True}, {"url": "two:2"}],
            running_for=86400,
        ) as open_rig,
        SimulatedXMRig("nas", running_for=86400) as closed_rig,
    ):
        entries = (
            entry_for(open_rig, id_root="open"),
            entry_for(closed_rig, id_root="closed", options={"rated_power": 60}),
        )
        for entry in entries:
            await async_set_up(hass, entry)
        registry = er.async_get(hass)
        yield [
            entity
            for entry in entries
            for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
        ]


def test_named_entities_exist() -> None:
    """Every entity in a table has that name in Home Assistant."""
    names = {
        texts["name"].replace("{number}", number)
        for platform in TEXTS["entity"].values()
        for texts in platform.values()
        for number in "123"
    }
    assert not documented(*PAGES.values()).keys() - names - NAMED_BY_CLASS


async def test_all_entities_are_documented(entities: list[er.RegistryEntry]) -> None:
    """Every entity of an XMRig is in a table, with its unit and its default."""
    assert not undocumented(entities, PAGES[ENTITIES], PAGES[XMRIG])


async def test_all_entities_of_a_t_rex_are_documented(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    """Likewise, with both algorithms of dual mining."""
    async with SimulatedTRex(
        password="Attic-3456",
        cards=[Card(model=RTX_3080)],
        algorithms=("autolykos2", "firopow"),
        options={"validate-shares": True},
        update="0.27.0",
        running_for=90_000,
    ) as rig:
        entry = entry_for(rig)
        await async_set_up(hass, entry)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert len(entities) > 100
    assert not undocumented(entities, PAGES[ENTITIES], PAGES[T_REX])


async def test_all_entities_of_nvidia_cards_are_documented(
    hass: HomeAssistant, nvidia: SimulatedNvml
) -> None:
    """Likewise, of a card that has everything and of a laptop's."""
    nvidia.cards = [
        nvidia_card(RTX_3080, lacks=frozenset()),
        nvidia_card(RTX_3070, index=1, lacks=LAPTOP),
    ]
    entry = MockConfigEntry(
        domain=DOMAIN, title="Tower", data={CONF_KIND: "nvml", CONF_ID_ROOT: "tower"}
    )
    await async_set_up(hass, entry)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert len(entities) > 50
    assert not undocumented(entities, PAGES[ENTITIES], PAGES[NVML])


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("restricted", [True, False])
async def test_all_entities_of_an_xmrig_proxy_are_documented(
    hass: HomeAssistant, restricted: bool
) -> None:
    """Likewise, with its workers."""
    async with SimulatedXmrigProxy(token="secret", restricted=restricted) as proxy:
        entry = entry_for(proxy)
        await async_set_up(hass, entry)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert len(entities) > 60
    assert not undocumented(entities, PAGES[ENTITIES], PAGES[XMRIG_PROXY])


async def test_all_entities_of_an_account_are_documented(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Likewise, of its owner, who may change settings and has an operator."""
    monkeypatch.setattr("custom_components.mining_rig.sources.headframe.budget.GAP", 0)
    async with SimulatedHeadframe() as pool:
        pool.account.operator = pool.registry.groups[0].id
        pool.user.fixed_topics.clear()
        pool.wallet.thresholds.append(
            Change(value=Decimal("0.002"), valid_from=2e9, updated_at=0)
        )
        entry = entry_of(pool)
        await async_set_up(hass, entry)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    names = {name_of(entity) for entity in entities}
    assert not undocumented(entities, PAGES[ENTITIES], PAGES[HEADFRAME])
    texts = {
        entry["name"]
        for platform in TEXTS["entity"].values()
        for key, entry in platform.items()
        if key.startswith("headframe_") and "_number" not in key
    }
    assert not texts - names


@pytest.mark.usefixtures("socket_enabled")
async def test_all_entities_of_rigs_that_push_are_documented(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Likewise, of an ASIC and a CPU/GPU rig with everything that they may push."""
    rigs = {
        ASIC_CODE: ("asic", "asic_specs", "asic_log_ks5l"),
        PC_CODE: ("cpu_gpu", "cpu_gpu_specs_3gpu", "cpu_gpu_log_dual_mining_2gpu"),
    }
    await async_set_up_rigs(
        hass,
        *(pushing_entry(sort, id_root=sort, title=sort) for sort, *_ in rigs.values()),
    )
    client = await hass_client_no_auth()
    for code, (sort, *names) in rigs.items():
        for name in names:
            what = "specs" if "specs" in name else "logs"
            async with client.post(
                f"{BASE}/{sort}_miners/{what}",
                json=body(f"{name}.request"),
                headers={"api_code": code},
            ) as answer:
                assert answer.status == 200
    await hass.async_block_till_done()
    entities = [*er.async_get(hass).entities.values()]
    assert len(entities) > 80
    assert not undocumented(entities, PAGES[ENTITIES], PAGES[RIG_MONITOR])
