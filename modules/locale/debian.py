"""Debian and its kin: /etc/locale.gen names what `locale-gen` makes."""

from __future__ import annotations

from typing import Final

from modules import shell
from modules.locale.locale_name import LocaleName
from modules.text_file import edit_text, lines_of, read_text, text_of
from shoal.errors import ArgumentError, ModuleError, UnavailableError

DEFAULT_LOCALE: Final = "/etc/default/locale"
LOCALE_GEN: Final = "/etc/locale.gen"
SUPPORTED: Final = "/usr/share/i18n/SUPPORTED"


class DebianLocales:
    """Asks `locale-gen`, which makes all that the file names and keeps what is there."""

    def settings_file(self) -> str:
        """Return the file that PAM and systemd read on Debian; in newer ones it is a link to locale.conf."""
        return DEFAULT_LOCALE

    def generate(self, name: LocaleName) -> str:
        """Enable the locale's line and make it; a failure leaves the line as it was."""
        if not shell.which("locale-gen"):
            raise UnavailableError("locale.gen_locale", "the package locales is not installed")
        line = supported_line(read_text(SUPPORTED), name)
        before = read_text(LOCALE_GEN)
        edit_text(LOCALE_GEN, lambda text: with_line(text, line))
        done = shell.run(shell.Command(argv=["locale-gen"], env={"LC_ALL": "C"}, merge=True))
        if done.retcode != 0:
            edit_text(LOCALE_GEN, lambda _: before)
        return done.must_succeed().stdout


def supported_line(text: str, name: LocaleName) -> str:
    """Return the line `de_AT.UTF-8 UTF-8` of the list of all locales. Raises ArgumentError and ModuleError."""
    if not text:
        raise ModuleError(f"{SUPPORTED} is not there: install the package locales")
    for line in text.splitlines():
        try:
            if line.strip() and LocaleName.parse(line).plain == name.plain:
                return " ".join(line.split())
        except ArgumentError:
            continue
    raise ArgumentError(f"{name.spelled()} is none of the locales in {SUPPORTED}")


def with_line(text: str, line: str) -> str:
    """Return locale.gen with this line in force: its comment sign removed, or the line added."""
    lines = lines_of(text)
    if any(each.split() == line.split() for each in lines):
        return text
    for i, each in enumerate(lines):
        if each.startswith("#") and each.lstrip("# \t").split() == line.split():
            lines[i] = line
            break
    else:
        lines.append(line)
    return text_of(lines)
