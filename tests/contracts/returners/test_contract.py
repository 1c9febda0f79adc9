"""What every returner promises, over real receivers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shoal.errors import ReturnerError
from tests.contracts.returners.receivers import PASSWORD, Receiver
from tests.contracts.returners.samples import JID, copy

Make = Callable[..., Receiver]


def test_whole_batch_arrives(make: Make) -> None:
    receiver = make()
    receiver.returner.deliver(
        (
            copy("web1", {"a": [1, 2.5, None]}),
            copy("web2", "text", retcode=3, success=False, outcome="failed"),
        )
    )
    one, two = receiver.came()
    assert (one["jid"], one["id"], one["return"]) == (JID, "web1", {"a": [1, 2.5, None]})
    assert (one["retcode"], one["success"]) == (0, True)
    assert (two["id"], two["return"], two["retcode"], two["success"]) == ("web2", "text", 3, False)


@pytest.mark.parametrize(
    "value",
    [
        "\0\x07\u2028\x7f \N{SNOWMAN}",
        {"": {"\0": []}},
        -(2**63),
        2**64 - 1,
        1.5e300,
        "x" * 300_000,
        "'; DROP TABLE x",
    ],
    ids=["controls", "empty keys", "low", "high", "float", "long", "sql"],
)
def test_odd_values_arrive_as_they_are(make: Make, value: Any) -> None:
    receiver = make()
    receiver.returner.deliver((copy(value=value),))
    assert receiver.came()[0]["return"] == value


def test_value_that_cannot_be_read_does_not_stop_the_others(make: Make) -> None:
    receiver = make()
    receiver.returner.deliver((copy("web1", packed=b"\xc1"), copy("web2")))
    assert [each["id"] for each in receiver.came() if each["return"] is True] == ["web2"]


def test_batch_that_comes_twice(make: Make) -> None:
    receiver = make()
    for _ in range(2):
        receiver.returner.deliver((copy("web1"), copy("web2")))
    receiver.returner.deliver((copy("web2", "another answer"), copy("web3")))
    ids = sorted(each["id"] for each in receiver.came())
    if receiver.once:
        assert ids == ["web1", "web2", "web3"]
        assert all(each["return"] is True for each in receiver.came())
    else:
        assert ids == ["web1", "web1", "web2", "web2", "web2", "web3"]


def test_arguments_stay_out_unless_they_are_wanted(make: Make) -> None:
    receiver = make()
    receiver.returner.deliver((copy(),))
    assert receiver.came()[0]["fun_args"] is None


def test_arguments_come_along_when_they_are_wanted(make: Make) -> None:
    receiver = make(arguments=True)
    receiver.returner.deliver((copy(args=("ls", 1), kwargs={"cwd": "/"}),))
    assert receiver.came()[0]["fun_args"] == ["ls", 1]


def test_check_leaves_no_return(make: Make) -> None:
    receiver = make()
    receiver.returner.check()
    assert receiver.came() == []


def test_broken_receiver_is_said_in_one_line_and_mended_goes_on(make: Make) -> None:
    receiver = make()
    receiver.returner.deliver((copy("web1"),))
    receiver.break_it()
    for act in (lambda: receiver.returner.deliver((copy("web2", PASSWORD),)), receiver.returner.check):
        with pytest.raises(ReturnerError) as said:
            act()
        assert "\n" not in str(said.value)
        assert PASSWORD not in str(said.value)
    receiver.mend()
    receiver.returner.deliver((copy("web2"),))
    assert [each["id"] for each in receiver.came()] == ["web1", "web2"]
