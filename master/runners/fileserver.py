"""What the master serves: environments, files, folders, links."""

from __future__ import annotations

from master.fileserver.catalog import Catalog
from master.runners.context import RunnerContext
from shoal.errors import ArgumentError, StoreError, WireError
from shoal.files.messages import FileInfo
from shoal.files.names import BASE
from shoal.functions.function import function


@function
async def envs(ctx: RunnerContext) -> list[str]:
    """List the environments that are served.

    CLI Example:

        shoal-run fileserver.envs
    """
    return await ctx.files.beside(ctx.files.catalog.envs)


@function
async def file_list(ctx: RunnerContext, saltenv: str = BASE, prefix: str = "") -> list[str]:
    """List the files that are served, all or those below a folder.

    CLI Example:

        shoal-run fileserver.file_list
        shoal-run fileserver.file_list saltenv=dev prefix=web
    """
    return [info.name for info in await _walk(ctx, saltenv, prefix) if not info.is_dir]


@function
async def dir_list(ctx: RunnerContext, saltenv: str = BASE, prefix: str = "") -> list[str]:
    """List the folders that are served.

    CLI Example:

        shoal-run fileserver.dir_list
    """
    return [info.name for info in await _walk(ctx, saltenv, prefix) if info.is_dir]


@function
async def symlink_list(ctx: RunnerContext, saltenv: str = BASE, prefix: str = "") -> dict[str, str]:
    """Return the symbolic links among what is served, and what they say.

    CLI Example:

        shoal-run fileserver.symlink_list
    """
    return {info.name: info.target for info in await _walk(ctx, saltenv, prefix) if info.target}


@function
async def file_hash(ctx: RunnerContext, path: str, saltenv: str = BASE) -> str:
    """Return the digest of a file as boxes will see it, "" if it is not served.

    CLI Example:

        shoal-run fileserver.file_hash web/site.conf
    """
    try:
        info = await ctx.files.beside(ctx.files.catalog.find, saltenv, path)
    except WireError as error:
        raise ArgumentError(str(error)) from None
    return "" if info is None else info.digest.hex()


@function
async def update(ctx: RunnerContext) -> bool:
    """Take changes over now: of the git repositories, and of lists, which may else be ten seconds old.

    CLI Example:

        shoal-run fileserver.update
    """
    ctx.files.catalog.clear()
    errors = await ctx.files.updates.now() if ctx.files.updates is not None else {}
    if errors:
        raise StoreError("; ".join(f"{url}: {error}" for url, error in errors.items()))
    return True


@function(aliases=("fileserver.clear_file_list_cache",))
async def clear_cache(ctx: RunnerContext) -> bool:
    """Forget the lists of files: the next question looks at the folders again.

    Repositories are left alone; `fileserver.update` brings their changes.

    CLI Example:

        shoal-run fileserver.clear_cache
    """
    ctx.files.catalog.clear()
    return True


async def _walk(ctx: RunnerContext, env: str, prefix: str) -> list[FileInfo]:
    try:
        return await ctx.files.beside(_all, ctx.files.catalog, env, prefix)
    except WireError as error:
        raise ArgumentError(str(error)) from None


def _all(catalog: Catalog, env: str, prefix: str) -> list[FileInfo]:
    found: list[FileInfo] = []
    last, after = False, ""
    while not last:
        page, last = catalog.page(env, prefix, after)
        found += page
        after = page[-1].name if page else ""
        last = last or not page
    return found
