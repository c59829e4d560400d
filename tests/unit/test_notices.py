"""What `up` says to those who are told by mail, and `down` of what the pipeline deployed and leaves."""

from __future__ import annotations

from awspipe.cli.notices import notes
from awspipe.cli.stacks import Stacks
from awspipe.cli.views import plan as view
from awspipe.plan import Plan, Step, Verb
from awspipe.resources.base import Key
from awspipe.resources.subscription import CONFIRM
from tests.unit.views import SCOPE, target

ME = Key("subscription", "me@example.com")
NEW = Plan(SCOPE, (Step(Verb.CREATE, ME),), (), (), ())
WAITS = Plan(SCOPE, (Step(Verb.KEEP, ME),), (), (), (), remarks=((ME, f"not confirmed yet: {CONFIRM}"),))


def test_a_new_address_is_told_to_confirm() -> None:
    assert list(notes(target(sandbox=False), NEW)) == [
        "subscription me@example.com: somebody must open the mail from AWS Notifications there and confirm: "
        "before that nothing is sent"
    ]


def test_an_address_that_waits_is_named_each_time() -> None:
    (said,) = notes(target(sandbox=False), WAITS)
    assert said.startswith("subscription me@example.com: not confirmed yet: somebody must open the mail")
    assert list(view.lines(WAITS)) == [f"  ! {said}", "shop: no changes"]
    assert view.document(WAITS)["remarks"] == [
        {"kind": "subscription", "name": "me@example.com", "remark": f"not confirmed yet: {CONFIRM}"}
    ]


def test_the_sandbox_says_where_it_keeps_the_mail() -> None:
    (said,) = notes(target(sandbox=True), NEW)
    assert said.startswith("the sandbox sends no mail: what AWS would send to me@example.com is kept in ")
    assert said.endswith("mail.txt")
    assert list(notes(target(sandbox=True), WAITS)) == []


def test_a_stack_stays_and_is_named() -> None:
    there = Stacks(target(sandbox=False), "ap-northeast-2", ("db",))
    assert list(there.lines()) == [
        "stack db, which the pipeline deployed, stays and may go on costing; "
        "`aws cloudformation delete-stack --stack-name db --region ap-northeast-2` deletes it"
    ]
    (played,) = Stacks(target(sandbox=True), "ap-northeast-2", ("db",)).lines()
    assert """; `eval "$(awspipe sandbox env)"`, then `aws cloudformation""" in played
    assert list(Stacks(target(), "ap-northeast-2").lines()) == []
    assert list(Stacks(target(), "x", unread="denied").lines()) == [
        "whether it deployed stacks, which would stay, is not known: denied"
    ]
