"""`file.cached`: a file of the master or of a web server is in the box's cache."""

from __future__ import annotations

from pathlib import Path

from modules.context import Context
from modules.cp import url as urls
from modules.file import removing
from modules.file.hashes import check_hash
from shoal.errors import ModuleError, WireError
from shoal.files.digest import Digest
from shoal.files.names import BASE, is_served, read_url
from shoal.paths import Paths
from states.declare import state
from states.file.answers import planned
from states.file.paths import look
from states.plan import Plan, Step, call, unchanged

_FOLDER = "extrn_files"


@state
def cached(
    ctx: Context,
    name: str,
    source_hash: str = "",
    skip_verify: bool = False,
    saltenv: str = BASE,
) -> Plan:
    """Bring a file to the box's cache; a path of the box must only be there.

    What a web server has needs a `source_hash`, or `skip_verify`: then it is fetched once.

    Example:

        https://example.com/app-2.4.tar.gz:
          file.cached:
            - source_hash: sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    """
    if is_served(name):
        return _served(ctx, name, saltenv)
    if name.startswith("/"):
        if not look(Path(name), content=False).there:
            raise ModuleError(f"File {name} is not present on the minion")
        return unchanged(f"File {name} is present on the minion")
    if not source_hash and not skip_verify:
        raise ModuleError(
            f"Unable to verify upstream hash of source file {name}, please set source_hash or set skip_verify to True"
        )
    place = _place(ctx, name, saltenv)
    if place.is_file() and (not source_hash or check_hash(ctx, str(place), source_hash)):
        return unchanged(f"File is cached to {place}")
    do = call(urls.get_url, name, str(place), makedirs=True, source_hash=source_hash)
    step = Step(do=do, undo=call(removing.remove, str(place)))
    would = f"File will be cached: {name}"
    return planned([step], {"cached": str(place)}, did=f"File is cached to {place}", would=would)


def _served(ctx: Context, name: str, saltenv: str) -> Plan:
    """Fetch it: what is read of the master is in the cache by that."""
    try:
        file, env = read_url(name, saltenv)
    except WireError as error:
        raise ModuleError(str(error)) from None
    info = ctx.files.find(env, file)
    if info is None or info.is_dir:
        raise ModuleError(f"Failed to cache {name}: the master does not serve it in saltenv '{env}'")
    return unchanged(f"File is cached to {ctx.files.fetch([info])[0]}")


def _place(ctx: Context, url: str, env: str) -> Path:
    told = ctx.settings.get("cachedir")
    cache = Path(str(told)) if told else Paths.for_minion().cache_dir
    ending = "".join(each for each in url.rpartition("/")[2][:60] if each.isalnum() or each in "._-")
    return cache / _FOLDER / f"{Digest(f'{env} {url}'.encode()).final().hex()[:32]}-{ending}"
