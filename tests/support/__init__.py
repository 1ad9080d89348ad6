# SPDX-License-Identifier: MIT
"""What the Python suites share."""

from .smtp import SmtpServer, certificate

__all__ = ["SmtpServer", "certificate"]
