"""The master's file server: what minions may fetch, and how it is handed out."""
