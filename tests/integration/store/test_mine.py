from __future__ import annotations

from master.store import Store
from master.store.mine import MineValue
from shoal.targets import Target


def value(minion: str, name: str = "net", packed: bytes = b"\xc3", allow: Target | None = None) -> MineValue:
    return MineValue(minion=minion, name=name, packed=packed, allow=allow, updated_at=5.0)


def test_value_is_put_replaced_and_found_by_name(store: Store) -> None:
    proxies = Target(kind="glob", expr="proxy*")
    for each in (value("b"), value("a"), value("a", "disk"), value("a", packed=b"\xc2", allow=proxies)):
        assert store.mine.put(each, most=10)
    assert store.mine.named(["net"]) == [value("a", packed=b"\xc2", allow=proxies), value("b")]
    assert [each.name for each in store.mine.of("a")] == ["disk", "net"]
    assert store.mine.named([]) == []


def test_minion_has_a_bounded_number_of_values(store: Store) -> None:
    assert store.mine.put(value("a", "one"), most=1)
    assert not store.mine.put(value("a", "two"), most=1)
    assert store.mine.put(value("a", "one", b"\xc2"), most=1)
    assert store.mine.put(value("b", "two"), most=1)
    assert [(each.name, each.packed) for each in store.mine.of("a")] == [("one", b"\xc2")]


def test_values_are_deleted_one_by_one_and_all_but_some(store: Store) -> None:
    for name in ("one", "two", "three"):
        store.mine.put(value("a", name), most=10)
    store.mine.put(value("b", "one"), most=10)
    assert store.mine.delete("a", "one")
    assert not store.mine.delete("a", "one")
    assert store.mine.keep("a", ["two"]) == 1
    assert [each.name for each in store.mine.of("a")] == ["two"]
    assert store.mine.keep("a", []) == 1
    assert [each.name for each in store.mine.of("b")] == ["one"]
