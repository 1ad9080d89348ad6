# SPDX-License-Identifier: MIT
"""What relays do, and what facteur must say about the mail: the table of docs/faults.md, which the tests run.

Read a row as: number, what the server does, the script that makes it do so, the class for each recipient, and the
phase where it is decided.  The classes are S (sent), T (temporary), P (permanent), A (in doubt): one letter for all
recipients, or one for each of three; "T|A" where timing decides.  The last column says where the row makes sense:

    fresh   only on a new connection (greeting, EHLO, TLS, login: a kept connection has them behind it)
    slow    the server is silent: the caller's deadline decides, so that fewer combinations are run
    three   only with three recipients
    tls     only on the starttls listener;  implicit: only on the implicit one;  clear: only without TLS
    single  only without pipelining;  group: only with it;  data, bdat: only when the content goes by it
    auth    the client logs in
    second  the scene is the second mail of its mailer; the first one goes under the same script and ends as `first` says
    big     a long content, which no buffer between the two takes whole: fewer combinations
"""

import json


class Row:
    def __init__(self, number, title, steps, classes, phase=None, where="", **more):
        self.number, self.title, self.steps, self.classes = number, title, steps, classes
        self.phases = phase.split("|") if phase else None
        self.where = set(where.split())
        self.options = more.pop("options", {})  # of the server
        self.query = more.pop("query", {})  # of the DSN
        self.reused = more.pop("reused", None)  # classes on a reused connection, when they differ
        self.bdat = more.pop("bdat", None)  # classes with the whole mail in one flight, when they differ
        self.first = more.pop("first", None)
        self.login = more.pop("login", ("ana", "secret"))
        self.octets = more.pop("octets", 200)
        self.code = more.pop("code", None)  # of the deciding reply
        assert not more, more


def on(hook, **fields):
    return dict(fields, on=hook)


def each(number, title, hook, replies, classes, phase, where="", **more):
    """One row for each of several replies."""
    return [Row("%s.%s" % (number, str(reply)[:3]), "%s %s" % (title, reply), [on(hook, reply=reply)], classes, phase, where,
                **more) for reply in replies]


FLOOD = "220-" + "x" * 60 + "\r\n"
CUTS = ("fin", "reset")

CONNECT = [
    Row(3, "accept, FIN before the greeting", [on("connect", then="fin")], "T", "greeting|tls|connect", "fresh"),
    Row(4, "accept, RST", [on("connect", then="reset")], "T", "greeting|tls|connect", "fresh"),
    Row(5, "accept, silence", [on("greeting", reply=None)], "T", "greeting", "fresh slow"),
    Row(6, "greeting dripped for ever", [on("greeting", drip_ms=100)], "T", "greeting", "fresh slow"),
    Row(7, "greeting of two lines", [on("greeting", reply=["220-a", "220 b"])], "S", "final", "fresh"),
    Row("8.a", "greeting without text", [on("greeting", reply="220")], "S", "final", "fresh"),
    Row("8.b", "greeting with a space only", [on("greeting", reply="220 ")], "S", "final", "fresh"),
    *each(9, "greeting", "greeting", ["421 busy"], "T", "greeting", "fresh", code=421),
    *each(10, "greeting", "greeting", ["554 no", "521 no"], "T", "greeting", "fresh"),
    *each(11, "greeting", "greeting", ["250 hi", "221 hi", "354 hi", "334 hi"], "T", "greeting", "fresh"),
    Row(12, "a line without an end", [on("greeting", reply=None, endless="x" * 64)], "T", "greeting", "fresh"),
    Row("12.b", "a line of 220 without an end", [on("greeting", reply=None, before=[], raw="220 ", endless="x" * 64)], "T",
        "greeting", "fresh"),
    Row(13, "endless 220- lines", [on("greeting", reply=None, endless=FLOOD)], "T", "greeting", "fresh"),
    Row("14.a", "TLS octets on the clear port", [on("greeting", raw="\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n")], "T",
        "greeting", "fresh clear"),
    Row("14.b", "clear 220 on the TLS port", [on("tls", garbage="220 hello\r\n")], "T", "tls", "fresh implicit"),
    Row(15, "PIX style greeting", [on("greeting", reply="220 *******************")], "S", "final", "fresh"),
]

EHLO = [
    *each(17, "EHLO, HELO taken", "ehlo", ["500 what", "501 what", "502 what", "504 what"], "S", "final", "fresh clear"),
    *each("17.b", "EHLO, login needed", "ehlo", ["500 what", "502 what"], "T", None, "fresh clear auth"),
    *each("18.a", "EHLO, HELO taken", "ehlo", ["550 no", "554 no"], "S", "final", "fresh clear"),
    Row("18.b", "EHLO and HELO 550", [on("ehlo", reply="550 no"), on("helo", reply="550 no")], "T", "ehlo", "fresh clear"),
    Row(19, "no AUTH while credentials are set", [on("ehlo", tls_on=True, capabilities=["PIPELINING"]),
                                                 on("ehlo", listener="plain", capabilities=["PIPELINING"])], "T", "auth|ehlo",
        "fresh auth"),
    Row(20, "mixed codes", [on("ehlo", reply=["250-a", "550 b"])], "T", "ehlo", "fresh"),
    Row(21, "250- flood", [on("ehlo", reply=None, endless="250-" + "X" * 50 + "\r\n")], "T", "ehlo", "fresh"),
    Row(22, "one capability of 64 KiB", [on("ehlo", reply=["250-x", "250-" + "A" * 65536, "250 PIPELINING"])], "T", "ehlo", "fresh"),
    Row(23, "SIZE smaller than the message", [], "P", None, "fresh", options={"size": 1000}, octets=3000),
    Row(24, "bare LF line ends", [on("ehlo", listener="plain", raw="250-localhost\n250 8BITMIME\n"),
                                  on("ehlo", listener="implicit", raw="250-localhost\n250 8BITMIME\n"),
                                  on("ehlo", tls_on=True, raw="250-localhost\n250 8BITMIME\n")], "S", "final", "fresh"),
    Row(25, "250-a, then silence", [on("ehlo", raw="250-a\r\n")], "T", "ehlo", "fresh slow"),
    Row(26, "every reply in segments of one octet", [on(hook, split=True) for hook in (
        "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "bdat", "final", "rset")], "S", "final", "auth"),
]

TLS = [
    Row(27, "STARTTLS not offered", [], "T", "ehlo|tls", "fresh tls", options={"starttls": False}),
    *each(28, "STARTTLS answered", "starttls", ["454 no"], "T", "tls|ehlo", "fresh tls"),
    *each(29, "STARTTLS answered", "starttls", [
        "250 ok", "221 bye", "354 go", "421 busy", "500 what", "501 what", "502 what", "503 what", "530 login", "550 no"],
          "T", "tls|ehlo", "fresh tls"),
    Row(30, "220 before STARTTLS was written", [on("ehlo", tls_on=False, after=["220 go ahead"])], "T", "ehlo|tls", "fresh tls"),
    Row("31.a", "clear text behind the 220, a reply", [on("starttls", inject="250 injected\r\n")], "T", "tls|ehlo", "fresh tls"),
    Row("31.b", "clear text behind the 220, EHLO's answer", [on("starttls", inject="250-x\r\n250 AUTH PLAIN\r\n")], "T", "tls|ehlo",
        "fresh tls auth"),
    Row(32, "clear text a little later", [on("starttls", inject="250 injected\r\n", inject_delay_ms=5)], "T", "tls|ehlo", "fresh tls"),
    Row("33.a", "220, then FIN", [on("tls", then="fin")], "T", "tls", "fresh tls"),
    Row("33.b", "220, then RST", [on("tls", then="reset")], "T", "tls", "fresh tls"),
    Row("33.c", "220, then garbage", [on("tls", garbage="\x00\x01garbage\r\n" * 20)], "T", "tls", "fresh tls"),
    Row("33.d", "220, then silence", [on("tls", then="stall")], "T", "tls", "fresh tls slow"),
    *[Row("34." + kind, "certificate: " + kind, [on("tls", certificate=kind)], "T", "tls", "fresh auth %s" % listener)
      for listener in ("tls", "implicit") for kind in (
          "expired", "not-yet-valid", "self-signed", "unknown-ca", "wrong-host", "wrong-ip", "ip-as-dns", "cn-only", "bad-wildcard",
          "nul-in-san", "client-only", "weak-key", "weak-hash")],
    *[Row("35." + version, "only TLS " + version, [on("tls", min_version=version, max_version=version)], "T", "tls",
          "fresh auth %s" % listener) for listener in ("tls", "implicit") for version in ("1.0", "1.1")],
    Row("35.1.2", "only TLS 1.2", [on("tls", min_version="1.2", max_version="1.2")], "S", "final", "fresh tls"),
    Row("36.a", "AUTH gone after TLS", [on("ehlo", tls_on=False, capabilities=["STARTTLS", "AUTH PLAIN"]),
                                        on("ehlo", tls_on=True, capabilities=["PIPELINING"])], "T", "auth|ehlo", "fresh tls auth"),
    Row("36.b", "PIPELINING gone after TLS", [on("ehlo", tls_on=False, capabilities=["STARTTLS", "PIPELINING", "CHUNKING"]),
                                              on("ehlo", tls_on=True, capabilities=["8BITMIME"])], "S", "final", "fresh tls"),
    Row("36.c", "SIZE smaller after TLS", [on("ehlo", tls_on=True, capabilities=["PIPELINING", "SIZE 1000"])], "P", None, "fresh tls",
        octets=3000),
    Row(37, "EHLO after TLS refused", [on("ehlo", tls_on=True, reply="550 no")], "T", "ehlo|auth", "fresh tls auth"),
    Row(38, "STARTTLS advertised again inside TLS", [on("ehlo", tls_on=True, capabilities=["STARTTLS", "PIPELINING"])], "S", "final",
        "fresh tls"),
    Row("41.a", "end without close_notify in the verdict", [on("final", raw="250 2.0", then="fin")], "A", "final", "implicit"),
    Row(43, "a client certificate is asked for", [], "S", "final", "fresh tls", options={"request_client_certificate": True}),
]

AUTH = [
    *each(45, "AUTH", "auth", ["535 5.7.8 no"], "T", "auth", "fresh auth", code=535),
    *each(46, "AUTH", "auth", ["454 4.7.0 later", "432 4.7.12 change it", "421 busy"], "T", "auth", "fresh auth"),
    *each(47, "AUTH", "auth", ["500 what", "504 no such", "534 too weak", "538 encrypt"], "T", "auth", "fresh auth"),
    Row(48, "334 that is no base64", [on("auth", reply="334 !!!"), on("auth-continue", reply="334 !!!")], "T", "auth", "fresh auth",
        query={"auth": "LOGIN"}),
    *[Row("49.%s" % name, "SCRAM: " + name, [on("auth", scram=fault)], "T", "auth", "fresh auth", query={"auth": "SCRAM-SHA-256"})
      for name, fault in (("nonce", {"nonce": "wrong"}), ("i=1", {"iterations": 1}), ("i=2^31", {"iterations": 2 ** 31}),
                          ("no salt", {"omit": "s"}), ("no i", {"omit": "i"}), ("signature", {"signature": "wrong"}))],
    *[Row("50." + name, "334 with JSON to a %s token, then 535" % name, [], "T", "auth", "fresh auth", code=535, login=("ana", None),
          options={"tokens": {"ana": "right"}, "mechanisms": [name], "auth_required": True}, query={"token": "wrong", "auth": name})
      for name in ("XOAUTH2", "OAUTHBEARER")],
    Row(51, "AUTH in clear is not used", [on("ehlo", tls_on=False, capabilities=["AUTH PLAIN LOGIN"])], "T", None, "fresh tls auth"),
    *[Row("52." + how, "cut in AUTH: " + how, [on("auth", reply=None, then=how)], "T", "auth", "fresh auth") for how in CUTS],
    Row("52.silence", "silence in AUTH", [on("auth", reply=None)], "T", "auth", "fresh auth slow"),
    *each(53, "MAIL", "mail", ["530 5.7.0 authenticate"], "T", "mail", "fresh auth"),
]

ENVELOPE = [
    Row("54.421", "MAIL 421 and close, once", [on("mail", reply="421 busy", then="close", times=1)], "T", "mail", "", reused="S"),
    Row("54.451", "MAIL 451 and close, once", [on("mail", reply="451 4.4.2 timeout", then="close", times=1)], "T", "mail", "", reused="S"),
    Row("54.more", "MAIL 421 and close, always", [on("mail", reply="421 busy", then="close")], "T", "mail"),
    *each(55, "MAIL", "mail", ["451 later", "452 full"], "T", "mail"),
    *each(56, "MAIL", "mail", ["550 no", "553 no", "501 no", "555 no"], "P", "mail"),
    Row(57, "RCPT 250, 550, 450", [on("rcpt", nth=2, reply="550 5.1.1 no"), on("rcpt", nth=3, reply="450 4.2.1 later")], "SPT", "final",
        "three"),
    *each(58, "every RCPT", "rcpt", ["550 5.1.1 no", "553 no"], "P", "rcpt"),
    *each("58.t", "every RCPT", "rcpt", ["450 later", "451 later"], "T", "rcpt"),
    *each(59, "every RCPT", "rcpt", ["251 forwarded", "252 will try"], "S", "final"),
    Row("60.452", "too many recipients", [on("rcpt", mail=[1, 2], nth=3, reply="452 4.5.3 too many")], "S", "final", "three"),
    Row(61, "RCPT 421 in the list, and close", [on("rcpt", nth=2, reply="421 busy", then="close")], "T", None, "three"),
    Row(62, "RCPT never answered", [on("rcpt", reply=None, then="stall")], "T", None, "slow", bdat="A"),
    Row(63, "one reply too few", [on("rcpt", nth=2, reply=None, accept=True)], "T", None, "slow three", bdat="A"),
    Row(64, "one reply too many", [on("rcpt", nth=1, before=["250 extra"])], "T|A|S", None),
    Row(65, "all RCPT refused, 354 given", [on("rcpt", reply="550 5.1.1 no"), on("data", reply="354 go")], "P", "rcpt", "group data"),
    Row(66, "MAIL refused, 354 given", [on("mail", reply="550 5.7.1 no"), on("rcpt", reply="503 no"), on("data", reply="354 go")], "P",
        "mail", "group data"),
    Row(67, "DATA 451", [on("data", reply="451 later")], "T", "data", "data"),
    Row(68, "421 as the first reply, then close", [on("mail", reply="421 busy", then="close")], "T", "mail", "group"),
    Row(71, "PIPELINING advertised, and hangs up on a group", [on("mail", grouped=True, reply=None, then="fin")], "S", "final",
        "fresh second group data", first="T"),
    Row(69, "gaps of 20 ms between replies", [on(hook, delay_ms=20) for hook in ("mail", "rcpt", "data", "final")], "S", "final"),
]

CONTENT = [
    *each(72, "DATA", "data", ["250 ok", "220 ok", "334 ok", "251 ok"], "T", "data", "data"),
    *each(73, "DATA", "data", ["421 busy", "451 later", "452 full"], "T", "data", "data"),
    *each(74, "DATA", "data", ["550 no", "552 full", "554 no"], "P", "data", "data"),
    Row("75.552", "552 in the middle of the body", [on("body", octets=2000, reply="552 5.3.4 too big", then="close")], "P", "body|final",
        "big", octets=16000000),
    Row("76.421", "421 in the middle of the body", [on("body", octets=2000, reply="421 busy", then="close")], "T", "body|final", "big",
        octets=16000000),
    *[Row("77.%s.%d" % (how, octets), "cut after octet %d of the body: %s" % (octets, how), [on("body", octets=octets, then=how)], "T|A",
          "body|final|data|rcpt|mail") for how in CUTS for octets in (0, 1, 100)],
    Row(78, "stops reading in the middle of the body", [on("body", octets=2000, then="stall")], "T", "body", "slow big", octets=16000000),
]

FINAL = [
    Row(79, "FIN without a verdict", [on("final", reply=None, then="fin")], "A", "final"),
    Row(80, "RST without a verdict", [on("final", reply=None, then="reset")], "A", "final"),
    Row(81, "silence", [on("final", reply=None)], "A", "final", "slow"),
    Row(83, "the verdict comes after the deadline", [on("final", delay_ms=800)], "A", "final", "slow"),
    Row(84, "verdict without CRLF, then the end", [on("final", raw="250 ok", then="fin")], "A", "final"),
    Row("85.a", "2500 ok", [on("final", raw="2500 ok\r\n")], "A", "final"),
    Row("85.b", "250ok", [on("final", raw="250ok\r\n")], "A", "final"),
    Row("85.c", "no code", [on("final", raw="ok\r\n")], "A", "final"),
    Row("85.d", "a code of another world", [on("final", raw="650 ok\r\n")], "A", "final"),
    Row(86, "mixed codes", [on("final", raw="250-ok\r\n550 no\r\n")], "A", "final"),
    *each(87, "verdict", "final", ["200 ok", "221 ok", "251 ok", "252 ok"], "S", "final"),
    *each(88, "verdict", "final", ["421 busy", "450 later", "451 later", "452 full"], "T", "final"),
    *each(89, "verdict", "final", ["550 no", "552 full", "554 no"], "P", "final"),
    *each("89.x", "verdict", "final", ["354 go on", "334 what"], "A", "final"),
    Row(90, "the verdict dripped", [on("final", reply="250 ok", drip_ms=10)], "S", "final"),
    Row("91.fin", "250, then FIN", [on("final", reply="250 ok", then="fin")], "S", "final"),
    Row("91.reset", "250, then RST", [on("final", reply="250 ok", then="reset", then_delay_ms=20)], "S", "final"),
]

BDAT = [
    Row(92, "BDAT LAST 250", [], "S", "final", "bdat"),
    Row("93.452", "BDAT 452", [on("bdat", reply="452 4.3.1 full")], "T", None, "bdat"),
    Row("93.552", "BDAT 552", [on("bdat", reply="552 5.3.4 too big")], "P", None, "bdat"),
    *each(94, "CHUNKING advertised, BDAT", "bdat", ["500 what", "502 no", "503 no"], "S", "final", "bdat"),
    *[Row("97.%s" % how, "cut inside a chunk that did not go out whole: " + how, [on("body", octets=2000, then=how)], "T", "body|final",
          "bdat big", octets=16000000) for how in CUTS],
    Row(96, "the reply to BDAT LAST never comes", [on("bdat", reply=None)], "A", "final|body", "bdat slow"),
    *[Row("98." + how, "cut after BDAT LAST: " + how, [on("bdat", reply=None, then=how)], "A", None, "bdat") for how in CUTS],
]

POOL = [
    *each("100", "QUIT", "quit", ["500 what", None], "S", "final"),
    Row("100.reset", "QUIT, then RST", [on("quit", reply=None, then="reset")], "S", "final"),
    *[Row("101.%s" % str(reply)[:3], "RSET answered %s" % reply, [
        on("rcpt", times=1, reply="550 5.1.1 no"), on("rset", reply=reply, **({} if reply else {"then": "stall"}))],
          "S", "final", "fresh second", first="P", query={"command_timeout": 0.3}) for reply in ("500 what", "502 no", "421 busy", None)],
    Row(103, "421 at MAIL after some mails", [], "S", "final", "", options={"max_mails": 1}),
    Row(104, "too many connections at the greeting", [on("greeting", reply="421 4.7.0 too many", then="close")], "T", "greeting", "fresh"),
]

ROWS = CONNECT + EHLO + TLS + AUTH + ENVELOPE + CONTENT + FINAL + BDAT + POOL

BELOW, NETWORK, SEVERAL = ("tests/faults/test_%s.py" % name for name in ("below", "network", "several"))

EARLY = "tests/interop/test_early.py"

# Rows that no script of the server can play: number, where it is shown, why there.
TUNNEL, PROXY, PORTS = ("tests/core/test_%s.c" % name for name in ("tunnel", "proxy", "ports"))
SHOWN = [
    (1, NETWORK, "test_lost_syn", "a network must lose the SYN"),
    (1, NETWORK, "test_lost_syn_next_address", "and there must be a next address"),
    (2, "tests/core/test_dial.c", "a_refused_address_is_followed_by_the_next", "there is no server"),
    (2, "tests/python/test_send.py", "test_nobody_listens", "the same through the whole engine, with nowhere else to go"),
    (16, NETWORK, "test_lost_family", "a network must lose all of IPv6"),
    (39, BELOW, "test_renegotiation_is_refused", "Python's ssl module cannot ask for it"),
    (40, BELOW, "test_a_flood_of_records_without_data", "nor send KeyUpdate and tickets at will"),
    (40, BELOW, "test_a_few_records_without_data_are_borne", "the other side of the bound"),
    (42, BELOW, "test_fatal_alert", "nor an alert"),
    (44, BELOW, "test_a_session_is_for_its_host_and_identity_alone", "nor tell what a ClientHello offers"),
    (44, BELOW, "test_another_certificate_is_verified_though_a_ticket_was_offered", "the same"),
    (44, BELOW, "test_a_ticket_outlives_a_renewed_certificate", "the same"),
    (50, "tests/python/test_tokens.py", "test_a_refused_token_is_renewed_once_within_the_send", "a callable must give the next token"),
    (70, NETWORK, "test_a_thousand_recipients_through_small_buffers", "both ends' buffers must be small"),
    (82, BELOW, "test_part_of_the_terminator_left_the_buffer", "the window must close within the terminator"),
    (95, SEVERAL, "test_refused_chunks_among_others", "a mail is one chunk: several chunks are several mails"),
    (99, SEVERAL, "test_octets_are_counted_exactly", "the bytes that the server has are compared"),
    (99, SEVERAL, "test_line_ends_are_repaired", "the same"),
    (102, NETWORK, "test_forgotten_flow", "a NAT must forget"),
    (102, "tests/python/test_send.py", "test_next_mail_after_a_cut_connection", "the server hangs up between two mails"),
    (105, SEVERAL, "test_a_relay_that_takes_one_connection", "many mails at once"),
    (106, "tests/python/test_pool_key.py", "test_row_106_credential_tls_name_and_authority_never_share", "many mailers at once"),
    (109, "tests/python/test_concurrency.py", "test_fork", "the driver is one process"),
    (107, "tests/core/test_stalled.c", "stalled_sessions_hold_little", "ten thousand sessions are no dialogue"),
    (108, "tests/core/test_moments.c", "at_every_offset_with_another_mail", "the user acts between two octets"),
    (110, "tests/core/test_clock.c", "deadlines_are_kept", "the program must be the clock"),
    (111, "tests/core/test_outbox_worker.c", "a_verdict_waits_for_its_record", "the database must refuse a verdict"),
    (112, "tests/outbox/test_crash.py", "test_killed_while_it_works", "a process is killed at its system calls"),
    (113, "tests/databases/test_databases.py", "test_row_113_the_database_goes_away_while_a_mail_is_sent", "a database server is killed"),
    (114, "tests/core/test_limits.c", "two_gigabytes", "nothing reaches the server"),
    (122, SEVERAL, "test_the_second_transaction_of_a_mail_is_cut", "a receipt has three lists"),
    (115, "tests/core/test_span.c", "one_in_doubt_costs_its_neighbours_nothing", "the program must be the clock"),
    (115, "tests/core/test_session.c", "a_dialogue", "deadline-detached-*.txt, deadline-leaving-*.txt: the same"),
    (115, "tests/python/test_concurrency.py", "test_one_deadline_that_passes_is_one_mail_in_doubt", "it takes four threads"),
    (116, "tests/core/test_pool.c", "what_is_over_time_is_not_handed_over", "the loop must be late"),
    (116, "tests/core/test_session.c", "a_dialogue", "deadline-handover.txt: the program must be the clock"),
    (117, "tests/core/test_span.c", "a_rest_of_the_caller_costs_no_mail_its_time", "the caller must be slow"),
    (117, "tests/core/test_span.c", "mails_of_a_flight_wait_for_one_another", "the program must be the clock"),
    (120, "tests/python/test_forks.py", "test_async_views_under_threads_of_gunicorn", "a loop for each page"),
    (120, "tests/python/test_gevent.py", "test_threads_loops_and_greenlets_together", "all three at once"),
    (121, "tests/python/test_gevent.py", "test_a_token_source_that_gives_way", "greenlets must wait for one another"),
    (121, "tests/python/test_tokens.py", "test_tasks_wait_for_the_token_within_their_deadlines", "the source must be slow"),
    (121, "tests/php/live-fibers.phpt", "A token source that gives way", "fibers must wait for one another"),
    (118, "tests/core/test_driver.c", "a_close_lets_mails_end", "another thread closes"),
    (118, "tests/python/test_concurrency.py", "test_close_gives_its_time_to_what_is_under_way", "the same"),
    (119, "tests/python/test_asyncio.py", "test_a_loop_that_is_not_there_any_more_delays_nobody", "it takes an event loop"),
    (119, "tests/core/test_driver.c", "a_loop_that_stops_delays_nobody", "the same"),
    (120, "tests/python/test_asyncio.py", "test_loops_at_once_are_all_served", "it takes several"),
    (120, "tests/core/test_driver.c", "loops_and_threads_share_a_mailer", "the same"),
    (126, SEVERAL, "test_a_relay_that_hangs_up_is_left_before", "it takes many mails"),
    (126, SEVERAL, "test_a_relay_that_hung_up_once_is_used_on", "the same"),
    (126, "tests/core/test_mail_limit.c", "a_relay_that_hangs_up_is_left_before", "it counts connections and QUITs"),
    (123, "tests/core/test_concert.c", "verdicts_tell_the_relay_from_the_mail", "what is learnt is about the relay"),
    (123, "tests/python/test_relays.py", "test_a_greylisted_mailbox_slows_nobody", "it takes another mail"),
    (124, "tests/core/test_session.c", "a_dialogue", "final-refused-plain.txt: our server ends a refused transaction"),
    (125, SEVERAL, "test_a_content_is_never_read_as_commands", "the content is what matters"),
    (125, SEVERAL, "test_bdat_is_proven_once", "and on which connection"),
    (127, "tests/core/test_engines.c", "a_thousand_configurations_need_few_descriptors", "it takes many mailers"),
    (127, "tests/python/test_tenants.py", "test_each_of_a_thousand_configurations_sends", "and an interpreter"),
    (128, "tests/core/test_descriptors.c", "the_first_send_is_told", "the process must be short of descriptors"),
    (128, "tests/python/test_descriptors.py", "test_a_receipt_says_what_is_missing", "and through Python"),
    (129, "tests/faults/test_network.py", "test_signs_of_life_of_a_proxy", "the proxy must live"),
    (132, SEVERAL, "test_nothing_stands_behind_a_final_dot", "it takes several mails"),
    (132, EARLY, "test_fifty_mails_at_once", "chasquid and Courier themselves"),
    (133, SEVERAL, "test_nothing_stands_behind_a_final_dot", "the same"),
    (133, EARLY, "test_fifty_mails_at_once", "Net::Server::Mail itself"),
    (134, TUNNEL, "an_unreachable_proxy_is_named", "the script speaks SMTP alone; SOCKS5 and CONNECT, whole and octet by octet"),
    (134, TUNNEL, "a_silent_proxy_costs_no_more_than_its_time", "the same"),
    (135, TUNNEL, "refusals_say_that_it_is_the_proxy", "the same"),
    (135, PROXY, "test_an_endless_answer_is_cut", "the same"),
    (136, TUNNEL, "refusals_say_that_it_is_the_proxy", "the same"),
    (137, TUNNEL, "a_tunnel_that_died_while_idle_leaves_nothing_in_doubt", "the same"),
    (138, PORTS, "the_port_that_works_is_used_and_remembered", "there are several ports"),
    (138, PORTS, "a_silent_port_leaves_time_for_the_next", "the same"),
    (138, NETWORK, "test_a_blocked_port_costs_a_second", "a network must lose what goes to one port"),
    (139, NETWORK, "test_a_far_relay_is_no_blocked_port", "a network must be slow"),
    (140, PORTS, "a_refused_login_is_final", "there are several ports"),
]

# One row a section, for the bindings; `python3 table.py` prints them as JSON.
SAMPLE = ["9.421", "20", "31.a", "45.535", "57", "74.550", "79", "88.451", "93.552", "103"]

if __name__ == "__main__":
    print(json.dumps([dict(vars(row), where=sorted(row.where)) for row in ROWS if str(row.number) in SAMPLE]))
