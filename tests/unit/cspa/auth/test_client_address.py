"""The address of the client behind reverse proxies, and what limits count as one client."""

import pytest

from cspa.auth.client_address import client_address, client_network


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


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
        ("2001:0DB8:0001:0002:0:0:0:1", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("::1", "::"),
        ("fe80::1%eth0", "fe80::"),
        # A proxy on the same machine may come over a Unix socket.
        ("", ""),
    ],
)
def test_limits_count_a_network_of_ipv6_as_one_client(address: str, network: str):
    assert client_network({"REMOTE_ADDR": address}) == network


def test_limits_count_the_network_behind_a_proxy(settings):
    settings.BEHIND_PROXY = 1
    environ = {"REMOTE_ADDR": "10.9.9.9", "HTTP_X_FORWARDED_FOR": "2001:db8:1:2::7"}
    assert client_network(environ) == "2001:db8:1:2::"
