"""The addresses that the link checker may request."""

import pytest

from links.checker import is_public


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "ff02::1", "ff0e::1", "fec0::1",
    ],
)  # fmt: skip
def test_private_addresses_are_recognised(ip: str):
    assert not is_public(ip)


@pytest.mark.parametrize("ipv4", ["93.184.216.34", "127.0.0.1", "10.0.0.1"])
@pytest.mark.parametrize(
    "embedding",
    [
        "::ffff:{}",
        "::{}",
        # RFC 2765, an IPv4-translated address.
        "::ffff:0:{}",
        # NAT64: the well-known prefix, and the prefix for local use.
        "64:ff9b::{}",
        "64:ff9b:1::{}",
        "64:ff9b:1:fffe::{}",
    ],
)
def test_address_that_embeds_an_ipv4_address_is_not_public(embedding: str, ipv4: str):
    assert not is_public(embedding.format(ipv4))


# Of 93.184.216.34 and 127.0.0.1.
@pytest.mark.parametrize("ip", ["2002:5db8:d822::1", "2002:7f00:1::", "2001:0:5db8:d822::1", "2001:0:7f00:1::1"])
def test_6to4_and_teredo_addresses_are_not_public(ip: str):
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001::1"])
def test_other_global_addresses_are_public(ip: str):
    assert is_public(ip)
