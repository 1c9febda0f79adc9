"""Who may order what: decided on the minions that a target expands to, never on the expression."""

from __future__ import annotations

import os
import pwd
from typing import Any

import pytest

from master.acl import Acl, Caller
from master.acl_rules import AclRule, Call, CallRule
from master.intake import IntakeError
from master.roster import Roster
from shoal.targets import Target

NOBODY = pwd.getpwnam("nobody").pw_uid
UNKNOWN = 3_999_999
ROOT = Caller(0, 1)
ANNA = Caller(NOBODY, 1)


@pytest.fixture
def roster() -> Roster:
    roster = Roster({})
    for minion, site in (("web1", "paris"), ("web2", "paris"), ("db1", "rome")):
        roster.ensure(minion, {"site": site})
    return roster


def acl(roster: Roster, *rules: AclRule, user: str = "nobody") -> Acl:
    return Acl({user: rules} if rules else {}, roster)


def rule(*functions: str, target: str = "*") -> AclRule:
    return AclRule(functions=functions, target=target)


def denied(acl: Acl, fun: str | Call, *minions: str, caller: Caller = ANNA) -> str:
    """Return why `caller` may not, nothing if it may."""
    try:
        acl.check_run(caller, fun if isinstance(fun, Call) else Call(fun=fun), minions)
    except IntakeError as error:
        assert error.kind == "denied"
        return str(error)
    return ""


def test_root_and_the_masters_own_user_may_do_everything(roster: Roster) -> None:
    for caller in (ROOT, Caller(os.geteuid(), 1)):
        assert not denied(acl(roster), "cmd.run", "web1", "db1", caller=caller)
        acl(roster).check_operator(caller, "keys")


def test_targets_by_pillar_are_for_operators(roster: Roster) -> None:
    roster.set_pillar("web1", {"password": "abc"})
    assert roster.resolve(Target(kind="pillar", expr="password:a*")).ids == ("web1",)
    for kind, expr in (("pillar", "password:a*"), ("pillar_pcre", "a:b"), ("compound", "web* and I@a:b"),
                       ("pillar_exact", "a:b"), ("nodegroup", "rich"), ("compound", "not N@rich")):  # fmt: skip
        allowed = acl(Roster({"rich": "J@money:.*"}), rule("test.*"))
        with pytest.raises(IntakeError, match="targets by pillar: only root"):
            allowed.check_target(ANNA, Target(kind=kind, expr=expr))
        allowed.check_target(ROOT, Target(kind=kind, expr=expr))
    acl(roster).check_target(ANNA, Target(kind="compound", expr="web* and G@os:x"))


def test_pillar_stays_when_grains_and_tags_change(roster: Roster) -> None:
    roster.set_pillar("web1", {"a": "b"})
    roster.set_grains("web1", {"os": "x"}, b"")
    roster.set_tags("web1", {"site": "rome"})
    assert roster.resolve(Target(kind="compound", expr="I@a:b and G@os:x and T@site:rome")).ids == ("web1",)
    roster.set_pillar("nobody", {"a": "b"})
    assert "nobody" not in roster


def test_others_may_nothing_without_rules(roster: Roster) -> None:
    assert not acl(roster).has_rules
    assert "user nobody may not run test.ping" in denied(acl(roster), "test.ping", "web1")
    with pytest.raises(IntakeError, match="keys: only root and the master's own user"):
        acl(roster).check_operator(ANNA, "keys")


def test_rules_never_reach_the_operators_own_things(roster: Roster) -> None:
    with pytest.raises(IntakeError):
        acl(roster, rule(".*")).check_operator(ANNA, "runners")


@pytest.mark.parametrize(
    ("pattern", "fun", "allowed"),
    [
        ("test.ping", "test.ping", True),
        ("test.*", "test.ping", True),
        ("test.*", "cmd.run", False),
        ("test.ping", "test.pingx", False),
        ("est.ping", "test.ping", False),
        ("(test|grains).*", "grains.items", True),
        (".*", "cmd.run", True),
        ("test.[", "test.[", True),
        ("test.[", "test.ping", False),
        ("", "test.ping", False),
    ],
)
def test_pattern_fits_the_whole_name(roster: Roster, pattern: str, fun: str, allowed: bool) -> None:
    assert bool(denied(acl(roster, rule(pattern)), fun, "web1")) is not allowed


def test_every_minion_must_lie_within_the_rules_that_fit(roster: Roster) -> None:
    rules = acl(roster, rule("test.*", target="web*"), rule("cmd.*", target="db1"))
    assert not denied(rules, "test.ping", "web1", "web2")
    text = denied(rules, "test.ping", "web1", "db1")
    assert "may not run test.ping on db1 (1 of 2 targets)" in text
    assert denied(rules, "cmd.run", "web1")
    assert not denied(rules, "cmd.run", "db1")


def test_several_rules_together_may_cover_a_target(roster: Roster) -> None:
    rules = acl(roster, rule("test.*", target="web*"), rule("test.ping", target="T@site:rome"))
    assert not denied(rules, "test.ping", "web1", "db1")
    assert denied(rules, "test.echo", "web1", "db1")


def test_rule_whose_target_means_nobody_allows_nothing(roster: Roster) -> None:
    """Salt took "no valid target" for "allowed" (CVE-2022-22941)."""
    assert denied(acl(roster, rule(".*", target="nothing*")), "test.ping", "web1")
    assert denied(acl(roster, rule(".*", target="G@no:grain")), "test.ping", "web1")


def test_empty_set_of_minions_is_still_a_function_that_may_be_denied(roster: Roster) -> None:
    assert denied(acl(roster, rule("test.*")), "cmd.run")


def test_rules_of_everybody_count_for_each_user(roster: Roster) -> None:
    rules = acl(roster, rule("test.ping"), user="*")
    assert not denied(rules, "test.ping", "web1")
    assert not denied(rules, "test.ping", "web1", caller=Caller(UNKNOWN, 1))
    assert "uid 3999999 may not" in denied(rules, "cmd.run", "web1", caller=Caller(UNKNOWN, 1))


def test_minion_that_is_deleted_leaves_the_rules_as_well(roster: Roster) -> None:
    rules = acl(roster, rule("test.*", target="web*"))
    roster.forget("web1")
    assert denied(rules, "test.ping", "web1")


def call(*args: Any, fun: str = "cmd.run", text: bool = True, **kwargs: Any) -> Call:
    return Call(fun=fun, args=args, kwargs=kwargs, from_text=text)


ONE = CallRule(function="cmd.run", args=("uptime|df -h( /[a-z]+)?",))
NAMED = CallRule(function="state.*", kwargs={"test": "(?i)true"})
BOTH = CallRule(function="service.restart", args=("nginx",), kwargs={"timeout": "[0-9]+", "note": ""})


@pytest.mark.parametrize(
    ("bounds", "asked", "allowed"),
    [
        (ONE, call("uptime"), True), (ONE, call("df -h /srv"), True), (ONE, call("uptime", text=False), True),
        (ONE, call("uptime; id"), False), (ONE, call("Uptime"), False), (ONE, call(" uptime"), False),
        (ONE, call("uptime\n"), False), (ONE, call("uptime\nid"), False), (ONE, call(), False),
        (ONE, call("uptime", "id"), False), (ONE, call("uptime", "runas=root"), False),
        (ONE, call("runas=root", "uptime"), False), (ONE, call("cmd=uptime"), False),
        (ONE, call("uptime", shell="/tmp/x"), False), (ONE, call(cmd="uptime"), False),
        (ONE, call(["uptime"], text=False), False), (ONE, call("uptime", fun="cmd.run_all"), False),
        (NAMED, call("test=True", fun="state.apply"), True), (NAMED, call(fun="state.apply", test=True), True),
        (NAMED, call("test=False", fun="state.apply"), False), (NAMED, call(fun="state.apply"), False),
        (NAMED, call("test=True", "test=False", fun="state.apply"), False),
        (NAMED, call("test=False", fun="state.apply", test=True), False),
        (NAMED, call("web", "test=True", fun="state.apply"), False),
        (BOTH, call("timeout=5", "nginx", "note=any thing", fun="service.restart"), True),
        (BOTH, call("nginx", "timeout=5", fun="service.restart"), False),
        (BOTH, call("nginx", "timeout=x", "note=", fun="service.restart"), False),
    ],
)  # fmt: skip
def test_bounded_arguments(roster: Roster, bounds: CallRule, asked: Call, allowed: bool) -> None:
    text = denied(acl(roster, AclRule(calls=(bounds,))), asked, "web1")
    assert (text == "") is allowed
    assert not text or "may not run" in text


def test_rule_without_bounds_beside_one_with_them(roster: Roster) -> None:
    rules = acl(roster, AclRule(calls=(ONE,)), rule("cmd.*", target="web1"))
    assert not denied(rules, call("id"), "web1")
    assert denied(rules, call("id"), "web1", "web2")
    assert not denied(rules, call("uptime"), "web1", "web2")
