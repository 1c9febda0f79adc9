"""Examples of `shadow` that are not run."""

import os

NOT_RUN = dict.fromkeys(
    (
        *("shadow.set_password", "shadow.del_password", "shadow.lock_password", "shadow.unlock_password"),
        *("shadow.set_date", "shadow.set_expire", "shadow.set_inactdays", "shadow.set_maxdays"),
        *("shadow.set_mindays", "shadow.set_warndays", "shadow.restore"),
    ),
    "it would change the box's passwords",
)
NOT_RUN["shadow.gen_password"] = "a box may have no openssl; test_shadow.py runs it where there is one"
if os.geteuid() != 0:
    NOT_RUN |= dict.fromkeys(("shadow.info", "shadow.list_users"), "only root may read /etc/shadow")
