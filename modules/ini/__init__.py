"""Files of sections and options: `[section]`, `key = value`. All else in them stays as it is."""
