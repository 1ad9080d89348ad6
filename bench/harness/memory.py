# SPDX-License-Identifier: MIT
"""What a mail with a large attachment, given as a file's path, costs in memory: the peak of a process that sends it above
that of the same process when it sends a small mail."""
import dataclasses

from . import peers
from .measure import Cell, Job, PeerFailed, once


@dataclasses.dataclass
class MemoryScenario:
    """A line for each peer that composes, in the mode that frameworks use."""
    title: str
    network: str
    others: bool = True
    size: str = "attachment"
    server: str = "sink"
    tls: str = "implicit"
    work: str = "memory"
    depth: int = 1
    loss: float = 0
    rtt_ms: float = 0
    figure: str = "above"
    cells: list = dataclasses.field(default_factory=list)

    def fill(self, chosen, installation):
        for peer in peers.TABLE:
            if peer.name in chosen and "order" in peer.works and (peer.ours or self.others):
                self.cells.append(Cell(peer, "default", skipped=installation.missing.get(peer.runtime, "")))
        return self

    def repeat(self, installation, servers, _seconds, _startups, progress, way):
        sink = servers[self.server]
        small = Job(sink.host, sink.port(self.tls), self.tls, True, "default", "order", mails=1)
        large = dataclasses.replace(small, size=self.size)
        for cell in self.cells:
            if cell.finished:
                continue
            progress(f"{self.title}: {cell.peer.name}")
            try:
                runs = [once(cell.peer, job, installation, sink, way.client) for job in (small, large)]
            except PeerFailed as why:
                cell.fail(why)
                progress(f"{self.title}: {cell.peer.name}: {why}\n")
                continue
            peaks = [run.peak_kib / 1024 for run in runs]
            cell.add({"small": peaks[0], "peak": peaks[1], "above": max(peaks[1] - peaks[0], 0), "cold": runs[1].us[0]}, runs[1].process_us)
