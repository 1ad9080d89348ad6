# SPDX-License-Identifier: MIT
"""What bench/run is made of: install, work, servers, peers, measure, report, plot."""
