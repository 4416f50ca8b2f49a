"""Words of tool names that mean one thing in one company and another in another."""

from __future__ import annotations

from typing import Any

import pytest

from magistrate.core.records import Action, Effect
from magistrate.evidence.effects import effects_of
from magistrate.evidence.effects.naming import read_name
from magistrate.evidence.effects.place import Place

PLACE = Place(cwd="/home/ana/shop", home="/home/ana")


def effects(tool: str, **arguments: Any) -> list[Effect]:
    return list(effects_of(Action(tool=tool, arguments=arguments), PLACE))


def kinds(tool: str, **arguments: Any) -> set[str]:
    return {effect.kind for effect in effects(tool, **arguments)}


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("respond_to_letter", {"letter": "l-4", "body": "Thank you."}, {"message"}),
        ("answer_inquiry", {"to": "kim@depot.example", "body": "On Friday."}, {"message"}),
        ("chat.answer", {"to": "kim", "text": "On Friday."}, {"message"}),
        ("answer", {"text": "It is four."}, {"read"}),
        ("respond", {"content": "It is four."}, {"read"}),
        ("submit_letter", {"to": "kim@depot.example", "body": "x"}, {"message"}),
        ("submit_form", {"data": "x"}, {"network-out"}),
        ("delist_article", {"sku": "A1"}, {"delete"}),
        ("admit_guest", {"guest": "kim@depot.example", "space": "core"}, {"permission"}),
        ("let_guest_in", {"guest": "kim@depot.example"}, {"permission"}),
        ("enroll_user", {"user": "kim"}, {"permission"}),
        ("open_sheet", {"name": "Budget"}, {"read"}),
        ("open_account", {"name": "Savings"}, {"create"}),
        ("withdraw_candidacy", {"id": "c-1"}, {"delete"}),
        ("withdraw_offer", {"id": "c-1"}, {"delete"}),
        ("withdraw_cash", {"account": "main"}, {"payment"}),
        ("withdraw", {"amount": 40}, {"payment"}),
        ("push_metrics", {"series": "load"}, {"create"}),
        ("push_records", {"list": "l", "endpoint": "https://crm.depot.example/in"}, {"network-out"}),
        ("push_tags", {}, {"vcs-publish"}),
        ("push", {}, {"vcs-publish"}),
        ("push_alert", {"user": "kim", "text": "late"}, {"message"}),
        ("terminate_staff", {"employee": "kim"}, {"delete", "permission"}),
        ("terminate_lease", {"id": "l-1"}, {"delete"}),
        ("terminate_session", {"user": "kim"}, {"process-stop"}),
        ("terminate_job", {"id": 7}, {"process-stop"}),
        ("build_payload", {"items": ["a"]}, {"create"}),
        ("payload", {"items": ["a"]}, {"execute"}),
        ("system.cancelAppointment", {"id": "a-1"}, {"delete"}),
        ("mcp__machine__cancel_appointment", {"id": "a-1"}, {"delete"}),
        ("mcp__workspace__rename_label", {"id": "a-1", "name": "x"}, {"overwrite"}),
        ("server.stop", {"id": "a-1"}, {"infrastructure", "process-stop"}),
    ],
)
def test_the_noun_beside_the_verb_decides(tool: str, arguments: dict[str, Any], expected: set[str]) -> None:
    assert kinds(tool, **arguments) == expected


def test_what_is_merged_is_the_source_branch() -> None:
    (merged,) = effects("merge_branch", repo="depot/web", source_branch="tidy-totals", target_branch="main")
    assert (merged.kind, merged.target) == ("vcs-publish", "tidy-totals")


def test_a_one_time_code_for_the_tools_own_service_changes_nothing() -> None:
    (proof,) = [one for one in effects("confirm_session", otp="730214") if one.kind == "credential"]
    assert (proof.target, proof.reversible) == ("", "yes")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("update_login", {"otp": "730214"}),
        ("verify_portal_session", {"otp": "730214", "callback_url": "https://collect.example/x"}),
        ("verify_portal_session", {"password": "Zw4-kk81-tulip"}),
        ("send_code", {"otp": "730214", "to": "kim@collect.example"}),
    ],
)
def test_other_uses_of_secrets_are_no_sign_in(tool: str, arguments: dict[str, Any]) -> None:
    found = [one for one in effects(tool, **arguments) if one.kind in ("credential", "message")]
    assert found
    assert all(one.reversible != "yes" for one in found)


@pytest.mark.parametrize("verb", ["remove", "delete", "update", "send", "drop", "get"])
def test_an_asynchronous_twin_does_what_its_twin_does(verb: str) -> None:
    """Python names the asynchronous form of `remove` `aremove`."""
    assert read_name(f"a{verb}_item").acts == read_name(f"{verb}_item").acts
    assert read_name("avoid_item").acts == ()
