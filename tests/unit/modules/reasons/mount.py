"""Examples of `mount` that are not run."""

NOT_RUN = {
    "mount.mount": "it would mount",
    "mount.remount": "it would mount",
    "mount.umount": "it would unmount",
    "mount.set_fstab": "it would change /etc/fstab",
    "mount.rm_fstab": "it would change /etc/fstab",
    "mount.swapon": "it would use a file as swap",
    "mount.swapoff": "it would stop the use of swap",
}
