"""The hand for Debian and Ubuntu: dpkg for what is here, apt for what could be.

1. Never a question: no frontend, the box's configuration files stay unless said, needrestart only lists.
2. apt is only given names that it knows to the letter: it takes an unknown name for a regular expression.
3. Other programs' locks are waited for; an interrupted dpkg is finished first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from modules import shell
from modules.context import Context
from modules.pkg import apt_text, calls, deb822, locks, names, versions
from modules.pkg.contract import InstallOptions, Step, UpgradeOptions, Versions, Wanted
from shoal.errors import ArgumentError, CommandError

DPKG_FOLDER = Path("/var/lib/dpkg")
LISTS_FOLDER = Path("/var/lib/apt/lists")
ARCHIVES_FOLDER = Path("/var/cache/apt/archives")

_ENV: Final = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBIAN_PRIORITY": "critical",
    "APT_LISTCHANGES_FRONTEND": "none",
    "APT_LISTBUGS_FRONTEND": "none",
    "NEEDRESTART_MODE": "l",
}
_PAUSE_S: Final = 1.0
_MERGED: Final = ("/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/")


class Apt:
    """A package manager as `contract` has it."""

    name = "apt"

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._native = ""

    @property
    def native(self) -> str:
        """The box's own architecture."""
        if not self._native:
            self._native = calls.output(["dpkg", "--print-architecture"]).strip()
        return self._native

    def check_name(self, name: str) -> str:
        """See `contract`."""
        plain, _, arch = names.checked(name, names.DEB).partition(":")
        return name if arch and arch not in (self.native, "all") else plain

    def installed(self) -> Versions:
        """See `contract`."""
        return {each.name: [each.version] for each in self._known() if each.status in apt_text.WORKING}

    def leftovers(self) -> dict[str, str]:
        """See `contract`."""
        return {each.name: each.version for each in self._known() if each.status == "config-files"}

    def purge_desired(self) -> dict[str, str]:
        """See `contract`."""
        known = self._known()
        return {e.name: e.version for e in known if e.want == "purge" and e.status in apt_text.WORKING}

    def on_offer(self, asked: Sequence[str], fromrepo: str = "") -> Versions:
        """See `contract`."""
        return {name: each.on_offer for name, each in self._policies(asked, fromrepo).items()}

    def candidates(self, asked: Sequence[str], fromrepo: str = "") -> dict[str, str]:
        """See `contract`."""
        return {name: each.candidate for name, each in self._policies(asked, fromrepo).items()}

    def matching(self, pattern: str) -> list[str]:
        """See `contract`."""
        found = calls.output(["apt-cache", "pkgnames"]).split()
        return sorted(name for name in found if fnmatchcase(name, pattern))

    def planned_upgrade(self, *, dist_upgrade: bool) -> list[Step]:
        """See `contract`."""
        act = "dist-upgrade" if dist_upgrade else "upgrade"
        return apt_text.steps(self._simulated(act), self.native)

    def planned_install(self, wanted: Sequence[Wanted], options: InstallOptions) -> list[Step] | None:
        """See `contract`."""
        self._must_know([each.name for each in wanted if not each.path], options.fromrepo)
        switches, words = _installing(wanted, options)
        return apt_text.steps(self._simulated(*switches, *words), self.native)

    def planned_removal(self, asked: Sequence[str], *, purge: bool) -> list[Step] | None:
        """See `contract`; apt simulates no purge of what has only configuration files left."""
        return apt_text.steps(self._simulated("purge" if purge else "remove", "--", *asked), self.native)

    def lists_age(self) -> float | None:
        """See `contract`."""
        return time.time() - _modified(LISTS_FOLDER)

    def compare(self, left: str, right: str) -> int:
        """See `contract`."""
        return versions.compare_deb(left, right)

    def details(self, asked: Sequence[str]) -> dict[str, dict[str, Any]]:
        """See `contract`."""
        done = calls.read(["dpkg-query", "--status", *(["--", *asked] if asked else [])])
        found: dict[str, dict[str, Any]] = {}
        for stanza in deb822.stanzas(done.stdout):
            if stanza.get("Status", "").rpartition(" ")[2] in apt_text.WORKING:
                name = stanza["Package"]
                if stanza.get("Architecture") not in (self.native, "all"):
                    name = f"{name}:{stanza.get('Architecture')}"
                found[name] = apt_text.info(stanza) | self._install_date(stanza)
        return found

    def catalogue(self, asked: Sequence[str]) -> dict[str, dict[str, dict[str, str]]]:
        """See `contract`."""
        known = list(self._policies(asked, ""))
        if not known:
            return {}
        return apt_text.by_version(deb822.stanzas(calls.read(["apt-cache", "show", "--", *known]).stdout))

    def files(self, name: str) -> list[str] | None:
        """See `contract`."""
        done = calls.read(["dpkg-query", "--listfiles", "--", name])
        return apt_text.paths(done.stdout) if done.retcode == 0 else None

    def owners(self, path: str) -> list[str]:
        """Return the owners of `path`, also under the name it has on the other side of a merged /usr."""
        for each in _both_sides(path):
            asked = "".join(f"\\{char}" if char in "*?[\\" else char for char in each)
            done = calls.read(["dpkg-query", "--search", "--", asked])
            if found := apt_text.owners(done.stdout, each, self.native):
                return found
        return []

    def verify(self, asked: Sequence[str]) -> dict[str, dict[str, Any]]:
        """See `contract`."""
        return apt_text.verified(calls.read(["dpkg", "--verify", *(["--", *asked] if asked else [])]).stdout)

    def holds(self) -> list[str]:
        """See `contract`."""
        return sorted(each.name for each in self._known() if each.want == "hold")

    def orphans(self) -> dict[str, str]:
        """See `contract`."""
        planned = apt_text.steps(self._simulated("autoremove"), self.native)
        return {step.name: step.old for step in planned if not step.new}

    def refresh(self, max_age_s: float, wait_s: float) -> dict[str, bool | None]:
        """See `contract`."""
        if max_age_s > 0 and time.time() - _modified(LISTS_FOLDER) < max_age_s:
            return {}
        done = self._run(["apt-get", "-q", "update"], _ENV, wait_s, LISTS_FOLDER / "lock")
        found = apt_text.fetched(done.stdout)
        if done.retcode != 0 and False not in found.values():
            raise CommandError(f"apt-get update failed: {apt_text.complaints(done.stderr)}")
        if False not in found.values() and LISTS_FOLDER.is_dir():
            os.utime(LISTS_FOLDER)  # when all was current apt leaves no trace of having asked
        return found

    def repair(self, wait_s: float) -> bool:
        """Run `dpkg --configure -a` if dpkg was interrupted or left packages half done."""
        journal = DPKG_FOLDER / "updates"
        interrupted = journal.is_dir() and any(each.name.isdigit() for each in journal.iterdir())
        if not interrupted and not any(each.status in apt_text.UNFINISHED for each in self._known()):
            return False
        self._wait(wait_s, *self._dpkg_locks())
        self._ctx.progress("dpkg was interrupted; finishing what it left")
        argv = ["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"]
        done = calls.change(argv, env=_ENV, telling=self._ctx.telling)
        if done.retcode != 0:
            said = apt_text.complaints(done.stderr)
            raise CommandError(f"dpkg was interrupted, and `dpkg --configure -a` fails: {said}")
        return True

    def install(self, wanted: Sequence[Wanted], options: InstallOptions) -> None:
        """See `contract`."""
        self._must_know([each.name for each in wanted if not each.path], options.fromrepo)
        switches, words = _installing(wanted, options)
        held = self.holds() if options.update_holds else []
        try:
            self._change(switches, words, options.lock_timeout, options.force_conf_new)
        finally:
            self._hold_again(held, options.lock_timeout)

    def remove(self, asked: Sequence[str], *, purge: bool, wait_s: float) -> None:
        """See `contract`."""
        self._change([], ["purge" if purge else "remove", "--", *asked], wait_s)

    def upgrade(self, options: UpgradeOptions) -> None:
        """See `contract`."""
        switches = [
            *(["--target-release", options.fromrepo] if options.fromrepo else []),
            *(["--download-only"] if options.downloadonly else []),
            *(["--allow-unauthenticated"] if options.skip_verify else []),
        ]
        act = "dist-upgrade" if options.dist_upgrade else "upgrade"
        self._change(switches, [act], options.lock_timeout, options.force_conf_new)

    def autoremove(self, *, purge: bool, wait_s: float) -> None:
        """See `contract`."""
        self._change(["--purge"] if purge else [], ["autoremove"], wait_s)

    def hold(self, asked: Sequence[str], held: bool, wait_s: float) -> None:
        """See `contract`."""
        self._wait(wait_s, *self._dpkg_locks())
        calls.change(["apt-mark", "hold" if held else "unhold", "--", *asked], env=_ENV).must_succeed()

    def clean(self, wait_s: float) -> None:
        """See `contract`."""
        self._wait(wait_s, ARCHIVES_FOLDER / "lock")
        calls.change(["apt-get", "-q", "clean"], env=_ENV).must_succeed()

    def _known(self) -> list[apt_text.Known]:
        text = calls.output(["dpkg-query", "--show", f"--showformat={apt_text.LISTING}"])
        return apt_text.listing(text, self.native)

    def _policies(self, asked: Sequence[str], fromrepo: str) -> dict[str, apt_text.Policy]:
        if not asked:
            return {}
        release = ["-o", f"APT::Default-Release={fromrepo}"] if fromrepo else []
        found = apt_text.policies(calls.output(["apt-cache", *release, "policy", "--", *asked]))
        return {name: found[name] for name in asked if name in found}

    def _must_know(self, asked: Sequence[str], fromrepo: str) -> None:
        unknown = set(asked) - self._policies(asked, fromrepo).keys()
        if unknown:
            raise ArgumentError(
                f"apt knows no package {', '.join(sorted(unknown)[:10])}; try refresh=True, or check the name"
            )

    def _simulated(self, *words: str) -> str:
        return calls.output(["apt-get", "-q", "-s", *words], env=_ENV)

    def _change(
        self, switches: Sequence[str], words: Sequence[str], wait_s: float, force_conf_new: bool = False
    ) -> None:
        """Run one apt-get. It waits for dpkg's lock itself too, for whoever comes between; not for the others."""
        conf = ["--force-confnew"] if force_conf_new else ["--force-confdef", "--force-confold"]
        settings = [
            *(f"DPkg::Options::={each}" for each in conf),
            f"DPkg::Lock::Timeout={int(wait_s)}",
            "Dpkg::Use-Pty=0",
        ]
        argv = [
            "apt-get",
            "-q",
            "-y",
            *(word for each in settings for word in ("-o", each)),
            *switches,
            *words,
        ]
        env = {**_ENV, "UCF_FORCE_CONFFNEW" if force_conf_new else "UCF_FORCE_CONFFOLD": "1"}
        done = self._run(argv, env, wait_s, *self._dpkg_locks(), ARCHIVES_FOLDER / "lock")
        if done.retcode != 0:
            said = apt_text.complaints(done.stderr) or apt_text.complaints(done.stdout)
            raise CommandError(f"apt-get {words[0]} ended with return code {done.retcode}: {said}")

    def _run(
        self, argv: Sequence[str], env: Mapping[str, str], wait_s: float, *files: Path
    ) -> shell.Completed:
        """Start apt when its locks are free; once more if somebody came between."""
        deadline = time.monotonic() + wait_s
        while True:
            self._wait(max(0.0, deadline - time.monotonic()), *files)
            done = calls.change(argv, env=env, telling=self._ctx.telling)
            if done.retcode == 0 or "Could not get lock" not in done.stderr or time.monotonic() >= deadline:
                return done
            time.sleep(_PAUSE_S)

    def _hold_again(self, held: Sequence[str], wait_s: float) -> None:
        """Hold what was held: dpkg forgets it with the version that was held."""
        here = self.installed() if held else {}
        lost = [name for name in held if name in here and name not in self.holds()]
        if lost:
            self.hold(lost, True, wait_s)

    def _wait(self, wait_s: float, *files: Path) -> None:
        locks.wait_until_free([str(each) for each in files], wait_s, self._ctx.progress)

    @staticmethod
    def _dpkg_locks() -> tuple[Path, Path]:
        return DPKG_FOLDER / "lock-frontend", DPKG_FOLDER / "lock"

    def _install_date(self, stanza: dict[str, str]) -> dict[str, Any]:
        """Return when dpkg last wrote the package's list of files."""
        for stem in (stanza["Package"], f"{stanza['Package']}:{stanza.get('Architecture', '')}"):
            if at := int(_modified(DPKG_FOLDER / "info" / f"{stem}.list")):
                shown = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
                return {"install_date": shown, "install_date_time_t": at}
        return {}


def _installing(wanted: Sequence[Wanted], options: InstallOptions) -> tuple[list[str], list[str]]:
    """Return the switches of an installation, and its words."""
    switches = [
        *(["--target-release", options.fromrepo] if options.fromrepo else []),
        *([] if options.install_recommends else ["--no-install-recommends"]),
        *(["--only-upgrade"] if options.only_upgrade else []),
        *(["--reinstall"] if options.reinstall else []),
        *(["--download-only"] if options.downloadonly else []),
        *(["--allow-downgrades"] if options.allow_downgrades else []),
        *(["--allow-change-held-packages"] if options.update_holds else []),
        *(["--allow-unauthenticated"] if options.skip_verify else []),
    ]
    words = [each.path or (f"{each.name}={each.version}" if each.version else each.name) for each in wanted]
    return switches, ["install", "--", *words]


def _both_sides(path: str) -> list[str]:
    """Return `/bin/ls` and `/usr/bin/ls` for either of them."""
    bare = path.removeprefix("/usr")
    if not bare.startswith(_MERGED):
        return [path]
    return [path, bare if path != bare else f"/usr{path}"]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
