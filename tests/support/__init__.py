# SPDX-License-Identifier: MIT
"""What the Python suites share."""

from .connect_proxy import ConnectProxy
from .smtp import SmtpServer, certificate

__all__ = ["ConnectProxy", "SmtpServer", "certificate"]
