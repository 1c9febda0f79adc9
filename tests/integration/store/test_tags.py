from __future__ import annotations

from master.store import Store


def test_tags_are_set_changed_and_deleted(store: Store) -> None:
    store.tags.set("web1", {"site": "berlin", "env": "prod"})
    store.tags.set("web1", {"site": "köln"})
    assert store.tags.of("web1") == {"env": "prod", "site": "köln"}
    assert store.tags.delete("web1", ["site", "nothing"]) == 1
    assert store.tags.of("web1") == {"env": "prod"}


def test_tags_of_many_are_loaded_at_once(store: Store) -> None:
    values = {f"box-{n}": {"site": "a", "rack": str(n)} for n in range(300)}
    store.tags.load(values)
    store.tags.load({"box-0": {"site": "b"}})
    store.tags.load({})
    assert store.tags.all() == values | {"box-0": {"site": "b", "rack": "0"}}


def test_minion_without_tags_has_none(store: Store) -> None:
    store.tags.set("web1", {})
    assert store.tags.of("web1") == {}
    assert store.tags.all() == {}
