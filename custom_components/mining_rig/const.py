"""Names that several files share."""

import logging
from typing import Final

DOMAIN: Final = "mining_rig"
LOGGER: Final = logging.getLogger(__package__)
RECORDER: Final = "recorder"
"""Home Assistant's integration for history and statistics; it need not be set up."""

# In an entry's data, beside the answers to the source's form.
CONF_KIND: Final = "kind"
CONF_ID_ROOT: Final = "id_root"
FARM: Final = "farm"
"""The kind of an entry that is no rig, but adds up those of others."""

# In an entry's options.
CONF_POWER_METER: Final = "power_meter"
CONF_BASE_POWER: Final = "base_power"
CONF_RATED_POWER: Final = "rated_power"
CONF_ZERO_WHILE_OFF: Final = "zero_while_off"
CONF_KEEP_ORDER: Final = "keep_order"
CONF_POWER_SWITCH: Final = "power_switch"
"""The switch of the rig's power, such as a plug."""
CONF_SHARED_SWITCH: Final = "shared_switch"
"""Other rigs may have the same power switch."""
CONF_START_STOP: Final = "start_stop"
"""What starts and stops a rig that has no pause: a switch, or two scripts."""
CONF_STARTED_BY: Final = "started_by"
CONF_START_SCRIPT: Final = "start_script"
CONF_STOP_SCRIPT: Final = "stop_script"
CONF_WATCHDOG: Final = "watchdog"
CONF_WARN_IF_READ_ONLY: Final = "warn_if_read_only"
CONF_ALLOW_WRITING: Final = "allow_writing"
CONF_SHOWN_WORKERS: Final = "shown_workers"
CONF_KEEP_PARTS: Final = "keep_parts"
"""Parts that left the rig are never removed."""
CONF_PROTECTION: Final = "protection"
"""The options of thermal protection, a mapping of its own."""
CONF_POLL_INTERVAL: Final = "poll_interval"
"""Seconds between two polls; the kind's own interval where it is not set."""

SHORTEST_POLL_INTERVAL: Final = 5
LONGEST_POLL_INTERVAL: Final = 600
SHOWN_WORKERS: Final = 50
"""How many workers' entities are enabled unless the owner chose another number."""
