"""Examples of `disk` that are not run."""

NOT_RUN = {
    "disk.format": "it would erase a disk",
    "disk.wipe": "it would erase a disk",
    "disk.dump": "the device of the example is not on this box",
    "disk.fstype": "the device of the example is not on this box",
    "disk.lsblk": "the device of the example is not on this box",
}
