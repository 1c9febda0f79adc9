"""Which functions and runners there are, a line for each module: for shells that complete them.

Written by scripts/generate_docs.py: change the code, then run `make docs`.
"""

# ruff: noqa: E501 - a module's functions are one line, however many it has

from __future__ import annotations

from typing import Final

FUNCTIONS: Final = """\
alternatives: auto check_exists check_installed display install query remove set show_current show_link
archive: cmd_unzip cmd_zip extract gunzip gzip is_encrypted list remove_members tar unzip zip
cmd: exec_code has_exec retcode run run_all run_stderr run_stdout script shell shells which which_bin
cp: cache_dir cache_file cache_files envs get_dir get_file get_file_str get_template get_url hash_file list_master list_master_dirs list_master_symlinks list_states push push_dir recv stat_file
cron: get_entry list_tab ls put_back raw_cron rm rm_env rm_job rm_special set_env set_job set_special write_cron_file
disk: blkid dump format fstype inodeusage iostat lsblk percent usage wipe
environ: get has_value item items setenv setval
event: send
file: access append basename blockreplace bring_back check_hash chgrp chmod chown comment contains contains_glob contains_regex copy delete_backup diff directory_exists dirname file_exists find get_diff get_gid get_group get_hash get_mode get_uid get_user grep hash is_hardlink is_link join lchown line link list_backups lstat makedirs makedirs_perms mkdir move normpath patch path_exists_glob prepend put put_back read readdir readlink remove remove_backup rename replace restore_backup rmdir search seek_read set_mode set_perms stats statvfs symlink take_away touch truncate uncomment write
git: add archive branch bring_to checkout clone commit config_get config_get_regexp config_set config_unset current_branch describe diff fetch init is_worktree lead_back list_branches list_tags ls_remote merge_base pull remote_get remote_set remotes reset rev_parse revision status submodule tag version worktree_add worktree_rm
grains: append delkey delval equals fetch filter_by get get_or_set_hash has_value item items keys ls put_back remove set setval setvals
group: add adduser chgid delete deluser getent info members restore
hostname: get get_chassis get_pretty get_static set set_chassis set_pretty
hosts: add_host get_alias get_ip has_pair list_hosts rm_host set_comment set_host
http: query wait_for_successful_query
ini: get_ini get_option get_section remove_option remove_section set_option
journal: boots disk_usage query rotate vacuum
kmod: available blacklist blacklisted check_available is_builtin is_loaded load lsmod mod_list remove unblacklist
locale: avail gen_locale get_locale list_avail set_locale
match: compound filter_by glob grain grain_pcre ipcidr list pcre pillar pillar_pcre search_by tag
mine: delete flush get send update valid
minion: find_job is_running kill_all_jobs kill_job refresh_grains refresh_pillar rotate_key running signal_job sync_all sync_beacons sync_grains sync_modules sync_returners sync_states sync_utils tags term_all_jobs term_job
mount: active fstab is_mounted mount remount rm_fstab set_fstab swapoff swapon swaps umount vfstab
network: get_hostname mod_hostname
pillar: data filter_by get item items keys ls obfuscate raw
pkg: autoremove available_version clean file_dict file_list get_locked get_locked_packages hold info_installed install latest_version list_holds list_pkgs list_repo_pkgs list_upgrades normalize_name owner purge refresh_db remove restore show unhold upgrade upgrade_available verify version version_cmp
pkgrepo: del_repo get_repo list_repos mod_repo put_back
process: boot_time get_pid_list kill_pid lsof num_cpus pgrep pkill proc_info psaux status top
ps: boot_time get_pid_list kill_pid lsof num_cpus pgrep pkill proc_info psaux status top
saltutil: find_job is_running kill_all_jobs kill_job pillar_refresh refresh_grains refresh_modules refresh_pillar running signal_job sync_all sync_beacons sync_grains sync_modules sync_returners sync_states sync_utils term_all_jobs term_job
service: available disable disabled enable enabled execs force_reload get_all get_disabled get_enabled get_running get_static mask masked missing reload restart show start status stop systemctl_reload unmask
shadow: del_password gen_password info list_users lock_password restore set_date set_expire set_inactdays set_maxdays set_mindays set_password set_warndays unlock_password
ssh: auth_keys check_key check_known_host get_known_host_entries hash_known_hosts host_keys key_is_encrypted recv_known_host_entries restore_known_host rm_auth_key rm_known_host set_auth_key set_auth_key_from_file set_known_host user_keys
state: apply high highstate history id_exists journal rollback running show_highstate show_low_sls show_lowstate show_sls show_states show_top single sls sls_exists sls_id template_str unfinished
status: all all_status cpu cpuinfo cpustats disk diskstats diskusage load loadavg meminfo memory netdev network nproc pid processes procs temperature uptime users version w
sys: argspec broken doc list_functions list_modules reload_modules schema
sysctl: assign default_config get persist show
system: boot_id cancel get_reboot_required_witnessed get_system_date get_system_date_time get_system_time halt has_settable_hwclock pending poweroff random_boot_id reboot reboot_reasons set_system_date set_system_date_time set_system_time shutdown shutdown_abort uptime wall
test: arg arg_repr arg_type assertion collatz echo exception false fib kwarg outputter ping raise_exception rand_sleep rand_str retcode sleep true version versions versions_information versions_report
timezone: get_hwclock get_offset get_zone get_zonecode list put_back set_hwclock set_zone zone_compare
user: add chfullname chgid chgroups chhome chhomephone chother chroomnumber chshell chuid chworkphone delete getent info list_groups list_users primary_group rename restore
x509: expired expires get_pem_entries get_pem_entry read_certificate read_crl read_csr read_private_key verify_signature will_expire
"""
RUNNERS: Final = """\
cache: clear_all clear_grains clear_mine clear_pushed grains mine pillar pushed
config: get
event: send
fileserver: clear_cache clear_file_list_cache dir_list envs file_hash file_list symlink_list update
jobs: active cancel exit_success last_run list_job list_jobs list_jobs_filter lookup_jid master print_job queue resolve retry unresolved
manage: alived allowed certificate counters down joined not_alived not_allowed not_joined not_present not_reaped present reaped status up versions
mine: get
pillar: seal seal_key show_pillar show_top
returner: check dead_letters list replay status
state: event
survey: diff hash
tag: delete list set
test: arg sleep
token: create join_string list revoke
"""
