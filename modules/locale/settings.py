"""The functions. A locale that is not there is never made the system's: programs would fall back to C."""

from __future__ import annotations

import re
from typing import Final

from modules import shell
from modules.context import Context
from modules.locale.locale_name import LocaleName
from modules.locale.provider import choose
from modules.text_file import edit_text, lines_of, read_text, text_of
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_LANG: Final = re.compile(r"""^\s*(?:export\s+)?LANG=["']?([^"'\s]*)["']?.*$""", re.MULTILINE)


@function(replay="safe")
def list_avail(ctx: Context) -> list[str]:
    """List the locales that programs can use now, as `locale -a` spells them.

    CLI Example:

        shoal '*' locale.list_avail
    """
    done = shell.run(shell.Command(argv=["locale", "-a"], env={"LC_ALL": "C"}))
    return done.must_succeed().stdout.split()


@function(replay="safe")
def avail(ctx: Context, locale: str) -> bool:
    """Say whether a locale can be used now; `en_US.utf8` and `en_US.UTF-8` are one.

    CLI Example:

        shoal '*' locale.avail C.UTF-8
    """
    return _known(LocaleName.parse(locale), list_avail(ctx))


@function(replay="safe")
def get_locale(ctx: Context) -> str:
    """Return the system's locale (LANG), an empty text if none is set.

    CLI Example:

        shoal '*' locale.get_locale
    """
    found = _LANG.findall(read_text(choose(ctx.grains.get("os_family")).settings_file()))
    return found[-1] if found else ""


@function(replay="safe")
def set_locale(ctx: Context, locale: str) -> bool:
    """Make a locale the system's, for what starts from now on; other settings such as LC_TIME stay.

    CLI Example:

        shoal '*' locale.set_locale C.UTF-8
    """
    if not avail(ctx, locale):
        raise ModuleError(f"{locale} is not available on this box: make it with locale.gen_locale")
    edit_text(choose(ctx.grains.get("os_family")).settings_file(), lambda text: with_lang(text, locale))
    return True


@function(replay="safe")
def gen_locale(ctx: Context, locale: str, verbose: bool = False) -> bool | str:
    """Make a locale unless it is there; with `verbose` return what the program said.

    CLI Example:

        shoal '*' locale.gen_locale de_AT.UTF-8
    """
    name = LocaleName.parse(locale)
    if _known(name, list_avail(ctx)):
        return "" if verbose else True
    said = choose(ctx.grains.get("os_family")).generate(name)
    if not _known(name, list_avail(ctx)):
        raise ModuleError(f"{locale} was made, but locale -a does not list it")
    return said if verbose else True


def with_lang(text: str, locale: str) -> str:
    """Return a file of settings with this LANG; the last line that sets it counts."""
    lines = lines_of(text)
    places = [i for i, line in enumerate(lines) if _LANG.match(line)]
    if places:
        lines[places[-1]] = f"LANG={locale}"
    else:
        lines.append(f"LANG={locale}")
    return text_of(lines)


def _known(name: LocaleName, listed: list[str]) -> bool:
    for each in listed:
        try:
            if LocaleName.parse(each).plain == name.plain:
                return True
        except ArgumentError:  # old glibc lists `français`
            continue
    return False
