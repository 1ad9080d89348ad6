# SPDX-License-Identifier: MIT
"""The control channel: one JSON object a line on a loopback socket, one JSON object a line back."""

import json
import socketserver

import script


class Control(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, server):
        self.smtp = server
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            try:
                answer = dict(self._obey(json.loads(line)), ok=True)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                answer = {"ok": False, "error": "%s: %s" % (type(error).__name__, error)}
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    def _obey(self, order):
        handler = getattr(self, "_on_" + str(order.get("cmd")).replace("-", "_"), None)
        if handler is None:
            raise ValueError("unknown command %r" % order.get("cmd"))
        return handler(self.server.smtp, order) or {}

    def _on_stats(self, smtp, _order):
        return {"stats": smtp.journal.stats()}

    def _on_reset(self, smtp, _order):
        smtp.journal.reset()

    def _on_mails(self, smtp, _order):
        return {"mails": smtp.journal.mails()}

    def _on_transactions(self, smtp, _order):
        return {"transactions": smtp.journal.told()}

    def _on_log(self, smtp, _order):
        return {"log": smtp.journal.told_log()}

    def _on_script(self, smtp, order):
        smtp.script.replace(script.parse(order.get("steps", [])))

    def _on_options(self, smtp, order):
        smtp.settings.change(order["set"])

    def _on_forget_sessions(self, smtp, _order):
        smtp.contexts.forget()

    def _on_disconnect(self, smtp, order):
        return {"connections": smtp.disconnect(order.get("reply"), order.get("how", "close"))}

    def _on_wait(self, smtp, order):
        return {"reached": smtp.journal.wait(order["until"], order.get("timeout", 5.0))}

    def _on_shutdown(self, smtp, _order):
        smtp.stopping.set()
