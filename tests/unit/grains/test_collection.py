"""Precedence, failing sources, and that the real box gives real grains."""

import os
import socket
import subprocess
from datetime import date

import psutil
import pytest

from minion.grains import Sources, collect, collection
from shoal.wire import decode, encode
from tests.unit.grains import recorded

CORE_NAMES = (
    "os os_family osfullname osrelease kernel kernelrelease kernelversion kernelparams osarch cpuarch "
    "num_cpus cpu_model cpu_flags mem_total swap_total host nodename localhost fqdn domain fqdns fqdn_ip4 "
    "fqdn_ip6 ip_interfaces ip4_interfaces ip6_interfaces hwaddr_interfaces ipv4 ipv6 ip_gw ip4_gw ip6_gw "
    "virtual init locale_info path systempath shell pid ps pythonexecutable pythonpath pythonversion uid "
    "gid disks ssds efi server_id cwd shoalversion shoalversioninfo num_gpus gpus saltversion saltversioninfo "
    "saltpath shoalpath zfs_support transactional "
)


@pytest.fixture
def box(tmp_path):
    return recorded.build(recorded.load("debian_12_pc"), tmp_path)


def grains_file(tmp_path, text):
    path = tmp_path / "grains"
    path.write_text(text)
    return {"id": "box", "grains_file": str(path)}


def test_grains_file_overrides_core_grains(box, tmp_path):
    grains = collect(grains_file(tmp_path, "roles: [edge, camera]\nos: Custom\n"), box)
    assert (grains["roles"], grains["os"], grains["os_family"]) == (["edge", "camera"], "Custom", "Debian")


def test_configuration_overrides_the_grains_file(box, tmp_path):
    settings = grains_file(tmp_path, "tier: gold\nsite: oslo\n") | {"grains": {"tier": "silver"}}
    grains = collect(settings, box)
    assert (grains["tier"], grains["site"]) == ("silver", "oslo")


def test_grains_file_stands_in_etc_shoal(box):
    (box.root / "etc/shoal").mkdir()
    (box.root / "etc/shoal/grains").write_text("site: bergen\n")
    assert collect({"id": "box"}, box)["site"] == "bergen"


def test_values_of_the_grains_file_travel(box, tmp_path):
    text = "installed: 2024-03-01\n4505: number\nhuge: 123456789012345678901\nsite: {geo: {city: Oslo}}\n"
    grains = collect(grains_file(tmp_path, text), box)
    assert (grains["installed"], grains["4505"]) == ("2024-03-01", "number")
    assert (grains["huge"], grains["site"]) == ("123456789012345678901", {"geo": {"city": "Oslo"}})
    assert decode(encode(grains), 1_000_000) == grains


def test_custom_grains_go_over_core_ones_and_under_the_file(box, tmp_path):
    custom = {"os": "Mine", "site": "custom", "rack": 7}
    grains = collect(grains_file(tmp_path, "site: file\n"), box, custom)
    assert (grains["os"], grains["site"], grains["rack"]) == ("Mine", "file", 7)


def test_odd_values_of_the_configuration_become_wire_values(box):
    grains = collect({"grains": {"day": date(2024, 3, 1), "ports": {443}, 7: float("inf")}}, box)
    assert (grains["day"], grains["ports"], grains["7"]) == ("2024-03-01", [443], "inf")
    assert decode(encode(grains), 1_000_000) == grains


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: [1\n", "grains:3: not YAML"),
        ("- a\n- b\n", "grains:1: 'key: value' lines expected, got a list"),
        ("x: !!python/object:os.system {}\n", "is not allowed here"),
        ("os: A\nos: B\n", "grains:2: key 'os' is given twice"),
    ],
)
def test_bad_grains_file_costs_one_log_line(box, tmp_path, caplog, text, said):
    grains = collect(grains_file(tmp_path, text), box)
    assert grains["os"] == "Debian"
    assert [said in record.getMessage() for record in caplog.records] == [True]


def test_empty_and_missing_grains_files_are_silent(box, tmp_path, caplog):
    collect(grains_file(tmp_path, "# nothing yet\n"), box)
    collect({"grains_file": str(tmp_path / "none")}, box)
    assert caplog.records == []


def test_grains_file_that_is_a_folder_costs_one_log_line(box, tmp_path, caplog):
    collect({"grains_file": str(tmp_path)}, box)
    assert ["a folder, not a file" in record.getMessage() for record in caplog.records] == [True]


def test_failing_address_list_costs_only_the_network_grains(box, caplog):
    def refuse():
        raise PermissionError("netlink is not allowed here")

    broken = Sources(root=box.root, environ={}, uname=box.uname, addresses=refuse)
    grains = collect({}, broken)
    assert "ipv4" not in grains
    assert grains["fqdn"] == "gateway-7.plant.example"
    assert [record.action for record in caplog.records] == ["grain_collector_failed"]
    assert "minion.grains.network: PermissionError" in caplog.text


@pytest.mark.parametrize(
    ("path", "text", "lost"),
    [
        ("proc/meminfo", "MemTotal: lots\n", "mem_total"),
        ("proc/net/route", "Iface\nnonsense\n", "ip4_gw"),
        ("sys/devices/system/cpu/online", "all\n", "num_cpus"),
    ],
)
def test_nonsense_in_a_file_costs_one_collector(box, caplog, path, text, lost):
    (box.root / path).write_text(text)
    grains = collect({}, box)
    assert lost not in grains
    assert grains["osfinger"] == "Debian-12"
    assert len(caplog.records) == 1


def test_bytes_that_are_no_text_do_no_harm(box):
    (box.root / "sys/class/dmi/id/product_name").write_bytes(b"VP\xff\xfe24\n")
    grains = collect({}, box)
    assert grains["productname"].startswith("VP")
    assert decode(encode(grains), 1_000_000) == grains


def test_files_that_never_end_are_cut(box):
    (box.root / "etc/hosts").unlink()
    (box.root / "etc/hosts").symlink_to("/dev/zero")
    assert collect({}, box)["fqdn"] == "gateway-7"


@pytest.fixture
def here():
    return collect({"id": "box", "grains_file": "/nonexistent"})


def test_real_box_has_the_core_grains(here, caplog):
    assert [name for name in CORE_NAMES.split() if name not in here] == []
    assert caplog.records == []
    assert decode(encode(here), 1_000_000) == here


def test_real_addresses_agree_with_psutil(here):
    told = psutil.net_if_addrs()
    own = {name: [a.address for a in rows if a.family == socket.AF_INET] for name, rows in told.items()}
    assert {name: sorted(rows) for name, rows in here["ip4_interfaces"].items()} == {
        name: sorted(own.get(name, [])) for name in here["ip4_interfaces"]
    }
    six = {a.address.partition("%")[0] for rows in told.values() for a in rows if a.family == socket.AF_INET6}
    assert set(here["ipv6"]) == six
    links = {a.address for rows in told.values() for a in rows if a.family == psutil.AF_LINK}
    assert set(here["hwaddr_interfaces"].values()) == links


def test_real_sizes_agree_with_psutil(here):
    assert here["mem_total"] == psutil.virtual_memory().total // 2**20
    assert here["num_cpus"] == psutil.cpu_count()
    assert (here["pid"], here["uid"]) == (os.getpid(), os.geteuid())


def test_no_process_is_started_and_no_name_is_looked_up(monkeypatch):
    def forbidden(*_args, **_kwargs):
        raise AssertionError("not here")

    for owner, name in ((subprocess, "Popen"), (os, "fork"), (os, "posix_spawn"), (socket, "getaddrinfo"),
                        (socket, "gethostbyaddr"), (socket, "getfqdn")):  # fmt: skip
        monkeypatch.setattr(owner, name, forbidden)
    assert collect({"id": "box"})["kernel"] == "Linux"


def test_every_collector_says_which_grains_it_gives():
    assert all("Return `" in collector.__doc__ for collector in collection.COLLECTORS)
