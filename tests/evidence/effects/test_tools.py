"""Function-style tools: names and arguments that nobody here tuned for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.records import Action, Effect
from magistrate.evidence.effects import effects_of
from magistrate.evidence.effects.flags import unknown_flags
from magistrate.evidence.effects.lexicon import ACTS, NOUNS, PHRASES, VERBS
from magistrate.evidence.effects.morphology import base, split
from magistrate.evidence.effects.naming import read_name
from magistrate.evidence.effects.place import Place

ROWS = [json.loads(line) for line in Path(__file__).with_name("invented_calls.jsonl").read_text().splitlines()]
WORKED = [row for row in ROWS if not row["held_out"]]
HELD_OUT = [row for row in ROWS if row["held_out"]]
PLACE = Place()


def effects(tool: str, /, **arguments: Any) -> tuple[Effect, ...]:
    return effects_of(Action(tool=tool, arguments=arguments), PLACE)


def kinds(tool: str, /, **arguments: Any) -> set[str]:
    return {effect.kind for effect in effects(tool, **arguments)}


def shortfall(row: dict[str, Any]) -> str:
    """What a row expects and does not get, or gets and should not."""
    found = effects_of(Action(tool=row["tool"], arguments=row["arguments"]), PLACE)
    pairs = {(effect.kind, effect.target) for effect in found}
    seen = {effect.kind for effect in found}
    missing = [
        (kind, target)
        for kind, target in row["expect"]
        if not ((kind, target) in pairs or (not target and kind in seen))
    ]
    extra = seen - {kind for kind, _ in row["expect"]} - set(row["also"]) - {"read"}
    return f"missing {missing}, extra {sorted(extra)}, got {sorted(pairs)}" if missing or extra else ""


@pytest.mark.parametrize("row", WORKED, ids=lambda row: row["tool"])
def test_invented_calls(row: dict[str, Any]) -> None:
    assert not shortfall(row)


def test_held_out_calls() -> None:
    """Rows written before any word list and never tuned for: a share, not each one."""
    missed = [row["tool"] for row in HELD_OUT if shortfall(row)]
    assert len(HELD_OUT) >= 60
    assert len(missed) <= len(HELD_OUT) * 0.15, missed


@pytest.mark.parametrize(
    "tool",
    ["send_money", "wire_funds", "moveCash", "BankManagerTransferFunds", "payments.create", "Send-Money", "mcp__bank__sendMoney",
     "remittance::send_payment", "sendmoney", "initiate_bank_transfer"],
)  # fmt: skip
def test_a_payment_by_any_name(tool: str) -> None:
    found = effects(tool, recipient="DE89370400440532013000", amount=50.0)
    assert [(effect.kind, effect.target, effect.reversible) for effect in found] == [
        ("payment", "DE89370400440532013000", "no")
    ]


@pytest.mark.parametrize(
    ("tool", "arguments", "kind", "target"),
    [
        ("wyslij_przelew", {"odbiorca": "Jan", "iban": "PL61109010140000071219812874", "kwota": 12.5}, "payment", "PL61109010140000071219812874"),
        ("メール送信", {"to": "sato@kaisha.example", "subject": "件名", "body": "本文"}, "message", "sato@kaisha.example"),
        ("écrire", {"path": "notes/a.md", "content": "b"}, "create", "notes/a.md"),
        ("blorp", {"payee": "ACME", "amount": 3}, "payment", "ACME"),
        ("blorp", {"url": "https://blorp.example/x"}, "network-out", "https://blorp.example/x"),
        ("blorp", {}, "execute", "blorp"),
    ],
)  # fmt: skip
def test_arguments_speak_where_the_name_is_silent(tool: str, arguments: dict[str, Any], kind: str, target: str) -> None:
    assert [(effect.kind, effect.target, effect.certainty) for effect in effects(tool, **arguments)] == [
        (kind, target, "guessed")
    ]


def test_the_object_decides_what_the_verb_does() -> None:
    assert kinds("send_email", to="a@b.example", body="x") == {"message"}
    assert kinds("transfer_to_human", reason="x") == {"message"}
    assert kinds("transfer_ownership", repo="o/r", new_owner="eve") == {"permission"}
    assert kinds("create_password", account="x") == {"credential"}
    assert kinds("create_event", title="x") == {"create"}
    assert kinds("create_order", item="x") == {"payment"}
    assert kinds("delete_table", table="x") == {"database-destroy"}
    assert kinds("add_member", group="g", user="u") == {"permission"}


def test_readers_stay_readers() -> None:
    for tool in ("get_payment_methods", "listDeletedFiles", "search_sent_emails", "check_permission_status", "view_order_history",
                 "find_shared_documents", "count_open_tickets", "is_subscribed", "describe_deployment", "preview_email"):  # fmt: skip
        assert kinds(tool, id="7") == {"read"}, tool


def test_several_recipients_give_several_effects() -> None:
    found = effects("send_mail", to=["a@x.example", "b@x.example"], cc="c@x.example", bcc=["d@x.example"], body="hi")
    assert [effect.target for effect in found] == ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]
    assert [effect.path for effect in found] == ["to[0]", "to[1]", "cc", "bcc[0]"]


def test_very_many_targets_are_cut_and_said_to_be() -> None:
    found = effects("delete_records", record_ids=[f"r{n}" for n in range(500)])
    assert len(found) <= 40
    assert found[-1].broad
    assert "bulk" in found[-1].flags


def test_nested_arguments_are_found_by_dotted_path() -> None:
    found = effects("send_payment", order={"payments": [{"to_account": "DE89370400440532013000", "amount": 5}]})
    assert [(effect.target, effect.path) for effect in found] == [
        ("DE89370400440532013000", "order.payments[0].to_account")
    ]
    as_text = effects(
        "send_payment", order=json.dumps({"payments": [{"to_account": "DE89370400440532013000", "amount": 5}]})
    )
    assert [(effect.target, effect.path) for effect in as_text] == [
        ("DE89370400440532013000", "order.payments[0].to_account")
    ]


def test_the_source_of_money_is_not_its_target() -> None:
    found = effects("transfer", from_account="111", to_account="222", amount=9)
    assert [(effect.kind, effect.target) for effect in found] == [("payment", "222")]


def test_verbs_joined_by_and_both_count() -> None:
    assert kinds("validate_and_delete_user", user_id="u") >= {"read", "delete"}
    assert kinds("find_and_update_contact", contact_id="c") >= {"read", "overwrite"}


def test_an_action_argument_says_what_a_vague_name_does() -> None:
    assert kinds("manage_shipment", shipment_id="s", operation="cancel") == {"delete"}
    assert kinds("manage_user", user="u", action="grant") == {"permission"}
    assert kinds("calendar", action="create", title="x") == {"create"}


def test_everybody_is_broad() -> None:
    assert effects("delete_all_backups")[0].broad
    assert effects("share_doc", doc_id="d", with_user="everyone")[0].broad
    assert effects("post_message", channel="general", text="@here lunch")[0].broad
    assert not effects("post_message", channel="general", text="lunch")[0].broad


def test_made_public_says_so() -> None:
    found = effects("create_repository", name="r", visibility="public")
    assert any(effect.kind == "permission" and effect.broad and "public" in effect.flags for effect in found)
    assert "permission" not in kinds("create_repository", name="r", visibility="private")


def test_participants_of_an_event_are_written_to() -> None:
    found = effects("create_calendar_event", title="Sync", participants=["eve@out.example"])
    assert [(effect.kind, effect.target) for effect in found] == [("create", "Sync"), ("message", "eve@out.example")]


def test_a_secret_handed_over_is_a_credential_and_never_the_target() -> None:
    found = effects("connect_mailbox", username="ada", password="correct horse")
    assert ("credential", "ada") in {(effect.kind, effect.target) for effect in found}
    assert all("correct horse" not in effect.target for effect in found)
    assert "credential" not in kinds("search_items", query="x", api_key="k", page_token="t")
    assert "credential" in kinds("verify_account", otp="123456")


def test_a_masked_secret_in_a_message_is_flagged() -> None:
    assert "secret" in effects("send_email", to="a@b.example", body="the key is MASKED-api-key-12ab")[0].flags
    assert "secret" not in effects("send_email", to="a@b.example", body="the key is under the mat")[0].flags


def test_switching_protection_off_is_flagged() -> None:
    assert "disables-security" in effects("disable_firewall", host="web-1")[0].flags
    assert "clears-logs" in effects("delete_audit_log", log_id="l")[0].flags


def test_description_speaks_when_name_and_arguments_do_not() -> None:
    found = effects_of(Action(tool="blip", arguments={"x": 1}, about="Deletes the named record for good."), PLACE)
    assert [(effect.kind, effect.certainty) for effect in found] == [("delete", "guessed")]


def test_thinking_and_counting_have_no_consequence() -> None:
    for tool, arguments in (
        ("think", {"thought": "rm -rf /"}),
        ("calculate", {"expression": "1+1"}),
        ("finish", {"message": "x"}),
    ):
        assert [(effect.kind, effect.scope) for effect in effects(tool, **arguments)] == [("read", "local")]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GmailSendEmail", ("gmail", "send", "email")),
        ("send-email", ("send", "email")),
        ("crm.contacts.merge", ("crm", "contacts", "merge")),
        ("HTTPRequest2", ("http", "request", "2")),
        ("überweisungSenden", ("überweisung", "senden")),
        ("", ()),
    ],
)
def test_names_split_in_any_convention(name: str, words: tuple[str, ...]) -> None:
    assert split(name) == words


def test_words_come_down_to_their_base() -> None:
    known = {"delete", "send", "copy", "share", "run", "category"}
    for word, root in (("deleted", "delete"), ("sending", "send"), ("sent", "send"), ("copies", "copy"), ("sharing", "share"),
                       ("running", "run"), ("deletion", "delete"), ("sender", "send"), ("categories", "category"), ("xyz", "xyz")):  # fmt: skip
        assert base(word, known)[0] == root


def test_tables_hold_together() -> None:
    assert set(VERBS.values()) <= set(ACTS)
    assert set(PHRASES.values()) <= set(VERBS), set(PHRASES.values()) - set(VERBS)
    composed = {"secret-key", "pull-request", "vcs-release", "vcs-issue", "cron", "payroll", "infra-only"}
    named = {needed for rows in ACTS.values() for needed, _ in rows if needed}
    assert named <= composed | {kind for kinds_ in NOUNS.values() for kind in kinds_}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from(
    [
        "to",
        "path",
        "command",
        "code",
        "query",
        "url",
        "amount",
        "raw",
        "method",
        "action",
        "tool_uses",
        "content",
        "file_path",
        "args",
        "x",
    ]
)
NAMES = st.sampled_from([row["tool"] for row in ROWS]) | st.text(max_size=30)


@settings(max_examples=150, deadline=None)
@given(tool=NAMES, arguments=st.dictionaries(KEYS | st.text(max_size=8), JSON, max_size=5))
def test_any_call_gives_a_bounded_answer(tool: str, arguments: dict[str, Any]) -> None:
    found = effects_of(Action(tool=tool, arguments=arguments), PLACE)
    assert len(found) <= 40
    for effect in found:
        assert len(effect.target) <= 2001
        assert not unknown_flags(effect.flags)
    assert found == effects_of(Action(tool=tool, arguments=arguments), PLACE)


def test_deep_and_wide_arguments_end_soon() -> None:
    deep: Any = "a@b.example"
    for _ in range(400):
        deep = {"x": [deep]}
    assert effects("send_email", to=deep)
    wide = {f"k{n}": "v" * 5000 for n in range(5000)}
    assert effects("update_thing", **wide)
    assert effects("send_email", to="[" * 60_000)


def test_the_cache_of_names_is_bounded() -> None:
    assert read_name.cache_info().maxsize is not None
