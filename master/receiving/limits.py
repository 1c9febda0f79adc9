"""How much boxes may leave on the master, and the refusals, each of which names the key that decides."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.errors import ShoalError

MIB = 1024 * 1024


class ReceivingError(ShoalError):
    """A file is not taken; the text says why, in one line."""


@dataclass(slots=True)
class Tally:
    """What lies in a box's folder: bytes, and files with folders."""

    size: int = 0
    entries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The master's `file_recv` keys. Sizes in MiB; `entries` counts files and folders of one box."""

    on: bool = False
    file_mib: int = 100
    box_mib: int = 1000
    all_mib: int = 10_000
    entries: int = 10_000

    def check_file(self, size: int) -> None:
        """Raise ReceivingError for a file that is never taken."""
        if not self.on:
            raise ReceivingError(
                "this master takes no files from boxes; file_recv: True in its configuration changes that"
            )
        if size > self.file_mib * MIB:
            raise ReceivingError(
                f"a file of {size} bytes is not taken, at most {self.file_mib} MiB are; see file_recv_max_size"
            )

    def check_room(self, size: int, box: Tally, of_all: int, *, new: bool) -> None:
        """Raise ReceivingError when so many bytes more, or a `new` file, are too much for the box or for all."""
        if box.size + size > self.box_mib * MIB:
            raise ReceivingError(
                f"this box has {box.size} bytes here, with {size} more it would have more than {self.box_mib} MiB;"
                " see file_recv_quota_mib, and shoal-run cache.clear_pushed"
            )
        if of_all + size > self.all_mib * MIB:
            raise ReceivingError(
                f"all boxes together may have {self.all_mib} MiB here; see file_recv_total_mib"
            )
        if new and box.entries >= self.entries:
            raise ReceivingError(
                f"this box has {box.entries} files and folders here, the most there may be; see file_recv_max_files"
            )
