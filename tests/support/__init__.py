# SPDX-License-Identifier: MIT
"""What the Python suites share."""

from .connect_proxy import ConnectProxy
from .proxy import Proxy
from .smtp import SmtpServer, certificate

__all__ = ["ConnectProxy", "Proxy", "SmtpServer", "certificate"]
