"""The registry of a box with all its functions: those of `modules`, and those that need the states."""

from __future__ import annotations

from modules.module_dirs import ModuleDirs
from modules.registry import Registry
from modules.sources import BuiltIn
from modules.synced_folder import SyncedFolder
from states import execution


def full_registry(synced: SyncedFolder | None = None, developed: ModuleDirs | None = None) -> Registry:
    """Return the registry of a box."""
    return Registry(synced, developed, (BuiltIn(execution, frozenset(), {}),))
