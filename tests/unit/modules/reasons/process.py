"""Examples of `process` that are not run."""

NOT_RUN = {
    "process.kill_pid": "would signal a process of this box",
    "process.pkill": "would signal processes of this box",
}
