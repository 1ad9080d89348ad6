# SPDX-License-Identifier: MIT
"""The real servers, started once for the whole run."""

import tempfile

import pytest

import mail_site as site_of_servers


@pytest.fixture(scope="session")
def mail_site():
    """Postfix and Dovecot; see mail_site.py."""
    reason = site_of_servers.missing()
    if reason:
        pytest.skip(reason)
    # Not pytest's own directory: paths of unix sockets must be short, and other users must get in.
    site = site_of_servers.MailSite(tempfile.mkdtemp(prefix="facteur-site-")).start()
    yield site
    site.stop()
