"""Tables and figures in the documents are those of the code."""

from __future__ import annotations

import re
import typing

import pytest

from master.cli.client import _EXIT_BY_KIND
from master.config import MasterConfig
from minion.config import MinionConfig
from pki import certificate, hello, join, masters, purpose, seen, trust, welcome
from shoal import event, exits, frames, job, messages, returns, wire
from shoal.outputters import names as outputters
from shoal.targets import KINDS, MAX_EXPR, compound, data, glob, nodegroup, pcre, target
from tests.unit.docs.pages import ROOT, codes, table

PROTOCOL = "docs/protocol.md"
KIB = 1024


def protocol() -> str:
    return (ROOT / PROTOCOL).read_text("utf-8")


def test_verbs_are_those_of_the_code() -> None:
    told = [
        (codes(verb)[0], int(size), int(cost), who == "anybody")
        for verb, size, cost, who, _body in table(PROTOCOL, "Requests")
    ]
    assert told == [(verb.name, verb.max_bytes, verb.cost, verb.guests) for verb in messages.VERBS.values()]


def test_replies_are_those_of_the_code() -> None:
    below = protocol().split("Master to minion, on the same connection", 1)[1]
    rows = re.findall(r"^\| `(\w+)` \|", below.partition("## Publications")[0], re.MULTILINE)
    assert set(rows) == messages._REPLIES


def test_publications_are_those_of_the_code() -> None:
    told = {codes(byte)[0].encode() for byte, _ in table(PROTOCOL, "Publications")}
    assert told == {messages.JOB, messages.NOTICE, messages.HELLO}


@pytest.mark.parametrize(
    ("heading", "made"),
    [
        ("Job", job.Job(jid="", fleet="", to="", fun="", issued=0, expires=0, user="").to_wire()),
        ("Return", returns.failure("", "", "failed", "", started=0).to_wire()),
        ("Hello and welcome", hello.Hello(
            id="", sign_key=b"", curve_key=b"", nonce=b"", started=0, shoal="").to_wire()),
    ],
)  # fmt: skip
def test_fields_are_those_of_the_code(heading: str, made: dict[str, object]) -> None:
    told = [field for first, *_ in table(PROTOCOL, heading) for field in codes(first)]
    assert sorted(told) == sorted(made)


def test_welcome_has_the_fields_of_the_code() -> None:
    below = protocol().split("The welcome is sealed", 1)[1].partition("\n\nAccepted")[0]
    told = re.findall(r"^\| `(\w+)` \|", below, re.MULTILINE)
    assert sorted(told) == sorted(welcome.Welcome(nonce=b"", status="", time=0).to_wire())
    assert all(f"`{status}`" in below for status in welcome.STATUSES)


def test_words_of_refusal_are_all_told() -> None:
    raised = set()
    for folder in ("pki", "master"):
        for file in (ROOT / folder).rglob("*.py"):
            raised |= set(
                re.findall(r'(?:TrustError|JobRefusedError)\(\s*"([a-z ]+)"', file.read_text("utf-8"))
            )
    text = " ".join(protocol().split())
    assert sorted(word for word in raised - {"malformed hello"} if f"`{word}`" not in text) == []


def test_lists_of_words_are_complete() -> None:
    text = protocol()
    words = [*KINDS, *returns.OUTCOMES, *job.MODES, *purpose.PURPOSES, *_EXIT_BY_KIND]
    assert [word for word in words if f"`{word}`" not in text] == []


def test_exit_codes_are_those_of_the_code() -> None:
    told = {int(code) for code, _ in table("docs/operations.md", "Exit codes")}
    code = {value for key, value in vars(exits).items() if key.isupper() and isinstance(value, int)}
    assert told == code


def test_outputters_are_named() -> None:
    text = (ROOT / "docs/salt-differences.md").read_text("utf-8").split("## Output")[1]
    assert [name for name in outputters() if f"`{name}`" not in text] == []


def bounds(heading: str = "Bounds", page: str = PROTOCOL) -> dict[str, str]:
    return {what: limit for what, limit, *_ in table(page, heading)}


def test_bounds_of_the_protocol_are_those_of_the_code() -> None:
    told = bounds()
    default = {field: getattr(MinionConfig(), field) for field in typing.get_type_hints(MinionConfig)}
    assert told["job"] == f"{job.MAX_JOB_BYTES // KIB} KiB"
    assert told["value of a return"].startswith(f"{returns.MAX_VALUE_BYTES // KIB**2} MiB")
    assert default["max_output_bytes"] == KIB**2
    assert messages.MAX_REQUEST_BYTES == 4 * KIB**2 + 8 * KIB
    assert told["reply of the master"] == f"{messages.MAX_REPLY_BYTES // KIB} KiB"
    assert welcome.MAX_WELCOME_BYTES == 64 * KIB + masters.MAX_MASTERS_BYTES
    assert told["masters document"] == (
        f"{masters.MAX_MASTERS_BYTES // KIB} KiB, {masters.MAX_MASTERS} masters, "
        f"{masters.MAX_ADDRESSES} addresses each, {masters.MAX_REVOKED} revoked serials"
    )
    assert told["certificate"] == f"{certificate.MAX_CERTIFICATE_BYTES // KIB} KiB"
    assert told["hello"] == f"{hello.MAX_HELLO_BYTES // KIB} KiB"
    assert told["join string"] == f"{join.MAX_JOIN_CHARS} characters"
    assert told["frame on the control socket"].startswith(f"{frames.MAX_FRAME // KIB**2} MiB")
    assert told["jobs a minion remembers against replay"].startswith(f"{seen.MAX_SEEN};")
    assert told["jobs in hand of a box"] == (
        f"`process_count_max` {default['process_count_max']} running, "
        f"`job_queue_max` {default['job_queue_max']} waiting"
    )
    assert f"{default['spool_max_bytes'] // KIB**2} MiB" in told["returns waiting in a minion"]
    assert told["keys that wait (`pending_max`), and as many denied ones"] == str(MasterConfig().pending_max)
    assert messages.VERBS["event"].max_bytes == event.MAX_EVENT_BYTES
    assert f"more than {wire.MAX_DEPTH} levels" in " ".join(protocol().split())
    assert told["values in the lists and maps of a message"] == f"{messages.MAX_VALUES:,}"
    assert trust.MAX_LIFETIME_S == 31 * 86400 and trust.MAX_EARLY_S == 300


def test_bounds_of_targets_are_those_of_the_code() -> None:
    told = bounds("Bounds of target expressions", "docs/salt-differences.md")
    assert told["expression"] == f"{MAX_EXPR // KIB} Ki characters"
    assert told["words of a compound, nodegroups included"] == f"{nodegroup.MAX_WORDS:,}"
    assert told["parentheses inside parentheses"] == str(compound.MAX_NESTING)
    assert told["nodegroups inside nodegroups"] == str(nodegroup._MAX_NESTING)
    assert told["levels of a path (`a:b:c`)"] == f"{data.MAX_LEVELS}, of which {data.MAX_STARS} may be `*`"
    assert told["glob"] == f"{glob.MAX_GLOB} characters"
    assert told["regular expression"].startswith(f"{pcre.MAX_REGEX} characters")
    assert told["delimiter of `--delimiter`"] == f"{target.MAX_DELIMITER} characters"
