/* SPDX-License-Identifier: MIT */
/* What the functions of the outbox that return JSON share. */
#ifndef FCT_OUTBOX_JSON_H
#define FCT_OUTBOX_JSON_H

#include "base/json.h"
#include "mailer/outbox_door.h"

json_t *fct_outbox_time_json(int64_t us);       /* "2026-11-30T22:05:00.123456Z", or null for 0 */
json_t *fct_outbox_text_json(const char *text); /* or null for "" */

/* The text of a value, which is freed; FACTEUR_ENOMEM when it is NULL. */
int fct_outbox_take_json(json_t *value, char **json, facteur_error **error);

/* What happened to a row, from its first day on; NULL when memory ran out. */
json_t *fct_outbox_history_json(const struct fct_store_row *row, const struct fct_events *events);

/* A list of bars; NULL when memory ran out. */
json_t *fct_outbox_bars_json(const struct fct_bars *bars);

#endif
