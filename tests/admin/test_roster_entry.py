"""A pasted list of names: it is matched with the record, previewed, and saved completely or not at all."""

from datetime import date

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client

from cspa.auth.groups import SECRETARIES
from cspa.models import User
from delegations.importer.rosters.name_list import LONGEST, MOST, NEW
from delegations.models import Chamber, Delegate, Person, Source

from ..support import factories
from ..support.admin_forms import page, words
from ..support.browser import browsing, sign_in
from ..support.counting import Costs, assert_same_cost, cost, up_to
from ..support.name_lists import OLD_PAGE, answer, listed, made_up

pytestmark = pytest.mark.django_db

# The page

ADDRESS = "/admin/delegations/delegate/quick-entry/"


def typed(house: Chamber, **changes) -> dict:
    return {"names": OLD_PAGE, "chamber": house.pk, "starts": "2020-05-26", "role": "delegate"} | changes


def show(client: Client, data: dict):
    response = client.post(ADDRESS, data | {"show": "1"})
    assert response.status_code == 200
    return response


def save(client: Client, data: dict):
    """Send the input until the difference is shown, then confirm it."""
    return client.post(ADDRESS, data | {"note": show(client, data).context["note"], "save": "1"}, follow=True)


def test_list_is_previewed_and_then_saved(secretary: Client, chamber: Chamber):
    data = typed(chamber, source_title="List of delegates", source_url="https://example.org/list")
    shown = show(secretary, data)
    assert "family name: Асанов; given name: Жакип; patronymic: Кажманович" in words(shown)
    assert "added sources: 1, people: 2, delegates: 2" in words(shown)
    assert not Person.objects.exists()
    done = save(secretary, data)
    assert "The list of names was saved" in words(done)
    rows = Delegate.objects.order_by("person__public_id")
    assert [
        (row.person.name_ru, row.person.family_name_ru, row.person.given_name_ru, row.person.patronymic_ru)
        for row in rows
    ] == [("Жакип Асанов", "Асанов", "Жакип", "Кажманович"), ("Али Бектаев", "Бектаев", "Али", "Абдикаримович")]
    assert {(str(row.starts), row.role, row.chamber, row.person.name_en) for row in rows} == {
        ("2020-05-26", "delegate", chamber, "")
    }
    assert {row.sources.get().url for row in rows} == {"https://example.org/list"}
    assert "2" in LogEntry.objects.get(object_id=str(chamber.pk)).change_message


def test_list_entered_twice_changes_nothing(secretary: Client, chamber: Chamber):
    save(secretary, typed(chamber))
    before = list(Delegate.objects.values())
    again = show(secretary, typed(chamber))
    assert "This changes nothing" in words(again)
    assert "note" not in again.context
    assert list(Delegate.objects.values()) == before
    # Entered with the first name only in the order of the language, it is the same person.
    assert "This changes nothing" in words(show(secretary, typed(chamber, names="Жакип Кажманович АСАНОВ")))


def test_overlapping_mandate_is_a_conflict(secretary: Client, chamber: Chamber):
    save(secretary, typed(chamber))
    for changes in ({"role": "head"}, {"starts": "2021"}, {"starts": ""}):
        response = show(secretary, typed(chamber, **changes))
        assert len(response.context["report"]["conflicts"]) == 2
        assert "overlaps with 2020-05-26 – on record" in words(response)
        assert "note" not in response.context
    assert Delegate.objects.count() == 2


def test_first_day_is_unknown_or_a_year(secretary: Client, chamber: Chamber):
    save(secretary, typed(chamber, names="АСАНОВ Жакип", starts=""))
    save(secretary, typed(chamber, names="БЕКТАЕВ Али", starts="2019"))
    assert [str(row.starts) for row in Delegate.objects.order_by("pk")] == ["None", "2019"]


def test_exact_namesake_requires_a_choice(secretary: Client, chamber: Chamber):
    first, second = factories.PersonFactory.create_batch(2, name_ru="Жакип Асанов", name_en="")
    response = show(secretary, typed(chamber, names="АСАНОВ Жакип"))
    assert "Say who it is." in words(response)
    assert "report" not in response.context
    data = typed(chamber, names="АСАНОВ Жакип") | {answer(response, 1): str(second.public_id)}
    save(secretary, data)
    assert Delegate.objects.get().person == second
    # … and a third one is possible.
    save(secretary, data | {answer(response, 1): NEW})
    assert Person.objects.filter(name_ru="Жакип Асанов").count() == 3
    assert not first.mandates.exists()


@pytest.mark.parametrize(
    ("on_record", "entered"),
    [
        ({"name_ru": "Жакип Асанов", "patronymic_ru": "Иванович"}, "АСАНОВ Жакип"),
        ({"name_ru": "Жакип Асанов", "patronymic_ru": ""}, "АСАНОВ Жакип Кажманович"),
        ({"name_ru": "Жакып Асанов", "patronymic_ru": ""}, "АСАНОВ Жакип"),
        ({"name_ru": "Жакип Асанов", "patronymic_ru": ""}, "АСАНОВ Ж."),
        ({"name_ru": "", "name_en": "Zhakup Asanov"}, "АСАНОВ Жакип"),
    ],
)
def test_person_with_a_similar_name_requires_a_choice(
    secretary: Client, chamber: Chamber, on_record: dict, entered: str
):
    bare = {"given_name_ru": "", "family_name_ru": "", "given_name_en": "", "family_name_en": "", "name_en": ""}
    person = factories.PersonFactory(**bare | on_record)
    response = show(secretary, typed(chamber, names=entered))
    assert response.context["entries"][0].candidates == [person]
    assert "report" not in response.context


def test_person_of_another_parliament_with_the_name_requires_a_choice(
    secretary: Client,
    chamber: Chamber,
):
    person = factories.PersonFactory(name_ru="Жакип Асанов", name_en="")
    response = show(secretary, typed(chamber, names="АСАНОВ Жакип"))
    assert response.context["entries"][0].chosen == str(person.public_id)
    elsewhere = factories.DelegateFactory(person=person)
    response = show(secretary, typed(chamber, names="АСАНОВ Жакип"))
    assert response.context["entries"][0].chosen == ""
    assert str(elsewhere.chamber) in words(response)


def test_name_is_added_in_a_language_missing_on_record(secretary: Client, chamber: Chamber):
    bare = {"given_name_ru": "", "family_name_ru": "", "name_ru": "", "family_name_en": "", "given_name_en": ""}
    person = factories.PersonFactory(name_en="Ali Bektaev", **bare)
    data = typed(chamber, names="БЕКТАЕВ Али")
    assert "name (ru): – → Али Бектаев" in words(show(secretary, data))
    save(secretary, data)
    person.refresh_from_db()
    assert (person.name_en, person.name_ru, person.family_name_ru) == ("Ali Bektaev", "Али Бектаев", "Бектаев")
    # What is there already is never overwritten.
    save(secretary, typed(factories.ChamberFactory(parliament=chamber.parliament), names="Бектаев Али"))
    person.refresh_from_db()
    assert person.name_ru == "Али Бектаев"
    assert person.mandates.count() == 2


def test_language_of_the_names_is_chosen(secretary: Client, chamber: Chamber):
    save(secretary, typed(chamber, names="ASANOV Zhakip", language="ru"))
    assert (Person.objects.get().name_ru, Person.objects.get().name_en) == ("Zhakip Asanov", "")


def test_repeated_name_requires_a_choice(secretary: Client, chamber: Chamber):
    data = typed(chamber, names="АСАНОВ Жакип, КОГУТ Виктор, АСАНОВ Жакип")
    response = show(secretary, data)
    assert "The name stands in the list before, as number 1." in words(response)
    save(secretary, data | {answer(response, 3): "out"})
    assert Delegate.objects.count() == 2
    # Two records on one person overlap.
    person = Person.objects.get(name_ru="Жакип Асанов")
    other = factories.ChamberFactory()
    data = typed(other, names=data["names"])
    response = show(secretary, data)
    both = {answer(response, number): str(person.public_id) for number in (1, 3)} | {answer(response, 2): NEW}
    assert len(show(secretary, data | both).context["report"]["conflicts"]) == 1


def test_unparsable_line_must_be_left_out_explicitly(secretary: Client, chamber: Chamber):
    data = typed(chamber, names="АСАНОВ Жакип, и др., КОГУТ Виктор – глава")
    response = show(secretary, data)
    assert "This does not look like a name. Correct it in the list, or leave it out." in words(response)
    assert "This is not kept: “– глава”." in words(response)
    assert "report" not in response.context
    answered = data | {answer(response, 2): "out", answer(response, 3): NEW}
    assert "2. и др.: Left out, as was chosen." in words(show(secretary, answered))
    assert "Not kept: – глава" in words(show(secretary, answered))
    save(secretary, answered)
    assert {row.person.name_ru for row in Delegate.objects.all()} == {"Жакип Асанов", "Виктор Когут"}


def test_more_names_than_seats_and_a_missing_source_are_warnings(secretary: Client, chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber, seats=1)
    text = words(show(secretary, typed(chamber)))
    assert "2 people for 1 seats" in text
    assert "no source" in text
    substitutes = words(show(secretary, typed(chamber, role="substitute")))
    assert "people for" not in substitutes


def test_source_on_record_is_reused(secretary: Client, chamber: Chamber):
    source = factories.SourceFactory()
    save(secretary, typed(chamber, names="АСАНОВ Жакип", source=source.pk))
    save(secretary, typed(chamber, names="КОГУТ Виктор", source_title=source.title_en, source_url=source.url))
    assert Source.objects.get() == source
    assert source.delegate_set.count() == 2


# What is refused


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"names": ""}, "This field is required."),
        ({"names": " , ;\n"}, "There is no name in the list."),
        ({"names": "я" * (LONGEST + 1)}, "longer than 10000 letters"),
        ({"names": "Аб Вг," * (MOST + 1)}, "The list holds 1001 names, more than 1000."),
        ({"names": "АСАНОВ\0 Жакип"}, "Null characters are not allowed."),
        ({"chamber": ""}, "This field is required."),
        ({"chamber": "abc"}, "Select a valid choice."),
        ({"chamber": "9" * 5000}, "Select a valid choice."),
        ({"chamber": "99999999999999999999"}, "Select a valid choice."),
        ({"chamber": "\0"}, "Null characters are not allowed."),
        ({"starts": "9999-99-99"}, "is not a date"),
        ({"starts": "1600-01-01"}, "Dates must lie between 1900 and 2100."),
        ({"role": "king"}, "Select a valid choice."),
        ({"language": "xx"}, "Select a valid choice."),
        ({"source": "abc"}, "Select a valid choice."),
        ({"source": "9" * 5000}, "Select a valid choice."),
        ({"source_url": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"source_title": "x" * 301}, "at most 300 characters"),
    ],
)
def test_invalid_field_shows_its_error_and_keeps_the_input(
    secretary: Client,
    chamber: Chamber,
    changes: dict,
    sentence: str,
):
    response = show(secretary, typed(chamber, **changes))
    (name,) = changes
    assert sentence in " ".join(response.context["form"].errors[name])
    assert sentence in words(response)
    for field, value in typed(chamber, **changes).items():
        assert str(response.context["form"][field].value()) == str(value)
    assert not Person.objects.exists()


def test_source_both_chosen_and_named_is_a_form_error(secretary: Client, chamber: Chamber):
    response = show(secretary, typed(chamber, source=factories.SourceFactory().pk, source_title="Other"))
    assert "Choose a source on record or name another one, not both." in words(response)


def test_input_changed_after_the_preview_is_previewed_again(secretary: Client, chamber: Chamber):
    data = typed(chamber)
    note = show(secretary, data).context["note"]
    for changes in ({"starts": "2021"}, {"language": "en"}, {"names": OLD_PAGE + ", КОГУТ Виктор"}):
        response = secretary.post(ADDRESS, data | changes | {"note": note, "save": "1"})
        assert "something was changed after the difference was shown" in words(response)
    assert not Person.objects.exists()


def test_directory_changed_after_the_preview_is_previewed_again(secretary: Client, chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber, seats=2)
    data = typed(chamber)
    note = show(secretary, data).context["note"]
    factories.DelegateFactory(chamber=chamber)
    response = secretary.post(ADDRESS, data | {"note": note, "save": "1"})
    assert "no longer the one that was shown" in words(response)
    assert "3 people for 2 seats" in words(response)
    assert Delegate.objects.count() == 1


def test_second_confirmation_saves_nothing(secretary: Client, chamber: Chamber):
    data = typed(chamber)
    note = show(secretary, data).context["note"]
    for _click in range(2):
        secretary.post(ADDRESS, data | {"note": note, "save": "1"})
    assert (Person.objects.count(), Delegate.objects.count()) == (2, 2)


@pytest.mark.parametrize("note", ["", "x", "a:b:c"])
def test_forged_token_saves_nothing(secretary: Client, chamber: Chamber, note: str):
    response = secretary.post(ADDRESS, typed(chamber, note=note, save="1"))
    assert "Nothing was saved" in words(response)
    assert not Person.objects.exists()


def test_token_of_another_user_saves_nothing(secretary: Client, chamber: Chamber):
    note = show(secretary, typed(chamber)).context["note"]
    secretary.force_login(factories.UserFactory(is_superuser=True))
    assert "Nothing was saved" in words(secretary.post(ADDRESS, typed(chamber, note=note, save="1")))


@pytest.mark.parametrize("forged", ["999", "abc", "\0", "9" * 5000, ""])
def test_person_who_was_not_offered_is_an_invalid_choice(
    secretary: Client,
    chamber: Chamber,
    forged: str,
):
    factories.PersonFactory(name_ru="Кто Другой")
    response = show(secretary, typed(chamber))
    response = show(secretary, typed(chamber) | {answer(response, 1): forged})
    assert response.context["entries"][0].chosen == NEW


# Rights


def test_page_requires_permissions_to_all_that_it_adds_and_changes(client: Client, chamber: Chamber):
    user = factories.UserFactory()
    client.force_login(user)
    needed = ["add_delegate", "change_delegate", "add_person", "change_person", "add_source"]
    for codenames in ([], ["view_delegate"], *([right for right in needed if right != each] for each in needed)):
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        assert client.get(ADDRESS).status_code == 404
        assert client.post(ADDRESS, typed(chamber)).status_code == 404
        assert ADDRESS not in client.get(page("delegations_delegate_changelist")).text
    user.user_permissions.set(Permission.objects.filter(codename__in=needed))
    assert ADDRESS in client.get(page("delegations_delegate_changelist")).text
    assert not Person.objects.exists()


def test_secretary_with_an_assigned_parliament_sees_its_chambers_and_people_only(
    secretary: Client,
    chamber: Chamber,
):
    other = factories.DelegateFactory(person__name_ru="Жакип Асанов", person__name_en="")
    response = secretary.get(ADDRESS)
    assert str(other.chamber.name) in words(response)
    User.objects.get(username="me").parliaments.add(chamber.parliament)
    response = secretary.get(ADDRESS)
    assert str(chamber.name) in words(response)
    assert str(other.chamber.name) not in words(response)
    response = show(secretary, typed(other.chamber))
    assert "Select a valid choice." in words(response)
    # Nor by a forged answer.
    response = show(secretary, typed(chamber, names="АСАНОВ Жакип"))
    assert response.context["entries"][0].candidates == []
    key = answer(response, 1)
    response = show(secretary, typed(chamber, names="АСАНОВ Жакип") | {key: str(other.person.public_id)})
    assert response.context["entries"][0].chosen == NEW
    # Still the look-alike is said.
    assert "is new, and looks like" in words(response)


# Numbers


@up_to(300)
@pytest.mark.parametrize("who", ["new people", "known people"])
def test_list_costs_the_same_with_any_number_of_names(
    secretary: Client,
    chamber: Chamber,
    who: str,
    sizes: tuple[int, ...],
):
    def measure(rows: int) -> Costs:
        for n in range(rows if who == "known people" else 0):
            name = {"name_ru": f"Иван {made_up(n)}", "patronymic_ru": f"{made_up(n)}ович", "name_en": ""}
            factories.DelegateFactory(person=factories.PersonFactory(**name), chamber=chamber, ends="2020-05-26")
        data = typed(chamber, names=listed(rows), source_title="List")
        showing = cost(lambda: data.update(note=show(secretary, data).context["note"]))
        saving = cost(lambda: secretary.post(ADDRESS, data | {"save": "1"}))
        assert Delegate.objects.on(date(2020, 5, 26)).count() == rows
        return {f"list of {who} shown": showing, f"list of {who} saved": saving}

    assert_same_cost(measure, sizes)


@pytest.mark.long
def test_thousand_names_answer_200(secretary: Client, chamber: Chamber):
    names = ",".join(f"{made_up(n)[:6].upper()} Ив" for n in range(MOST))
    assert len(names) <= LONGEST
    data = typed(chamber, names=names)
    response = show(secretary, data)
    data |= {f"who-{entry.name.key}": NEW for entry in response.context["entries"]}
    assert "The list of names was saved" in words(save(secretary, data))
    assert Delegate.objects.count() == MOST


# In the browser


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_list_is_entered_by_keyboard_and_without_javascript(chromium, server):
    me = factories.UserFactory(username="me")
    me.groups.add(Group.objects.get(name=SECRETARIES))
    chamber = factories.ChamberFactory(name_en="House")
    factories.PersonFactory(name_ru="Али Бектаев", name_en="")
    narrow = {"width": 768, "height": 900}
    options = {"signed_in": True, "locale": "en", "viewport": narrow, "java_script_enabled": False}
    with browsing(chromium, server, **options) as tab:
        sign_in(tab, server, me)
        tab.goto(f"{server}/admin/delegations/delegate/")
        tab.get_by_role("link", name="Enter a list of names").click()
        tab.get_by_label("Names:", exact=True).fill(OLD_PAGE)
        tab.get_by_label("Chamber:").select_option(str(chamber.pk))
        tab.get_by_label("First day in office:").fill("2020-05-26")
        tab.get_by_label("Title of the source:").fill("List")
        tab.keyboard.press("Enter")
        tab.get_by_role("radiogroup", name="2. БЕКТАЕВ").get_by_label("Али Бектаев").check()
        tab.get_by_role("button", name="Show the difference").last.click()
        assert tab.get_by_label("Names:", exact=True).input_value() == OLD_PAGE
        tab.get_by_role("heading", name="The difference").wait_for()
        button = tab.get_by_role("button", name="Save what is shown")
        button.focus()
        tab.keyboard.press("Enter")
        tab.get_by_text("The list of names was saved").wait_for()
    assert Delegate.objects.count() == 2
    assert Person.objects.count() == 2
