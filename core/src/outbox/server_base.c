/* SPDX-License-Identifier: MIT */
#include "outbox/server_base.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>

#define WHERE "outbox"
#define CLOCK_US INT64_C(2000000) /* clocks that differ by less are one */

uint64_t fct_server_until(const struct fct_server *s)
{
    return fct_clock_now_us() + s->store.wait_us;
}

/* ---- Errors ---------------------------------------------------------------------------------- */

int fct_problem_set(struct fct_problem *problem, enum fct_trouble trouble, const char *code,
                    const char *words)
{
    problem->trouble = trouble;
    snprintf(problem->code, sizeof problem->code, "%s", code ? code : "");
    snprintf(problem->words, sizeof problem->words, "%.*s", (int)strcspn(words, "\r\n"), words);
    return -1;
}

/* A server could repeat what it was told. */
static bool tells_password(const struct fct_server *s, const char *words)
{
    fct_slice password = s->password ? fct_secret_bytes(s->password) : FCT_SLICE("");

    return password.len > 0 && memmem(words, strlen(words), password.ptr, password.len) != NULL;
}

static const char *advice(enum fct_trouble trouble)
{
    static const char *const texts[] = {
        [FCT_TROUBLE_LATE] = "; look for a transaction that stands still",
        [FCT_TROUBLE_CONFLICT] = "; try again",
        [FCT_TROUBLE_FULL] = "; make room and try again",
        [FCT_TROUBLE_REFUSED] = "; look at user, password and rights in the outbox's URL",
    };
    const char *text =
        (size_t)trouble < sizeof texts / sizeof texts[0] ? texts[trouble] : (const char *)NULL;

    return text ? text : "";
}

int fct_server_fail(struct fct_server *s, const char *doing, const struct fct_problem *problem,
                    facteur_error **error)
{
    const char *words = tells_password(s, problem->words)
                            ? "the server's words have the password in them"
                            : problem->words;

    s->store.conflict = problem->trouble == FCT_TROUBLE_CONFLICT;
    if (problem->trouble == FCT_TROUBLE_MEMORY)
        return fct_error_nomem(error);
    return fct_error_set(error,
                         problem->trouble == FCT_TROUBLE_REFUSED ? FACTEUR_ECONFIG : FACTEUR_EIO,
                         WHERE, "outbox: %s could not be %s: %s%s%s%s%s", s->place, doing, words,
                         *problem->code ? " (" : "", problem->code, *problem->code ? ")" : "",
                         advice(problem->trouble));
}

/* ---- The connection -------------------------------------------------------------------------- */

void fct_server_drop(struct fct_server *s, bool polite)
{
    if (s->connection)
        s->link->disconnect(s, polite && s->process == fct_process_now());
    s->connection = NULL;
    s->in_transaction = false;
}

/* Times in the rows are the server's: machines that disagree about the time share them. */
static int compare_clocks(struct fct_server *s, uint64_t until_us, struct fct_problem *problem)
{
    struct fct_answer answer = {0};
    int64_t before_us = fct_clock_date_us(), ahead_us;
    int result = s->link->exec(s, s->link->clock, until_us, &answer, problem);

    ahead_us = fct_answer_int(&answer, 0, 0) - before_us;
    fct_answer_done(s, &answer);
    if (!result)
        s->clock_us = ahead_us > -CLOCK_US && ahead_us < CLOCK_US ? 0 : ahead_us;
    return result;
}

/* Whether there is a connection of this process that the other end has not closed. */
static bool is_connected(const struct fct_server *s)
{
    return s->connection && s->process == fct_process_now() &&
           (s->in_transaction || s->link->is_alive(s));
}

int fct_server_connect(struct fct_server *s, facteur_error **error)
{
    struct fct_problem problem = {0};
    uint64_t until_us = fct_server_until(s);
    bool connected = is_connected(s);
    int result;

    if (connected && (s->in_transaction || s->settled_us == s->store.wait_us))
        return 0;
    fct_server_drop(s, connected);
    s->process = fct_process_now();
    s->settled_us = s->store.wait_us;
    result = s->link->connect(s, until_us, &problem);
    if (!result)
        result = compare_clocks(s, until_us, &problem);
    if (!result)
        return 0;
    fct_server_drop(s, true);
    return fct_server_fail(s, "reached", &problem, error);
}

/*
 * Whether a statement may find its connection gone and be run again on another.  An insert may have
 * been done.
 */
static bool may_repeat(const struct fct_server *s, const struct fct_ask *ask,
                       const struct fct_problem *problem)
{
    return problem->trouble == FCT_TROUBLE_LOST && !s->in_transaction &&
           ask->which != FCT_SERVER_SQL_INSERT;
}

/* After a problem: a connection on which an answer may still come is of no use. */
static void judge(struct fct_server *s, const struct fct_problem *problem)
{
    if (problem->trouble == FCT_TROUBLE_LOST || problem->trouble == FCT_TROUBLE_LATE)
        fct_server_drop(s, false);
}

int fct_server_exec(struct fct_server *s, const char *sql, struct fct_answer *answer,
                    facteur_error **error)
{
    struct fct_answer unwanted = {0};
    struct fct_problem problem = {0};
    int result = s->link->exec(s, sql, fct_server_until(s), answer ? answer : &unwanted, &problem);

    fct_answer_done(s, &unwanted);
    if (!result)
        return 0;
    result = fct_server_fail(s, "used", &problem, error);
    judge(s, &problem);
    return result;
}

/* A transaction whose connection is gone is over: what is left of it must not run by itself. */
static int refuse_rest(struct fct_server *s, facteur_error **error)
{
    struct fct_problem problem;

    fct_problem_set(&problem, FCT_TROUBLE_LOST, "", "the connection was lost in a transaction");
    return fct_server_fail(s, "used", &problem, error);
}

int fct_server_run(struct fct_server *s, const struct fct_ask *ask, struct fct_answer *answer,
                   facteur_error **error)
{
    struct fct_problem problem = {0};
    int result;

    for (int i = 0;; i++) {
        bool again;

        if (s->store.begun && !s->in_transaction)
            return refuse_rest(s, error);
        result = fct_server_connect(s, error);
        if (result)
            return result;
        if (s->link->run(s, ask, fct_server_until(s), answer, &problem) == 0)
            return 0;
        again = i == 0 && may_repeat(s, ask, &problem);
        if (!again)
            result = fct_server_fail(s, "used", &problem, error);
        judge(s, &problem);
        if (!again)
            return result;
        fct_answer_done(s, answer);
    }
}

int fct_server_change(struct fct_server *s, const struct fct_ask *ask, size_t *changed,
                      facteur_error **error)
{
    struct fct_answer answer = {0};
    int result = fct_server_run(s, ask, &answer, error);

    if (!result && changed)
        *changed = answer.changed;
    fct_answer_done(s, &answer);
    return result;
}

/* ---- Statements ------------------------------------------------------------------------------ */

size_t fct_ask_text_room(const struct fct_ask *ask)
{
    size_t room = 0;

    for (unsigned i = 0; i < ask->count; i++)
        room += ask->values[i].kind == FCT_VALUE_TEXT ? ask->values[i].bytes.len + 1 : 0;
    return room;
}

void fct_ask_begin(struct fct_ask *ask, enum fct_server_sql which)
{
    ask->which = which;
    ask->count = 0;
}

void fct_ask_int(struct fct_ask *ask, int64_t value)
{
    ask->values[ask->count++] = (struct fct_value){.kind = FCT_VALUE_INT, .number = value};
}

void fct_ask_slice(struct fct_ask *ask, fct_slice text)
{
    ask->values[ask->count++] =
        (struct fct_value){.kind = text.ptr ? FCT_VALUE_TEXT : FCT_VALUE_NULL, .bytes = text};
}

void fct_ask_text(struct fct_ask *ask, const char *text)
{
    fct_ask_slice(ask, text ? fct_slice_of(text) : (fct_slice){NULL, 0});
}

void fct_ask_bytes(struct fct_ask *ask, fct_slice bytes)
{
    ask->values[ask->count++] = (struct fct_value){.kind = FCT_VALUE_BYTES, .bytes = bytes};
}

void fct_ask_time(struct fct_ask *ask, const struct fct_server *s, int64_t us)
{
    fct_ask_int(ask, us ? us + s->clock_us : 0);
}

void fct_ask_ids(struct fct_ask *ask, const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < FCT_SERVER_IDS; i++)
        fct_ask_int(ask, ids[i < count ? i : count - 1]);
}

int fct_value_add_text(fct_buf *out, const struct fct_value *value)
{
    fct_slice rest = value->bytes;

    while (rest.len) {
        size_t good = fct_utf8_check(rest);

        fct_buf_add(out, rest.ptr, good);
        if (good < rest.len)
            fct_buf_add_char(out, '?');
        good += good < rest.len;
        rest = (fct_slice){rest.ptr + good, rest.len - good};
    }
    return fct_buf_add(out, "", 1);
}

/* ---- Answers --------------------------------------------------------------------------------- */

void fct_answer_done(struct fct_server *s, struct fct_answer *answer)
{
    if (answer->owned)
        s->link->forget(answer);
    fct_free(answer->cells);
    fct_buf_done(&answer->bytes);
    *answer = (struct fct_answer){0};
}

fct_slice fct_answer_slice(const struct fct_answer *answer, size_t row, size_t column)
{
    if (row >= answer->rows || column >= answer->columns)
        return (fct_slice){NULL, 0};
    return answer->cells[row * answer->columns + column];
}

const char *fct_answer_text(const struct fct_answer *answer, size_t row, size_t column)
{
    fct_slice cell = fct_answer_slice(answer, row, column);

    return cell.ptr ? cell.ptr : "";
}

int64_t fct_answer_int(const struct fct_answer *answer, size_t row, size_t column)
{
    return strtoll(fct_answer_text(answer, row, column), NULL, 10);
}

int64_t fct_answer_time(const struct fct_answer *answer, const struct fct_server *s, size_t row,
                        size_t column)
{
    int64_t us = fct_answer_int(answer, row, column);

    return us ? us - s->clock_us : 0;
}
