"""Five tasks with the client that openapi-python-client builds of the API, in the environment `var/client`.

api_client.py FOLDER ADDRESS    the folder of the client, and the address of the site; prints the results as JSON
"""

import datetime
import json
import sys
from importlib import import_module

PACKAGE = "csto_parliamentary_assembly_client"


def main(folder: str, address: str) -> None:
    sys.path.insert(0, folder)
    client = import_module(PACKAGE).Client(base_url=address, raise_on_unexpected_status=True)
    kinds = import_module(f"{PACKAGE}.models.changes_kind").ChangesKind
    missing = import_module(f"{PACKAGE}.types").Unset

    def call(operation: str, *arguments, **parameters):
        group = "news" if operation in ("articles", "article", "quotations") else "directory"
        answer = import_module(f"{PACKAGE}.api.{group}.{operation}").sync(*arguments, client=client, **parameters)
        assert not isinstance(answer, missing | None)
        return answer

    day, since = datetime.date(2020, 5, 26), datetime.date(2019, 1, 1)
    left = call("changes", delegation="belarus", kind=kinds.LEFT, since=since).results
    person = call("person", left[0].person.id, on=day)
    (found,) = call("articles", delegation="belarus", since=since).results
    article = call("article", found.id)
    quotations = call("quotations", person=person.id).results
    answers = {
        "seats on a day": [[row.slug, row.seats, row.named] for row in call("delegations", on=day).results],
        "who left since a day": [[row.person.name, row.date, row.delegation] for row in left],
        "a person": [person.name, [[row.chamber, row.start, row.held] for row in person.mandates]],
        "quotations of the person": [[row.words, row.person, row.language] for row in quotations],
        "an article about the delegation": [article.title, article.people, [row.title for row in article.source]],
        "what is not on record": call("person", 999).status,
    }
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
