"""`file.managed`: a file with this content, owner and mode."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from modules.atomic_file import umask
from modules.context import Context
from shoal.errors import ModuleError, RenderError
from shoal.files.names import BASE, is_served, read_url
from states.declare import state
from states.file import contents as given_contents
from states.file import diffs, sources, steps
from states.file import perms as permissions
from states.file.accumulators import accumulated_for
from states.file.answers import planned, set_to_be_changed
from states.file.claims import claim
from states.file.contents import ContentsOptions
from states.file.paths import Now, absolute_path, look, new_file
from states.file.perms import Mode, Perms
from states.file.rendered import rendered
from states.file.steps import Content
from states.plan import Plan, Step, failed, unchanged

_PRIVATE: Final = 0o600  # Salt makes a file with it, so it is no change


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedOptions:
    """How the file comes to its content and where it lies. Spellings are Salt's."""

    source: str | list[Any] | None = None
    source_hash: str = ""
    source_hash_name: str = ""
    skip_verify: bool = False
    user: str | int | None = None
    group: str | int | None = None
    mode: Mode = None
    template: str | None = None
    context: dict[str, Any] | None = None
    defaults: dict[str, Any] | None = None
    makedirs: bool = False
    dir_mode: Mode = None
    replace: bool = True
    create: bool = True
    backup: bool | str = ""
    show_changes: bool = True
    new_file_diff: bool = False
    follow_symlinks: bool = True
    check_cmd: str = ""
    saltenv: str = BASE
    keep_source: bool = True  # sources are kept as the box's cache has room, whatever is said here
    tmp_dir: str = ""  # the new file is made beside the old one, where it can take its name at once
    tmp_ext: str = ""  # how the new file's name ends while `check_cmd` looks at it


class _SourceError(ModuleError):
    """The content cannot be had."""


_DEFAULTS: Final = ManagedOptions()
_NO_CONTENTS: Final = ContentsOptions()


@state
def managed(
    ctx: Context,
    name: str,
    contents: ContentsOptions = _NO_CONTENTS,
    options: ManagedOptions = _DEFAULTS,
) -> Plan:
    """Keep a file as it is described: its content, owner and mode.

    The content comes from `contents`, `contents_pillar`, `contents_grains` or `source`, the first that is there of a
    list; with `template: jinja` it is rendered on the box. The new file takes the place of the old one at once, after
    `check_cmd`, which gets its path as last word, has ended with 0. With `replace: false` a content that is there
    stays. What was there is kept for a rollback if it is not larger than 64 MiB.

    Example:

        /etc/app/app.conf:
          file.managed:
            - source: salt://app/app.conf.jinja
            - template: jinja
            - context: {port: 8080}
            - user: root
            - group: root
            - mode: '0644'
            - makedirs: true
            - check_cmd: app --check-config
    """
    path = absolute_path(name)
    claim(ctx, str(path))
    now = look(path, follow=options.follow_symlinks)
    if now.kind == "dir":
        raise ModuleError(f"Specified target {name} is a directory")
    if now.kind not in ("", "file", "link"):
        raise ModuleError(f"Specified target {name} is of type {now.kind}, not a file")
    if not now.there and not options.create:
        return unchanged(f"File {name} is not present and is not set for creation")
    content = None
    try:
        if not now.there or options.replace or options.mode == "keep":
            content = _content(ctx, name, contents, options, now)
    except _SourceError as error:
        return failed(f"Unable to manage file: {error}", would=str(error))
    wanted = _perms(content, options)
    described = contents.given or bool(options.source)
    if now.there and not (described and options.replace):
        return _only_perms(name, now, wanted)
    if now.there and (content is None or content.digest == now.digest):  # none: its check sum is right
        return _same_content(name, now, wanted)
    before = _before(now, wanted, options)
    if content is None:
        return _empty(name, now, wanted, before)
    checked = {"check_cmd": options.check_cmd, "tmp_ext": options.tmp_ext}
    put = steps.put(_gone(now), content, wanted, backup=options.backup, **checked)
    return _written(name, now, content, [*before, put], (wanted, options))


def _content(
    ctx: Context, name: str, contents: ContentsOptions, options: ManagedOptions, now: Now
) -> Content | None:
    """Return what the file is to have; None for nothing in particular. Raises ModuleError in Salt's words."""
    if options.template not in (None, "", "jinja"):
        raise _SourceError(f"Specified template format {options.template} is not supported")
    if contents.given:
        text = given_contents.text_of(ctx, contents)
        if options.source:
            raise ModuleError(
                "'source' cannot be used in combination with 'contents', 'contents_pillar', or 'contents_grains'"
            )
        if options.template:
            text = _rendered(ctx, text, name, _context(ctx, name, options, ""))
        return steps.inline(_encoded(text, contents))
    if not options.source:
        return None
    try:
        return _from_source(ctx, name, contents, options, now)
    except ModuleError as error:
        raise _SourceError(str(error)) from None


def _from_source(
    ctx: Context, name: str, contents: ContentsOptions, options: ManagedOptions, now: Now
) -> Content | None:
    trusted = sources.SourceOptions(
        source_hash=options.source_hash,
        source_hash_name=options.source_hash_name,
        skip_verify=options.skip_verify,
        saltenv=options.saltenv,
    )
    source, trusted = sources.chosen(ctx, options.source, trusted)
    if not options.template:
        return sources.content_of(ctx, source, trusted, now)
    found = sources.content_of(ctx, source, trusted)
    text = sources.as_text(source, found)
    path = read_url(source, options.saltenv)[0] if is_served(source) else source
    text = _rendered(ctx, text, path, _context(ctx, name, options, source))
    content = steps.inline(_encoded(text, contents))
    return replace(content, mode=found.mode if found else -1)


def _rendered(ctx: Context, text: str, path: str, context: dict[str, Any]) -> str:
    try:
        return rendered(ctx, text, path, context)
    except RenderError as error:
        raise _SourceError(str(error)) from None


def _context(ctx: Context, name: str, options: ManagedOptions, source: str) -> dict[str, Any]:
    return {
        "saltenv": options.saltenv,
        "source": source,
        "accumulator": accumulated_for(ctx, name),
        **(options.defaults or {}),
        **(options.context or {}),
    }


def _encoded(text: str, contents: ContentsOptions) -> bytes:
    try:
        return given_contents.encoded(text, contents.encoding, contents.encoding_errors)
    except ModuleError as error:
        raise _SourceError(str(error)) from None


def _perms(content: Content | None, options: ManagedOptions) -> Perms:
    if options.mode == "keep":
        mode = content.mode if content is not None else -1
        return replace(permissions.wanted(None, options.user, options.group), mode=mode)
    return permissions.wanted(options.mode, options.user, options.group)


def _only_perms(name: str, now: Now, wanted: Perms) -> Plan:
    changes = wanted.differing(now)
    if not changes:
        return unchanged(
            f"File {name} exists with proper permissions. No changes made.", would=f"File {name} not updated"
        )
    would = set_to_be_changed(name)
    if "mode" in changes:
        was = f"{now.mode:04o}"
        would = (
            f"File {name} will be updated with permissions {changes['mode']} from its current state of {was}"
        )
    return planned([_dressed(now, wanted)], changes, did="", would=would)


def _same_content(name: str, now: Now, wanted: Perms) -> Plan:
    changes = wanted.differing(now)
    if not changes:
        return unchanged(
            f"File {name} is in the correct state", would=f"The file {name} is in the correct state"
        )
    return planned(
        [_dressed(now, wanted)], changes, did=f"File {name} updated", would=set_to_be_changed(name)
    )


def _dressed(now: Now, wanted: Perms) -> Step:
    return steps.dress({now.path: (now, wanted.as_kwargs())})


def _before(now: Now, wanted: Perms, options: ManagedOptions) -> list[Step]:
    """Return the steps before the content: folders that are missing, and a link that is not followed."""
    before = []
    if options.makedirs:
        mode = permissions.bits(options.dir_mode, "dir_mode")
        before += steps.make_folders(now.path.parent, steps.folder_perms(mode, wanted))
    if now.kind == "link":
        before.append(steps.take_away(now.path))
    return before


def _gone(now: Now) -> Now:
    return replace(now, kind="", is_link=False) if now.kind == "link" else now


def _empty(name: str, now: Now, wanted: Perms, before: list[Step]) -> Plan:
    put = steps.put(_gone(now), steps.inline(b""), wanted)
    return planned(
        [*before, put],
        {"new": f"file {name} created"},
        did="Empty file",
        would=set_to_be_changed(name),
        predicted={"newfile": name},
    )


def _written(
    name: str, now: Now, content: Content, all_steps: list[Step], how: tuple[Perms, ManagedOptions]
) -> Plan:
    wanted, options = how
    did, would = f"File {name} updated", set_to_be_changed(name)
    if now.there:
        shown = look(now.path) if now.kind == "link" else now
        changes = {"diff": diffs.told(shown, content, show=options.show_changes), **wanted.differing(now)}
        return planned(all_steps, changes, did=did, would=would)
    fresh = new_file(now.path, _PRIVATE)
    mode = wanted.mode if wanted.mode >= 0 or not options.source else 0o666 & ~umask()
    changes = {"diff": "New file", **replace(wanted, mode=mode).differing(fresh)}
    predicted = {"newfile": name}
    if options.new_file_diff:
        changes["diff"] = diffs.told(fresh, content, show=options.show_changes)
        predicted = {"diff": changes["diff"]}
    return planned(all_steps, changes, did=did, would=would, predicted=predicted)
