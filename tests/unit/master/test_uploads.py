"""What shoal-cp brings: for the jobs of its user, and for the boxes of these jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from master.receiving import uploads as uploading
from master.receiving.limits import MIB, ReceivingError
from master.receiving.uploads import Uploads, parcel_of
from shoal.clock import FakeClock
from shoal.errors import WireError
from shoal.files.digest import Digest
from shoal.files.messages import FileInfo
from shoal.files.parcel import pack_parcel
from shoal.files.piece import Arrived, Piece

ALICE, BOB = 1000, 1001
DATA = b"some content"
Body = Callable[["Store"], Awaitable[None]]


def digest(data: bytes) -> bytes:
    return Digest(data).final()


class Store:
    def __init__(self, folder: Path, max_bytes: int = MIB) -> None:
        self.clock = FakeClock()
        self.folder = folder
        self.uploads = Uploads(folder, max_bytes, self.clock.monotonic)

    async def bring(self, data: bytes, uid: int = ALICE, *, operator: bool = True) -> Arrived:
        piece = Piece(digest=digest(data), size=len(data), at=0, data=data)
        return await self.uploads.take(uid, piece, all_of_it=operator)

    async def bring_list(self, *contents: bytes, uid: int = ALICE) -> tuple[bytes, int]:
        for data in contents:
            await self.bring(data, uid)
        infos = [
            FileInfo(name=f"f{n}", digest=digest(data), size=len(data)) for n, data in enumerate(contents)
        ]
        parcel = pack_parcel(infos)
        await self.bring(parcel, uid)
        return digest(parcel), len(parcel)

    async def begin(self, jid: str, *boxes: str, uid: int = ALICE) -> None:
        """Bring DATA and begin a job for it."""
        brought = await self.uploads.find(uid, *await self.bring_list(DATA, uid=uid))
        self.uploads.grant(jid, boxes, brought)

    async def files(self) -> int:
        """Return how many files lie there, when all is done."""
        await self.uploads._beside(lambda: None)
        return sum(path.is_file() for path in self.folder.rglob("*"))


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., None]:
    def runs(body: Body, max_bytes: int = MIB) -> None:
        store = Store(tmp_path / "uploads", max_bytes)
        try:
            asyncio.run(body(store))  # type: ignore[arg-type]
        finally:
            store.uploads.close()

    return runs


def test_only_boxes_of_the_job_may_read(run: Callable[..., None]) -> None:
    async def body(store: Store) -> None:
        await store.bring(DATA)
        assert store.uploads.file("web", digest(DATA)) is None, "no job names it"
        await store.begin("1", "web")
        found = store.uploads.file("web", digest(DATA))
        assert found is not None
        assert Path(found.path).read_bytes() == DATA
        assert Path(found.path).stat().st_mode & 0o777 == 0o600
        assert store.uploads.file("db", digest(DATA)) is None

    run(body)


def test_files_of_another_user_are_not_there(run: Callable[..., None]) -> None:
    async def body(store: Store) -> None:
        await store.bring(DATA, ALICE)
        parcel = pack_parcel([FileInfo(name="f", digest=digest(DATA), size=len(DATA))])
        await store.bring(parcel, BOB)
        with pytest.raises(ReceivingError, match="not on the master"):
            await store.uploads.find(BOB, digest(parcel), len(parcel))
        probe = Piece(digest=digest(DATA), size=len(DATA), at=0, data=b"")
        assert await store.uploads.take(BOB, probe, all_of_it=False) == Arrived(at=0), "nor is it told"

    run(body)


def test_they_go_with_their_job(run: Callable[..., None]) -> None:
    async def body(store: Store) -> None:
        await store.begin("1", "web")
        await store.begin("2", "web", "db")
        store.uploads.done("1")
        assert store.uploads.file("web", digest(DATA)) is not None, "another job needs it"
        await store.bring(DATA)
        store.uploads.done("2")
        assert store.uploads.file("web", digest(DATA)) is None
        assert await store.files() == 1, "it waits for the job it was brought for again; the list is gone"
        store.clock.advance(3601)
        store.uploads.tidy()
        assert await store.files() == 0
        await store.begin("3", "web")

    run(body)


def test_what_is_read_stays(run: Callable[..., None]) -> None:
    async def body(store: Store) -> None:
        await store.begin("1", "web")
        for _ in range(3):
            store.clock.advance(3000)
            assert store.uploads.file("web", digest(DATA)) is not None
            store.uploads.tidy()
        store.clock.advance(3601)
        store.uploads.tidy()
        assert store.uploads.file("web", digest(DATA)) is None

    run(body)


def test_room_is_bounded_and_parts_count(run: Callable[..., None]) -> None:
    async def body(store: Store) -> None:
        half = bytes(MIB // 2)
        part = Piece(digest=digest(half), size=len(half), at=0, data=half[:1000])
        assert await store.uploads.take(ALICE, part, all_of_it=True) == Arrived(at=1000)
        with pytest.raises(ReceivingError, match="cp_upload_mib"):
            await store.bring(bytes(MIB))
        store.clock.advance(3601)
        store.uploads.tidy()
        assert (await store.bring(bytes(MIB))).whole
        with pytest.raises(ReceivingError, match="cp_upload_mib"):
            await store.bring(b"x", BOB)

    run(body)


def test_other_users_have_a_quarter_of_the_room(run: Callable[..., None]) -> None:
    async def body(store: Store) -> None:
        with pytest.raises(ReceivingError, match="cp_upload_mib"):
            await store.bring(bytes(MIB // 4 + 1), BOB, operator=False)
        assert (await store.bring(bytes(MIB // 4), BOB, operator=False)).whole

    run(body)


def test_number_of_files_of_a_user_is_bounded(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "_MAX_CONTENTS", 3)

    async def body(store: Store) -> None:
        await store.begin("1", "web")
        part = Piece(digest=digest(b"part"), size=4, at=0, data=b"")
        assert await store.uploads.take(ALICE, part, all_of_it=True) == Arrived(at=0)
        with pytest.raises(ReceivingError, match="files of one user"):
            await store.bring(b"one more")
        assert (await store.bring(b"another user's", BOB)).whole
        store.uploads.done("1")
        assert (await store.bring(b"one more")).whole

    run(body)


def test_content_that_is_not_what_its_digest_says_is_refused(run: Callable[..., None]) -> None:
    async def body(store: Store) -> None:
        wrong = Piece(digest=digest(b"x"), size=len(DATA), at=0, data=DATA)
        with pytest.raises(WireError, match="not what its digest says"):
            await store.uploads.take(ALICE, wrong, all_of_it=True)
        assert await store.files() == 0
        assert (await store.bring(b"x")).whole

    run(body)


def test_master_that_starts_forgets_what_was_brought(run: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "uploads/0").mkdir(parents=True)
    (tmp_path / "uploads/0/old").write_text("old")

    async def body(store: Store) -> None:
        assert await store.files() == 0

    run(body)


@pytest.mark.parametrize(
    "args", [[], ["a"], ["zz", 1, "/x"], ["00" * 32, "x", "/x"], ["00" * 31, 1, "/x"], [7, 1, "/x"],
             ["00" * 32, 2**40, "/x"], ["00" * 32, 0, "/x"], [["00" * 32], 1, "/x"]], ids=str
)  # fmt: skip
def test_job_that_names_no_list_is_refused(args: list[object]) -> None:
    with pytest.raises(WireError, match="shoal-cp"):
        parcel_of(args)
