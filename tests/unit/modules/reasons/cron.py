"""Examples of `cron` that are not run."""

NOT_RUN = dict.fromkeys(
    (
        *(
            "cron.raw_cron",
            "cron.list_tab",
            "cron.get_entry",
            "cron.set_job",
            "cron.rm_job",
            "cron.set_special",
        ),
        *("cron.rm_special", "cron.set_env", "cron.rm_env", "cron.write_cron_file", "cron.put_back"),
    ),
    "a box may have no cron, and jobs of the box that runs the tests are not ours",
)
