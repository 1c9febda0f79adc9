"""A short tour: one master and three minions on this machine. `make demo`, or `make demo KEEP=1`.

What stands after a `$` is run as it stands there, by the real programs, and what follows is what they printed. Each
answer is checked: the demo ends with exit code 1 when one of them is not as it should be.

    demo.py                 show everything, stop everything
    demo.py --keep          leave the fleet running
    demo.py --stop FOLDER   end a fleet that was left running
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import sys
import time
from pathlib import Path

from demo_fleet import BIN, DemoError, DemoFleet, stop_kept
from demo_terminal import Terminal

MASTER = """\
id: master1
interface: 127.0.0.1
advertise: [127.0.0.1]
publish_port: {0}
ret_port: {1}
log_level: info
"""
MINIONS = {"web-1": "web", "web-2": "web", "cam-1": "camera"}  # id: the grain `role` in its configuration
ERROR = "ERROR: Minions returned with non-zero exit code"
JOIN = r"shoal1-[a-z2-7]{20,}"


def say(text: str = "") -> None:
    """Print a line of the tour."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Tour:
    """The chapters, in order. Each shows commands and checks what they answer."""

    def __init__(self, fleet: DemoFleet) -> None:
        self._fleet = fleet
        self._bold = "\x1b[1m{}\x1b[0m" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else "{}"
        self._chapter = 0

    def run(self) -> None:
        """Walk through all of it. Raises DemoError at the first answer that is wrong."""
        self.start_master()
        self.join_minions()
        self.target()
        self.type_arguments()
        self.fail()
        self.kill_a_slow_job()
        self.miss_a_minion()
        self.look_back()

    # -------------------------------------------------------------- chapters

    def start_master(self) -> None:
        """A master with an empty SQLite database."""
        self._title("A master starts: its keys and its database are made now")
        self._fleet.start_master(MASTER)
        self._show("shoal-key", has=["Accepted Keys:\nDenied Keys:\nUnaccepted Keys:\nRejected Keys:"])

    def join_minions(self) -> None:
        """Two kinds of token, three boxes."""
        self._title("Three boxes join, each with a token that says where it stands")
        paris = self._token("shoal-run token.create site=paris env=live")
        rome = self._token("shoal-run token.create site=rome env=test uses=2 expires=1h")
        for name, join in (("web-1", paris), ("web-2", rome), ("cam-1", rome)):
            self._join(name, join)
        self._fleet.wait_up(*MINIONS)
        self._show("shoal-key", has=["Accepted Keys:\ncam-1\nweb-1\nweb-2\nDenied Keys:"])
        self._show("shoal '*' test.ping", has=[f"{name}:\n    True\n" for name in MINIONS])

    def target(self) -> None:
        """Grains, tags, compounds, and the preview."""
        self._title("Who is meant: grains are a box's own word, tags are the master's")
        self._show(
            "shoal -G role:web grains.item os role", has=["web-1:", "web-2:", "web\n"], lacks=["cam-1"]
        )
        self._show("shoal -T site:rome minion.tags", has=["web-2:", "cam-1:", "rome"], lacks=["web-1"])
        compound = "'T@site:rome and not G@role:camera'"
        self._show(f"shoal -C {compound} --preview-target", has=["- web-2\n"], lacks=["web-1", "cam-1"])
        self._show(f"shoal -C {compound} status.nproc", has=["web-2:\n    "], lacks=["web-1", "cam-1"])
        self._show("shoal 'db-*' test.ping", code=2, has=["No minions matched the target."])

    def type_arguments(self) -> None:
        """The function's signature decides what a word is."""
        self._title("Arguments: the function's signature decides what a word means")
        self._show("shoal web-1 test.echo 0755", has=["web-1:\n    0755\n"])
        self._show(
            "shoal web-1 cmd.run 'echo starts at $WHEN' env='{WHEN: 16:10}'", has=["starts at 16:10\n"]
        )
        wrong = "test.sleep: 'length' must be a number, not 'soon' (usage: test.sleep(length: float))"
        self._show("shoal web-1 test.sleep soon", code=1, has=[wrong])

    def fail(self) -> None:
        """What goes wrong on a box is shown, and the exit code says so."""
        self._title("A job that fails: what the boxes said, and exit code 1")
        self._show(
            "shoal 'web-*' cmd.run 'ls /nowhere'", code=1, has=["web-1:\n", "web-2:\n", "/nowhere", ERROR]
        )
        self._show("shoal web-1 test.pong --summary", code=1, has=["Did you mean: test.ping?", "errors: 1\n"])

    def kill_a_slow_job(self) -> None:
        """One terminal waits, another one ends what it waits for."""
        self._title("A slow job is killed from a second terminal")
        words = shlex.split("shoal web-1 test.sleep 600 -v")
        self._prompt(shlex.join(words), "first terminal")
        terminal = Terminal(words, self._fleet.environment("master"))
        try:
            terminal.wait_for("1 running, waiting for: web-1")
            seen = terminal.look()
            say(seen)
            jid = self._find(r"jid ([0-9]{20})", seen)
            say()
            self._show("shoal-run jobs.active", has=[jid, "test.sleep", "web-1"], where="second terminal")
            self._show(
                f"shoal web-1 minion.kill_job {jid}", has=["Signal 9 sent to job"], where="second terminal"
            )
            say(self._bold.format("[first terminal, meanwhile]"))
            code = terminal.finish()
            seen = terminal.look()
            say(seen.rstrip("\n"))
        finally:
            terminal.close()
        self._check(
            "the waiting terminal", seen, code, 1, ["web-1:\n    The job was killed by SIGKILL, sent by"]
        )
        self._exit_code(code)

    def miss_a_minion(self) -> None:
        """A minion is away, and comes back."""
        self._title("A minion is away: that is said at once, not after a timeout")
        self._fleet.stop_minion("cam-1")
        self._fleet.wait_down("cam-1")
        self._show(
            "shoal '*' test.ping",
            code=1,
            has=["web-1:\n    True\n", "cam-1:\n    Minion did not return. [Offline since "],
            within_s=3.0,
        )
        self._show("shoal-run manage.status", has=["down:\n    - cam-1\nup:\n    - web-1\n    - web-2\n"])
        self._fleet.start("cam-1", "shoal-minion")
        self._fleet.wait_up("cam-1")
        say("(cam-1 is started again)\n")
        self._show("shoal cam-1 test.ping", has=["cam-1:\n    True\n"])

    def look_back(self) -> None:
        """The ledger."""
        self._title("What ran: every job and every answer is in the master's database")
        listed = self._show(
            "shoal-run jobs.list_jobs search_function='test.sleep' search_target='web-*'",
            has=["test.sleep", "- 600"],
        )
        jids = sorted(re.findall(r"^[0-9]{20}(?=:$)", listed, re.MULTILINE))
        if len(jids) != 2:
            raise DemoError(f"2 jobs expected in the list, there are {len(jids)}")
        self._show(
            f"shoal-run jobs.lookup_jid {jids[-1]}",
            has=["web-1:\n    The job was killed by SIGKILL, sent by"],
        )

    # ----------------------------------------------------------------- steps

    def _token(self, line: str) -> str:
        return self._find(JOIN, self._show(line, has=["join:"]))

    def _join(self, name: str, join: str) -> None:
        self._fleet.configure(name, "minion", f"id: {name}\ngrains:\n  role: {MINIONS[name]}\n")
        done = self._fleet.run(["shoal-minion", "join", join], host=name)
        self._prompt(f"shoal-minion join {join[:24]}…", f"on {name}")
        say(done.stdout)
        self._check("shoal-minion join", done.stdout, done.returncode, 0, [f"id:           {name}\n"])
        self._prompt("shoal-minion &", f"on {name}")
        say()
        self._fleet.start(name, "shoal-minion")

    def _show(
        self,
        line: str,
        *,
        has: list[str],
        lacks: list[str] | None = None,
        code: int = 0,
        where: str = "",
        within_s: float = 0.0,
    ) -> str:
        """Run a command line, show it with its output, check both; return the output."""
        self._prompt(line, where)
        begun = time.monotonic()
        done = self._fleet.run(shlex.split(line))
        took = time.monotonic() - begun
        say(done.stdout.rstrip("\n"))
        self._exit_code(done.returncode)
        self._check(line, done.stdout, done.returncode, code, has, lacks or [])
        if within_s and took > within_s:
            raise DemoError(f"`{line}` took {took:.1f} s, {within_s:g} are allowed")
        return done.stdout

    def _title(self, text: str) -> None:
        self._chapter += 1
        say(self._bold.format(f"=== {self._chapter}. {text}") + "\n")

    def _prompt(self, line: str, where: str = "") -> None:
        say(self._bold.format(f"{f'[{where}] ' if where else ''}$ {line}".rstrip()))

    def _exit_code(self, code: int) -> None:
        say(f"[exit code {code}]\n" if code else "")

    @staticmethod
    def _check(
        what: str, text: str, code: int, wanted: int, has: list[str], lacks: list[str] | None = None
    ) -> None:
        plain = text.replace("\r\n", "\n")
        if code != wanted:
            raise DemoError(f"`{what}` ended with exit code {code}, {wanted} expected")
        for part in has:
            if part not in plain:
                raise DemoError(f"`{what}` should have shown {part!r}")
        for part in lacks or []:
            if part in plain:
                raise DemoError(f"`{what}` should not have shown {part!r}")

    @staticmethod
    def _find(pattern: str, text: str) -> str:
        found = re.search(pattern, text)
        if not found:
            raise DemoError(f"nothing like {pattern} in the answer")
        return found[found.lastindex or 0]


def show_how_to_go_on(fleet: DemoFleet) -> None:
    """Print what to type while the fleet runs, and how to end it."""
    pids = " ".join(map(str, fleet.keep()))
    say(f"The fleet goes on (processes {pids}; logs in {fleet.folder}). In any terminal:\n")
    say(f"    export PATH={BIN}:$PATH SHOAL_ROOT={fleet.root('master')}")
    say("    shoal '*' test.ping")
    say("    shoal-run state.event pretty=True       # events, until Ctrl-C\n")
    say("To end it:\n")
    say(f"    {sys.executable} {Path(__file__).resolve()} --stop {fleet.folder}")


def demonstrate(*, keep: bool) -> None:
    """Run the tour; leave nothing behind unless it went well and `keep` is wished."""
    begun = time.monotonic()
    fleet = DemoFleet()
    kept = False
    try:
        say(f"A master and three minions on this machine, all files under {fleet.folder}\n")
        Tour(fleet).run()
        if keep:
            show_how_to_go_on(fleet)
            kept = True
    except DemoError:
        sys.stdout.flush()
        sys.stderr.write(f"\n{fleet.last_words()}\n")
        raise
    finally:
        if not kept:
            fleet.stop()
    if not keep:
        say(f"All answers were as expected, everything is stopped ({time.monotonic() - begun:.0f} s).")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run the program; return its exit code."""
    parser = argparse.ArgumentParser(description="A tour of Shoal with one master and three minions.")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--keep", action="store_true", help="leave the fleet running at the end")
    one.add_argument("--stop", metavar="FOLDER", type=Path, help="end a fleet that was left running")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if options.stop:
            stop_kept(options.stop)
        else:
            demonstrate(keep=options.keep)
    except DemoError as error:
        sys.stdout.flush()
        sys.stderr.write(f"\ndemo: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\ndemo: interrupted, everything is stopped\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
