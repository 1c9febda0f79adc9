from __future__ import annotations

import pytest

from master.store import JobFilter, Store
from shoal.errors import StoreError

from .samples import JID, NOW, jid_at, job


def found(store: Store, **wanted: object) -> list[str]:
    return [each.fun for each in store.jobs.find(JobFilter(**wanted))]  # type: ignore[arg-type]


def test_job_comes_back_as_it_was_stored(store: Store) -> None:
    record = job(
        args=("a", 1, None, b"\x00\xff", {"deep": [1.5, True]}),
        kwargs={"name": "größe", "n": 2**63},
        from_text=True,
        no_parse=("name",),
        mode="queue",
        timeout_s=2.5,
        returners=("jsonl",),
        approvals=(b"signature",),
        metadata={"ticket": "OPS-1"},
        delimiter="|",
        parent=jid_at(-1),
    )
    store.jobs.add(record)
    assert store.jobs.get(JID) == record


def test_unknown_job_is_none_and_has_no_targets(store: Store) -> None:
    assert store.jobs.get(JID) is None
    assert store.jobs.targets(JID) == ()


def test_targets_keep_their_order(store: Store) -> None:
    ids = tuple(f"box-{number}" for number in range(10_000, 0, -1))
    store.jobs.add(job(targets=ids))
    assert store.jobs.targets(JID) == ids


def test_job_for_nobody_has_no_targets(store: Store) -> None:
    store.jobs.add(job(targets=()))
    assert store.jobs.targets(JID) == ()


def test_taken_jid_is_refused_and_the_first_job_stays(store: Store) -> None:
    store.jobs.add(job(user="anna"))
    with pytest.raises(StoreError, match="there is a job"):
        store.jobs.add(job(user="eve"))
    assert store.jobs.find(JobFilter())[0].user == "anna"


def test_refusal_does_not_quote_what_was_to_be_stored(store: Store) -> None:
    store.jobs.add(job())
    with pytest.raises(StoreError) as caught:
        store.jobs.add(job(user="s3cret", args=("s3cret",), target="s3cret"))
    assert "s3cret" not in str(caught.value)
    assert JID not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_argument_that_msgpack_does_not_carry_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="cannot be sent"):
        store.jobs.add(job(args=(object(),)))


def test_list_is_newest_first_and_limited(store: Store) -> None:
    for seconds in (3, 1, 2):
        store.jobs.add(job(seconds, fun=f"test.n{seconds}"))
    assert found(store) == ["test.n3", "test.n2", "test.n1"]
    assert found(store, limit=2) == ["test.n3", "test.n2"]


def test_list_has_the_number_of_targets(store: Store) -> None:
    store.jobs.add(job(targets=("a", "b", "c")))
    assert store.jobs.find(JobFilter())[0].target_count == 3


def test_list_reads_on_until_enough_fit(store: Store) -> None:
    records = [job(n, fun="test.rare" if n % 250 == 0 else "test.ping") for n in range(600)]
    store.commit_batch(jobs=records)
    assert len(found(store, fun="test.rar[d-f]")) == 3


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"since": NOW + 2}, ["state.apply", "pkg.install"]),
        ({"until": NOW + 2}, ["pkg.install", "test.ping"]),
        ({"since": NOW + 2, "until": NOW + 2}, ["pkg.install"]),
        ({"fun": "state.*"}, ["state.apply"]),
        ({"fun": "STATE.*"}, []),
        ({"fun": "p??.install"}, ["pkg.install"]),
        ({"fun": "test_ping"}, []),
        ({"fun": "[ps]*"}, ["state.apply", "pkg.install"]),
        ({"user": "anna"}, ["test.ping"]),
        ({"parent": "20270101000000000000"}, ["pkg.install"]),
        ({"metadata": {"ticket": 7}}, ["state.apply"]),
        ({"metadata": {"ticket": 7, "who": "x"}}, []),
        ({"search_target": "web*"}, ["pkg.install", "test.ping"]),
        ({"search_target": "db1, nothing"}, ["state.apply", "test.ping"]),
        ({"search_target": "G@os:*"}, ["state.apply"]),
    ],
)
def test_list_shows_what_the_filter_asks_for(
    store: Store, wanted: dict[str, object], expected: list[str]
) -> None:
    store.jobs.add(job(1, target="*", targets=("web1", "db1")))
    store.jobs.add(job(2, fun="pkg.install", user="ben", parent="20270101000000000000"))
    store.jobs.add(
        job(3, fun="state.apply", user="cy", metadata={"ticket": 7}, target="G@os:Debian", targets=("db1",))
    )
    assert found(store, **wanted) == expected


def test_last_run_is_the_newest_that_fits(store: Store) -> None:
    store.commit_batch(jobs=[job(1), job(2), job(3, fun="state.apply")])
    last = store.jobs.last_run(JobFilter(fun="test.ping"))
    assert last is not None
    assert last.jid == jid_at(2)
    assert store.jobs.last_run(JobFilter(fun="cmd.run")) is None
