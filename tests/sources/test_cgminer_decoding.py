"""Answers of cgminer and its imitators, and every way in which they are broken."""

from collections.abc import Callable
from contextlib import suppress
import json
from pathlib import Path
import time
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.sources.common.cgminer_decoding import (
    AccessDenied,
    CgminerAnswer,
    CgminerRefused,
    MinerStarting,
    Status,
    UnknownCommand,
    decode,
    parse_bracketed,
    public_message,
    split_unit,
    with_numbers,
)
from custom_components.mining_rig.sources.common.cgminer_format import (
    AnswerEnd,
    merge_pairs,
    parse_json,
    parse_text,
    repair_json,
    repair_literal,
    repair_string,
    replace_lone_surrogates,
    text_of,
)
from custom_components.mining_rig.sources.common.contract import (
    SourceError,
    SourceGarbled,
)
from custom_components.mining_rig.sources.common.decoding import Fields

from .spoil import JSON

FIXTURES = Path(__file__).parents[1] / "fixtures" / "cgminer"
RECORDED = sorted(path.name for path in FIXTURES.iterdir())


def recorded(name: str) -> CgminerAnswer:
    """Return a recorded answer, decoded."""
    return decode((FIXTURES / name).read_bytes())


# Repairs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{}\0", "{}"),
        (b"{}\0\0rest", "{}"),
        (b"\0\r\n{}\n", "{}"),
        (b"\xef\xbb\xbf{}", "{}"),
        ("{'ё'}".encode("cp1251"), "{'�'}"),
        (b"\xff\xfe", "��"),
        ("büro".encode(), "büro"),
        (b"", ""),
    ],
)
def test_text_of(body: bytes, text: str) -> None:
    """NUL, byte order marks and other encodings."""
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        # No comma between objects, or anything else.
        ('{"S":[{"a":1}{"b":2}]}', [{"S": [{"a": 1}, {"b": 2}]}]),
        ('{"a":1 "b":[1 2]"c":"x""d":{}}', [{"a": 1, "b": [1, 2], "c": "x", "d": {}}]),
        # A comma that nothing follows, or too many.
        ('{"a":[1,],"b":{"c":2,},}', [{"a": [1], "b": {"c": 2}}]),
        ('{,"a":[,1,,2]}', [{"a": [1, 2]}]),
        # No value.
        ('{"a":,"b":}', [{"a": None, "b": None}]),
        # Numbers that are none.
        ('{"a":nan,"b":-nan,"c":NaN}', [{"a": None, "b": None, "c": None}]),
        ('{"a":inf,"b":-inf,"c":Infinity}', [{"a": None, "b": None, "c": None}]),
        ('{"a":-nan(0x8000000000000),"b":-1.#IND}', [{"a": None, "b": None}]),
        ('{"a":1.#QNAN,"b":1.#INF00,"c":1e999}', [{"a": None, "b": None, "c": None}]),
        (f'{{"a":{"9" * 5000},"b":1}}', [{"a": None, "b": 1}]),
        # Numbers and words that JSON does not allow.
        ('{"a":01.50,"b":+5,"c":.5,"d":7.}', [{"a": 1.5, "b": 5, "c": 0.5, "d": 7}]),
        ('{"a":12.3C,"b":0x1F,"c":1_0}', [{"a": "12.3C", "b": "0x1F", "c": "1_0"}]),
        ('{"a":True,"b":None,"c":a\\b}', [{"a": True, "b": None, "c": "a\\b"}]),
        # Escapes that JSON does not allow.
        (r'{"v":"\'2020.REL\'"}', [{"v": "'2020.REL'"}]),
        (r'{"v":"C:\miner\x","w":"\u12"}', [{"v": r"C:\miner\x", "w": r"\u12"}]),
        (r'{"v":"\"\\\/\n\u00e9"}', [{"v": '"\\/\né'}]),
        (r'{"v":"\ud83d","w":"\ud83d\ude00","x":"\\ud83d"}', None),
        # Control characters in strings.
        ('{"v":"a\tb\x01\n"}', [{"v": "a\tb\x01\n"}]),
        # nan in a string is left alone, and so are brackets and commas.
        ('{"v":"nan }{ ,} ,]","w":nan}', [{"v": "nan }{ ,} ,]", "w": None}]),
        # Keys that occur twice.
        ('{"S":[{"a":1}],"S":[{"b":2}]}', [{"S": [{"a": 1}, {"b": 2}]}]),
        ('{"a":"01.23","a":"2"}', [{"a": "2"}]),
        # Several objects, and something behind them.
        ('{"a":1}{"b":2}', [{"a": 1}, {"b": 2}]),
        ('{"a":1},\n {"b":nan} OK', [{"a": 1}, {"b": None}]),
        # Indented.
        ('{\n  "a": [\r\n\t1\n ]\n}\n', [{"a": [1]}]),
    ],
)
def test_json_repairs(text: str, values: list[Any] | None) -> None:
    """Every way in which a firmware breaks JSON is repaired."""
    if values is None:
        values = [{"v": "�", "w": "😀", "x": r"\ud83d"}]
    assert parse_json(text) == values


@pytest.mark.parametrize(
    "text", ['{"a":1', '{"a":"b', '{"a":nan,"b', '{"a":1}{"b"', "{1:2}", '{"a" 1}']
)
def test_what_is_cut_is_not_repaired(text: str) -> None:
    """Half an answer is none."""
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_single_repairs() -> None:
    """The parts of the repair."""
    assert repair_json('{"a":-nan}{"b":1,}') == '{"a":null} {"b":1}'
    assert repair_string(r'"\'"') == '"\'"'
    assert repair_literal("FALSE") == "false"
    assert replace_lone_surrogates(r'"\uDE00"') == r'"\ufffd"'
    assert merge_pairs([("a", []), ("a", [{}]), ("a", [])]) == {"a": [{}]}
    assert merge_pairs([("a", [1]), ("a", [2])]) == {"a": [2]}


JSON_OF_TEXT = [
    (
        "STATUS=S,When=5,Code=11,Msg=Summary|SUMMARY,Elapsed=5,MHS av=1.5|",
        {
            "STATUS": [{"STATUS": "S", "When": "5", "Code": "11", "Msg": "Summary"}],
            "SUMMARY": [{"Elapsed": "5", "MHS av": "1.5"}],
        },
    ),
    (
        "STATUS=S|POOL=0,URL=a\\=b\\,c|POOL=1,URL=x\\\\\\|y|",
        {
            "STATUS": [{"STATUS": "S"}],
            "POOLS": [{"POOL": "0", "URL": "a=b,c"}, {"POOL": "1", "URL": "x\\|y"}],
        },
    ),
    (
        "STATUS=S|STATS=0,MM ID0=Ver[1] SYSTEMSTATU[In Work, Hash Board: 1],Max=0|",
        {
            "STATUS": [{"STATUS": "S"}],
            "STATS": [
                {
                    "STATS": "0",
                    "MM ID0": "Ver[1] SYSTEMSTATU[In Work, Hash Board: 1]",
                    "Max": "0",
                }
            ],
        },
    ),
    (
        "STATUS=I,Code=118,Msg=ASC 0 set info: help|softon|time|,Description=c 4|",
        {
            "STATUS": [
                {
                    "STATUS": "I",
                    "Code": "118",
                    "Msg": "ASC 0 set info: help|softon|time|",
                    "Description": "c 4",
                }
            ]
        },
    ),
    (
        "GPU=0;BUS=1;KHS=1.5|GPU=1;BUS=2|\n",
        {"DEVS": [{"GPU": "0", "BUS": "1", "KHS": "1.5"}, {"GPU": "1", "BUS": "2"}]},
    ),
    (
        "CMD=summary|STATUS=S|SUMMARY,a=1|CMD=pools|STATUS=E,Code=14|",
        {
            "summary": [{"STATUS": [{"STATUS": "S"}], "SUMMARY": [{"a": "1"}]}],
            "pools": [{"STATUS": [{"STATUS": "E", "Code": "14"}]}],
        },
    ),
    ("STATUS=S|X,a=[b,c=1,=|", None),
]


@pytest.mark.parametrize(("text", "data"), JSON_OF_TEXT)
def test_text_answers(text: str, data: dict[str, Any] | None) -> None:
    """A text answer has the shape of the JSON one."""
    if data is None:
        # A bracket that nothing closes encloses nothing.
        data = {"STATUS": [{"STATUS": "S"}], "X": [{"a": "[b", "c": "1", "": ""}]}
    assert parse_text(text.strip()) == data
    assert decode(text.encode()).data == data


@pytest.mark.parametrize("text", ["", "|", "hello", "STATUS=S", "STATUS=S|SUMMARY,a=1"])
def test_text_that_is_cut(text: str) -> None:
    """The last record must be whole."""
    with pytest.raises(ValueError, match="text"):
        parse_text(text)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("14046.04", 14046.04),
        ("625", 625),
        ("-273", -273),
        ("0", 0),
        ("0.50", 0.5),
        ("", ""),
        ("0201000000000001", "0201000000000001"),
        ("12345e678901", "12345e678901"),
        ("1" * 19, "1" * 19),
        ("62-62-74", "62-62-74"),
        ("٣", "٣"),
        ("21632.89GH/s", "21632.89GH/s"),
        ([{"a": ["1", None, True, 2.5]}], [{"a": [1, None, True, 2.5]}]),
    ],
)
def test_text_numbers(value: Any, number: Any) -> None:
    """Text becomes a number where it can be nothing else."""
    assert with_numbers(value) == number
    assert type(with_numbers(value)) is type(number)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("21632.89GH/s", (21632.89, "GH/s")),
        ("15011G", (15011, "G")),
        ("140737.49 G", (140737.49, "G")),
        ("83.0 °C / 73.8 °C", (83, "°C")),
        ("2940 rpm / 2940 rpm", (2940, "rpm")),
        ("34.65 (AB)", (34.65, "")),
        (" -5", (-5, "")),
        ("33%", (33, "%")),
        ("1.2.3", None),
        ("GH/s", None),
        ("", None),
        ("9" * 400, None),
    ],
)
def test_number_with_unit(text: str, found: tuple[float, str] | None) -> None:
    """Number and unit in one text."""
    assert split_unit(text) == found


def test_bracketed() -> None:
    """Avalon packs its values into one text, which is no JSON."""
    stats = recorded("avalon_q_litestats.json").sections["STATS"][0]
    values = parse_bracketed(stats["MM ID0:Summary"])
    assert values["SYSTEMSTATU"].startswith("Work: In ")
    assert values["PS"].count(" ") == 6
    assert parse_bracketed("'STATS':{A[1] A[2] B[ x ] C[[3]} D[") == {
        "A": "1",
        "B": "x",
    }


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Access denied to 'x' command", "Access denied to 'x' command"),
        ("user 1BoatSLRHtKNngkdXEeobR76b53LETtpyT.rig", "user ….rig"),
        ("bad me@mail.org or stratum+tcp://pool/x", "bad … or stratum+tcp://…"),
        ("a\0\nb", "ab"),
        ("x " * 5000, ("x " * 60)),
        ("", "?"),
    ],
)
def test_public_message(message: str, shown: str) -> None:
    """What the owner is shown bears no account."""
    assert public_message(message) == shown


# Answers -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name: str) -> None:
    """Every recorded answer can be read, also with NUL and cut into bytes."""
    body = (FIXTURES / name).read_bytes()
    answer = decode(body)
    assert answer.sections or answer.status.error
    assert decode(body + b"\0") == answer
    end = AnswerEnd()
    for byte in body.rstrip():
        assert not (end.complete and not end.is_text)
        end.feed(bytes((byte,)))
    assert end.complete
    assert not end.final


def test_recorded_values() -> None:
    """Sections are read with Fields, ids as they were sent."""
    stats = Fields(recorded("antminer_l3plus_stats.txt").sections)
    assert stats.text("STATS", 0, "Type") == "Antminer L3+"
    assert stats.number("STATS", 1, "chain_rate1") == 126.12
    assert not stats.unparsed

    summary = recorded("whatsminer_m20s_summary.json").sections["SUMMARY"][0]
    assert summary["Firmware Version"] == "'20200917.22.REL'"

    version = recorded("avalon_a1346_version.txt")
    assert version.status.description == "cgminer 4.11.1"
    assert version.status.when == 1785000000
    assert version.sections["VERSION"][0]["UPAPI"] == 2
    assert version.sent["VERSION"][0]["UPAPI"] == "2"
    assert version.sent["VERSION"][0]["DNA"] == "0201000000000001"

    assert recorded("ccminer_summary.txt").sections["SUMMARY"][0]["KHS"] == 1.23
    assert recorded("teamredminer_devs.json").sections["DEVS"][0]["Temperature"] == 69
    assert recorded("antminer_s21_sleep_stats.json").sections["STATS"] == []
    board = recorded("iceriver_ks0_board.json").sections["ret"][0]["boards"][0]
    assert split_unit(board["rtpow"]) == (36.71, "G")


def test_message_that_is_an_object() -> None:
    """Whatsminer puts the values into the message."""
    answer = recorded("whatsminer_v1_status.json")
    assert answer.status == Status(
        "S", 131, when=1773930539, description="whatsminer v1.4.0"
    )
    assert answer.sections["Msg"][0]["btmineroff"] == "false"


def test_joined() -> None:
    """Answers to several commands are found by command, and together."""
    answer = recorded("avalon_a1047_joined.txt")
    assert set(answer.joined) == {"summary", "stats", "pools"}
    assert answer.joined["pools"].status.code == 7
    assert answer.sections == {
        name: records
        for one in answer.joined.values()
        for name, records in one.sections.items()
    }


def test_joined_with_one_refused() -> None:
    """A command that is refused costs only its own readings."""
    answer = decode(JSON_OF_TEXT[5][0].encode())
    answer.check()
    assert answer.sections == {"SUMMARY": [{"a": 1}]}
    with pytest.raises(UnknownCommand):
        answer.joined["pools"].check()
    with pytest.raises(UnknownCommand):
        decode(b"CMD=a|STATUS=E,Code=14|CMD=b|STATUS=E,Code=45|").check()


@pytest.mark.parametrize(
    ("body", "ok"),
    [
        (b'{"STATUS":[{"STATUS":"S"}]}', True),
        (b'{"STATUS":[{"STATUS":"I","Code":118}]}', True),
        (b'{"STATUS":[{"STATUS":"W"}]}', True),
        (b'{"STATUS":[{"STATUS":"E"}]}', False),
        (b'{"STATUS":[{"STATUS":" f"}]}', False),
        (b'{"STATUS":"E","Msg":"no"}', False),
        (b'{"STATUS":{"STATUS":"S","when":1}}', True),
        (b'{"STATUS":[{"Code":"11"}]}', True),
        (b'{"STATUS":[{"Code":14}]}', False),
        (b'{"STATUS":[{"Code":"45"}]}', False),
        (b'{"STATUS":[{"STATUS":"","Msg":5,"Code":{},"Description":[]}]}', True),
        (b'{"STATUS":[5,{}]}', True),
        (b'{"STATUS":[]}', True),
        (b'{"STATUS":null,"SUMMARY":[{}]}', True),
        (b'{"SUMMARY":[{}]}', True),
        (b'{"ret":{"code":0}}', True),
        (b'{"ret":{"code":1}}', False),
        (b'{"ret":{}}', True),
    ],
)
def test_status(body: bytes, *, ok: bool) -> None:
    """S and I mean yes; a status may lack any of its keys."""
    answer = decode(body)
    assert answer.status.ok is ok
    assert (answer.status.error is None) is ok


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("antminer_access_denied.json", AccessDenied),
        ("whatsminer_write_denied.json", AccessDenied),
    ],
)
def test_refusals(name: str, kind: type[CgminerRefused]) -> None:
    """Access that is denied is told from everything else."""
    with pytest.raises(kind) as caught:
        recorded(name).check()
    assert caught.value.code == 45
    assert "denied" in caught.value.placeholders["error"]


def test_one_strange_member_costs_only_itself() -> None:
    """What is no object is left out of a section; what is none has no section."""
    answer = decode(b'{"STATS":[{"a":1},5,null,{"b":"2"}],"x":[1],"id":1,"e":{}}')
    assert answer.sections == {"STATS": [{"a": 1}, {"b": 2}], "e": [{}]}
    assert answer.data["x"] == [1]


@pytest.mark.parametrize(
    ("body", "other_device"),
    [
        (b"", True),
        (b"<!DOCTYPE html><html></html>", True),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", True),
        (b'{"a":', False),
        (b"STATUS=S,Wh", False),
        (b"[" * 5000, False),
        (b"[" * 500_000, False),
        (b'{"a":' * 40 + b"1" + b"}" * 40, True),
        (b'{"S":[' + b"{}," * 20_000 + b"{}]}", False),
    ],
)
def test_garbled(body: bytes, *, other_device: bool) -> None:
    """What is no answer; nothing of it clings to the error."""
    with pytest.raises(SourceGarbled) as caught:
        decode(body)
    assert caught.value.other_device is other_device
    assert caught.value.__context__ is None


def test_starting() -> None:
    """A web server that cannot reach the mining program is no other device."""
    with pytest.raises(MinerStarting):
        decode(b"Socket connect failed: Connection refused\n")


def test_lists_have_a_cap() -> None:
    """No answer fills a registry."""
    assert len(decode(b'{"S":[' + b"{}," * 2000 + b"]}").sections["S"]) == 1024
    assert len(decode(b"a=1|" * 2000).sections["a"]) == 1024
    assert len(decode(b'{"S":[{}]}' * 2000).sections["S"]) == 1024


# Anything ----------------------------------------------------------------------------

PIECES = st.lists(
    st.sampled_from(
        [
            *(b"{ } [ ] , : \" \\ | = ; \\' nan -1 0.5 \0 \xff a S 14".split(b" ")),
            b'"STATUS"',
            b"STATUS=",
            b'"Code":45',
            b'{"STATUS":[{"STATUS":"S"}],"SUMMARY":[{"a":"1"}]}',
            b"CMD=a|",
            b"\\ud800",
            b"\n",
        ]
    ),
    max_size=40,
).map(b"".join)


@given(st.binary(max_size=200) | PIECES)
def test_any_bytes(body: bytes) -> None:
    """Only our errors leave, and what is decoded can be read and sent on."""
    try:
        answer = decode(body)
    except SourceError:
        return
    json.dumps(answer.sections, allow_nan=False).encode()
    str(answer.data).encode()
    for records in answer.sections.values():
        for fields in Fields(records).each():
            fields.number("a")


@given(JSON)
def test_any_json(value: Any) -> None:
    """Any JSON is decoded or garbled; an object always is decoded."""
    body = json.dumps({"STATUS": value, "S": [value, {}]}).encode(
        errors="surrogatepass"
    )
    assert "S" in decode(body).sections


@given(st.binary(max_size=200) | PIECES, st.data())
def test_end_does_not_depend_on_pieces(body: bytes, data: st.DataObject) -> None:
    """However an answer arrives, it ends at the same place."""
    whole, pieces = AnswerEnd(), AnswerEnd()
    whole.feed(body)
    at = 0
    while at < len(body) and not pieces.final:
        size = data.draw(st.integers(1, 8))
        pieces.feed(body[at : at + size])
        at += size
    assert whole.final is pieces.final
    assert whole.is_text is pieces.is_text
    if not whole.is_text:
        assert whole.complete is pieces.complete


@pytest.mark.parametrize(
    "worst",
    [
        lambda size: b'{"S":[' + b"{}" * (size // 2) + b"]}",
        lambda size: b'{"S":[{}]}' * (size // 10),
        lambda size: b'{"S":[' + b"x," * (size // 2) + b"]}",
        lambda size: b"{" + b'\\"' * (size // 2),
        lambda size: b"STATUS=S|" + b"a|" * (size // 2),
        lambda size: b"a=" + b"[a" * (size // 2) + b"|",
        lambda size: b'{"a":' + b"1" * size + b"}",
    ],
)
def test_worst_answers(worst: Callable[[int], bytes]) -> None:
    """The time grows with the size, not with its square; 256 KiB take below 1 s."""
    begin = time.thread_time()
    with suppress(SourceGarbled):
        decode(worst(256 * 1024))
    assert time.thread_time() - begin < 5
