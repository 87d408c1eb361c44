"""Lists of JSON that are decoded element by element."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delegations.importer.readers import json_document
from delegations.importer.readers.json_document import JsonList, read_object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**16), 10**16) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def whole(document):
    return {name: list(value) if isinstance(value, JsonList) else value for name, value in document.items()}


@given(st.dictionaries(st.text(), VALUES | st.lists(VALUES), max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_object_is_read_as_by_json_loads(document, indent, is_ascii):
    text = json.dumps(document, indent=indent, ensure_ascii=is_ascii)
    found = read_object(f"\n{text} ")
    assert whole(found) == json.loads(text)
    assert {name: len(value) for name, value in found.items() if isinstance(value, JsonList)} == {
        name: len(value) for name, value in document.items() if isinstance(value, list)
    }


@given(st.integers(0, 40), st.sampled_from('[]{},:"x1 \\'))
def test_damaged_object_is_refused_where_json_loads_refuses_it(place, letter):
    text = '{"a": [1, {"b": "c"}, []], "d": {"e": 1}}'
    damaged = text[:place] + letter + text[place + 1 :]
    try:
        expected = json.loads(damaged)
    except json.JSONDecodeError:
        with pytest.raises(json.JSONDecodeError):
            read_object(damaged)
    else:
        assert whole(read_object(damaged)) == expected


@pytest.mark.parametrize("size", [4080, 4085, 4086, 4087, 4088, 4089, 4090, 4091, 4092, 4093, 4094, 4095, 4096, 4097])
def test_value_at_the_end_of_a_window_is_read_whole(size):
    values = ["x" * size, 12345, True]
    assert list(read_object(json.dumps({"a": values}))["a"]) == values
    assert list(read_object(json.dumps({"a": [values]}))["a"]) == [values]


def test_windows_grow_with_the_value(monkeypatch):
    monkeypatch.setattr(json_document, "WINDOWS", (4, 8, 16))
    assert list(read_object('{"a": ["123456", 1234567890, [1, 2]]}')["a"]) == ["123456", 1234567890, [1, 2]]
    with pytest.raises(json_document.RowError, match="more than 16 letters"):
        read_object('{"a": ["12345678901234567"]}')
