"""A secret does not get out by accident."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from shoal.secret import Secret


def test_it_is_stars_however_it_is_shown() -> None:
    secret = Secret("hunter22")
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret:>10}",
        f"{[secret]}",
        "{} {!r}".format(secret, secret),  # noqa: UP032 - this way too
    ]
    shown.append(json.dumps({"a": secret}, default=str))
    assert not [text for text in shown if "hunter" in text]
    assert str(secret) == "******"


def test_only_reveal_gives_it() -> None:
    assert Secret("hunter22").reveal() == "hunter22"


def test_it_does_not_travel() -> None:
    with pytest.raises(TypeError, match="not written anywhere"):
        pickle.dumps(Secret("x"))
    with pytest.raises(TypeError):
        json.dumps(Secret("x"))


def test_it_compares_and_copies() -> None:
    secret = Secret("a")
    assert secret == Secret("a")
    assert secret != Secret("b")
    assert secret != "a"
    assert len({secret, Secret("a")}) == 1
    assert copy.deepcopy(secret) is secret
    assert copy.copy(secret) is secret
    assert not Secret("")
    assert secret
