"""States on a real file system, through the engine's planner and applier."""
