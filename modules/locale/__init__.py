"""The system's locale: which there are, which is used, making more. Debian and Red Hat families."""
