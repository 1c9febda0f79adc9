"""Pillar: nobody gets another box's, a box believes only its own, no secret of it is anywhere else (15, 22, 24)."""

from __future__ import annotations

import contextlib
import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pki.envelope import seal
from pki.keys import SignKey
from pki.pillar import seal_pillar
from shoal.answer import DataAnswer, pieces
from shoal.messages import ANSWER, reply
from shoal.pillar.handed import HandedPillar, PillarQuestion
from shoal.returns import Return
from shoal.subscribers import MINE
from shoal.wire import Fields, decode, encode
from tests.acceptance.at_work import listening
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.fleet import Fleet, short_folder
from tests.rogue import MasterSecrets, RogueMaster, RoguePeer, certify, make_job

CANARY = "canary-7f3a91c2"
SEALED_CANARY = "canary-in-a-seal-55d0"
TOP = f"""
base:
  '*': [common]
  '{GOOD}': [secret]
  'site:safe': [{{match: tag}}, secret]
"""
COMMON = "id: {{ id }}\nclaims: {{ grains.get('claims', '') | json }}\n"
ASK = {"n": 1, "nonce": bytes(16), "pillarenv": "", "grains": b""}


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    """A master whose pillar has secrets for one box, in the clear and sealed; both log all they can."""
    with short_folder() as folder, Fleet(folder) as fleet:
        source = folder / "source"
        source.write_text(f"#!/bin/sh\necho \"$*\" >> {folder}/asked\necho 'external: yes'\n")
        source.chmod(0o755)
        served = fleet.master_root / "srv/salt"
        served.mkdir(parents=True)
        (served / "bad.conf").write_text(
            "ok\n{{ pillar.password | int(base=99) }}{{ raise(pillar.password) }}\n"
        )
        (served / "claims.conf").write_text("{{ grains.claims }}|{{ pillar.claims }}")
        write(fleet, {"top.sls": TOP, "common.sls": COMMON, "secret.sls": f"password: {CANARY}\n"})
        fleet.start_master(ext_pillar=[{"command": [str(source)]}], log_level="debug")
        sealed = fleet.program("shoal-run", "pillar.seal", stdin=f"{SEALED_CANARY}\n").stdout.strip()
        write(fleet, {"secret.sls": f"password: {CANARY}\nsealed: {sealed}\n"})
        claims = "{{ 7 * 7 }}{% include '/etc/passwd' %}{{ ''.__class__ }}"
        fleet.join(GOOD, settings={"log_level": "debug", "grains": {"claims": claims}})
        arena = Arena(fleet)
        arena.secrets |= {CANARY, SEALED_CANARY}
        arena.until("the pillar", lambda: kept(arena).exists())
        yield arena


def write(fleet: Fleet, files: dict[str, str]) -> None:
    root = fleet.master_root / "srv/pillar"
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name).write_text(text)


def value(arena: Arena, fun: str, *args: Any) -> Any:
    return arena.run(GOOD, fun, *args)[GOOD]["ret"]


def kept(arena: Arena) -> Path:
    return arena.fleet.minion_root(GOOD) / "var/cache/shoal/minion/pillar"


def asked_pillar(peer: RoguePeer, /, **changes: Any) -> tuple[str, bytes]:
    """Ask for a pillar; return the error, or what came."""
    peer.say("pillar", {**ASK, **changes})
    data = b""
    while True:
        answer = DataAnswer.from_wire(peer.wait_for(ANSWER))
        data += answer.data
        if answer.last or answer.error:
            return answer.error, data


def handed(frame: bytes) -> HandedPillar:
    """Return what is in a sealed frame, believing everything."""
    return HandedPillar.from_wire(decode(decode(frame, 1 << 20)[3], 1 << 20))


# ------------------------------------------------- the first: no secret anywhere, before anybody has asked to see one


def test_no_secret_is_anywhere_but_in_its_files_and_with_its_box(arena: Arena) -> None:
    """Not in logs, events, the job store, the ledger and spool, error texts, arguments, environments."""
    fleet = arena.fleet
    with listening(fleet) as events:
        assert value(arena, "saltutil.refresh_pillar") is True
        assert "password" in value(arena, "pillar.ls")
        assert value(arena, "pillar.obfuscate")["password"] == "<str>"
        assert value(arena, "match.pillar", f"password:{CANARY[:3]}*") is True
        bad = value(arena, "cp.get_template", "shoal://bad.conf", f"{fleet.folder}/bad.conf")
        assert "shoal://bad.conf:2: " in bad
        refuse = value(arena, "pillar.keys", "password")
        assert "is a str, not a map" in refuse
        for broken in (
            f"password: {CANARY}\nx: {{{{ nope }}}}\n",
            f"password: {CANARY}\n  y: - {CANARY}\n",
            f"{{% set p = '{CANARY}' %}}\nx: {{{{ p + 1 }}}}\n",
            f"password: {CANARY}\npassword: {CANARY}\n",
            f"{{{{ raise('{CANARY}') }}}}\n",
            f"#!{CANARY}\n",
            f"- {CANARY}\n",
        ):
            good = (fleet.master_root / "srv/pillar/secret.sls").read_text()
            write(fleet, {"secret.sls": broken})
            told = value(arena, "saltutil.refresh_pillar")
            assert "could not make this box's pillar: 1 error, the first in" in told, broken
            assert "could not make" in value(arena, "pillar.items")
            write(fleet, {"secret.sls": good})
        assert value(arena, "saltutil.refresh_pillar") is True
        events.until_out("pillar failed")
        seen = events.out + events.err
    assert CANARY not in seen
    assert SEALED_CANARY not in seen
    for text in (bad, refuse):
        assert CANARY not in text
    assert where_it_is(arena, CANARY) == {
        "m/srv/pillar/secret.sls",
        str(kept(arena).relative_to(fleet.folder)),
    }
    assert where_it_is(arena, SEALED_CANARY) == {str(kept(arena).relative_to(fleet.folder))}
    assert not [line for line in command_lines() if CANARY in line or SEALED_CANARY in line]
    assert stat.S_IMODE(kept(arena).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept(arena).parent.stat().st_mode) == 0o700
    arena.check_logs()


def where_it_is(arena: Arena, secret: str) -> set[str]:
    """Return the files of master and box, databases included, that hold a text."""
    found = set()
    for path in arena.fleet.folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a temporary one has gone meanwhile
            if path.is_file() and not path.is_symlink() and secret.encode() in path.read_bytes():
                found.add(str(path.relative_to(arena.fleet.folder)))
    return found


def command_lines() -> list[str]:
    """Return arguments and environments of all processes here."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                found.append((folder / name).read_bytes().decode(errors="replace"))
    return found


def test_value_that_an_operator_asks_for_is_in_the_jobs_result_and_in_no_log(arena: Arena) -> None:
    assert value(arena, "pillar.get", "password") == CANARY
    assert value(arena, "pillar.items")["sealed"] == SEALED_CANARY
    shown = arena.fleet.shoal(GOOD, "pillar.get", "password", "--out=json").stdout
    assert json.loads(shown) == {GOOD: CANARY}
    arena.check_logs()


# ------------------------------------------------------------------------------ one box asks for what is another's


def test_box_is_handed_nobody_elses_pillar_whatever_it_says_of_itself(arena: Arena) -> None:
    thief = arena.insider("thief", reads=False)
    lies = {
        "id": GOOD,
        "host": GOOD,
        "nodename": GOOD,
        "fqdn": GOOD,
        "site": "safe",
        "tags": {"site": "safe"},
    }
    thief.facts({"os": "Rogue", **lies, "pillar": {"password": 1}})
    error, sealed = asked_pillar(thief)
    assert error == ""
    mine = handed(sealed)
    assert (mine.to, mine.nonce) == ("thief", bytes(16))
    assert mine.value() == {"id": "thief", "claims": "", "external": True}
    for field in ("id", "minion", "minion_id", "to", "peer", "grains_of", "opts", "load"):
        with arena.counted("message refused: malformed"):
            error, data = asked_pillar(thief, **{field: GOOD})
        assert "unknown field" in error
        assert data == b""
    assert CANARY.encode() not in sealed
    arena.still_well()
    arena.dismiss()


def test_key_that_has_lost_its_right_is_handed_nothing(arena: Arena) -> None:
    for state in ("unknown", "pending", "deleted"):
        peer = arena.rogue(f"was-{state}")
        if state != "unknown":
            assert peer.hello().status == "pending"
        if state == "deleted":
            arena.keys("accept", peer.id)
            assert peer.hello().status == "accepted"
            arena.keys("delete", peer.id)
        with arena.counted("pillar refused: key not accepted"):
            peer.say("pillar", ASK)
        assert {kind for kind, _ in peer.replies()} <= {"hello_first", "welcome"}
    arena.dismiss()


def test_questions_are_bounded(arena: Arena) -> None:
    thief = arena.insider("greedy", reads=False)
    for number in range(30):
        thief.say("pillar", {**ASK, "n": number})
    kinds = [kind for kind, _ in thief.replies(quiet_s=1.0)]
    assert set(kinds) <= {ANSWER, "busy", "want_facts"}
    with arena.counted("message refused: malformed", 1):
        thief.say("pillar", {**ASK, "grains": bytes(65)})
    arena.still_well()
    arena.dismiss()


# ------------------------------------------------------ a box names sources, paths, addresses (24); is a template (22)


@pytest.mark.parametrize(
    "more",
    [
        {"ext_pillar": [{"command": ["/bin/touch", "MARK"]}]},
        {"ext": {"cmd_yaml": "touch MARK"}},
        {"pillar": {"ext_pillar": [{"cmd_yaml": "touch MARK"}]}},
        {"pillar_override": {"password": "x"}},
        {"extra_minion_data": {"path": "MARK"}},
        {"url": "https://127.0.0.1/x"},
        {"pillar_roots": {"base": ["/etc"]}},
        {"pillarenv": "../../etc"},
        {"pillarenv": "/etc"},
        {"pillarenv": "git+ssh://a@b;touch MARK"},
        {"pillarenv": "base\0"},
        {"pillarenv": ["base"]},
    ],
    ids=str,
)
def test_source_that_a_box_names_does_nothing(arena: Arena, more: dict[str, Any]) -> None:
    mark = arena.fleet.folder / "mark"
    spelled = json.loads(json.dumps(more).replace("MARK", str(mark)))
    insider = arena.insider("namer", reads=False)
    before = (arena.fleet.folder / "asked").read_text()
    with arena.counted("message refused: malformed"):
        _error, data = asked_pillar(insider, **spelled)
    assert data == b""
    assert (arena.fleet.folder / "asked").read_text() == before, "no source was asked"
    assert not mark.exists()
    arena.dismiss()


def test_grains_that_name_sources_or_are_templates_are_data(arena: Arena) -> None:
    mark = arena.fleet.folder / "mark"
    evil = f"{{{{ salt['cmd.run']('touch {mark}') }}}}\nexternal: no\n#!py"
    insider = arena.insider("teller", reads=False)
    insider.facts(
        {
            "ext_pillar": [{"command": ["/bin/touch", str(mark)]}],
            "pillar_roots": {"base": ["/etc"]},
            "claims": evil,
        },
        digest=b"e",
    )
    error, sealed = asked_pillar(insider, grains=b"e")
    assert error == ""
    assert handed(sealed).value() == {"id": "teller", "claims": evil, "external": True}
    for env in ("etc", "nowhere", "__env__"):
        error, data = asked_pillar(insider, grains=b"e", pillarenv=env)
        assert (error.startswith("the master could not make"), data) == (True, b""), env
    asked = (arena.fleet.folder / "asked").read_text().split("\n")
    assert set(asked) <= {GOOD, "thief", "greedy", "namer", "teller", ""}, (
        "the id, and nothing that a box says"
    )
    assert not mark.exists()
    claims = value(arena, "grains.get", "claims")
    target = arena.fleet.folder / "claims.conf"
    assert value(arena, "cp.get_template", "shoal://claims.conf", str(target)) == str(target)
    assert target.read_text() == f"{claims}|{claims}", "on the box it is data too"
    assert value(arena, "pillar.items", {"ext_pillar": [{"cmd_yaml": f"touch {mark}"}]})["ext_pillar"]
    assert "not available" in value(arena, "pillar.ext", {"cmd_yaml": f"touch {mark}"})
    assert not mark.exists()
    arena.still_well()
    arena.dismiss()


# --------------------------------------------------------------------------------------- what a box keeps, altered


def test_altered_or_strange_file_is_not_believed_told_and_mended(arena: Arena) -> None:
    good = kept(arena).read_bytes()
    _error, thiefs = asked_pillar(arena.insider("thief", reads=False))
    arena.dismiss()
    altered = good.replace(CANARY.encode(), b"CANARY" + CANARY.encode()[6:])
    evil = seal_pillar(
        replace(handed(good), packed=encode({"evil": 1})), SignKey.generate(), arena.master.certificate
    )
    for data, reason in (
        (altered, "bad signature"),
        (thiefs, "wrong minion"),
        (evil, "bad signature"),
        (b"x", ""),
    ):
        arena.fleet.minions[GOOD].stop()
        kept(arena).write_bytes(data)
        kept(arena).chmod(0o644)
        arena.fleet.start_minion(GOOD)
        arena.fleet.wait_up(GOOD)
        told = f"the pillar in {kept(arena)} is refused: {reason}"
        arena.until("the alert", lambda told=told: arena.log_lines("action=alert", told, log=f"{GOOD}.log"))  # type: ignore[misc]
        arena.until("the one that mends it", lambda: value(arena, "pillar.get", "password") == CANARY)
        assert "evil" not in value(arena, "pillar.raw")
        assert handed(kept(arena).read_bytes()).to == GOOD
        assert stat.S_IMODE(kept(arena).stat().st_mode) == 0o600
    arena.still_well()


# ---------------------------------------------------------------------------------- a master that is none, or stolen

Forge = Callable[
    [MasterSecrets, HandedPillar, bytes], bytes
]  # its secrets, what it would say, an answer of before


def by_another_key(secrets: MasterSecrets, pillar: HandedPillar, _old: bytes) -> bytes:
    return seal_pillar(pillar, SignKey.generate(), secrets.certificate)


def by_another_fleet(secrets: MasterSecrets, pillar: HandedPillar, _old: bytes) -> bytes:
    other = secrets.of_another_fleet()
    return seal_pillar(replace(pillar, fleet=other.fleet), other.keys.sign, other.certificate)


def expired(secrets: MasterSecrets, pillar: HandedPillar, _old: bytes) -> bytes:
    past = certify(secrets.root, secrets.name, secrets.keys, days=(-9, -1))
    return seal_pillar(pillar, secrets.keys.sign, past)


def for_another_purpose(secrets: MasterSecrets, pillar: HandedPillar, _old: bytes) -> bytes:
    return seal("manifest", encode(pillar.to_wire()), secrets.keys.sign, secrets.certificate)


def of_another_box(secrets: MasterSecrets, pillar: HandedPillar, _old: bytes) -> bytes:
    return seal_pillar(replace(pillar, to="good-2"), secrets.keys.sign, secrets.certificate)


def of_another_question(secrets: MasterSecrets, pillar: HandedPillar, _old: bytes) -> bytes:
    return seal_pillar(replace(pillar, nonce=bytes(16)), secrets.keys.sign, secrets.certificate)


def captured_before(_secrets: MasterSecrets, _pillar: HandedPillar, old: bytes) -> bytes:
    return old


def of_another_environment(secrets: MasterSecrets, pillar: HandedPillar, _old: bytes) -> bytes:
    return seal_pillar(replace(pillar, pillarenv="dev"), secrets.keys.sign, secrets.certificate)


def from_the_future(secrets: MasterSecrets, pillar: HandedPillar, _old: bytes) -> bytes:
    return seal_pillar(replace(pillar, issued=pillar.issued + 9e6), secrets.keys.sign, secrets.certificate)


def with_one_bit_flipped(secrets: MasterSecrets, pillar: HandedPillar, _old: bytes) -> bytes:
    frame = bytearray(seal_pillar(pillar, secrets.keys.sign, secrets.certificate))
    frame[-80] ^= 1
    return bytes(frame)


def no_map(secrets: MasterSecrets, pillar: HandedPillar, _old: bytes) -> bytes:
    return seal_pillar(replace(pillar, packed=encode("text")), secrets.keys.sign, secrets.certificate)


def none_at_all(_secrets: MasterSecrets, _pillar: HandedPillar, _old: bytes) -> bytes:
    return b"\xc1"


def too_large(_secrets: MasterSecrets, _pillar: HandedPillar, _old: bytes) -> bytes:
    return bytes(5 * 1024 * 1024)


FORGERIES: list[tuple[Forge, str]] = [
    (by_another_key, "refused: bad signature"),
    (by_another_fleet, "refused: unknown signer"),
    (expired, "refused: certificate expired"),
    (for_another_purpose, "refused: wrong purpose"),
    (of_another_box, "refused: wrong minion"),
    (of_another_question, "refused: wrong nonce"),
    (captured_before, "refused: wrong nonce"),
    (of_another_environment, "refused: wrong environment"),
    (from_the_future, "refused: issued in the future"),
    (with_one_bit_flipped, "refused: bad signature"),
    (no_map, "refused: pillar: a map expected"),
    (none_at_all, "refused: not a msgpack value"),
    (too_large, "is larger than"),
]


@dataclass
class Forged:
    """The forged master, and how it forges."""

    arena: Arena
    master: RogueMaster
    old: bytes
    forge: Forge = none_at_all

    def run(self, fun: str) -> Return:
        """Run a function on the box by a good job, forging whatever pillar it asks for; return what it says."""
        job = make_job(self.master.secrets.fleet, fun=fun, to=GOOD)
        self.master.publish(MINE, self.master.secrets.seal_job(job))
        while True:
            route, verb, body = self.master.next_request()
            if verb == "pillar":
                fields = Fields(body, "question")
                number = fields.integer("n", 0, 2**53)
                for piece in pieces(number, self._answer(PillarQuestion.from_fields(fields))):
                    self.master.answer(route, reply(ANSWER, piece.to_wire()))
            elif verb == "return" and Return.from_wire(body).jid == job.jid:
                self.master.answer(route, reply("ack", [job.jid]))
                return Return.from_wire(body)

    def _answer(self, question: PillarQuestion) -> bytes:
        would_be = replace(
            handed(self.old), nonce=question.nonce, pillarenv=question.pillarenv, packed=encode({"evil": 1})
        )
        return self.forge(self.master.secrets, would_be, self.old)

    def value(self, fun: str) -> Any:
        """Return what a function returns on the box."""
        return decode(self.run(fun).packed, 1 << 20)


@pytest.fixture(scope="module")
def forged(arena: Arena) -> Iterator[Forged]:
    """The forged master in the real one's place; it has an answer that the real one gave this box."""
    old = kept(arena).read_bytes()
    assert arena.fleet.master is not None
    arena.fleet.master.stop()
    with RogueMaster(arena.master) as master:
        master.wait_for_reader(MINE)
        yield Forged(arena, master, old)


@pytest.mark.parametrize(("forge", "reason"), FORGERIES, ids=[forge.__name__ for forge, _ in FORGERIES])
def test_forged_pillar_is_refused_and_what_was_there_stays(forged: Forged, forge: Forge, reason: str) -> None:
    forged.forge = forge
    for fun in ("saltutil.refresh_pillar", "pillar.items"):
        ret = forged.run(fun)
        assert ret.outcome == "failed"
        assert f"the master's pillar {'is ' if reason[0] == 'r' else ''}{reason}" in decode(
            ret.packed, 1 << 20
        )
    assert forged.value("pillar.raw")["password"] == CANARY
    assert kept(forged.arena).read_bytes() == forged.old


def test_nothing_that_was_tried_left_a_traceback_or_a_secret(forged: Forged) -> None:
    forged.arena.check_logs()
