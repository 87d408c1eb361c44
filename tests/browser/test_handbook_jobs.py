"""A new user does the jobs of docs/editorial-handbook.md with the handbook as the only instruction.

The section of the job must contain each link, button and field that a test uses. A changed handbook or a renamed
button therefore fails the test.
"""

import re
from contextlib import contextmanager
from datetime import date

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client

from cspa import audit
from cspa.auth.groups import NEWS_EDITORS, PUBLISHERS, SECRETARIES
from cspa.models import ChangeSet
from delegations.models import Chamber, Delegate, Person, Representative, SeatQuota
from news.models import Article

from ..support import factories
from ..support.browser import browsing, in_time
from ..support.handbook import SOURCE, Job, Keys, section

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCREEN = {"width": 768, "height": 900}
EVE, DAY = date(2024, 5, 25), date(2024, 5, 26)


@pytest.fixture
def house() -> Chamber:
    """A chamber of three seats without delegates, whose parliament participates."""
    source = factories.SourceFactory(title_en=SOURCE)
    parliament = factories.ParliamentFactory(slug="home", name_en="Parliament of Homeland", short_name_en="Homeland")
    factories.ParticipationFactory(parliament=parliament, sources=[source])
    chamber = factories.ChamberFactory(parliament=parliament, name_en="Lower House", name_ru="Нижняя палата")
    factories.SeatQuotaFactory(chamber=chamber, seats=3, sources=[source])
    return chamber


def sitting(house: Chamber, name: str, russian: str, **more) -> Delegate:
    return factories.DelegateFactory(
        chamber=house, person__name_en=name, person__name_ru=russian, starts="2020-01-01", **more
    )


@contextmanager
def working(chromium, server, role: str, heading: str, language: str = "en", job: type[Job] = Job):
    """A user with one role, signed in, on the index page."""
    user, client = factories.UserFactory(), Client()
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    session = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
    with browsing(chromium, server, signed_in=True, locale="en", viewport=SCREEN) as page:
        page.context.add_cookies([{**session, "url": server}])
        page.goto(f"{server}/admin/")
        if language != "en":
            page.get_by_role("button", name=dict(settings.LANGUAGES)[language]).click()
        yield job(page, heading, language)


def seen(chromium, server, address: str, region: str = "", **options) -> str:
    """The text that visitors read at the URL."""
    with browsing(chromium, server, **options) as page, in_time(address):
        assert page.goto(server + address).status == 200
        part = page.get_by_role("region", name=region, exact=True) if region else page.get_by_role("main")
        return part.inner_text()


def delegation(chromium, server, day: date, region: str = "Chambers and delegates") -> str:
    return seen(chromium, server, f"/en/delegations/home/?on={day}", region)


def on_the_page(chromium, server, name: str, region: str = "Chambers and delegates") -> tuple[bool, bool]:
    """Whether the delegation shows ``name`` on the day before, and on the day."""
    before, after = (delegation(chromium, server, day, region) for day in (EVE, DAY))
    return name in before, name in after


def test_quota_is_changed_by_keyboard(chromium, server, house):
    with working(chromium, server, SECRETARIES, "Change a quota", job=Keys) as job:
        job.open_list("Chambers")
        job.enter(job.page.get_by_role("link", name="Lower House", exact=True))
        rows = job.rows("Seat quotas")
        present = rows.filter(has_text=job.words("still so"))
        empty = rows.filter(has=job.page.get_by_role("spinbutton")).last
        job.write("First day no longer in office", f"{DAY}", present)
        job.write("Seats", "5", empty)
        job.write("First day in office", f"{DAY}", empty)
        job.choose_source(empty)
        job.enter(job.page.get_by_role("button", name=job.words("Save"), exact=True).last)
        job.done("was changed successfully")
    for day, seats in ((EVE, 3), (DAY, 5)):
        quota = SeatQuota.objects.on(day).get(chamber=house)
        assert (quota.seats, [source.title_en for source in quota.sources.all()]) == (seats, [SOURCE])
        assert f"{seats} deputies" in delegation(chromium, server, day)


def test_delegate_is_added_after_the_warning_is_confirmed(chromium, server, house):
    with working(chromium, server, SECRETARIES, "Add a delegate") as job:
        page = job.page
        job.open_list("People")
        page.get_by_role("main").get_by_role("searchbox").first.fill("Асанова")
        job.press("Search")
        job.follow("Add person")
        job.field("Name (English)").fill("Anna Asanova")
        job.field("Name (Русский)").fill("Анна Асанова")
        job.add_another("Add another Mandate")
        mandate = page.get_by_role("group", name=job.words("Mandates"), exact=True)
        job.words("Chamber")
        job.choose(mandate.get_by_role("combobox").first, "Lower House")
        job.field("Role", mandate).select_option("deputy head of the delegation")
        job.field("First day in office", mandate).fill("26.05.2024")
        job.press("Save")
        job.done("No source is named")
        assert not Person.objects.exists()
        page.get_by_label(job.words("It is right so: save it", "What to know first")).check()
        job.press("Save")
        job.done("was added successfully")
    mandate = Delegate.objects.get(chamber=house)
    assert (mandate.person.name_en, mandate.person.name_ru) == ("Anna Asanova", "Анна Асанова")
    assert (mandate.role, str(mandate.starts)) == ("deputy_head", "2024-05-26")
    assert on_the_page(chromium, server, "Anna Asanova") == (False, True)


def test_mandate_of_a_delegate_is_ended(chromium, server, house):
    mandate = sitting(house, "Ann Lee", "Анна Ли")
    with working(chromium, server, SECRETARIES, "A delegate leaves") as job:
        job.open_list("People")
        job.page.get_by_role("link", name="Ann Lee").click()
        row = job.page.get_by_role("group", name=job.words("Mandates"), exact=True)
        assert job.words("still so") in row.inner_text()
        job.field("First day no longer in office", row).fill(f"{DAY}")
        job.choose_source(row)
        job.press("Save")
        job.done("was changed successfully")
    mandate.refresh_from_db()
    assert (str(mandate.ends), [source.title_en for source in mandate.sources.all()]) == (f"{DAY}", [SOURCE])
    assert on_the_page(chromium, server, "Ann Lee") == (True, False)


def test_several_mandates_are_ended_on_one_day_in_russian(chromium, server, house):
    leaving = [sitting(house, "Ann Lee", "Анна Ли"), sitting(house, "Ben Ray", "Бен Рэй")]
    sitting(house, "Cid Poe", "Сид По")
    with working(chromium, server, SECRETARIES, "A delegate leaves", "ru") as job:
        page = job.page
        job.open_list("Delegates")
        for name in ("Анна Ли", "Бен Рэй"):
            page.get_by_role("row").filter(has_text=name).get_by_role("checkbox").check()
        job.act("End on a day…")
        job.field("First day no longer in office").fill("26.05.2024")
        job.field("Reason of the change").fill("Выборы")
        job.press("End them")
        job.done("прекращ")
    assert {f"{row.ends}" for row in Delegate.objects.filter(pk__in=[row.pk for row in leaving])} == {f"{DAY}"}
    assert ChangeSet.objects.get().reason == "Выборы"
    for name, shown in (("Ann Lee", (True, False)), ("Ben Ray", (True, False)), ("Cid Poe", (True, True))):
        assert on_the_page(chromium, server, name) == shown


def test_all_functions_of_a_person_are_ended_by_keyboard(chromium, server, house):
    mandate = sitting(house, "Ann Lee", "Анна Ли")
    factories.RepresentativeFactory(parliament=house.parliament, person=mandate.person, starts="2020-01-01")
    with working(chromium, server, SECRETARIES, "End all functions of a person", job=Keys) as job:
        job.open_list("People")
        job.enter(job.page.get_by_role("link", name="Ann Lee"))
        job.enter(job.page.get_by_role("link", name=job.words("End all functions…")))
        job.write("First day no longer in office", f"{DAY}", job.page)
        job.field("Reason").select_option("death")
        job.words("Show what ends")
        job.enter(job.page.get_by_role("button", name="Show what ends"))
        job.done("Last day in office: 25 May 2024")
        job.words("End them")
        job.enter(job.page.get_by_role("button", name="End them"))
        job.done("2 functions were ended")
    for row in (mandate, Representative.objects.get()):
        row.refresh_from_db()
        assert f"{row.ends}" == f"{DAY}"
    assert ChangeSet.objects.get().reason == "death"
    assert on_the_page(chromium, server, "Ann Lee") == (True, False)


def test_representative_is_ended_and_succeeded(chromium, server, house):
    former = factories.RepresentativeFactory(
        parliament=house.parliament, person__name_en="Ann Lee", person__name_ru="Анна Ли", starts="2020-01-01"
    )
    with working(chromium, server, SECRETARIES, "A new plenipotentiary representative") as job:
        page = job.page
        job.open_list("Parliaments")
        page.get_by_role("link", name="Homeland", exact=True).click()
        rows = job.rows("Plenipotentiary representatives")
        present = rows.filter(has_text=job.words("still so"))
        job.field("First day no longer in office", present).fill(f"{DAY}")
        job.choose_source(present)
        job.add_another("Add another Plenipotentiary representative")
        new = rows.filter(has=page.get_by_role("searchbox")).last
        with page.expect_popup() as popup:
            new.get_by_role("link", name=job.words("Add another person")).click()
        popup.value.get_by_label("Name (English):", exact=True).fill("Ben Ray")
        popup.value.get_by_role("button", name="Save", exact=True).last.click()
        new.get_by_role("combobox").filter(has_text="Ben Ray").wait_for()
        job.field("First day in office", new).fill(f"{DAY}")
        job.choose_source(new)
        job.press("Save")
        job.done("was changed successfully")
    assert Representative.objects.on(EVE).get() == former
    successor = Representative.objects.on(DAY).get()
    assert (successor.person.name_en, [source.title_en for source in successor.sources.all()]) == ("Ben Ray", [SOURCE])
    office = "Plenipotentiary representative"
    assert on_the_page(chromium, server, "Ann Lee", office) == (True, False)
    assert on_the_page(chromium, server, "Ben Ray", office) == (False, True)


def test_misspelt_name_is_corrected(chromium, server, house):
    person = sitting(house, "Ann Leee", "Анна Ли").person
    former = person.get_absolute_url()
    with working(chromium, server, SECRETARIES, "Correct a misspelt name") as job:
        job.open_list("People")
        job.page.get_by_role("link", name="Ann Leee").click()
        job.field("Name (English)").fill("Ann Lee")
        job.field("Reason of the change").fill("One letter too many")
        job.press("Save")
        job.done("was changed successfully")
    person.refresh_from_db()
    assert person.name_en == "Ann Lee"
    assert ChangeSet.objects.get().reason == "One letter too many"
    assert former != person.get_absolute_url()
    for text in (seen(chromium, server, former), delegation(chromium, server, EVE)):
        assert "Ann Lee" in text
        assert "Ann Leee" not in text


def test_two_records_of_one_person_are_merged(chromium, server, house):
    stays, other = sitting(house, "Ann Lee", "").person, factories.PersonFactory(name_en="Ann Lee", name_ru="Анна Ли")
    factories.RepresentativeFactory(parliament=house.parliament, person=other, starts="2024-05-26")
    address = other.get_absolute_url()
    with working(chromium, server, SECRETARIES, "Merge two records of one person") as job:
        page = job.page
        job.open_list("People")
        page.get_by_role("row").filter(has_text="–").get_by_role("link", name="Ann Lee").click()
        job.follow("Merge with another record…")
        page.get_by_role("heading", name=job.words("Records with a similar name")).wait_for()
        page.get_by_role("link", name=f"Ann Lee ({other.public_id})").click()
        page.get_by_role("main").get_by_text("Анна Ли (from the other record)").wait_for()
        job.field("Reason of the change").fill("One person")
        job.press("Merge")
        job.done("was merged into this one")
    assert Person.objects.get() == stays
    stays.refresh_from_db()
    assert (stays.name_ru, stays.services.count(), stays.mandates.count()) == ("Анна Ли", 1, 1)
    entry = ChangeSet.objects.get()
    assert (entry.kind, entry.reason) == (ChangeSet.Kind.MERGE, "One person")
    with browsing(chromium, server) as page, in_time(address):
        page.goto(server + address)
        assert page.url.endswith(stays.get_absolute_url())
    assert on_the_page(chromium, server, "Ann Lee", "Plenipotentiary representative") == (False, True)


def test_list_of_names_is_entered(chromium, server, house):
    known = factories.PersonFactory(name_en="Ali Bektaev", name_ru="Али Бектаев")
    with working(chromium, server, SECRETARIES, "Enter a list of names") as job:
        page = job.page
        job.open_list("Delegates")
        job.follow("Enter a list of names")
        example = re.search("“(АСАНОВ .*?), …”", section(job.heading))[1]
        job.field("Names").fill(f"{example}, и др.")
        job.field("Chamber").select_option("Lower House (Homeland)")
        job.field("First day in office").fill(f"{DAY}")
        job.field("Role").select_option("delegate")
        job.field("Title of the source").fill("Letter of the parliament")
        job.press("Show the difference")
        page.get_by_role("radiogroup", name="2. БЕКТАЕВ").get_by_label("Ali Bektaev").check()
        page.get_by_role("radiogroup", name="3. ").get_by_label(job.words("leave out")).check()
        job.press("Show the difference")
        page.get_by_role("heading", name="The difference").wait_for()
        job.press("Save what is shown")
        job.done("The list of names was saved")
    mandates = Delegate.objects.on(DAY).filter(chamber=house)
    new = Person.objects.exclude(pk=known.pk).get()
    assert {mandate.person for mandate in mandates} == {known, new}
    assert (new.name_ru, new.patronymic_ru) == ("Жакип Асанов", "Кажманович")
    assert {source.title for mandate in mandates for source in mandate.sources.all()} == {"Letter of the parliament"}
    for name in ("Ali Bektaev", "Жакип Асанов"):
        assert on_the_page(chromium, server, name) == (False, True)


def test_new_convocation_is_entered(chromium, server, house):
    stays, goes = sitting(house, "Ann Lee", "Анна Ли"), sitting(house, "Ben Ray", "Бен Рэй")
    with working(chromium, server, SECRETARIES, "Begin a new convocation") as job:
        page = job.page
        job.open_list("Chambers")
        page.get_by_role("link", name="Lower House", exact=True).click()
        job.follow("Begin a new convocation")
        job.field("First day of the new convocation").fill("26.05.2024")
        job.field("Seats from this day").fill("5")
        job.field("Title of the source").fill("Decree of the new convocation")
        job.field("New people").fill("ASANOVA Anna")
        job.press("Show the difference")
        page.get_by_role("row").filter(has_text="Ann Lee").get_by_role("checkbox").check()
        page.get_by_label("Role of Ann Lee").select_option("head of the delegation")
        job.press("Show the difference")
        page.get_by_role("heading", name="The difference").wait_for()
        job.press("Save what is shown")
        job.done("The new convocation of Lower House")
    goes.refresh_from_db()
    assert f"{goes.ends}" == f"{DAY}"
    roster = {row.person.name_en: row.role for row in Delegate.objects.on(DAY).filter(chamber=house)}
    assert roster == {"Ann Lee": "head", "Anna Asanova": "delegate"}
    assert Delegate.objects.on(EVE).get(person=stays.person).role == "delegate"
    assert [SeatQuota.objects.on(day).get().seats for day in (EVE, DAY)] == [3, 5]
    for name, shown in (("Ann Lee", (True, True)), ("Ben Ray", (True, False)), ("Anna Asanova", (False, True))):
        assert on_the_page(chromium, server, name) == shown
    assert on_the_page(chromium, server, "5 deputies") == (False, True)


def test_article_is_written_by_an_editor_and_published_by_a_publisher(chromium, server, house):
    factories.TopicFactory(name_en="Peace")
    with working(chromium, server, NEWS_EDITORS, "Publish news") as job:
        page = job.page
        job.open_list("Articles")
        job.follow("Add article")
        job.field("Language").select_option("English")
        job.field("Title").fill("Council meets")
        job.field("Dateline").fill("Minsk")
        job.field("Summary").fill("The Council met and agreed.")
        page.get_by_role("textbox", name=f"{job.words('Text')}:").click()
        page.keyboard.type("The Council met on Monday.")
        for name, choice in (("Topics", "Peace"), ("Parliaments", "Homeland")):
            field = page.locator(".form-row").filter(has_text=f"{job.words(name)}:")
            job.choose(field.get_by_role("searchbox"), choice)
        state = job.field("State")
        assert job.words("published") not in state.inner_text()
        state.select_option(job.words("in review"))
        job.press("Save")
        job.done("was added successfully")
    article = Article.objects.get()
    public = article.get_absolute_url()
    assert article.state == "review"
    with browsing(chromium, server) as reader:
        assert reader.goto(server + public).status == 404
    with working(chromium, server, PUBLISHERS, "Publish news") as job:
        job.follow("1 article waits for review")
        job.page.get_by_role("link", name="Council meets").click()
        job.field("State").select_option(job.words("published"))
        job.press("Save")
        job.done("was changed successfully")
        job.page.get_by_role("main").get_by_role("link", name="Council meets").first.click()
        shown = job.page.get_by_role("link", name=job.words("View on site"))
        shown.wait_for()
    article.refresh_from_db()
    assert article.state == "published"
    assert "The Council met on Monday." in seen(chromium, server, article.get_absolute_url())
    assert "Council meets" in seen(chromium, server, "/en/news/delegations/home/")


def test_change_is_listed_compared_and_restored(chromium, server, house):
    person = sitting(house, "Ann Lee", "Анна Ли").person
    with working(chromium, server, SECRETARIES, "Correct a misspelt name") as job:
        for name in ("Anne Lee", "Anna Lea"):
            job.open_list("People")
            job.page.get_by_role("row").filter(has_text="Анна Ли").get_by_role("link").first.click()
            job.field("Name (English)").fill(name)
            job.press("Save")
            job.done("was changed successfully")
    with working(chromium, server, SECRETARIES, "See what was changed, and bring it back") as job:
        page = job.page
        Job(page, "Correct a misspelt name").open_list("People")
        page.get_by_role("link", name="Anna Lea").click()
        job.follow("History")
        states = page.get_by_role("table", name="Every state").get_by_role("row")
        states.nth(3).get_by_label(job.words("Before")).check()
        states.nth(1).get_by_label(job.words("After")).check()
        job.press("Compare")
        page.get_by_role("row", name="Name (English) Ann Lee Anna Lea").wait_for()
        job.field("Reason, if you restore a state").fill("Anne is right")
        states.nth(2).get_by_role("button", name=job.words("Restore")).click()
        job.done("Restored: the state of")
    person.refresh_from_db()
    assert person.name_en == "Anne Lee"
    assert [state["name_en"] for _change, state in audit.history_of(person)][:2] == ["Anne Lee", "Anna Lea"]
    assert "Anne Lee" in delegation(chromium, server, DAY)


def test_bulk_change_is_undone_in_one_step(chromium, server, house):
    sitting(house, "Ann Lee", "Анна Ли")
    sitting(house, "Ben Ray", "Бен Рэй")
    with working(chromium, server, SECRETARIES, "A delegate leaves") as job:
        job.open_list("Delegates")
        job.page.get_by_label("Select all objects").check()
        job.act("End on a day…")
        job.field("First day no longer in office").fill(f"{DAY}")
        job.field("Reason of the change").fill("The wrong chamber")
        job.press("End them")
        job.done("2 rows were ended")
    assert on_the_page(chromium, server, "Ann Lee") == on_the_page(chromium, server, "Ben Ray") == (True, False)
    with working(chromium, server, SECRETARIES, "See what was changed, and bring it back") as job:
        job.follow("Journal of changes")
        job.page.get_by_role("row").filter(has_text="The wrong chamber").get_by_role("link").first.click()
        undone = job.field("Why it is undone")
        undone.wait_for()
        assert all(name in job.page.get_by_role("main").inner_text() for name in ("Ann Lee", "Ben Ray"))
        undone.fill("They sit in the other one")
        job.press("Undo")
        job.done("They sit in the other one")
    assert Delegate.objects.on(DAY).count() == 2
    assert [entry.kind for entry in ChangeSet.objects.order_by("pk")] == [ChangeSet.Kind.LIST, ChangeSet.Kind.UNDO]
    assert on_the_page(chromium, server, "Ann Lee") == on_the_page(chromium, server, "Ben Ray") == (True, True)


def test_confirmation_is_requested_and_its_correction_decided(chromium, server, house):
    mandate = sitting(house, "Ann Leee", "Анна Ли")
    with working(chromium, server, SECRETARIES, "Ask a parliament to confirm its list") as job:
        job.open_list("Parliaments")
        job.page.get_by_role("link", name="Homeland", exact=True).click()
        job.follow("Ask for a confirmation")
        job.field("Addressee").fill("Petr Third, Speaker")
        job.press("Make the link")
        letter = job.page.get_by_label(f"{job.words('Letter')} (English)").input_value()
    with browsing(chromium, server, locale="en") as reader, in_time("answering"):
        reader.goto(re.search(r"http\S+/en/confirm/\S+", letter)[0])
        assert reader.get_by_role("button", name=job.words("The list is correct as it stands")).count() == 1
        reader.get_by_role("link", name="Propose corrections").click()
        entry = reader.get_by_role("listitem").filter(has_text="Ann Leee")
        entry.get_by_text("Correct this entry").click()
        entry.get_by_label("The name is written").fill("Ann Lee")
        reader.get_by_label("Your name", exact=True).fill("Anna Second")
        reader.get_by_label("Your office", exact=True).fill("Clerk of the House")
        reader.get_by_role("button", name="Send the corrections").click()
        reader.get_by_text("Your corrections have arrived.").wait_for()
    with working(chromium, server, SECRETARIES, "Decide on a proposed correction") as job:
        job.open_list("Proposed corrections")
        job.page.get_by_role("search").get_by_role("link", name=job.words("waiting"), exact=True).click()
        job.page.get_by_role("link", name=f"{job.words('the name is written otherwise')}: Ann Leee").click()
        job.press("Accept as proposed")
        job.open_list("Requests for confirmations")
        job.page.get_by_role("main").get_by_role("link", name="Parliament of Homeland").first.click()
        job.press("Record the confirmation")
        job.done("The confirmation was recorded.")
    mandate.person.refresh_from_db()
    assert mandate.person.name_en == "Ann Lee"
    assert house.parliament.confirmations.get().confirmed_by_en.startswith("Anna Second")
    assert "(Anna Second, Clerk of the House)" in seen(chromium, server, "/en/delegations/home/")


def test_session_documents_are_prepared(chromium, server, house):
    sitting(house, "Ann Lee", "Анна Ли", ends=f"{DAY}")
    with working(chromium, server, SECRETARIES, "Prepare the papers of a session") as job:
        for day, named in ((EVE, True), (DAY, False)):
            job.open_list("Parliaments")
            job.follow("Papers of a session")
            job.field("Day of the session").fill(f"{day}")
            job.field("Language").select_option("English")
            papers = job.page.get_by_role("group", name=job.words("Papers"))
            papers.get_by_label(job.words("rosters of the delegations")).check()
            with job.page.expect_download() as badges:
                job.press("Names for badges (CSV)")
            assert ("Анна Ли" in badges.value.path().read_text()) == named
            job.press("Pages for print")
            job.page.get_by_text("Lower House").first.wait_for()
            assert ("Ann Lee" in job.page.inner_text("body")) == named
            job.page.goto(f"{server}/admin/")
