"""Packages of the box, by its own package manager.

`wanted` is what an SLS asks for, `back` the way back; the other files have the states. What comes or goes along with a
package is foreseen where the package manager can tell. The way back needs the old version in a repository: where that
is not so, the step says it.
"""
