# SPDX-License-Identifier: MIT
"""Makes tests/support importable from every suite below (pytest puts this folder on the path)."""
