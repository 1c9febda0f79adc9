"""The hand for Alpine. apk keeps a list of what was asked for (`world`); a held package is one pinned there."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from modules import shell
from modules.context import Context
from modules.pkg import apk_text, calls, locks, names
from modules.pkg.contract import LOCK_TIMEOUT_S, InstallOptions, Step, UpgradeOptions, Versions, Wanted
from shoal.errors import ArgumentError, CommandError

WORLD = Path("/etc/apk/world")
LOCK = "/lib/apk/db/lock"
LISTS_FOLDER = Path("/var/cache/apk")
_ORDER: Final = {"<": -1, "=": 0, ">": 1}
_PIN: Final = re.compile(r"([^\s=<>~@!]+)=\S+")


class Apk:
    """A package manager as `contract` has it."""

    name = "apk"

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def check_name(self, name: str) -> str:
        """See `contract`."""
        return names.checked(name, names.APK)

    def installed(self) -> Versions:
        """See `contract`."""
        rows = apk_text.listing(calls.output(["apk", "list", "--installed"]))
        return {each["name"]: [each["version"]] for each in rows}

    def leftovers(self) -> dict[str, str]:
        """Return nothing: apk has no such state."""
        return {}

    def purge_desired(self) -> dict[str, str]:
        """Return nothing: apk has no such state."""
        return {}

    def on_offer(self, asked: Sequence[str], fromrepo: str = "") -> Versions:
        """See `contract`; a tag is no filter here."""
        if not asked:
            return {}
        found = apk_text.policies(calls.read(["apk", "policy", "--", *asked]).stdout)
        return {name: found[name][::-1] for name in asked if found.get(name)}

    def candidates(self, asked: Sequence[str], fromrepo: str = "") -> dict[str, str]:
        """See `contract`."""
        return {name: each[0] for name, each in self.on_offer(asked).items()}

    def matching(self, pattern: str) -> list[str]:
        """See `contract`."""
        rows = apk_text.listing(calls.output(["apk", "list", "--available", "--", pattern]))
        return sorted({each["name"] for each in rows})

    def planned_upgrade(self, *, dist_upgrade: bool) -> list[Step]:
        """See `contract`."""
        if dist_upgrade:
            return apk_text.planned(calls.output(["apk", "upgrade", "--simulate", "--available"]))
        return apk_text.upgrades(calls.output(["apk", "list", "--upgradable"]))

    def planned_install(self, wanted: Sequence[Wanted], options: InstallOptions) -> list[Step] | None:
        """See `contract`."""
        words = self._words(wanted, options)
        return apk_text.planned(calls.output(["apk", "add", "--simulate", "--upgrade", "--", *words]))

    def planned_removal(self, asked: Sequence[str], *, purge: bool) -> list[Step] | None:
        """See `contract`."""
        return apk_text.planned(calls.output(["apk", "del", "--simulate", "--", *asked]))

    def lists_age(self) -> float | None:
        """See `contract`."""
        return time.time() - _newest_list()

    def compare(self, left: str, right: str) -> int:
        """See `contract`."""
        said = calls.output(["apk", "version", "--test", left, right]).strip()
        if said not in _ORDER:
            raise CommandError(f"apk cannot compare the versions {left!r} and {right!r}")
        return _ORDER[said]

    def details(self, asked: Sequence[str]) -> dict[str, dict[str, Any]]:
        """See `contract`."""
        rows = apk_text.listing(calls.output(["apk", "list", "--installed"]))
        found: dict[str, dict[str, Any]] = {}
        for each in rows:
            if not asked or each["name"] in asked:
                keys = ("name", "version", "arch", "license")
                found[each["name"]] = {"source": each["origin"], **{key: each[key] for key in keys}}
        for name, _, fields in self._sections([name for name in found if asked]):
            about = {"summary": fields.get("description", ""), "url": fields.get("webpage", "")}
            found[name] |= {key: value for key, value in about.items() if value}
        return found

    def catalogue(self, asked: Sequence[str]) -> dict[str, dict[str, dict[str, str]]]:
        """See `contract`."""
        found: dict[str, dict[str, dict[str, str]]] = {}
        for name, version, fields in self._sections(asked):
            found.setdefault(name, {})[version] = fields
        return found

    def files(self, name: str) -> list[str] | None:
        """See `contract`."""
        if calls.read(["apk", "info", "--installed", "--", name]).retcode != 0:
            return None
        return apk_text.paths(calls.output(["apk", "info", "--contents", "--", name]))

    def owners(self, path: str) -> list[str]:
        """See `contract`."""
        return apk_text.owners(calls.read(["apk", "info", "--who-owns", "--", path]).stdout)

    def verify(self, asked: Sequence[str]) -> dict[str, dict[str, Any]]:
        """See `contract`; apk looks at everything, so the files of the named packages are picked out."""
        found = apk_text.audit(calls.read(["apk", "audit", "--system"]).stdout)
        if not asked:
            return found
        wanted = {path for name in asked for path in self.files(name) or ()}
        return {path: each for path, each in found.items() if path in wanted}

    def holds(self) -> list[str]:
        """See `contract`."""
        try:
            words = WORLD.read_text("utf-8", "replace").split()
        except OSError as error:
            raise CommandError(f"{WORLD} cannot be read: {error.strerror}") from None
        return sorted(match[1] for match in map(_PIN.fullmatch, words) if match)

    def orphans(self) -> dict[str, str]:
        """Return nothing: apk removes with a package what it alone needed."""
        return {}

    def refresh(self, max_age_s: float, wait_s: float) -> dict[str, bool | None]:
        """Return by repository whether its index could be fetched."""
        if max_age_s > 0 and time.time() - _newest_list() < max_age_s:
            return {}
        done = self._started(["update"], wait_s)
        found: dict[str, bool | None] = {}
        for line in (done.stdout + "\n" + done.stderr).splitlines():
            for start, fetched in (("fetch ", True), ("WARNING: ", False), ("ERROR: ", False)):
                if line.startswith(start) and (
                    address := re.search(r"(?:https?|file)?:?/[^\s:]*[^\s]*", line)
                ):
                    found[re.sub(r"/[^/]+/APKINDEX\.tar\.gz:?$", "", address[0].rstrip(":"))] = fetched
        if done.retcode != 0 and False not in found.values():
            raise self._failure("update", done)
        return found

    def repair(self, wait_s: float) -> bool:
        """Return False: apk writes its database in one step."""
        return False

    def install(self, wanted: Sequence[Wanted], options: InstallOptions) -> None:
        """See `contract`. What apk has no word for is refused rather than left out."""
        for name in ("install_recommends", "force_conf_new"):
            if getattr(options, name) != getattr(InstallOptions(), name):
                raise ArgumentError(f"{name}: apk has no such choice")
        if options.only_upgrade:
            here = self.installed()
            wanted = [each for each in wanted if each.name in here]
        words = [*(["--allow-untrusted"] if options.skip_verify else []), "--", *self._words(wanted, options)]
        if wanted and options.downloadonly:
            argv = ["fetch", "--recursive", f"--output={LISTS_FOLDER}", *words]
            self._change(argv, options.lock_timeout)
        elif wanted:
            self._change(["add", "--upgrade", *words], options.lock_timeout)
        if wanted and options.reinstall and not options.downloadonly:
            known = [each.name for each in wanted]
            self._change(["fix", "--reinstall", "--", *known], options.lock_timeout)

    def remove(self, asked: Sequence[str], *, purge: bool, wait_s: float) -> None:
        """See `contract`."""
        self._change(["del", *(["--purge"] if purge else []), "--", *asked], wait_s)

    def upgrade(self, options: UpgradeOptions) -> None:
        """See `contract`."""
        if options.downloadonly or options.force_conf_new or options.fromrepo:
            raise ArgumentError(
                "downloadonly, force_conf_new and fromrepo: apk upgrades without such choices"
            )
        switches = [
            *(["--available"] if options.dist_upgrade else []),
            *(["--allow-untrusted"] if options.skip_verify else []),
        ]
        self._change(["upgrade", *switches], options.lock_timeout)

    def autoremove(self, *, purge: bool, wait_s: float) -> None:
        """Do nothing: see `orphans`."""

    def hold(self, asked: Sequence[str], held: bool, wait_s: float) -> None:
        """Pin packages in apk's world to the version they have, or take the pins away."""
        here = self.installed()
        words = [f"{name}={here[name][0]}" if held else name for name in asked]
        self._change(["add", "--", *words], wait_s)

    def clean(self, wait_s: float = LOCK_TIMEOUT_S) -> None:
        """See `contract`."""
        self._change(["cache", "clean"], wait_s)

    @staticmethod
    def _words(wanted: Sequence[Wanted], options: InstallOptions) -> list[str]:
        tag = f"@{options.fromrepo}" if options.fromrepo else ""
        return [
            each.path or each.name + (f"={each.version}" if each.version else "") + tag for each in wanted
        ]

    def _sections(self, asked: Sequence[str]) -> list[tuple[str, str, dict[str, str]]]:
        if not asked:
            return []
        found: dict[str, dict[str, str]] = {}
        for package, heading, text in apk_text.sections(
            calls.read(["apk", "info", "--all", "--", *asked]).stdout
        ):
            if heading != "contains":
                found.setdefault(package, {})[heading] = text
        return [(*apk_text.split(package), fields) for package, fields in found.items()]

    def _change(self, words: Sequence[str], wait_s: float) -> None:
        done = self._started(words, wait_s)
        if done.retcode != 0:
            raise self._failure(words[0], done)

    def _started(self, words: Sequence[str], wait_s: float) -> shell.Completed:
        """Run apk. It waits by itself too, for whoever comes between."""
        locks.wait_until_free([LOCK], wait_s, self._ctx.progress)
        argv = ["apk", "--no-progress", "--wait", str(int(wait_s)), *words]
        return calls.change(argv, telling=self._ctx.telling)

    @staticmethod
    def _failure(what: str, done: shell.Completed) -> CommandError:
        said = apk_text.complaints(done.stderr) or apk_text.complaints(done.stdout)
        return CommandError(f"apk {what} ended with return code {done.retcode}: {said}")


def _newest_list() -> float:
    try:
        return max((each.stat().st_mtime for each in LISTS_FOLDER.glob("APKINDEX.*")), default=0.0)
    except OSError:
        return 0.0
