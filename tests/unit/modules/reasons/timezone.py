"""Examples of `timezone` that are not run."""

NOT_RUN = {
    "timezone.set_zone": "it would change the box's time zone",
    "timezone.set_hwclock": "it would set the hardware clock",
    "timezone.put_back": "it would change the box's time zone",
}
