"""Which of several programs a generic name such as `editor` means."""
