"""The address of the client behind reverse proxies."""

import pytest

from cspa.auth.client_address import client_address


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, None, "10.9.9.9"),
        (0, "1.2.3.4", "10.9.9.9"),
        (1, "1.2.3.4", "1.2.3.4"),
        # The header of the client comes first.
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "evil'; --", "10.9.9.9"),
        (1, "", "10.9.9.9"),
        (1, None, "10.9.9.9"),
        # The second proxy has appended the address of the first.
        (2, "1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (3, "6.6.6.6,1.2.3.4,10.0.0.1,10.0.0.2", "1.2.3.4"),
        # Past a proxy: no entry is that of the client.
        (2, "1.2.3.4", "10.9.9.9"),
        (3, "6.6.6.6, 1.2.3.4", "10.9.9.9"),
        (2, None, "10.9.9.9"),
        (2, ", 10.0.0.1", "10.9.9.9"),
    ],
)
def test_client_address_is_the_one_that_the_first_proxy_saw(settings, proxies: int, header: str | None, address: str):
    settings.BEHIND_PROXY = proxies
    environ = {"REMOTE_ADDR": "10.9.9.9"} | ({} if header is None else {"HTTP_X_FORWARDED_FOR": header})
    assert client_address(environ) == address
