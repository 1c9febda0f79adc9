"""The hosts file: addresses and the names that stand for them."""
