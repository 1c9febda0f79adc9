"""Job ids: strictly increasing, and never the same at two masters."""

from __future__ import annotations

from shoal.ids import JidMaker, check_jid

NOW = 1_800_000_000.123456


def test_ids_increase_even_when_the_clock_does_not() -> None:
    maker = JidMaker()
    made = [maker.new(NOW), maker.new(NOW), maker.new(NOW - 60)]
    assert made == sorted(set(made))
    assert made[0].endswith("123456")


def test_masters_with_slots_never_make_the_same() -> None:
    makers = [JidMaker(slot) for slot in range(10)]
    made = [maker.new(NOW + step * 1e-6) for maker in makers for step in (0, 0, 3, 7, -50)]
    assert len(set(made)) == len(made)
    assert all(check_jid(jid)[-1] == str(number // 5) for number, jid in enumerate(made))
    for start in range(0, len(made), 5):
        assert made[start : start + 5] == sorted(made[start : start + 5])
