/* SPDX-License-Identifier: MIT */
/* A session that a test calls directly.  Without a time of their own these calls happen at 10 us.
 */
#ifndef TEST_SESSION_CALLS_H
#define TEST_SESSION_CALLS_H

#include "smtp/session.h"

/* Each wait has 1000 us. */
extern const struct fct_session_config defaults;

/* A mail of any envelope and content, as only this layer's callers could make it. */
fct_mail *mail_of(const char *sender, const char *recipient, const char *text);

void feed(fct_session *session, const char *text);

/* Take all output; what the last call returned. */
int take_all(fct_session *session);
void take_at(fct_session *session, uint64_t now_us);

/* A session that has read these offers of a relay, and told that it is ready. */
fct_session *ready_session(const struct fct_session_config *config, const char *offers);

void submit_mail(fct_session *session, fct_mail *mail, void *tag);

/* The next event, which must be an outcome. */
fct_outcome *next_outcome(fct_session *session);
void expect_outcome(fct_session *session, enum fct_class class, int error);

void expect_deadline(fct_session *session, uint64_t at_us);

#endif
