"""Where results go: copies of returns carried outward from the master's own store, and the alert rules."""
