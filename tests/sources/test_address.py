"""Addresses as people paste them."""

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.sources.common.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.168.1.5", Address("192.168.1.5")),
        ("192.168.1.5:8080", Address("192.168.1.5", 8080)),
        ("  rig.lan:80\n", Address("rig.lan", 80)),
        ("http://192.168.1.5:8080/2/summary", Address("192.168.1.5", 8080, ssl=False)),
        ("https://rig.lan", Address("rig.lan", None, ssl=True)),
        ("HTTPS://RIG.Lan:8443/x?y=1#z", Address("rig.lan", 8443, ssl=True)),
        ("http://user@192.168.1.5:8080/2/summary", Address("192.168.1.5", 8080, False)),
        ("http://user:p@ss:word@rig:1/", Address("rig", 1, ssl=False)),
        ("user:pass@rig:1", Address("rig", 1)),
        ("rig/", Address("rig")),
        ("rig:", Address("rig")),
        ("rig.lan.", Address("rig.lan")),
        ("my_rig-2.local", Address("my_rig-2.local")),
        ("::1", Address("::1")),
        ("FE80::0001", Address("fe80::1")),
        ("fe80::1%eth0", Address("fe80::1%eth0")),
        ("[fe80::1]", Address("fe80::1")),
        ("[fe80::1]:8080", Address("fe80::1", 8080)),
        ("http://[::1]:44444/2/summary", Address("::1", 44444, ssl=False)),
        ("MÜNCHEN.local:1", Address("xn--mnchen-3ya.local", 1)),
        ("xn--mnchen-3ya.local", Address("xn--mnchen-3ya.local")),
        ("rig:65535", Address("rig", 65535)),
        ("10.0.0.1:08080", Address("10.0.0.1", 8080)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    """Scheme, user, path, query and case make no difference to the host."""
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "http://",
        "http:///path",
        ":8080",
        ".",
        "a..b",
        "-rig",
        "rig-",
        "my rig",
        "http://my rig/",
        "rig:0",
        "rig:65536",
        "rig:-1",
        "rig:abc",
        "rig:1:2",
        "192.168.1",
        "192.168.1.300",
        "192.168.1.5.6",
        "8080",
        "[::1",
        "[::1]x:80",
        "[zz]:80",
        "[v1.a]:80",
        "stratum+tcp://pool.example:3333",
        "ftp://rig",
        "file:///etc/passwd",
        "rig\\x",
        "rig\x00",
        "<rig>",
        "a%b",
        "x" * 64,
        ".".join(["x" * 60] * 5),
        "1.2.3.4:８０",  # digits that int() would take
    ],
)
def test_nonsense(text: str) -> None:
    """What cannot be the address of an HTTP server is refused."""
    with pytest.raises(ValueError):
        parse_address(text)


@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    """Any text is an address in its usual form, or a ValueError."""
    try:
        address = parse_address(text)
    except ValueError:
        return
    assert address.host
    assert not any(char.isspace() or char in "/@?#[]" for char in address.host)
    assert address.port is None or 0 < address.port < 65536
    # What was understood once is understood the same again.
    assert parse_address(address.host).host == address.host
