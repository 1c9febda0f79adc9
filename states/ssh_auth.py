"""Who may log in by which key: the authorized_keys of users.

A key says itself of which kind it is: `enc` may be left out, and one that contradicts the key is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from modules.context import Context
from modules.cp import files as served
from modules.ssh import auth_keys, authorized_file
from modules.ssh.authorized_key import AuthorizedKey, split_options
from modules.ssh.local_file import read_local
from modules.ssh.public_key import HashType
from modules.ssh.user_file import UserFile
from modules.text_file import lines_of
from modules.user import record
from shoal.errors import ArgumentError
from states.declare import state
from states.folder_steps import folder_steps
from states.plan import Call, Plan, Step, call, unchanged
from states.text_steps import TextSteps

_WOULD: Final = {"add": "added", "update": "updated"}
_NEW: Final = {"add": "New", "update": "Updated"}
Status = Literal["add", "update", "exists"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOptions:
    """What a key is to have, and where it stands. Spellings are Salt's."""

    enc: str = ""  # "" = what the key says
    comment: str = ""
    options: list[str] = field(default_factory=list)
    config: str = ".ssh/authorized_keys"
    fingerprint_hash_type: HashType = (
        "sha256"  # only for SLS files that have it: fingerprints are not compared
    )


_DEFAULTS: Final = KeyOptions()


@state
def present(ctx: Context, name: str, user: str, source: str = "", options: KeyOptions = _DEFAULTS) -> Plan:
    """Let a key log in as a user, with just these options.

    `name` is the key, or a whole line of a .pub or authorized_keys file; `source` names a file of such lines on the
    master (`salt://…`) or the box.

    Example:

        ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alice@laptop:
          ssh_auth.present:
            - user: alice
            - options:
              - no-pty
    """
    wanted = _from_source(ctx, source) if source else [_read(name, options)]
    return _Change(user, options.config).plan(wanted, [])


@state
def absent(ctx: Context, name: str, user: str, source: str = "", options: KeyOptions = _DEFAULTS) -> Plan:
    """Let a key not log in as a user, whatever its options.

    Example:

        AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl:
          ssh_auth.absent:
            - user: alice
    """
    leaving = _from_source(ctx, source) if source else [_read(name, KeyOptions(enc=options.enc))]
    return _Change(user, options.config).plan([], leaving)


@state
def manage(ctx: Context, name: str, user: str, ssh_keys: list[str], options: KeyOptions = _DEFAULTS) -> Plan:
    """Let these keys log in as a user, and no others.

    Example:

        keys of alice:
          ssh_auth.manage:
            - user: alice
            - ssh_keys:
              - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alice@laptop
    """
    wanted = [_read(each, options) for each in ssh_keys]
    change = _Change(user, options.config)
    publics = {each.public for each in wanted}
    return change.plan(
        wanted, [each for each in change.present() if each.public not in publics], manages=True
    )


class _Change:
    """What is to be done to one file of keys. A user who is not there yet has none."""

    def __init__(self, user: str, config: str) -> None:
        self._user, self._config = user, config
        self._file = UserFile.of(user, config) if record.find(user) else None
        self._text = self._file.read() if self._file else ""  # refuses a link before anything else reads it

    def present(self) -> list[AuthorizedKey]:
        """Return the keys that may log in now."""
        return authorized_file.keys_in(self._text)

    def plan(
        self, wanted: Sequence[AuthorizedKey], leaving: Sequence[AuthorizedKey], *, manages: bool = False
    ) -> Plan:
        """Return the plan that lets `wanted` in and `leaving` not."""
        there = {each.public for each in self.present()}
        gone = [each for each in leaving if each.public in there]
        statuses = {each: authorized_file.compare(self._text, each) for each in wanted}
        changed = [each for each in wanted if statuses[each] != "exists"]
        if not gone and not changed:
            said = [self._already(each) for each in wanted] or ["Key not present"]
            return unchanged("\n".join(said), would="\n".join(said if wanted else ["Key is already absent"]))
        would = [_would_go(each, self._user, manages) for each in gone]
        would += [self._would(each, statuses[each]) for each in wanted]
        did = [_went(each, manages) for each in gone]
        did += [self._did(each, statuses[each]) for each in wanted]
        removed = "Key removed" if manages else "Removed"
        changes: dict[str, Any] = {each.public.key: removed for each in gone}
        return Plan(
            steps=self._steps(changed, gone),
            changes=changes | {each.public.key: _NEW[statuses[each]] for each in changed},
            would="\n".join(would),
            did="\n".join(did),
        )

    def _steps(self, changed: Sequence[AuthorizedKey], gone: Sequence[AuthorizedKey]) -> tuple[Step, ...]:
        if self._file is None:  # the user is made earlier in this run, or this fails
            return tuple(Step(do=self._set(each), undo=self._rm(each, missing_ok=True)) for each in changed)
        texts = TextSteps(self._file.path)
        for each in gone:
            texts.add(self._rm(each), authorized_file.without_key(texts.text, each.public.key))
        for each in changed:
            texts.add(self._set(each), authorized_file.with_key(texts.text, each))
        if not self._file.in_home:
            return texts.all()
        group = str(self._file.gid)
        made = folder_steps(Path(self._file.folder), user=str(self._file.uid), group=group, mode="0700")
        return (*made, *texts.all())

    def _set(self, key: AuthorizedKey) -> Call:
        return call(
            auth_keys.set_auth_key,
            user=self._user,
            key=key.public.key,
            comment=key.comment,
            options=list(key.options),
            config=self._config,
        )

    def _rm(self, key: AuthorizedKey, **more: bool) -> Call:
        given = {"user": self._user, "key": key.public.key, "config": self._config}
        return call(auth_keys.rm_auth_key, **given, **more)

    def _already(self, key: AuthorizedKey) -> str:
        return f"The authorized host key {key.public.key} is already present for user {self._user}"

    def _would(self, key: AuthorizedKey, status: Status) -> str:
        if status == "exists":
            return self._already(key)
        return f"Key {key.public.key} for user {self._user} is set to be {_WOULD[status]}"

    def _did(self, key: AuthorizedKey, status: Status) -> str:
        if status == "exists":
            return self._already(key)
        return f"The authorized host key {key.public.key} for user {self._user} was {_WOULD[status]}"


def _would_go(key: AuthorizedKey, user: str, manages: bool) -> str:
    if manages:
        return f"{key.public.key} Key set for removal"
    return f"Key {key.public.key} for user {user} is set for removal"


def _went(key: AuthorizedKey, manages: bool) -> str:
    return f"{key.public.key} Key removed" if manages else "Key removed"


def _read(text: str, options: KeyOptions) -> AuthorizedKey:
    """Return the key of a line, or of its parts. Raises ArgumentError."""
    line = AuthorizedKey.read(text) if " " in text.strip() else None
    more = _split(options.options)
    if line is None:
        return AuthorizedKey.made(text, options.enc, options.comment, more)
    enc, comment = options.enc or line.public.enc, line.comment or options.comment
    return AuthorizedKey.made(line.public.key, enc, comment, [*line.options, *more])


def _split(options: list[str]) -> list[str]:
    return [part for each in options for part in split_options(each)]


def _from_source(ctx: Context, source: str) -> list[AuthorizedKey]:
    """Return the keys of a file. Raises ArgumentError, ModuleError."""
    path = served.cache_file(ctx, source) if "://" in source else source
    if not path:
        raise ArgumentError(f"source: the master does not serve {source}")
    lines = [
        each for each in lines_of(read_local(path)) if each.strip() and not each.lstrip().startswith("#")
    ]
    if not lines:
        raise ArgumentError(f"{source} holds no public key")
    return [_read(each, _DEFAULTS) for each in lines]
