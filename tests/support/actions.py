"""Actions that a role of docs/roles.md allows or refuses, each tried over HTTP."""

from collections.abc import Callable
from types import SimpleNamespace

from axes.models import AccessAttempt
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from cspa import audit
from cspa.models import ChangeSet, GroupPolicy, RowChange, User
from delegations.models import Chamber, Confirmation, ConfirmationRequest, Delegate, Person, Proposal, SeatQuota
from news.models import Article, Correction, Picture

from . import factories
from .admin_forms import filled_in, form_data, page


def opens(address: str, **parameters: str) -> Callable:
    """Whether the user can open a page."""

    def probe(client: Client, world: SimpleNamespace) -> bool:
        status = client.get(address, parameters).status_code
        assert status in (200, 404), (address, status)
        return status == 200

    return probe


def edits(find: Callable[[SimpleNamespace], object], **changes: str) -> Callable:
    """Whether the user can save the page of a row, with ``changes`` if given, and the row has them afterwards."""

    def probe(client: Client, world: SimpleNamespace) -> bool:
        row = find(world)
        address = page(f"{row._meta.app_label}_{row._meta.model_name}_change", row.pk)
        shown = client.get(address)
        if shown.status_code == 404 or 'name="_save"' not in shown.text:
            # Nor does a forged form save anything.
            assert client.post(address, {"title": "Forged", **changes}).status_code == 404
            return False
        data = filled_in(client, address) | changes
        saved = client.post(address, data).status_code == 302
        row.refresh_from_db()
        return saved and all(str(getattr(row, name)) == value for name, value in changes.items() if hasattr(row, name))

    return probe


def acts(
    find: Callable[[SimpleNamespace], str],
    data: dict | Callable[[SimpleNamespace], dict],
    done: Callable[[SimpleNamespace], bool],
) -> Callable:
    """Whether sending ``data`` to a URL has its effect."""

    def probe(client: Client, world: SimpleNamespace) -> bool:
        response = client.post(find(world), data(world) if callable(data) else data)
        assert response.status_code in (200, 302, 404), response.status_code
        return done(world)

    return probe


def lists(model: str, find: Callable[[SimpleNamespace], object]) -> Callable:
    """Whether the changelist of ``model`` contains a row."""

    def probe(client: Client, world: SimpleNamespace) -> bool:
        response = client.get(page(f"{model}_changelist"))
        return response.status_code == 200 and find(world) in response.context["cl"].result_list

    return probe


def offers(model: str, field: str, find: Callable[[SimpleNamespace], object]) -> Callable:
    """Whether a row is among the choices of a field."""

    def probe(client: Client, world: SimpleNamespace) -> bool:
        app, name = model.split("_")
        asked = {"app_label": app, "model_name": name, "field_name": field, "term": ""}
        response = client.get(page("autocomplete"), asked)
        if response.status_code != 200:
            assert response.status_code == 404
            return False
        return str(find(world).pk) in {entry["id"] for entry in response.json()["results"]}

    return probe


def makes_preview_link(find: Callable[[SimpleNamespace], Article]) -> Callable:
    return acts(
        lambda world: page("news_article_preview", find(world).pk),
        {"do": "open"},
        lambda world: bool(Article.objects.get(pk=find(world).pk).preview_key),
    )


def publishes_alone(client: Client, world: SimpleNamespace) -> bool:
    """Whether the user can write and publish an article alone."""
    if client.get(page("news_article_add")).status_code == 404:
        return False
    data = filled_in(client, page("news_article_add"))
    texts = {"title": "Alone", "summary": "Alone.", "body": "<p>Alone.</p>", "language": "en", "state": "published"}
    client.post(page("news_article_add"), data | texts)
    return Article.objects.filter(title="Alone", state="published").exists()


def translates(client: Client, world: SimpleNamespace) -> bool:
    address = f"{page('news_article_add')}?story={world.draft.story_id}&language=ru"
    if client.get(address).status_code == 404:
        return False
    texts = {"title": "Перевод", "summary": "Перевод.", "body": "<p>Перевод.</p>"}
    client.post(address, filled_in(client, address) | texts)
    return Article.objects.filter(title="Перевод", language="ru", story=world.draft.story, state="draft").exists()


def files_under_topic(client: Client, world: SimpleNamespace) -> bool:
    """Whether the user can change more than the texts of a translation."""
    address = page("news_article_change", world.russian.pk)
    if client.get(address).status_code == 404:
        return False
    client.post(address, filled_in(client, address) | {"topics": [world.topic.pk]})
    return world.russian.topics.exists()


def corrects(client: Client, world: SimpleNamespace) -> bool:
    address = page("news_article_change", world.published.pk)
    if 'name="_save"' not in client.get(address).text:
        return False
    note = {"corrections-TOTAL_FORMS": "1", "corrections-0-date": "2020-05-27", "corrections-0-text": "A slip."}
    client.post(address, filled_in(client, address) | note)
    return Correction.objects.exists()


def chooses_speaker(client: Client, world: SimpleNamespace) -> bool:
    address = page("news_article_change", world.quoting.pk)
    if 'name="_save"' not in client.get(address).text:
        return False
    client.post(address, filled_in(client, address) | {"quotations-0-person": str(world.own.person.pk)})
    return world.quoting.quotations.get().person == world.own.person


def restores(find: Callable[[SimpleNamespace], Article]) -> Callable:
    def probe(client: Client, world: SimpleNamespace) -> bool:
        article = find(world)
        newest = RowChange.objects.of(article).latest("pk")
        client.post(page("news_article_history", article.pk), {"restore": "0", "newest": str(newest.pk)})
        return RowChange.objects.of(article).filter(pk__gt=newest.pk).exists()

    return probe


def uploads(client: Client, world: SimpleNamespace) -> bool:
    address = page("news_picture_add")
    if client.get(address).status_code == 404:
        return False
    photo = SimpleUploadedFile("x.jpg", factories.photo(), "image/jpeg")
    client.post(address, filled_in(client, address) | {"file": photo, "alt_en": "New"})
    return Picture.objects.filter(alt_en="New").exists()


def adds_quota_inline(find: Callable[[SimpleNamespace], Chamber]) -> Callable:
    def probe(client: Client, world: SimpleNamespace) -> bool:
        chamber = find(world)
        address = page("delegations_chamber_change", chamber.pk)
        shown = client.get(address)
        if shown.status_code == 404 or 'name="_save"' not in shown.text:
            return False
        data = filled_in(client, address)
        data |= {"quotas-0-ends": "2021-01-01", "quotas-1-seats": "9", "quotas-1-starts": "2021-01-01"}
        data |= {"quotas-1-sources": [str(world.source.pk)]}
        client.post(address, data)
        return SeatQuota.objects.filter(chamber=chamber, seats=9).exists()

    return probe


def adds_mandate(find: Callable[[SimpleNamespace], Chamber]) -> Callable:
    def probe(client: Client, world: SimpleNamespace) -> bool:
        if client.get(page("delegations_delegate_add")).status_code == 404:
            return False
        data = filled_in(client, page("delegations_delegate_add"))
        data |= {"person": str(world.alone.pk), "chamber": str(find(world).pk), "role": "delegate", "starts": "2020"}
        data |= {"sources": [str(world.source.pk)]}
        client.post(page("delegations_delegate_add"), data)
        return Delegate.objects.filter(person=world.alone, chamber=find(world)).exists()

    return probe


def quick_entry(find: Callable[[SimpleNamespace], Chamber]) -> Callable:
    def probe(client: Client, world: SimpleNamespace) -> bool:
        address = page("delegations_delegate_quick_entry")
        data = {"names": "NOBODY Ann", "chamber": str(find(world).pk), "role": "delegate", "starts": "2020"}
        response = client.post(address, data | {"show": "1"})
        if response.status_code == 404:
            assert client.get(address).status_code == 404
            return False
        client.post(address, data | {"save": "1", "note": response.context.get("note", "")})
        return Delegate.objects.filter(person__name_en="Ann Nobody", chamber=find(world)).exists()

    return probe


def convenes(find: Callable[[SimpleNamespace], Chamber]) -> Callable:
    def probe(client: Client, world: SimpleNamespace) -> bool:
        address = page("delegations_chamber_convocation", find(world).pk)
        data = {"day": "2024-06-10", "listed": "2024-06-10", "names": "NOBODY Ann"}
        response = client.post(address, data | {"show": "1"})
        if response.status_code == 404:
            assert client.get(address).status_code == 404
            return False
        client.post(address, data | {"save": "1", "note": response.context["note"]})
        return (
            not Delegate.objects.filter(chamber=find(world), end=None).exclude(person__name_en="Ann Nobody").exists()
        )

    return probe


def merges(find: Callable[[SimpleNamespace], Person]) -> Callable:
    def probe(client: Client, world: SimpleNamespace) -> bool:
        address = page("delegations_person_merge", world.own.person.pk)
        response = client.get(address, {"other": find(world).public_id})
        assert response.status_code in (200, 404)
        return response.status_code == 200 and response.context["report"] is not None

    return probe


def has_papers(delegation: str) -> Callable:
    """Whether the documents of a session name the delegates of a delegation."""

    def probe(client: Client, world: SimpleNamespace) -> bool:
        response = client.get(page("delegations_session"), {"format": "print"})
        assert response.status_code in (200, 404)
        return f"Sitting {delegation}" in response.text

    return probe


def demands_two_factors(client: Client, world: SimpleNamespace) -> bool:
    address = page("auth_group_change", Group.objects.get(name="Translators").pk)
    if client.get(address).status_code == 404:
        return False
    client.post(address, filled_in(client, address) | {"demands_two_factors": "on"})
    return GroupPolicy.objects.filter(demands_two_factors=True).exists()


def makes_itself_superuser(client: Client, world: SimpleNamespace) -> bool:
    me = User.objects.get(username="me")
    address = page("cspa_user_change", me.pk)
    if client.get(address).status_code == 404:
        return False
    client.post(address, filled_in(client, address) | {"is_superuser": "on"})
    me.refresh_from_db()
    return me.is_superuser


def helps(action: str, make: Callable[[User], object], gone: Callable[[User], bool], who: str = "colleague"):
    """Whether an action on the changelist of users ends what ``make`` created."""

    def probe(client: Client, world: SimpleNamespace) -> bool:
        user = getattr(world, who)
        make(user)
        assert not gone(user)
        client.post(page("cspa_user_changelist"), {"action": action, "_selected_action": [user.pk]})
        return gone(user)

    return probe


def has_one_factor(user: User) -> bool:
    return not TOTPDevice.objects.filter(user=user).exists()


def fails_to_sign_in(user: User) -> None:
    AccessAttempt.objects.create(username=user.username, ip_address="10.0.0.1", failures_since_start=10)


def of(delegation: str, name: str) -> Callable[[SimpleNamespace], object]:
    return lambda world: getattr(getattr(world, delegation), name)


def entry_about(find: Callable[[SimpleNamespace], object]) -> Callable[[SimpleNamespace], str]:
    """The page of an audit log entry in which another user changed a row."""

    def address(world: SimpleNamespace) -> str:
        row = find(world)
        with audit.record_changes(ChangeSet.Kind.EDIT, world.colleague) as recorder:
            if isinstance(row, Article):
                row.title = "By a colleague"
            else:
                row.seats += 1
            row.save()
        return page("cspa_changeset_change", recorder.entry.pk)

    return address


def undoes(find: Callable[[SimpleNamespace], object]) -> Callable:
    def probe(client: Client, world: SimpleNamespace) -> bool:
        client.post(entry_about(find)(world))
        return ChangeSet.objects.filter(kind=ChangeSet.Kind.UNDO).exists()

    return probe


def sees(address: Callable[[SimpleNamespace], str]) -> Callable:
    return lambda client, world: client.get(address(world)).status_code == 200


def ends(find: Callable[[SimpleNamespace], Delegate]) -> Callable:
    def probe(client: Client, world: SimpleNamespace) -> bool:
        row, address = find(world), page("delegations_delegate_changelist")
        chosen = {"action": "end", "_selected_action": [str(row.pk)]}
        response = client.post(address, chosen)
        if response.status_code != 200 or not response.context.get("rows"):
            return False
        seen = {f"seen-{row.pk}": response.context["rows"][0].seen}
        client.post(address, chosen | seen | {"ends": "2020", "change_reason": "Resigned"})
        row.refresh_from_db()
        return row.end is not None

    return probe


def leaves(find: Callable[[SimpleNamespace], Person]) -> Callable:
    """Whether the page of a person ends all functions."""

    def probe(client: Client, world: SimpleNamespace) -> bool:
        person = find(world)
        address = page("delegations_person_end", person.pk)
        if client.get(address).status_code != 200:
            return False
        shown = client.post(address, filled_in(client, address) | {"ends": "2020", "reason": "resignation"})
        client.post(address, form_data(shown) | {"save": "1"})
        return all(row.end for row in [*person.mandates.all(), *person.services.all()])

    return probe


def bulk_deletes(model: str, find: Callable[[SimpleNamespace], object]) -> Callable:
    data = {"action": "delete_selected", "post": "yes"}

    def probe(client: Client, world: SimpleNamespace) -> bool:
        row = find(world)
        client.post(page(f"{model}_changelist"), data | {"_selected_action": [row.pk]})
        return not type(row).objects.filter(pk=row.pk).exists()

    return probe


def asks(delegation: str) -> Callable:
    """Whether the user can ask a parliament to confirm its list."""
    return acts(
        lambda world: page("delegations_confirmationrequest_add"),
        lambda world: {"parliament": of(delegation, "parliament")(world).pk, "addressee": "Somebody asked"},
        lambda world: ConfirmationRequest.objects.filter(addressee="Somebody asked").exists(),
    )


def withdraws_link(delegation: str) -> Callable:
    find = of(delegation, "confirmationrequest")
    return acts(
        lambda world: page("delegations_confirmationrequest_withdraw", find(world).pk),
        {},
        lambda world: ConfirmationRequest.objects.filter(pk=find(world).pk, withdrawn_at__isnull=False).exists(),
    )


def decides(delegation: str) -> Callable:
    """Whether the user can refuse a proposed correction."""
    find = of(delegation, "proposal")
    return acts(
        lambda world: page("delegations_proposal_change", find(world).pk),
        {"decide": "refused", "reason": "Wrong."},
        lambda world: Proposal.objects.filter(pk=find(world).pk, state="refused").exists(),
    )


def records(delegation: str) -> Callable:
    """Whether the user can record the confirmation of a corrected list."""
    find = of(delegation, "decided")
    return acts(
        lambda world: page("delegations_confirmationrequest_record", find(world).request_id),
        {},
        lambda world: Confirmation.objects.filter(
            parliament=find(world).request.parliament, source__title_en__startswith="Confirmation by link"
        ).exists(),
    )


def makes_superuser_by_restore(client: Client, world: SimpleNamespace) -> bool:
    """Whether the user can restore the state of a former superuser."""
    retired = factories.UserFactory(username="retired", is_superuser=True)
    with audit.record_changes(ChangeSet.Kind.EDIT, world.colleague):
        retired.is_superuser = False
        retired.save()
    newest = RowChange.objects.of(retired).latest("pk").pk
    client.post(page("cspa_user_history", retired.pk), {"restore": "0", "newest": newest})
    retired.refresh_from_db()
    return retired.is_superuser
