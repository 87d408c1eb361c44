"""The page that ends all functions of a person on one day, and its undo."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from cspa import audit
from cspa.auth.groups import SECRETARIES
from cspa.models import ChangeSet
from delegations.models import AssemblyPost, Delegate, Period, Person, Representative

from ..support import factories
from ..support.admin_forms import filled_in, form_data, page, words
from ..support.counting import Costs, assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    return factories.PersonFactory(name_en="Ann Lee", name_ru="Анна Ли")


@pytest.fixture
def functions(person: Person) -> SimpleNamespace:
    """A function of each kind that runs, and a mandate that has ended."""
    house = factories.ChamberFactory(name_en="House")
    factories.DelegateFactory(person=person, chamber=house, starts="2010", ends="2015")
    return SimpleNamespace(
        mandate=factories.DelegateFactory(person=person, chamber=house, starts="2019", role="head"),
        service=factories.RepresentativeFactory(person=person, starts="by 2020-03-04"),
        post=factories.AssemblyPostFactory(person=person),
    )


def address(person: Person) -> str:
    return page("delegations_person_end", person.pk)


def ends_of(*models: type[Period]) -> list[str]:
    return [
        str(row.ends)
        for model in models or (Delegate, Representative, AssemblyPost)
        for row in model.objects.order_by("pk")
    ]


def ask(client: Client, person: Person, **typed) -> dict:
    """The data that the browser sends with “End them” after “Show what ends”."""
    data = filled_in(client, address(person)) | {"ends": "2024-05-26", "reason": "death"} | typed
    return form_data(client.post(address(person), data | {"show": "1"})) | {"save": "1"}


@pytest.mark.both_databases("delegations.services.ending")
def test_all_functions_end_on_the_day_and_undo_brings_all_back(administrator: Client, person: Person, functions):
    factories.DelegateFactory(starts="2019")
    source = factories.SourceFactory(title_en="Obituary")
    functions.service.sources.add(source)
    entries = ChangeSet.objects.count()
    response = administrator.post(
        address(person),
        filled_in(administrator, address(person))
        | {"ends": "26.05.2024", "reason": "death", "details": "after an illness", "source": str(source.pk)},
    )
    text = words(response)
    assert "Last day in office: 25 May 2024" in text
    assert f"Delegate: {functions.mandate}, head of the delegation, 2019 – 25 May 2024" in text
    assert "Nothing is saved yet" in text
    assert (ends_of(), ChangeSet.objects.count()) == (["2015", "None", "None", "None", "None"], entries)
    response = administrator.post(address(person), form_data(response) | {"save": "1"}, follow=True)
    assert "3 functions were ended. Last day in office: 25 May 2024." in words(response)
    assert ends_of() == ["2015", "2024-05-26", "None", "2024-05-26", "2024-05-26"]
    for row in vars(functions).values():
        assert [str(document) for document in row.sources.all()] == ["Obituary"]
    entry = ChangeSet.objects.latest("pk")
    assert (entry.reason, entry.changes.count(), entry.kind) == ("death: after an illness", 3, "edit")
    assert ChangeSet.objects.count() == entries + 1
    audit.undo(entry, None)
    assert ends_of() == ["2015", "None", "None", "None", "None"]
    sources = [[str(document) for document in row.sources.all()] for row in vars(functions).values()]
    assert sources == [[], ["Obituary"], []]


def test_page_is_linked_from_the_form_of_the_person_and_speaks_russian(
    administrator: Client, person: Person, functions
):
    form = administrator.get(page("delegations_person_change", person.pk))
    assert f'href="{address(person)}"' in form.text
    russian = administrator.get(address(person), headers={"accept-language": "ru"})
    for label in (
        "Прекратить все полномочия",
        "Первый день без полномочий",
        "смерть",
        "Показать, что прекращается",
    ):
        assert label in russian.text, label


def test_reason_is_for_the_office_and_what_is_public_is_the_source(administrator: Client, person: Person, functions):
    source = factories.SourceFactory(title_en="Obituary of Ann Lee", title_ru="Некролог")
    typed = ask(administrator, person, details="Sepsis", source=str(source.pk))
    assert administrator.post(address(person), typed).status_code == 302
    assert ChangeSet.objects.latest("pk").reason == "death: Sepsis"
    reader = Client()
    key = f"people/{person.public_id}/"
    for path in (person.get_absolute_url(), f"/api/v1/{key}", "/data/popolo.json", "/en/delegations/changes/"):
        response = reader.get(path, follow=True)
        assert response.status_code == 200
        body = b"".join(response.streaming_content).decode() if response.streaming else response.text
        assert "Ann Lee" in body, path
        assert "Obituary" in body, path
        assert "Sepsis" not in body, path


def test_other_reason_is_given_in_words(administrator: Client, person: Person, functions):
    data = filled_in(administrator, address(person)) | {"ends": "2024", "reason": "other"}
    assert "Give the reason." in words(administrator.post(address(person), data))
    shown = administrator.post(address(person), data | {"details": "Became a judge"})
    assert "Last day in office: 2024" in words(shown)
    assert administrator.post(address(person), form_data(shown) | {"save": "1"}).status_code == 302
    assert ChangeSet.objects.latest("pk").reason == "Became a judge"


def test_functions_that_are_not_ticked_stay(administrator: Client, person: Person, functions):
    assert (
        administrator.post(
            address(person), ask(administrator, person, rows=[f"delegate-{functions.mandate.pk}"])
        ).status_code
        == 302
    )
    assert ends_of() == ["2015", "2024-05-26", "None", "None"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"ends": ""}, "Give the day, as much of it as is known."),
        ({"ends": "soon"}, "“soon” is not a date."),
        ({"ends": "by 2024-05-26"}, "stands only before a first day in office"),
        ({"ends": "2018-12-31"}, "House (Country 1): The first day no longer in office must come after"),
        ({"ends": "2019-01-01"}, "The first day no longer in office must come after the first day in office."),
        ({"ends": "2018"}, "The first day no longer in office must come after the first day in office."),
        ({"reason": ""}, "This field is required."),
        ({"reason": "boredom"}, "Select a valid choice."),
        ({"details": "x" * 201}, "at most 200 characters"),
        ({"rows": []}, "Tick what ends."),
        ({"rows": ["delegate-0"]}, "Somebody changed the functions meanwhile. Look at them again."),
        ({"rows": ["\x00"]}, "Somebody changed the functions meanwhile. Look at them again."),
        ({"source": "77"}, "Select a valid choice."),
    ],
)
def test_bad_input_is_refused_in_words_and_nothing_is_written(
    administrator: Client, person: Person, functions, typed: dict, message: str
):
    valid = ask(administrator, person)
    for data in (valid | typed, {name: value for name, value in (valid | typed).items() if name != "save"}):
        response = administrator.post(address(person), data)
        assert response.status_code == 200
        assert message.replace("Country 1", functions.mandate.chamber.parliament.label) in words(response)
    assert ends_of() == ["2015", "None", "None", "None"]


def test_function_that_begins_later_is_listed_and_refused(administrator: Client, person: Person):
    factories.DelegateFactory(person=person, starts="2019")
    later = factories.RepresentativeFactory(person=person, starts="2090-01-01")
    data = filled_in(administrator, address(person)) | {"ends": "2026-11-01", "reason": "resignation"}
    response = administrator.post(address(person), data)
    assert f"{later}: The first day no longer in office must come after the first day in office." in words(response)
    assert "End them" not in words(response)
    assert ends_of() == ["None", "None"]


def test_recorded_end_is_brought_forward_but_never_extended(administrator: Client, person: Person):
    mandate = factories.DelegateFactory(person=person, starts="2019", ends="2090-01-01")
    data = filled_in(administrator, address(person)) | {"reason": "term"}
    response = administrator.post(address(person), data | {"ends": "2090-01-02"})
    assert f"{mandate}: on record it ends before this day. Leave it out." in words(response)
    assert administrator.post(address(person), ask(administrator, person)).status_code == 302
    assert ends_of(Delegate) == ["2024-05-26"]


@pytest.mark.both_databases("delegations.services.ending")
def test_undated_function_is_not_ended_within_a_dated_one(administrator: Client, person: Person):
    dated = factories.DelegateFactory(person=person, starts="2019", ends="2022")
    factories.DelegateFactory(person=person, chamber=dated.chamber)
    data = filled_in(administrator, address(person)) | {"reason": "death"}
    response = administrator.post(address(person), data | {"ends": "2020-05-01"})
    assert "This person has another mandate for this chamber in the same period." in words(response)
    assert administrator.post(address(person), ask(administrator, person)).status_code == 302
    assert ends_of(Delegate) == ["2022", "2024-05-26"]


def test_concurrent_changes_are_noticed(administrator: Client, person: Person, functions):
    data = ask(administrator, person)
    newer = factories.DelegateFactory(person=person, starts="2023")
    message = "Nothing was saved: something was changed after it was shown. Look at it again."
    response = administrator.post(address(person), data)
    assert message in words(response)
    # The new mandate is shown, and not ticked for the user.
    assert str(newer.chamber) in words(response)
    assert f"delegate-{newer.pk}" not in form_data(response)["rows"]
    functions.mandate.sources.add(factories.SourceFactory())
    assert message in words(administrator.post(address(person), form_data(response) | {"save": "1"}))
    data = ask(administrator, person)
    functions.post.delete()
    assert "Somebody changed the functions meanwhile." in words(administrator.post(address(person), data))
    assert set(ends_of()) == {"2015", "None"}
    # The day that was shown is the day that is saved.
    data = ask(administrator, person) | {"ends": "2024-05-27"}
    response = administrator.post(address(person), data)
    assert message in words(response)
    assert "Last day in office: 26 May 2024" in words(response)
    assert administrator.post(address(person), form_data(response) | {"save": "1"}).status_code == 302
    assert ends_of(Representative) == ["2024-05-27"]


# Rights


def secretary(client: Client, *parliaments) -> Client:
    user = factories.UserFactory()
    user.groups.add(Group.objects.get(name=SECRETARIES))
    user.parliaments.set(parliaments)
    client.force_login(user)
    return client


def test_secretary_of_a_delegation_ends_its_functions_and_sees_the_others_named(
    client: Client, person: Person, functions
):
    secretary(client, functions.mandate.chamber.parliament)
    text = words(client.get(address(person)))
    named = f"Plenipotentiary representative: {functions.service}, by 4 March 2020"
    assert f"These functions are not yours to change and stay as they are: {named}" in text
    rows = [f"delegate-{functions.mandate.pk}", f"representative-{functions.service.pk}"]
    refused = client.post(
        address(person), filled_in(client, address(person)) | {"ends": "2024", "reason": "death", "rows": rows}
    )
    assert "Somebody changed the functions meanwhile." in words(refused)
    assert client.post(address(person), ask(client, person)).status_code == 302
    assert ends_of(Delegate, Representative) == ["2015", "2024-05-26", "None"]


def test_secretary_of_another_delegation_gets_no_page(client: Client, person: Person, functions):
    secretary(client, factories.ParliamentFactory())
    assert client.get(address(person)).status_code == 404
    assert client.post(address(person), {"save": "1"}).status_code == 404
    assert client.get(page("delegations_person_end", 0)).status_code == 404


def test_person_without_running_functions_has_nothing_to_end(administrator: Client, person: Person):
    factories.DelegateFactory(person=person, starts="2010", ends="2015")
    factories.AssemblyPostFactory(person=person, starts="2010", ended=True)
    response = administrator.get(address(person))
    assert "No function is on record that you could end." in words(response)
    assert "leaving_form" not in response.text


# Cost


@up_to(300)
def test_page_costs_the_same_with_any_number_of_functions(administrator: Client, sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        person, source = factories.PersonFactory(), factories.SourceFactory()
        others = factories.create_many(factories.ParliamentFactory, [{}] * rows)
        chambers = factories.create_many(factories.ChamberFactory, [{"parliament": row} for row in others])
        of_person = {"person": person, "starts": "2019"}
        factories.create_many(factories.DelegateFactory, [of_person | {"chamber": row} for row in chambers])
        factories.create_many(factories.RepresentativeFactory, [of_person | {"parliament": row} for row in others])
        bodies = factories.BodyFactory.create_batch(rows)
        factories.create_many(factories.AssemblyPostFactory, [of_person | {"body": body} for body in bodies])
        typed = {"ends": "2024-05-26", "reason": "death", "source": str(source.pk)}
        data = filled_in(administrator, address(person)) | typed
        saved = ask(administrator, person, **typed)
        costs = {
            "functions of a person": cost(lambda: administrator.get(address(person))),
            "ending of functions shown": cost(lambda: administrator.post(address(person), data)),
            "ending of functions saved": cost(lambda: administrator.post(address(person), saved)),
        }
        assert ends_of() == ["2024-05-26"] * 3 * rows
        return costs

    assert_same_cost(measure, sizes)
