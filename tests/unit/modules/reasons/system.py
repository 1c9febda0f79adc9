"""Examples of `system` that are not run."""

NOT_RUN = {
    "system.halt": "would take this box down",
    "system.poweroff": "would take this box down",
    "system.reboot": "would take this box down",
    "system.cancel": "would take back a shutdown of this box",
    "system.pending": "asks systemd where it runs; see test_system_power",
    "system.wall": "would write to everybody's terminal",
    "system.set_system_time": "would set this box's clock",
    "system.set_system_date": "would set this box's clock",
    "system.set_system_date_time": "would set this box's clock",
}
