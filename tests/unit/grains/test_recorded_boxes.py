"""What the collectors say of boxes whose files were written down."""

import logging

import pytest

from minion.grains import collect
from shoal.wire import decode, encode
from tests.unit.grains import recorded

ABSENT = "absent"


@pytest.mark.parametrize("name", recorded.NAMES)
def test_grains_of_a_recorded_box(name, tmp_path, caplog):
    case = recorded.load(name)
    with caplog.at_level(logging.WARNING):
        grains = collect({"id": "box"}, recorded.build(case, tmp_path))
    wanted = {grain: value for grain, value in case["grains"].items() if value != ABSENT}
    assert {grain: grains.get(grain) for grain in wanted} == wanted
    assert [grain for grain, value in case["grains"].items() if value == ABSENT and grain in grains] == []
    assert caplog.text == ""


@pytest.mark.parametrize("name", recorded.NAMES)
def test_grains_of_a_recorded_box_travel_unchanged(name, tmp_path):
    grains = collect({"id": "box"}, recorded.build(recorded.load(name), tmp_path))
    assert decode(encode(grains), 1_000_000) == grains


@pytest.mark.parametrize("case", recorded.distributions(), ids=lambda case: case["os"])
def test_distribution_is_named_as_in_salt(case, tmp_path):
    wanted = dict(case)
    grains = collect({}, recorded.build({"files": {"etc/os-release": wanted.pop("os_release")}}, tmp_path))
    assert {name: grains[name] for name in wanted} == wanted
    assert ("osfinger" in grains) == ("osfinger" in wanted)


@pytest.mark.parametrize(
    ("files", "virtual"),
    [
        ({"sys/class/dmi/id/sys_vendor": "QEMU"}, "kvm"),
        ({"sys/class/dmi/id/sys_vendor": "innotek GmbH"}, "VirtualBox"),
        ({"sys/class/dmi/id/sys_vendor": "Xen", "sys/class/dmi/id/product_name": "HVM domU"}, "xen"),
        ({"sys/class/dmi/id/product_name": "Google Compute Engine"}, "gce"),
        (
            {
                "sys/class/dmi/id/sys_vendor": "Microsoft Corporation",
                "sys/class/dmi/id/product_name": "Virtual Machine",
            },
            "HyperV",
        ),
        ({"sys/class/dmi/id/sys_vendor": "Microsoft Corporation"}, "physical"),
        ({"sys/hypervisor/type": "xen\n"}, "xen"),
        ({"proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu hypervisor lahf_lm\n"}, "kvm"),
        ({"proc/device-tree/hypervisor/compatible": "linux,kvm\0"}, "kvm"),
        ({"run/.containerenv": ""}, "container"),
        ({".dockerenv": ""}, "container"),
        ({"proc/1/environ": "PATH=/bin\0container=lxc\0"}, "container"),
        ({"run/systemd/container": "systemd-nspawn"}, "container"),
    ],
)
def test_kind_of_machine(files, virtual, tmp_path):
    assert collect({}, recorded.build({"files": files}, tmp_path))["virtual"] == virtual
