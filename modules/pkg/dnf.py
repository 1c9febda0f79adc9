"""The hand for the Red Hat family: rpm for what is here, dnf (4 or 5, or yum) for what could be.

dnf 4 would wait for another dnf without end; here it gives up at once (`exit_on_lock`) and is started again
until the time is over. dnf 5 is not known to have that setting and waits as it likes. Options come after the
command, where dnf 5 wants them; there is no `--`, as no name that was checked can begin with a dash.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from modules import shell
from modules.context import Context
from modules.pkg import calls, dnf_text, locks, names, versions
from modules.pkg.apt_text import verified
from modules.pkg.contract import InstallOptions, Step, UpgradeOptions, Versions, Wanted
from shoal.errors import ArgumentError, CommandError, UnavailableError

PROGRAMS: Final = ("dnf", "dnf5", "yum")
RPM_LOCKS = ("/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock")
_LOCKED: Final = 200  # dnf's return code for a lock that it did not get
_PAUSE_S: Final = 2.0
_ARCHES: Final = {"armv7l": "armv7hl", "i686": "i686", "i586": "i686"}


class Dnf:
    """A package manager as `contract` has it."""

    name = "dnf"

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._program = next(filter(shell.which, PROGRAMS), PROGRAMS[0])
        modern = Path(os.path.realpath(shell.which(self._program))).name == "dnf5"
        self._give_up = [] if modern else ["--setopt=exit_on_lock=True"]
        machine = os.uname().machine
        self._native = frozenset({"noarch", "(none)", "", _ARCHES.get(machine, machine)})

    def check_name(self, name: str) -> str:
        """See `contract`."""
        plain, _, arch = names.checked(name, names.RPM).rpartition(".")
        return plain if plain and arch in self._native else name

    def installed(self) -> Versions:
        """See `contract`."""
        found: Versions = {}
        text = calls.output(["rpm", "-qa", "--queryformat", dnf_text.INSTALLED])
        for name, version in dnf_text.listing(text, self._native):
            found.setdefault(name, []).append(version)
        return {name: versions.ordered(each, self.compare) for name, each in sorted(found.items())}

    def leftovers(self) -> dict[str, str]:
        """Return nothing: rpm has no such state."""
        return {}

    def purge_desired(self) -> dict[str, str]:
        """Return nothing: rpm has no such state."""
        return {}

    def on_offer(self, asked: Sequence[str], fromrepo: str = "") -> Versions:
        """See `contract`."""
        if not asked:
            return {}
        found: Versions = {}
        words = [f"--queryformat={dnf_text.ON_OFFER}", *asked]
        text = self._output("repoquery", "--available", *self._repository(fromrepo), *words)
        for name, version in dnf_text.listing(text, self._native):
            found.setdefault(name, []).append(version)
        wanted = {name: found[name] for name in asked if name in found}
        return {name: versions.ordered(each, self.compare)[::-1] for name, each in wanted.items()}

    def candidates(self, asked: Sequence[str], fromrepo: str = "") -> dict[str, str]:
        """See `contract`."""
        return {name: each[0] for name, each in self.on_offer(asked, fromrepo).items()}

    def matching(self, pattern: str) -> list[str]:
        """See `contract`."""
        text = self._output("repoquery", "--available", f"--queryformat={dnf_text.ON_OFFER}", pattern)
        return sorted({name for name, _ in dnf_text.listing(text, self._native)})

    def planned_upgrade(self, *, dist_upgrade: bool) -> list[Step]:
        """See `contract`; dnf makes no difference for `dist_upgrade`."""
        text = self._output("repoquery", "--upgrades", f"--queryformat={dnf_text.ON_OFFER}")
        new: Versions = {}
        for name, version in dnf_text.listing(text, self._native):
            new.setdefault(name, []).append(version)
        old = self.installed()
        return [
            Step(name=name, old=old[name][-1], new=versions.ordered(each, self.compare)[-1])
            for name, each in sorted(new.items())
            if name in old
        ]

    def planned_install(self, wanted: Sequence[Wanted], options: InstallOptions) -> list[Step] | None:
        """Return None: what dnf would do it tells only in words for people."""
        return None

    def planned_removal(self, asked: Sequence[str], *, purge: bool) -> list[Step] | None:
        """Return None, as `planned_install`."""
        return None

    def lists_age(self) -> float | None:
        """Return None: dnf renews its lists itself when it is asked."""
        return None

    def compare(self, left: str, right: str) -> int:
        """See `contract`."""
        return versions.compare_rpm(left, right)

    def details(self, asked: Sequence[str]) -> dict[str, dict[str, Any]]:
        """See `contract`."""
        fields = dnf_text.FIELD.join(f"%{{{tag}}}" for tag in dnf_text.DETAILS.values())
        what = ["-q", f"--queryformat={fields}{dnf_text.RECORD}", "--", *asked]
        argv = ["rpm", *(what if asked else ["-qa", what[1]])]
        found: dict[str, dict[str, Any]] = {}
        for each in dnf_text.details(calls.read(argv).stdout):
            for stem in ("install_date", "build_date"):
                if isinstance(at := each.get(f"{stem}_time_t"), int):
                    each[stem] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
            if each.get("name") != "gpg-pubkey":
                found[dnf_text.shown_name(each["name"], each.get("arch", ""), self._native)] = each
        return found

    def catalogue(self, asked: Sequence[str]) -> dict[str, dict[str, dict[str, str]]]:
        """See `contract`."""
        form = "\t".join(f"%{{{field}}}" for field in dnf_text.RECORDS) + "\n"
        text = self._output("repoquery", "--available", f"--queryformat={form}", *asked)
        found: dict[str, dict[str, dict[str, str]]] = {}
        for each in dnf_text.records(text):
            version = dnf_text.evr(each["epoch"], each["version"], each["release"])
            name = dnf_text.shown_name(each.pop("name"), each["arch"], self._native)
            found.setdefault(name, {})[version] = each
        return found

    def files(self, name: str) -> list[str] | None:
        """See `contract`."""
        done = calls.read(["rpm", "-ql", "--", name])
        return (
            [each for each in done.stdout.splitlines() if each.startswith("/")] if not done.retcode else None
        )

    def owners(self, path: str) -> list[str]:
        """See `contract`."""
        done = calls.read(["rpm", "-qf", "--queryformat", "%{NAME}\n", "--", path])
        return list(dict.fromkeys(done.stdout.split())) if done.retcode == 0 else []

    def verify(self, asked: Sequence[str]) -> dict[str, dict[str, Any]]:
        """See `contract`."""
        return verified(calls.read(["rpm", "-V", *(["--", *asked] if asked else ["-a"])]).stdout)

    def holds(self) -> list[str]:
        """See `contract`. Raises UnavailableError without dnf's plugin for it."""
        return dnf_text.locked(self._versionlock("list"))

    def orphans(self) -> dict[str, str]:
        """See `contract`."""
        text = self._output("repoquery", "--unneeded", f"--queryformat={dnf_text.ON_OFFER}")
        return dict(dnf_text.listing(text, self._native))

    def refresh(self, max_age_s: float, wait_s: float) -> dict[str, bool | None]:
        """Return by repository whether its metadata could be fetched."""
        age = [f"--setopt=metadata_expire={int(max_age_s)}"] if max_age_s > 0 else ["--refresh"]
        done = self._started(["makecache", *age], wait_s)
        failed = dnf_text.failed_repositories(done.stdout + done.stderr)
        if done.retcode != 0 and not failed:
            raise self._failure("makecache", done)
        found = dnf_text.repositories(self._output("repolist"))
        return {name: name not in failed for name in [*found, *sorted(failed - set(found))]}

    def repair(self, wait_s: float) -> bool:
        """Return False: rpm has no unfinished state that could be continued safely."""
        return False

    def install(self, wanted: Sequence[Wanted], options: InstallOptions) -> None:
        """See `contract`."""
        if options.force_conf_new:
            raise ArgumentError("force_conf_new: rpm decides on configuration files by itself")
        switches = [
            *self._repository(options.fromrepo),
            *([] if options.install_recommends else ["--setopt=install_weak_deps=False"]),
            *(["--downloadonly"] if options.downloadonly else []),
            *(["--disableplugin=versionlock"] if options.update_holds else []),
            *(["--nogpgcheck"] if options.skip_verify else []),
        ]
        act = "reinstall" if options.reinstall else "upgrade" if options.only_upgrade else "install"
        if options.reinstall:
            here = self.installed()
            new = [each for each in wanted if not each.path and each.name not in here]
            self._each("install", new, switches, options.lock_timeout)
            wanted = [each for each in wanted if each not in new]
        self._each(act, [each for each in wanted if not each.older], switches, options.lock_timeout)
        self._each("downgrade", [each for each in wanted if each.older], switches, options.lock_timeout)

    def remove(self, asked: Sequence[str], *, purge: bool, wait_s: float) -> None:
        """See `contract`; rpm keeps changed configuration files as .rpmsave, purged or not."""
        self._change(["remove", "--setopt=clean_requirements_on_remove=False", *asked], wait_s)

    def upgrade(self, options: UpgradeOptions) -> None:
        """See `contract`."""
        if options.force_conf_new:
            raise ArgumentError("force_conf_new: rpm decides on configuration files by itself")
        switches = [
            *self._repository(options.fromrepo),
            *(["--downloadonly"] if options.downloadonly else []),
            *(["--nogpgcheck"] if options.skip_verify else []),
        ]
        act = "distro-sync" if options.dist_upgrade else "upgrade"
        self._change([act, *switches], options.lock_timeout)

    def autoremove(self, *, purge: bool, wait_s: float) -> None:
        """See `contract`."""
        self._change(["autoremove"], wait_s)

    def hold(self, asked: Sequence[str], held: bool, wait_s: float) -> None:
        """See `contract`. Raises UnavailableError without dnf's plugin for it."""
        self._versionlock("add" if held else "delete", *asked)

    def clean(self, wait_s: float) -> None:
        """See `contract`."""
        self._change(["clean", "packages"], wait_s)

    def _each(self, act: str, wanted: Sequence[Wanted], switches: Sequence[str], wait_s: float) -> None:
        if wanted:
            self._change([act, *switches, *map(self._spec, wanted)], wait_s)

    @staticmethod
    def _spec(each: Wanted) -> str:
        if each.path or not each.version:
            return each.path or each.name
        name, dot, arch = each.name.rpartition(".")
        foreign = dot and arch in ("i686", "x86_64", "aarch64", "armv7hl", "ppc64le", "s390x")
        return f"{name}-{each.version}.{arch}" if foreign else f"{each.name}-{each.version}"

    @staticmethod
    def _repository(name: str) -> list[str]:
        return [f"--repo={name}"] if name else []

    def _output(self, *words: str) -> str:
        done = calls.read([self._program, "-q", *words])
        if done.retcode != 0:
            raise self._failure(words[0], done)
        return done.stdout

    def _versionlock(self, *words: str) -> str:
        done = calls.read([self._program, "-q", "versionlock", *words])
        said = done.stderr + done.stdout
        if done.retcode != 0 and ("No such command" in said or "Unknown argument" in said):
            raise UnavailableError("holding packages", "dnf lacks its versionlock plugin")
        if done.retcode != 0:
            raise self._failure("versionlock", done)
        return done.stdout

    def _change(self, words: Sequence[str], wait_s: float) -> None:
        done = self._started(words, wait_s)
        if done.retcode != 0:
            raise self._failure(words[0], done)

    def _started(self, words: Sequence[str], wait_s: float) -> shell.Completed:
        """Run dnf, again and again while another one holds its lock."""
        deadline = time.monotonic() + wait_s
        while True:
            left = max(0.0, deadline - time.monotonic())
            locks.wait_until_free(RPM_LOCKS, left, self._ctx.progress)
            argv = [self._program, "-y", *self._give_up, *words]
            done = calls.change(argv, telling=self._ctx.telling)
            if done.retcode != _LOCKED:
                return done
            if time.monotonic() >= deadline:
                said = done.command.last_words(done.stderr) or done.command.last_words(done.stdout)
                raise CommandError(f"the package manager is busy after {wait_s:g} seconds{said}")
            self._ctx.progress(f"waiting for another {self._program}")
            time.sleep(_PAUSE_S)

    def _failure(self, what: str, done: shell.Completed) -> CommandError:
        said = dnf_text.complaints(done.stderr) or dnf_text.complaints(done.stdout)
        return CommandError(f"{self._program} {what} ended with return code {done.retcode}: {said}")
