"""Locales: which there are, and which is the system's."""

from __future__ import annotations

from modules.context import Context
from modules.locale import settings
from modules.locale.locale_name import LocaleName
from modules.locale.provider import choose
from shoal.errors import ArgumentError
from states.declare import state
from states.plan import Plan, Step, call, unchanged
from states.text_steps import TextSteps


@state
def present(ctx: Context, name: str) -> Plan:
    """Have a locale that programs can use; one that is missing is made.

    Example:

        de_AT.UTF-8:
          locale.present
    """
    if settings.avail(ctx, name):
        return unchanged(f"Locale {name} is already present")
    step = Step(do=call(settings.gen_locale, locale=name), final="a locale that was made stays")
    return Plan(
        steps=(step,),
        changes={"locale": name},
        would=f"Locale {name} needs to be generated",
        did=f"Generated locale {name}",
    )


@state
def system(ctx: Context, name: str) -> Plan:
    """Make a locale the system's (LANG). It must be there by then: `locale.present` sees to that.

    Example:

        C.UTF-8:
          locale.system
    """
    now = settings.get_locale(ctx)
    if _is_same(now, name):
        return unchanged(f"System locale {name} already set")
    steps = TextSteps(choose(ctx.grains.get("os_family")).settings_file())
    steps.add(call(settings.set_locale, locale=name), settings.with_lang(steps.text, name))
    return Plan(
        steps=steps.all(),
        changes={"locale": name},
        would=f"System locale {name} needs to be set",
        did=f"Set system locale {name}",
    )


def _is_same(now: str, name: str) -> bool:
    wanted = LocaleName.parse(name).plain
    try:
        return bool(now) and LocaleName.parse(now).plain == wanted
    except ArgumentError:  # LANG=C, or what is no locale at all
        return now == name
