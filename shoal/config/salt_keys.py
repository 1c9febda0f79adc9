"""Keys that Salt has and Shoal does not, with what to do about each; only read when such a key is met."""

from __future__ import annotations

from typing import Final

_DELETE: Final = "delete the line"
_PATHS: Final = "folders are moved with --root, SHOAL_ROOT or --config-dir"
_SERVICE: Final = "the service manager decides that (User=, PIDFile=, LimitNOFILE= in the unit)"
_CRYPTO: Final = f"its keys and algorithms are fixed (Ed25519, CurveZMQ); {_DELETE}"
_PROCESSES: Final = f"every job has its own process and the master is one; {_DELETE}"
_JOIN: Final = "minions join with a token or wait for shoal-key; there is no trust on first use"
_PINNED: Final = f"the join string pins the fleet's key; {_DELETE}"
_RECONNECT: Final = f"it reconnects with recon_default and recon_max, and resolves names each time; {_DELETE}"
_LIVENESS: Final = "use heartbeat_s"
_LOGS: Final = "use log_level, log_file and log_format (text or json)"
_ACL: Final = "what publisher_acl does not list is refused"
_FUNCTIONS: Final = "use allowed_functions and disable_functions"
_SHELL: Final = "use disable_functions with cmd.* to take commands away"
_LEDGER: Final = f"returns are kept on the box until the master has them; {_DELETE}"
_STORE: Final = "the master stores every return in its database; see store_url and keep_jobs_seconds"
_COPIES: Final = (
    "the master carries copies of returns elsewhere; see its keys returners and default_returners"
)
_STARTS: Final = f"silent minions are explained at once, without a second question; {_DELETE}"

_ADVICE: Final = {
    "acceptance_wait_time": _RECONNECT,
    "acceptance_wait_time_max": _RECONNECT,
    "allow_minion_key_revoke": _CRYPTO,
    "auth_mode": _JOIN,
    "auth_timeout": _RECONNECT,
    "auth_tries": _RECONNECT,
    "auto_accept": _JOIN,
    "autosign_file": _JOIN,
    "autosign_grains": _JOIN,
    "autosign_grains_dir": _JOIN,
    "autosign_timeout": _JOIN,
    "cache_jobs": _LEDGER,
    "cachedir": _PATHS,
    "client_acl_verify": _ACL,
    "cmd_blacklist_glob": _SHELL,
    "cmd_safe": _SHELL,
    "cmd_whitelist_glob": _SHELL,
    "conf_file": _PATHS,
    "default_include": "files in master.d/ and minion.d/ that end in .conf are read; there is no other place",
    "encryption_algorithm": _CRYPTO,
    "event_return": _COPIES,
    "ext_job_cache": _STORE,
    "fips_mode": _CRYPTO,
    "gather_job_timeout": _STARTS,
    "hash_type": f"SHA-256 is always used; {_DELETE}",
    "include": "files in master.d/ and minion.d/ that end in .conf are read; there is no other place",
    "ipv6": "give an IPv6 address as interface or master",
    "job_cache": _STORE,
    "keep_jobs": "use keep_jobs_seconds (Salt's keep_jobs counts hours)",
    "key_logfile": _LOGS,
    "keysize": _CRYPTO,
    "log_datefmt": _LOGS,
    "log_datefmt_logfile": _LOGS,
    "log_fmt_console": _LOGS,
    "log_fmt_logfile": _LOGS,
    "log_granular_levels": _LOGS,
    "log_level_logfile": _LOGS,
    "loop_interval": _DELETE,
    "master_alive_interval": _LIVENESS,
    "master_finger": _PINNED,
    "master_job_cache": _STORE,
    "master_pubkey_signature": _PINNED,
    "master_shuffle": _RECONNECT,
    "master_sign_key_name": _PINNED,
    "master_sign_pubkey": _PINNED,
    "master_tries": _RECONNECT,
    "master_type": "give all masters in a list under master",
    "max_event_size": "events have a fixed limit; see minion_bytes_per_s",
    "max_minions": "see pending_max for keys that wait",
    "max_open_files": _SERVICE,
    "minimum_auth_version": f"there is one version of the protocol; {_DELETE}",
    "minion_sign_messages": _CRYPTO,
    "multiprocessing": _PROCESSES,
    "open_mode": _JOIN,
    "permissive_pki_access": f"keys are for their owner alone; {_DELETE}",
    "pidfile": _SERVICE,
    "pillar_raise_on_missing": f"give pillar.get a default, or test what it returns; {_DELETE}",
    "ping_interval": _LIVENESS,
    "ping_on_rotate": _DELETE,
    "pki_dir": _PATHS,
    "publish_session": _CRYPTO,
    "publisher_acl_blacklist": _ACL,
    "pub_hwm": _DELETE,
    "random_master": _RECONNECT,
    "random_reauth_delay": _RECONNECT,
    "random_startup_delay": _RECONNECT,
    "recon_randomize": f"waiting times are always random; {_DELETE}",
    "request_channel_timeout": _LEDGER,
    "request_channel_tries": _LEDGER,
    "require_minion_sign_messages": _CRYPTO,
    "return": _COPIES,
    "return_retry_timer": _LEDGER,
    "return_retry_timer_max": _LEDGER,
    "return_retry_tries": _LEDGER,
    "root_dir": _PATHS,
    "rotate_aes_key": _CRYPTO,
    "sign_pub_messages": _CRYPTO,
    "signing_algorithm": _CRYPTO,
    "sock_dir": _PATHS,
    "sudo_user": _SERVICE,
    "token_expire": _DELETE,
    "transport": f"ZeroMQ is the one transport; {_DELETE}",
    "user": _SERVICE,
    "verify_env": f"folders are always checked; {_DELETE}",
    "verify_master_pubkey_sign": _PINNED,
    "whitelist_modules": _FUNCTIONS,
    "worker_threads": _PROCESSES,
    "worker_pools": _PROCESSES,
    "zmq_backlog": _DELETE,
    "zmq_filtering": f"a minion can only ever read its own jobs; {_DELETE}",
}

_GITFS: Final = "keys and logins are those of git and ssh on the master; see gitfs_remotes"
_FAMILIES: Final = (
    ("tcp_keepalive", _LIVENESS),
    ("cluster_", "masters share one PostgreSQL database; see store_url"),
    ("syndic_", "masters share one PostgreSQL database; see store_url"),
    ("pillar_cache", f"renderings are shared by content and never stale; {_DELETE}"),
    ("minion_pillar_cache", f"the last good pillar is always kept on the box; {_DELETE}"),
    ("git_pillar_", "serve a checked-out folder under pillar_roots"),
    ("gitfs_provider", _GITFS),
    ("gitfs_root", _GITFS),
    ("gitfs_mountpoint", _GITFS),
    ("gitfs_saltenv", _GITFS),
    ("gitfs_user", _GITFS),
    ("gitfs_password", _GITFS),
    ("gitfs_insecure", _GITFS),
    ("gitfs_pubkey", _GITFS),
    ("gitfs_privkey", _GITFS),
    ("gitfs_passphrase", _GITFS),
    ("gitfs_ref_types", _GITFS),
    ("gitfs_refspecs", _GITFS),
    ("gitfs_ssl_verify", _GITFS),
    ("gitfs_global_lock", _GITFS),
    ("gitfs_fallback", _GITFS),
    ("gitfs_disable", _GITFS),
    ("gitfs_env_", _GITFS),
    ("hgfs_", "serve a checked-out folder under file_roots"),
    ("svnfs_", "serve a checked-out folder under file_roots"),
    ("winrepo_", f"it manages Linux boxes; {_DELETE}"),
    ("ssh_", f"it has no agentless mode; {_DELETE}"),
)


def salt_advice(key: str) -> str:
    """Return what to do instead of Salt's `key`; empty when nothing is known of it."""
    if key in _ADVICE:
        return _ADVICE[key]
    return next((advice for family, advice in _FAMILIES if key.startswith(family)), "")
