"""`file.blockreplace`: the text between two marker lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from modules.context import Context
from modules.file import blocks
from shoal.errors import ModuleError
from states.declare import state
from states.file.accumulators import accumulated_for
from states.file.diffs import text_diff
from states.file.edits import Telling, TextSources, edited, read, text_of
from states.plan import Plan, unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOptions:
    """What to do with the block. Spellings are Salt's."""

    append_if_not_found: bool = False
    prepend_if_not_found: bool = False
    insert_before_match: str | None = None
    insert_after_match: str | None = None
    append_newline: bool | None = (
        None  # true adds one to the content always, false never, none if it is missing
    )
    backup: bool | str = False
    show_changes: bool = True


_DEFAULTS: Final = BlockOptions()
_NO_SOURCES: Final = TextSources()


@state
def blockreplace(
    ctx: Context,
    name: str,
    marker_start: str = "#-- start managed zone --",
    marker_end: str = "#-- end managed zone --",
    content: str = "",
    options: BlockOptions = _DEFAULTS,
    sources: TextSources = _NO_SOURCES,
) -> Plan:
    """Keep what stands between two marker lines of a file: `content`, then sources, then accumulated lines.

    Markers that are not there are added where `append_if_not_found`, `prepend_if_not_found`, `insert_before_match`
    or `insert_after_match` say, else that is an error; so are markers that come twice.

    Example:

        /etc/hosts:
          file.blockreplace:
            - marker_start: '# start of our hosts'
            - marker_end: '# end of our hosts'
            - content: 10.0.0.5 db
            - append_if_not_found: true
    """
    now = read(ctx, name)
    parts = [content, *(text.removesuffix("\n") for text in sources.texts(ctx))]
    parts += [each for gathered in accumulated_for(ctx, name).values() for each in gathered]
    block = "\n".join(each for each in parts if each)
    if options.append_newline:
        block += "\n"
    before = text_of(now)
    try:
        change = blocks.block_change(name, (marker_start, marker_end), block, _known(options))
        after = change(before)
    except ModuleError as error:
        raise ModuleError(f"Encountered error managing block: {error}") from None
    if after == before:
        return unchanged("No changes needed to be made")
    changes = {"diff": text_diff(before, after) if options.show_changes else True}
    telling = Telling(did="Changes were made", would="Changes would be made", changes=changes)
    return edited(now, after, telling, backup=options.backup)


def _known(options: BlockOptions) -> blocks.BlockOptions:
    return blocks.BlockOptions(
        append_if_not_found=options.append_if_not_found,
        prepend_if_not_found=options.prepend_if_not_found,
        insert_before_match=options.insert_before_match,
        insert_after_match=options.insert_after_match,
    )
