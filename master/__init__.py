"""The master: intake, targets, publish, collect, store, and the operator's command line."""
