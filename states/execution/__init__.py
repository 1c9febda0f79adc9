"""Execution functions that need the states: a module of this package is one of the box's, as those of `modules` are."""
