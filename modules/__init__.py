"""Execution modules: what can be asked of a box. One file a module, its name is what the operator types."""
