"""Code on a live box that no master of its fleet has signed: on its disk and over the wire (attack list 37).

First the box's disk is attacked beside the real master. Then a forged master takes the real one's place, which has
its CURVE key, and even its sign key where the test is about something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pki.envelope import seal
from pki.keys import SignKey
from pki.manifest import seal_manifest
from shoal.files.digest import Digest
from shoal.files.messages import Answer, Question
from shoal.messages import FILES, reply
from shoal.returns import Return
from shoal.subscribers import MINE
from shoal.synced import KINDS, Manifest, SyncedFile, stored_name
from shoal.wire import decode, encode
from tests.acceptance.at_work import listening
from tests.acceptance.attacks.arena import Arena
from tests.fleet import Fleet, short_folder
from tests.rogue import MasterSecrets, RogueMaster, certify, make_job
from tests.synced import place, serve

BOX = "box-1"
CODE = """
from modules.context import Context
from shoal.functions.function import function

@function
def version(ctx: Context) -> str:
    return "{}"

@function
def forbidden(ctx: Context) -> str:
    return "done all the same"
"""


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    """A master that serves one module, in its second version, and a box that forbids one function of it."""
    with short_folder() as folder, Fleet(folder) as fleet:
        served = serve(fleet.master_root / "srv/salt", "_modules/hello.py", CODE.format("one"))
        fleet.start_master(job_expires_s=3600, heartbeat_s=60)
        fleet.join(BOX, settings={"disable_functions": ["hello.forbidden"]})
        arena = Arena(fleet)
        arena.until("the first sync", lambda: manifest_file(arena).exists())
        (folder / "old.manifest").write_bytes(manifest_file(arena).read_bytes())
        served.write_text(CODE.format("two"))
        assert value(arena, "saltutil.sync_modules") == ["modules.hello"]
        yield arena


def value(arena: Arena, fun: str) -> Any:
    return arena.run(BOX, fun)[BOX]["ret"]


def shelf(arena: Arena) -> Path:
    return arena.fleet.minion_root(BOX) / "var/lib/shoal/minion/synced"


def manifest_file(arena: Arena) -> Path:
    return shelf(arena) / "modules.manifest"


def hello_file(arena: Arena) -> Path:
    (found,) = (path for path in shelf(arena).glob("modules/hello.*") if "two" in path.read_text())
    return found


def told(arena: Arena, text: str) -> int:
    """Return how often the box has raised an alert with this text."""
    return len(arena.log_lines("action=alert", text, log=f"{BOX}.log"))


def test_file_that_was_altered_on_the_box_is_not_loaded_and_is_told_once(arena: Arena) -> None:
    file = hello_file(arena)
    with listening(arena.fleet) as events:
        file.write_text(CODE.format("evil"))
        for _ in range(2):
            answer = arena.run(BOX, "hello.version")[BOX]
            assert answer["outcome"] == "failed"
            assert f"{file} is not loaded: it is not what the master has signed" in answer["ret"]
        events.until_out(f"shoal/minion/{BOX}/event/alert")
        arena.until("the alert", lambda: told(arena, str(file)) == 1)
    assert value(arena, "saltutil.sync_modules") == ["modules.hello"]
    assert value(arena, "hello.version") == "two"


def test_file_that_was_put_beside_is_not_loaded_and_is_told_once(arena: Arena) -> None:
    evil = shelf(arena) / "modules/evil.py"
    evil.write_text(CODE.format("evil"))
    old_place = arena.fleet.minion_root(BOX) / "var/lib/shoal/minion/modules"
    old_place.mkdir()
    (old_place / "evil.py").write_text(CODE.format("evil"))
    place(evil.parent, {"worse": CODE.format("evil"), "test": CODE.format("evil")})
    for _ in range(2):
        assert value(arena, "saltutil.sync_modules") == []
    assert not {"evil", "worse"} & set(value(arena, "sys.list_modules"))
    for fun in ("evil.version", "worse.version", "test.forbidden"):
        assert "not available" in value(arena, fun)
    assert value(arena, "test.ping") is True
    assert told(arena, f"{evil} is in no manifest of the master and is not loaded") == 1
    evil.unlink()


Forge = Callable[
    [MasterSecrets, Manifest, bytes], bytes
]  # all that the master has, what it would say, an old one


def by_another_key(secrets: MasterSecrets, manifest: Manifest, _old: bytes) -> bytes:
    return seal_manifest(manifest, SignKey.generate(), secrets.certificate)


def by_another_fleet(secrets: MasterSecrets, manifest: Manifest, _old: bytes) -> bytes:
    other = secrets.of_another_fleet()
    return seal_manifest(replace(manifest, fleet=other.fleet), other.keys.sign, other.certificate)


def expired(secrets: MasterSecrets, manifest: Manifest, _old: bytes) -> bytes:
    past = certify(secrets.root, secrets.name, secrets.keys, days=(-9, -1))
    return seal_manifest(manifest, secrets.keys.sign, past)


def for_another_purpose(secrets: MasterSecrets, manifest: Manifest, _old: bytes) -> bytes:
    return seal("notice", encode(manifest.to_wire()), secrets.keys.sign, secrets.certificate)


def of_another_environment(secrets: MasterSecrets, manifest: Manifest, _old: bytes) -> bytes:
    return seal_manifest(replace(manifest, env="dev"), secrets.keys.sign, secrets.certificate)


def captured_before(_secrets: MasterSecrets, _manifest: Manifest, old: bytes) -> bytes:
    return old


def with_one_bit_flipped(secrets: MasterSecrets, manifest: Manifest, _old: bytes) -> bytes:
    frame = bytearray(seal_manifest(manifest, secrets.keys.sign, secrets.certificate))
    frame[-100] ^= 1
    return bytes(frame)


def none_at_all(_secrets: MasterSecrets, _manifest: Manifest, _old: bytes) -> bytes:
    return b"\xc1"


FORGERIES: list[tuple[Forge, str]] = [
    (by_another_key, "bad signature"),
    (by_another_fleet, "unknown signer"),
    (expired, "certificate expired"),
    (for_another_purpose, "wrong purpose"),
    (of_another_environment, "wrong environment"),
    (captured_before, "older version"),
    (with_one_bit_flipped, "bad signature"),
    (none_at_all, "not a msgpack value"),
]


@pytest.mark.parametrize("forge", [by_another_key, by_another_fleet])
def test_forged_manifest_on_the_disk_is_not_believed_by_a_box_that_starts(arena: Arena, forge: Forge) -> None:
    manifest, code = evil_manifest(arena)
    good = manifest_file(arena).read_bytes()
    manifest_file(arena).write_bytes(forge(arena.master, manifest, b""))
    digests = place(shelf(arena) / "modules", {"hello": code})
    call = ("shoal-call", "--local", "--out=txt", "hello.version")
    done = arena.fleet.program(*call, root=arena.fleet.minion_root(BOX), check=False)
    assert "evil" not in done.stdout
    assert "the manifest of synced modules is refused" in done.stderr
    arena.fleet.minions[BOX].stop()
    arena.fleet.start_minion(BOX)
    arena.fleet.wait_up(BOX)
    arena.until("the alert", lambda: told(arena, "the manifest of synced modules is refused"))
    arena.until("the sync that mends it", lambda: value(arena, "hello.version") == "two")
    assert manifest_file(arena).read_bytes() != good, "it was fetched anew"
    (shelf(arena) / "modules" / stored_name("hello", digests["hello"])).unlink()


def evil_manifest(arena: Arena) -> tuple[Manifest, bytes]:
    """Return what an attacker wants to be believed now, and the code that it names."""
    code = CODE.format("evil").encode()
    held = Manifest.from_wire(decode(decode(manifest_file(arena).read_bytes(), 1 << 20)[3], 1 << 20))
    file = SyncedFile(kind="modules", name="hello", digest=Digest(code).final(), size=len(code))
    return replace(held, issued=held.issued + 1, files=(file,)), code


@dataclass
class Forged:
    """The forged master, and what it answers questions about files with."""

    arena: Arena
    master: RogueMaster
    manifest: bytes = b""
    contents: dict[bytes, bytes] = field(default_factory=dict)

    def run(self, fun: str) -> Return:
        """Run a function on the box by a good job, answering whatever it asks; return what it says."""
        job = make_job(self.master.secrets.fleet, fun=fun, to=BOX)
        self.master.publish(MINE, self.master.secrets.seal_job(job))
        while True:
            route, verb, body = self.master.next_request()
            if verb == "files":
                answer = self._answer(Question.from_wire(body))
                self.master.answer(route, reply(FILES, answer.to_wire()))
            elif verb == "return" and Return.from_wire(body).jid == job.jid:
                self.master.answer(route, reply("ack", [job.jid]))
                return Return.from_wire(body)

    def _answer(self, question: Question) -> Answer:
        if question.op == "manifest":
            return Answer(n=question.n, data=self.manifest)
        parts = (self.contents[part.digest][part.at : part.at + part.length] for part in question.parts)
        return Answer(n=question.n, data=b"".join(parts))

    def value(self, fun: str) -> Any:
        """Return what a function returns on the box."""
        return decode(self.run(fun).packed, 1 << 20)


@pytest.fixture(scope="module")
def forged(arena: Arena) -> Iterator[Forged]:
    """The forged master in the real one's place."""
    assert arena.fleet.master is not None
    arena.fleet.master.stop()
    with RogueMaster(arena.master) as master:
        master.wait_for_reader(MINE)
        yield Forged(arena, master)


@pytest.mark.parametrize(("forge", "reason"), FORGERIES, ids=[forge.__name__ for forge, _ in FORGERIES])
def test_forged_manifest_is_refused_and_what_was_there_stays(
    forged: Forged, forge: Forge, reason: str
) -> None:
    manifest, code = evil_manifest(forged.arena)
    before = manifest_file(forged.arena).read_bytes()
    old = (forged.arena.fleet.folder / "old.manifest").read_bytes()
    forged.manifest = forge(forged.master.secrets, manifest, old)
    forged.contents = {Digest(code).final(): code}
    for fun in ("saltutil.sync_modules", "saltutil.sync_all"):
        ret = forged.run(fun)
        assert ret.outcome == "failed"
        assert f"the master's manifest is refused: {reason}" in decode(ret.packed, 1 << 20)
    assert forged.value("hello.version") == "two"
    assert manifest_file(forged.arena).read_bytes() == before
    assert not (shelf(forged.arena) / "modules" / stored_name("hello", Digest(code).final())).exists()


def test_content_that_is_not_what_a_good_manifest_names_is_not_taken(forged: Forged) -> None:
    manifest, code = evil_manifest(forged.arena)
    secrets = forged.master.secrets
    forged.manifest = seal_manifest(manifest, secrets.keys.sign, secrets.certificate)
    forged.contents = {Digest(code).final(): code.replace(b"evil", b"eviL")}
    ret = forged.run("saltutil.sync_modules")
    assert ret.outcome == "failed"
    assert "what arrived is not what the master named" in decode(ret.packed, 1 << 20)
    assert forged.value("hello.version") == "two"


def test_box_refuses_what_it_forbids_even_when_everything_is_signed(forged: Forged) -> None:
    manifest, code = evil_manifest(forged.arena)
    secrets = forged.master.secrets
    forged.manifest = seal_manifest(manifest, secrets.keys.sign, secrets.certificate)
    forged.contents = {Digest(code).final(): code}
    assert forged.value("saltutil.sync_modules") == ["modules.hello"]
    assert forged.value("hello.version") == "evil", "who has the master's sign key is the master"
    ret = forged.run("hello.forbidden")
    assert ret.outcome == "refused"
    assert "is disabled in this minion's configuration" in decode(ret.packed, 1 << 20)
    assert set(forged.value("saltutil.sync_all")) == set(KINDS)


def test_nothing_that_was_tried_left_a_traceback(forged: Forged) -> None:
    forged.arena.check_logs()
