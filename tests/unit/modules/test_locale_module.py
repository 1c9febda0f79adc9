"""Locales of both families, on files of the test's own; `locale`, `locale-gen` and `localedef` are fakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.locale import debian, redhat, settings
from modules.locale.locale_name import LocaleName
from modules.locale.settings import with_lang
from shoal.errors import ArgumentError, CommandError, ModuleError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms

Ask = Callable[[str], Any]
GEN = "# This file lists locales\n# de_AT.UTF-8 UTF-8\n# en_US.UTF-8 UTF-8\nfr_FR.UTF-8 UTF-8\n"
SUPPORTED = "de_AT.UTF-8 UTF-8\nde_AT ISO-8859-1\nde_AT@euro ISO-8859-15\nen_US.UTF-8 UTF-8\n"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """What `locale -a` prints."""
    path = tmp_path / "listed"
    path.write_text("C\nC.utf8\nPOSIX\nfran\u00e7ais\n")
    return path


@pytest.fixture
def programs(programs: FakePrograms, listed: Path) -> FakePrograms:
    programs.say("locale", does=programs.printing(listed))
    return programs


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "gen").write_text(GEN)
    (tmp_path / "supported").write_text(SUPPORTED)
    monkeypatch.setattr(debian, "DEFAULT_LOCALE", str(tmp_path / "default"))
    monkeypatch.setattr(debian, "LOCALE_GEN", str(tmp_path / "gen"))
    monkeypatch.setattr(debian, "SUPPORTED", str(tmp_path / "supported"))
    monkeypatch.setattr(redhat, "LOCALE_CONF", str(tmp_path / "locale.conf"))
    monkeypatch.setattr(redhat, "SOURCES", str(tmp_path / "sources"))
    return tmp_path


@pytest.fixture
def red(ctx: Context) -> Context:
    return replace(ctx, grains={**ctx.grains, "os_family": "RedHat"})


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("en_US.UTF-8", "en_US.utf8", True),
        ("de_AT.UTF-8 UTF-8", "de_AT.UTF-8", True),
        ("de_AT@euro", "de_AT", False),
        ("de_AT.ISO-8859-1", "de_AT.iso88591", True),
    ],
)
def test_spellings_of_one_locale(one: str, other: str, equal: bool) -> None:
    assert (LocaleName.parse(one).plain == LocaleName.parse(other).plain) is equal


@pytest.mark.parametrize("name", ["", "-i", "../x", "de_AT.UTF-8;rm", "de_AT.UTF-8\nLC_ALL=x"])
def test_what_is_no_locale_is_refused(ctx: Context, programs: FakePrograms, files: Path, name: str) -> None:
    for call in (settings.avail, settings.set_locale, settings.gen_locale):
        with pytest.raises(ArgumentError, match="is not the name of a locale"):
            call(ctx, name)


def test_available_locales_are_known_in_any_spelling(ask: Ask, programs: FakePrograms) -> None:
    assert ask("locale.list_avail")[:3] == ["C", "C.utf8", "POSIX"]
    assert ask("locale.avail C.UTF-8") is True
    assert ask("locale.avail de_AT.UTF-8") is False


def test_set_locale_keeps_the_other_settings(ask: Ask, programs: FakePrograms, files: Path) -> None:
    assert ask("locale.get_locale") == ""
    (files / "default").write_text('# x\nLANG="en_US.UTF-8"\nLC_TIME=C\n')
    assert ask("locale.get_locale") == "en_US.UTF-8"
    assert ask("locale.set_locale C.UTF-8") is True
    assert (files / "default").read_text() == "# x\nLANG=C.UTF-8\nLC_TIME=C\n"


def test_locale_that_is_not_there_is_not_set(ask: Ask, programs: FakePrograms, files: Path) -> None:
    with pytest.raises(ModuleError, match=r"make it with locale\.gen_locale"):
        ask("locale.set_locale de_AT.UTF-8")
    assert not (files / "default").exists()


def test_red_hat_has_its_own_file(red: Context, programs: FakePrograms, files: Path) -> None:
    settings.set_locale(red, "C.utf8")
    assert (files / "locale.conf").read_text() == "LANG=C.utf8\n"
    assert settings.get_locale(red) == "C.utf8"


def test_last_lang_line_counts() -> None:
    assert with_lang("LANG=a\nLANGUAGE=x\nexport LANG=b\n", "c") == "LANG=a\nLANGUAGE=x\nLANG=c\n"


def test_debian_enables_the_line_and_makes_the_locale(
    ask: Ask, programs: FakePrograms, files: Path, listed: Path
) -> None:
    programs.say("locale-gen", "Generation complete.\n", does=f"echo de_AT.utf8 >> {listed}")
    assert ask("locale.gen_locale de_AT.utf8") is True
    assert (files / "gen").read_text() == GEN.replace("# de_AT", "de_AT")
    assert ask("locale.gen_locale de_AT.UTF-8") is True  # it is there now
    assert programs.calls("locale-gen") == [[]]


def test_failed_locale_gen_leaves_the_file_as_it_was(ask: Ask, programs: FakePrograms, files: Path) -> None:
    programs.say("locale-gen", "no space\n", code=1)
    with pytest.raises(CommandError, match="no space"):
        ask("locale.gen_locale de_AT.UTF-8")
    assert (files / "gen").read_text() == GEN


def test_unknown_locale_and_missing_program_are_told(ask: Ask, programs: FakePrograms, files: Path) -> None:
    with pytest.raises(UnavailableError, match="the package locales is not installed"):
        ask("locale.gen_locale de_AT.UTF-8")
    programs.add("locale-gen")
    with pytest.raises(ArgumentError, match="is none of the locales in"):
        ask("locale.gen_locale xx_YY.UTF-8")
    with pytest.raises(ModuleError, match="does not list it"):
        ask("locale.gen_locale de_AT.UTF-8")


def test_red_hat_compiles_the_locale(red: Context, programs: FakePrograms, files: Path, listed: Path) -> None:
    with pytest.raises(UnavailableError, match="install glibc-langpack-de"):
        settings.gen_locale(red, "de_AT.utf8@euro")
    (files / "sources").mkdir()
    (files / "sources/de_AT@euro").touch()
    programs.say("localedef", does=f"echo de_AT.utf8@euro >> {listed}")
    assert settings.gen_locale(red, "de_AT.utf8@euro") is True
    words = ["localedef", "-i", "de_AT@euro", "-f", "UTF-8", "de_AT.UTF-8@euro"]
    assert words in programs.calls()


def test_other_family_is_told(ctx: Context, programs: FakePrograms) -> None:
    alpine = replace(ctx, grains={"os_family": "Alpine"})
    with pytest.raises(UnavailableError, match="not Alpine"):
        settings.get_locale(alpine)
