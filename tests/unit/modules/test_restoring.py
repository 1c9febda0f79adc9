"""The ways back of users, groups and passwords, on a box in a box. States' own tests go them as well."""

from __future__ import annotations

import json
import shlex

import pytest

from modules.shadow.entry import ShadowEntry
from modules.shadow.restoring import packed, unpacked
from shoal.errors import ArgumentError
from tests.unit.modules.private_box import PrivateBox, private_box

__all__ = ["private_box"]
HASH = "$6$abcdefgh$" + "x" * 86
ENTRY = ShadowEntry(name="old", passwd=HASH, lstchg=19000, min=1, max=90, warn=7, inact=3, expire=20000)


def test_entry_comes_out_as_it_was_packed_and_is_not_legible() -> None:
    assert unpacked(packed(ENTRY)) == ENTRY
    assert "abcdefgh" not in packed(ENTRY)


@pytest.mark.parametrize("text", ["", "x", "$6$abc", packed(ENTRY)[:-6], "é"])
def test_what_is_no_entry_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"kept is not an entry of /etc/shadow as a state keeps it$"):
        unpacked(text)


def test_password_and_its_ageing_come_back(private_box: PrivateBox) -> None:
    private_box.ask("user.add old 1400")
    kept = shlex.quote(packed(ENTRY))
    assert private_box.ask(f"shadow.restore old {kept}", f"shadow.restore old {kept}") == [True, False]
    assert private_box.line("shadow", "old")[1:8] == [HASH, "19000", "1", "90", "7", "3", "20000"]


def test_deleted_user_comes_back_with_groups_that_went_too(private_box: PrivateBox) -> None:
    groups = shlex.quote(json.dumps({"own": 1401, "g": 1500}))
    line = f"user.restore old uid=1400 gid=1401 home=/home/old shell=/bin/sh gecos=Old,1 groups={groups}"
    assert private_box.ask(f"{line} kept={shlex.quote(packed(ENTRY))}", line) == [True, False]
    assert private_box.line("passwd", "old") == ["old", "x", "1400", "1401", "Old,1", "/home/old", "/bin/sh"]
    assert private_box.line("group", "g") == ["g", "x", "1500", "old"]
    assert private_box.line("shadow", "old")[1] == HASH


def test_number_that_is_somebody_elses_by_now_is_an_error(private_box: PrivateBox) -> None:
    (answer,) = private_box.ask("user.restore nobody uid=1400 gid=1401 home=/h shell=/bin/sh groups={}")
    assert answer == {"error": "user nobody has the number 65534 by now, not 1400"}


def test_group_comes_back_without_people_who_are_gone(private_box: PrivateBox) -> None:
    private_box.ask("user.add old 1400")
    answers = private_box.ask("group.restore g 1500 old,gone", "group.restore g 1500 old,gone")
    assert answers == [True, False]
    assert private_box.line("group", "g") == ["g", "x", "1500", "old"]
