"""Which hosts a user, or without one the whole box, knows, and by which keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.ssh import hosts_file, known_hosts
from modules.ssh.host_entry import HostEntry, name_of
from modules.ssh.known_hosts import HostOptions
from modules.ssh.public_key import PublicKey
from modules.ssh.user_file import UserFile
from modules.user import record
from states.declare import state
from states.folder_steps import folder_steps
from states.plan import Done, Plan, Step, call, failed, unchanged
from states.text_steps import TextSteps

_DEFAULTS: Final = HostOptions()
_USERS: Final = ".ssh/known_hosts"
_ASKED: Final = "whatever the host shows then"


@state
def present(ctx: Context, name: str, user: str = "", options: HostOptions = _DEFAULTS) -> Plan:
    """Let a host be known by a key, or by the key with a fingerprint.

    Without `key` and `fingerprint` a host that is not known yet is believed; name one of them where that matters. A
    host with a port other than 22 may be hashed, too.

    Example:

        github.com:
          ssh_known_hosts.present:
            - user: deploy
            - fingerprint: SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU
    """
    if options.key and options.fingerprint:
        return failed('Specify either "key" or "fingerprint", not both.')
    place = options.config or (_USERS if user else known_hosts.SYSTEM_FILE)
    file = _file(user, place)
    status = known_hosts.check_known_host(ctx, user or None, name, options) if file else "add"
    if status == "exists":
        return unchanged(f"{name} already exists in {place}")
    before = file.read() if file and file.exists() else None
    stored = hosts_file.keys_of(before or "", name_of(name, options.port))
    made = folder_steps(Path(file.folder), **_dress(file)) if file and file.in_home else ()
    old = _described(name, stored, options) or None
    return Plan(
        steps=(*made, _step(name, user, options, before)),
        changes={"old": old, "new": _new(name, options)},
        would=f"Key for {name} is set to be {'added to' if status == 'add' else 'updated in'} {place}",
        judge=lambda answers: _judge(name, place, options, old, answers[-1]),
    )


@state
def absent(ctx: Context, name: str, user: str = "", config: str = "", port: int | None = None) -> Plan:
    """Let a host not be known.

    Example:

        old.example.org:
          ssh_known_hosts.absent:
            - user: deploy
    """
    place = config or (_USERS if user else known_hosts.SYSTEM_FILE)
    file = _file(user, place)
    text, entry = file.read() if file else "", name_of(name, port)
    keys = hosts_file.keys_of(text, entry)
    if file is None or not keys:
        return unchanged("Host is already absent")
    steps = TextSteps(file.path)
    do = call(known_hosts.rm_known_host, user=user or None, hostname=name, config=config or None, port=port)
    steps.add(do, hosts_file.without_host(steps.text, entry))
    return Plan(
        steps=steps.all(),
        changes={"old": _described(name, keys, _DEFAULTS), "new": None},
        would=f"Key for {name} is set to be removed from {place}",
        did=f"Key for {name} was removed from {place}",
    )


def _file(user: str, place: str) -> UserFile | None:
    """Return the file; None for a user who is not there yet."""
    if not user:
        return UserFile.of_system(place)
    return UserFile.of(user, place) if record.find(user) else None


def _dress(file: UserFile) -> dict[str, str]:
    return {"user": str(file.uid), "group": str(file.gid), "mode": "0700"}


def _step(name: str, user: str, options: HostOptions, before: str | None) -> Step:
    given = {
        field: value
        for field in HostOptions.__dataclass_fields__
        if (value := getattr(options, field)) != getattr(_DEFAULTS, field)
    }
    whose: dict[str, Any] = {"user": user or None, "hostname": name}
    back = call(
        known_hosts.restore_known_host, **whose, before=before, config=options.config, port=options.port
    )
    return Step(do=call(known_hosts.set_known_host, **whose, **given), undo=back)


def _new(name: str, options: HostOptions) -> Any:
    if not options.key:
        return options.fingerprint or _ASKED
    return _described(name, [PublicKey.read(options.key.strip(), options.enc or "")], options)


def _judge(name: str, place: str, options: HostOptions, old: Any, answer: dict[str, Any]) -> Done:
    if answer["status"] == "exists":
        return Done(comment=f"{name} already exists in {place}")
    said = f"{name}'s key(s) saved to {place}"
    if options.key:
        said = f"{name}'s key saved to {place} (key: {options.key})"
    elif options.fingerprint:
        said = f"{name}'s key saved to {place} (fingerprint: {options.fingerprint})"
    return Done(comment=said, changes={"old": old, "new": answer["new"]})


def _described(name: str, keys: list[PublicKey], options: HostOptions) -> list[dict[str, Any]]:
    return [HostEntry(names=(), public=each).described(name, options.fingerprint_hash_type) for each in keys]
