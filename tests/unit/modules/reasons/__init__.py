"""Why examples of execution functions are only bound to their signature and not run: a file for each module."""
