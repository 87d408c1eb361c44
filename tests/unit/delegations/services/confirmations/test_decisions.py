"""A clerk accepts or refuses the corrections that a parliament proposes."""

from datetime import date

import pytest
from django.db import IntegrityError

from delegations.models import Delegate, Person, Proposal, Representative, Source
from delegations.services import confirmations

from .....support import factories
from .....support.admin_forms import filled_in, page, words
from .....support.confirmations import NOW, ask, correct, decide, proposals

pytestmark = [pytest.mark.django_db, pytest.mark.long]


def the(found: list[Proposal]) -> Proposal:
    (proposal,) = found
    return proposal


def test_proposals_are_listed_and_their_pages_show_both_versions(client, home, office):
    proposal = the(
        proposals(client, home, **{f"role_{home.mandate.uid}": "delegate", f"day_{home.mandate.uid}": "2026"})
    )
    done = factories.ProposalFactory(
        state="refused", reason="Wrong", decided_by=home.clerk, decided_at=NOW, text="Older"
    )
    listed = office.get(page("delegations_proposal_changelist"), {"state": "waiting"})
    assert list(listed.context["cl"].result_list) == [proposal]
    assert "another role: Ivan First" in words(listed)
    shown = words(office.get(page("delegations_proposal_change", proposal.pk)))
    assert "Role head of the delegation delegate (2026)" in shown
    assert "Anna Second, Clerk of the House on 20 May 2026, 15:00" in shown
    decided = office.get(page("delegations_proposal_change", done.pk))
    assert 'name="decide"' not in decided.text
    assert "Refused: clerk, 20 May 2026, 15:00. Reason: Wrong" in words(decided)


def test_accepted_end_ends_the_mandate_with_the_answer_as_source(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26"}))
    assert decide(office, proposal, "accepted")["Location"].endswith("?state=waiting")
    home.mandate.refresh_from_db()
    assert home.mandate.end == date(2026, 4, 26)
    source = home.mandate.sources.get()
    assert source.title_en == "Confirmation by link of 20 May 2026: Home Assembly"
    assert (proposal.state, proposal.decided_by, proposal.decided_at) == ("accepted", home.clerk, NOW)
    with pytest.raises(confirmations.ConfirmationError, match="This proposal was decided meanwhile: accepted"):
        confirmations.decide(proposal, "refused", home.clerk, values={}, reason="No")
    again = office.post(page("delegations_proposal_change", proposal.pk), {"decide": "refused", "reason": "No"})
    assert again.status_code == 200
    proposal.refresh_from_db()
    assert proposal.state == "accepted"


def test_accepted_end_without_a_day_requires_a_day(client, home, office):
    proposal = the(proposals(client, home, **{f"gone_{home.mandate.uid}": "on"}))
    response = decide(office, proposal, "accepted")
    assert "Give the first day no longer in office" in words(response)
    assert proposal.state == "waiting"
    assert not Source.objects.exists()
    response = decide(office, proposal, "changed", day="2026-05-01")
    assert "Give the reason." in words(response)
    response = decide(office, proposal, "changed", day="1.5.2026", reason="As the decree says.")
    assert response.status_code == 302
    home.mandate.refresh_from_db()
    assert home.mandate.end == date(2026, 5, 1)
    assert (proposal.state, proposal.reason) == ("changed", "As the decree says.")


def test_accepted_role_ends_the_mandate_and_begins_another(client, home, office):
    uid, source = home.mandate.uid, factories.SourceFactory()
    home.mandate.sources.add(source)
    home.mandate.political_group_en = "Group"
    home.mandate.ends = "2027-01-01"
    home.mandate.save()
    proposal = the(proposals(client, home, **{f"role_{uid}": "delegate", f"day_{uid}": "2026-04-26"}))
    assert decide(office, proposal, "accepted").status_code == 302
    rows = Delegate.objects.filter(person=home.mandate.person).order_by("start")
    assert [(row.role, str(row.starts), str(row.ends), row.political_group_en) for row in rows] == [
        ("head", "2020-01-01", "2026-04-26", "Group"),
        ("delegate", "2026-04-26", "2027-01-01", "Group"),
    ]
    answer = Source.objects.get(title_en__startswith="Confirmation by link")
    assert [set(row.sources.all()) for row in rows] == [{source, answer}, {answer}]


def test_accepted_role_from_the_first_day_corrects_the_mandate(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"role_{uid}": "delegate", f"day_{uid}": "2020-01-01"}))
    decide(office, proposal, "accepted")
    row = Delegate.objects.get(person=home.mandate.person)
    assert (row.role, str(row.starts), row.ends) == ("delegate", "2020-01-01", None)


@pytest.mark.parametrize("day", ["", "2019-12-31"])
def test_accepted_role_requires_a_day_within_the_mandate(client, home, office, day):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"role_{uid}": "delegate", f"day_{uid}": day}))
    text = words(decide(office, proposal, "accepted"))
    assert ("Give the first day in the new role." if not day else "must come after the first day in office") in text
    assert proposal.state == "waiting"
    assert Delegate.objects.get(person=home.mandate.person).end is None
    assert not Source.objects.exists()


def test_accepted_name_is_corrected_in_the_language_of_the_answer(client, home, office):
    person = home.mandate.person
    asked, address = ask(home)
    signed = {"name_ru": "Анна Вторая", "office_ru": "руководитель"}
    correct(client, address.replace("/en/", "/ru/"), signed, **{f"name_{home.mandate.uid}": "Иван Первой"})
    proposal = asked.proposals.get()
    decide(office, proposal, "accepted")
    person.refresh_from_db()
    assert (person.name_en, person.name_ru) == ("Ivan First", "Иван Первой")
    assert person.sort_key_ru.startswith(Person(name_ru="x").sort_key_ru)
    assert Person.objects.search("Первой").get() == person


def test_accepted_name_is_corrected_with_its_recorded_parts(client, home, office):
    person = home.mandate.person
    person.family_name_en, person.given_name_en, person.patronymic_en = "First", "Ivan", "Petrovich"
    person.save()
    proposal = the(proposals(client, home, **{f"name_{home.mandate.uid}": "Ivan Firrst"}))
    assert "“First” is recorded as a part of the name" in words(decide(office, proposal, "accepted"))
    person.refresh_from_db()
    assert person.name_en == "Ivan First"
    response = decide(office, proposal, "accepted", family_name="Firrst")
    assert "You changed what was proposed" in words(response)
    assert decide(office, proposal, "changed", family_name="Firrst", reason="With its part.").status_code == 302
    person.refresh_from_db()
    assert (person.name_en, person.family_name_en, person.patronymic_en) == ("Ivan Firrst", "Firrst", "Petrovich")


def test_accepted_missing_person_is_added_with_a_mandate(client, home, office):
    proposal = the(
        proposals(client, home, missing0_name="New Face", missing0_place="home-house", missing0_day="2026-04")
    )
    decide(office, proposal, "accepted")
    row = Delegate.objects.get(person__name_en="New Face")
    assert (row.chamber, row.role, str(row.starts)) == (home.chamber, "delegate", "2026-04")
    assert row.sources.get().title_en.startswith("Confirmation by link")


def test_missing_person_on_record_is_reused(client, home, office):
    known = Person.objects.create(name_en="Former Member", name_ru="Бывший Член")
    proposal = the(proposals(client, home, missing0_name="Former Member", missing0_place="home-house"))
    assert "This field is required." in words(decide(office, proposal, "accepted"))
    assert proposal.state == "waiting"
    for forged in ("999999", "abc", "\x00"):
        assert "Select a valid choice" in words(decide(office, proposal, "accepted", person=forged))
    assert decide(office, proposal, "accepted", person=str(known.pk)).status_code == 302
    assert Delegate.objects.get(person=known).chamber == home.chamber
    assert Person.objects.filter(name_en="Former Member").count() == 1


def test_conflict_is_named_and_nothing_is_saved(client, home, office):
    people = Person.objects.count()
    proposal = the(proposals(client, home, missing0_name="New Envoy", missing0_place="representative"))
    text = words(decide(office, proposal, "accepted"))
    assert "This parliament has another representative in the same period." in text
    assert proposal.state == "waiting"
    assert Person.objects.count() == people
    assert not Source.objects.exists()
    home.service.ends = "2026-04-01"
    home.service.save()
    response = decide(office, proposal, "changed", day="2026-04-01", reason="From the day of the handover.")
    assert response.status_code == 302
    assert Representative.objects.get(person__name_en="New Envoy").starts.first == date(2026, 4, 1)


def test_integrity_error_is_shown_as_a_message(client, home, office, monkeypatch):
    proposal = the(proposals(client, home, missing0_name="New Face", missing0_place="home-house"))
    people = Person.objects.count()

    def fail(self, *args, **kwargs):
        raise IntegrityError

    monkeypatch.setattr(Delegate, "save", fail)
    assert "somebody changed the same facts meanwhile" in words(decide(office, proposal, "accepted"))
    assert (proposal.state, Person.objects.count()) == ("waiting", people)


def test_fact_changed_since_the_answer_is_not_overwritten(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"role_{uid}": "delegate", f"day_{uid}": "2026-04-26"}))
    home.mandate.role = "deputy_head"
    home.mandate.save()
    shown = words(office.get(page("delegations_proposal_change", proposal.pk)))
    assert "The record was changed since the parliament answered." in shown
    assert "Role head of the delegation deputy head of the delegation delegate" in shown
    assert "no longer what the parliament saw" in words(decide(office, proposal, "accepted"))
    assert Delegate.objects.filter(person=home.mandate.person).count() == 1
    assert decide(office, proposal, "changed", reason="Both are true.").status_code == 302
    assert Delegate.objects.filter(person=home.mandate.person).count() == 2


def test_fact_changed_while_the_page_was_open_is_shown_again(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26"}))
    address = page("delegations_proposal_change", proposal.pk)
    data = filled_in(office, address) | {"decide": "changed", "reason": "Yes"}
    home.mandate.ends = "2026-03-01"
    home.mandate.save()
    assert "The record was changed meanwhile." in words(office.post(address, data))
    home.mandate.refresh_from_db()
    assert str(home.mandate.ends) == "2026-03-01"


def test_proposal_already_recorded_is_accepted(client, home, office):
    uid = home.mandate.uid
    ended, named = proposals(
        client, home, **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26", f"name_{home.other.uid}": "Oleg Ottr"}
    )
    home.mandate.ends = "2026-04-26"
    home.mandate.save()
    home.other.person.name_en = "Oleg Ottr"
    home.other.person.save()
    for proposal in (ended, named):
        assert decide(office, proposal, "accepted").status_code == 302
        assert proposal.state == "accepted"


def test_proposal_on_a_deleted_row_can_only_be_refused(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26"}))
    home.mandate.delete()
    for decision in ("accepted", "changed"):
        assert "no longer exists" in words(decide(office, proposal, decision, reason="x"))
    assert decide(office, proposal, "refused", reason="Never was a delegate.").status_code == 302
    assert proposal.state == "refused"


def test_refusal_requires_a_reason_and_changes_nothing(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26"}))
    assert "Give the reason." in words(decide(office, proposal, "refused"))
    assert decide(office, proposal, "refused", reason="The decree says otherwise.", day="nonsense").status_code == 302
    home.mandate.refresh_from_db()
    assert (proposal.state, home.mandate.end) == ("refused", None)
    assert not Source.objects.exists()
    history = words(office.get(page("delegations_proposal_history", proposal.pk)))
    assert "refused; The decree says otherwise." in history


@pytest.mark.parametrize(
    "fields",
    [
        {"decide": ""},
        {"decide": "waiting"},
        {"decide": "changed", "reason": "a" * 10_000},
        {"decide": "changed", "reason": "a\x00"},
        {"decide": "changed", "reason": "x", "day": "9999-99-99"},
        {"decide": "changed", "reason": "x", "day": "2020\x00"},
        {"decide": "changed", "reason": "x", "role": "emperor"},
        {"decide": "changed", "reason": "x", "role": ""},
        {"decide": "changed", "reason": "x", "shown": "x"},
    ],
)
def test_forged_decision_is_refused_with_a_message(client, home, office, fields):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"role_{uid}": "delegate", f"day_{uid}": "2026-04-26"}))
    decision = fields.pop("decide")
    response = decide(office, proposal, decision, **fields)
    assert response.status_code == 200
    assert "Nothing was decided." in words(response)
    assert proposal.state == "waiting"
    assert Delegate.objects.filter(person=home.mandate.person).count() == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_free_text_is_escaped_and_can_be_accepted(client, home, office, rows):
    proposal = the(proposals(client, home, text="<b>bold</b>\nsecond line"))
    shown = office.get(page("delegations_proposal_change", proposal.pk)).text
    assert "&lt;b&gt;bold&lt;/b&gt;<br>second line" in shown
    assert decide(office, proposal, "accepted").status_code == 302
