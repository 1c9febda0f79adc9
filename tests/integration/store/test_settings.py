from __future__ import annotations

import pytest

from master.store import Store
from shoal.errors import StoreError


@pytest.mark.parametrize("value", ["ab12", 1_800_000_000.5, 7, b"\x00\xff", None, [1, {"a": True}], ""])
def test_setting_comes_back_as_it_was_put(store: Store, value: object) -> None:
    store.settings.put("key", value)
    assert store.settings.get("key", "default") == value


def test_setting_is_replaced_and_deleted(store: Store) -> None:
    store.settings.put("floor", 1.0)
    store.settings.put("floor", 2.0)
    assert store.settings.all() == {"floor": 2.0}
    assert store.settings.delete("floor") is True
    assert store.settings.delete("floor") is False
    assert store.settings.get("floor") is None


def test_value_that_msgpack_does_not_carry_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="cannot be sent"):
        store.settings.put("key", object())
