"""The self-signed certificate that a miner makes for itself when it has none."""

from functools import cache
from pathlib import Path
import ssl

# A throw-away key for CN=localhost: it protects nothing.
_CERTIFICATE = Path(__file__).with_name("localhost.pem")


@cache
def self_signed() -> ssl.SSLContext:
    """Return the server's side of TLS 1.2 and 1.3."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_CERTIFICATE)
    return context
