"""Examples of `service` that are not run."""

_NEEDS = "needs a box on which systemd or OpenRC runs; a fake one is in test_service_systemd"

NOT_RUN = {
    f"service.{name}": _NEEDS
    for name in (
        *("start", "stop", "restart", "reload", "force_reload", "status", "available", "missing", "enable"),
        *("disable", "enabled", "disabled", "get_all", "get_enabled", "get_disabled", "get_static"),
        *("get_running", "mask", "unmask", "masked", "show", "execs", "systemctl_reload"),
    )
}
