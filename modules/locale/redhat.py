"""Red Hat and its kin: `localedef` makes a locale from glibc's sources; /etc/locale.conf says which is used."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from modules import shell
from modules.locale.locale_name import LocaleName
from shoal.errors import UnavailableError

LOCALE_CONF: Final = "/etc/locale.conf"
SOURCES: Final = "/usr/share/i18n/locales"


class RedHatLocales:
    """Asks `localedef`."""

    def settings_file(self) -> str:
        """Return systemd's file."""
        return LOCALE_CONF

    def generate(self, name: LocaleName) -> str:
        """Compile the locale into the system's archive."""
        source = f"{name.language}{name.source_modifier}"
        if not Path(SOURCES, source).exists():
            language = name.language.partition("_")[0]
            raise UnavailableError(
                "locale.gen_locale",
                f"{SOURCES}/{source} is missing: install glibc-langpack-{language}, or glibc-locale-source",
            )
        charmap = name.charmap or "UTF-8"
        words = ["localedef", "-i", source, "-f", charmap, name.spelled()]
        done = shell.run(shell.Command(argv=words, env={"LC_ALL": "C"}, merge=True))
        return done.must_succeed().stdout
