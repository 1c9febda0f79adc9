"""Files that a master serves: their names, where they lie, what is said about them on the wire.

On the ground floor because a box that stands alone reads its own roots by the same rules.
"""
