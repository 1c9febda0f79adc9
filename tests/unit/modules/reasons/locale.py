"""Examples of `locale` that are not run."""

NOT_RUN = {
    "locale.set_locale": "it would change the box's locale",
    "locale.gen_locale": "it would make a locale",
}
