"""Names that the files of this room and the dialogs share."""

from typing import Final

from ..const import DOMAIN

BASE: Final = f"/api/{DOMAIN}"
"""What the paths of all pushing kinds' APIs begin with."""

# In an entry's data.
CONF_API_CODE: Final = "api_code"
CONF_WEBHOOK_ID: Final = "webhook_id"
CONF_CLOUDHOOK_URL: Final = "cloudhook_url"
"""The address at Home Assistant Cloud that forwards to the rig's webhook."""

# In an entry's options.
CONF_ALLOW_PUBLIC: Final = "allow_public"

SHORTEST_CODE: Final = 8
LONGEST_CODE: Final = 255
"""Characters of a code that belongs to a rig."""
SHORTEST_NEW_CODE: Final = 16
"""Characters of a code that an owner chooses; older rigs may have shorter ones."""
