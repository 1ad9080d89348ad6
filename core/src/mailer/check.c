/* SPDX-License-Identifier: MIT */
/* facteur_check(): goes the whole way to a relay without a mail, and reports the facts as JSON. */
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "mailer/engine.h"

#include <string.h>

/* The facts that take() copies from the outcome, in the thread that leads. */
struct facts {
    struct fct_task task;
    struct fct_check check;
    json_t *json;
};

static json_t *timings(const fct_outcome *outcome)
{
    json_t *map = json_object();
    int err = !map;

    for (int i = 0; !err && i < FACTEUR_PHASE_COUNT; i++) {
        if (outcome->timing_us[i] >= 0)
            err = fct_json_set(map, facteur_phase_name((enum facteur_phase)i),
                               fct_json_seconds((double)outcome->timing_us[i] / 1e6));
    }
    if (!err)
        return map;
    json_decref(map);
    return NULL;
}

static json_t *tls(const struct fct_check *check)
{
    json_t *map;

    if (!check->tls_version)
        return json_null();
    map = json_object();
    if (!map || fct_json_set(map, "version", fct_json_text(check->tls_version)) ||
        fct_json_set(map, "cipher", fct_json_text(check->tls_cipher ? check->tls_cipher : "")) ||
        fct_json_set(map, "resumed", json_boolean(check->tls_resumed))) {
        json_decref(map);
        return NULL;
    }
    return map;
}

static json_t *certificate(const struct fct_check *check)
{
    const struct fct_tls_certificate *from = &check->certificate;
    json_t *map;

    if (!check->has_certificate)
        return json_null();
    map = json_object();
    if (!map || fct_json_set(map, "subject", fct_json_text(from->subject)) ||
        fct_json_set(map, "issuer", fct_json_text(from->issuer)) ||
        fct_json_set(map, "not_before", fct_json_text(from->not_before)) ||
        fct_json_set(map, "not_after", fct_json_text(from->not_after)) ||
        fct_json_set(map, "days_left", json_integer(from->days_left)) ||
        fct_json_set(map, "pin_sha256", fct_json_text(from->pin_sha256))) {
        json_decref(map);
        return NULL;
    }
    return map;
}

static json_t *capabilities(const char *lines)
{
    json_t *list = json_array();

    while (list && lines && *lines) {
        size_t len = strcspn(lines, "\n");
        char *line = fct_strndup(lines, len);

        if (!line || json_array_append_new(list, fct_json_text(line))) {
            fct_free(line);
            json_decref(list);
            return NULL;
        }
        fct_free(line);
        lines += len + (lines[len] == '\n');
    }
    return list;
}

static json_t *error_of(const fct_outcome *outcome)
{
    json_t *map;

    if (outcome->class == FCT_SENT)
        return json_null();
    map = json_object();
    if (!map || fct_json_set(map, "code", fct_json_text(facteur_error_name(outcome->error))) ||
        fct_json_set(map, "message",
                     fct_json_text(outcome->message ? outcome->message
                                                    : facteur_error_text(outcome->error)))) {
        json_decref(map);
        return NULL;
    }
    return map;
}

static json_t *describe(const char *relay, const fct_outcome *outcome,
                        const struct fct_check *check)
{
    json_t *root = json_object();
    int err = !root;
    const char *reply_text = outcome->reply.text ? outcome->reply.text : "";

    err = err || fct_json_set(root, "relay", fct_json_text(relay));
    err = err || fct_json_set(root, "ok", json_boolean(outcome->class == FCT_SENT));
    err = err || fct_json_set(root, "phase", fct_json_text(facteur_phase_name(outcome->phase)));
    err = err || fct_json_set(root, "address", fct_json_text(check->address ? check->address : ""));
    err = err || fct_json_set(root, "proxy", json_null());
    err = err || fct_json_set(root, "tls", tls(check));
    err = err || fct_json_set(root, "certificate", certificate(check));
    err = err || fct_json_set(root, "capabilities", capabilities(check->capabilities));
    err =
        err || fct_json_set(root, "auth", fct_json_text(check->mechanism ? check->mechanism : ""));
    err = err ||
          fct_json_set(root, "reply",
                       fct_json_reply(outcome->reply.code, outcome->reply.enhanced, reply_text));
    if (check->slots_fault)
        err = err || fct_json_set(root, "host_slots", fct_json_text(check->slots_fault));
    err = err || fct_json_set(root, "timings", timings(outcome));
    err = err || fct_json_set(root, "error", error_of(outcome));
    err = err || fct_json_set(root, "transcript",
                              fct_json_text(check->transcript ? check->transcript : ""));
    if (!err)
        return root;
    json_decref(root);
    return NULL;
}

static void take_facts(struct fct_task *task, const fct_outcome *outcome)
{
    struct facts *facts = FCT_ENTRY(task, struct facts, task);

    facts->json = describe("", outcome, &facts->check);
}

static json_t *describe_sink(const fct_plan *plan, facteur_error **error)
{
    fct_outcome outcome = {.class = FCT_SENT, .phase = FACTEUR_PHASE_final};
    struct fct_check check = {0};
    json_t *json;

    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        outcome.timing_us[i] = -1;
    if (plan->target == FCT_TARGET_FILE &&
        fct_directory_prepare(plan->directory, plan->directory_where, error))
        return NULL;
    json = describe(plan->target_name, &outcome, &check);
    if (!json)
        fct_error_nomem(error);
    return json;
}

/* What the machine is short of is a fact like another one. */
static int tell_shortage(struct facts *facts, int err, facteur_error *cause, facteur_error **error)
{
    fct_outcome outcome = {.class = FCT_TEMPORARY, .error = err, .phase = FACTEUR_PHASE_connect};

    if (err != FACTEUR_ELIMIT)
        return fct_error_pass(error, err, cause);
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        outcome.timing_us[i] = -1;
    outcome.message = fct_strdup(cause ? facteur_error_message(cause) : facteur_error_text(err));
    take_facts(&facts->task, &outcome);
    fct_free(outcome.message);
    facteur_error_free(cause);
    return 0;
}

static void free_facts(struct facts *facts)
{
    if (!facts)
        return;
    json_decref(facts->json);
    fct_free(facts->task.transcript);
    fct_check_done(&facts->check);
    fct_free(facts);
}

/*
 * Submit the check of one relay, by the index of its member.  The task is not on the stack: a child
 * of fork() takes the inherited loop apart after the stacks of the parent's other threads are gone.
 */
static int submit_check(facteur_mailer *mailer, unsigned index, uint64_t deadline_us,
                        struct facts **out, facteur_error **error)
{
    struct facts *facts = fct_calloc(1, sizeof *facts);
    facteur_error *cause = NULL;
    fct_driver *driver = NULL;
    int err;

    if (!facts)
        return fct_error_nomem(error);
    facts->task.take = take_facts;
    facts->task.check = &facts->check;
    facts->task.only = index + 1;
    facts->task.deadline_us = deadline_us;
    err = fct_engine_find_driver(mailer->engine, "", &driver, &cause);
    err = err ? err : fct_driver_submit(driver, &facts->task, &cause);
    err = tell_shortage(facts, err, cause, error);
    if (err)
        free_facts(facts);
    else
        *out = facts;
    return err;
}

/* Check all relays at once, within one deadline.  `facts` has a place for each. */
static int check_all(facteur_mailer *mailer, double deadline, struct facts **facts,
                     facteur_error **error)
{
    const fct_plan *plan = &mailer->engine->plan;
    uint64_t deadline_us = fct_engine_deadline_us(mailer->engine, deadline);
    int err = 0;

    fct_mailer_ask_tokens(mailer, deadline_us);
    for (unsigned i = 0; !err && i < plan->member_count; i++)
        err = submit_check(mailer, i, deadline_us, &facts[i], error);
    for (unsigned i = 0; i < plan->member_count && facts[i]; i++) {
        struct fct_task *task = &facts[i]->task;

        if (!task->driver)
            continue; /* the machine was short of something */
        if (err)
            fct_driver_cancel(task->driver, task);
        fct_driver_wait(task->driver, task, UINT64_MAX);
    }
    return err;
}

/* The object of one relay, or NULL when memory ran out. */
static json_t *describe_relay(const fct_member *member, const struct facts *facts)
{
    const fct_relay *relay = &member->relay;

    if (!facts->json || fct_json_set(facts->json, "relay", fct_json_text(relay->name)))
        return NULL;
    if (relay->proxy.name && fct_json_set(facts->json, "proxy", fct_json_text(relay->proxy.name)))
        return NULL;
    return json_incref(facts->json);
}

/* For several relays: whether all work, and the facts of each.  NULL when memory ran out. */
static json_t *describe_relays(const fct_plan *plan, struct facts *const *facts)
{
    json_t *root = json_object(), *list = json_array();
    bool ok = true, failed = !root || !list;

    for (unsigned i = 0; !failed && i < plan->member_count; i++) {
        json_t *one = describe_relay(&plan->members[i], facts[i]);

        ok = ok && json_is_true(json_object_get(one, "ok"));
        failed = !one || json_array_append_new(list, one);
    }
    failed = failed || fct_json_set(root, "relay", fct_json_text(plan->name)) ||
             fct_json_set(root, "ok", json_boolean(ok)) ||
             fct_json_set(root, "relays", json_incref(list));
    json_decref(list);
    if (!failed)
        return root;
    json_decref(root);
    return NULL;
}

static int check_relays(facteur_mailer *mailer, double deadline, json_t **json,
                        facteur_error **error)
{
    const fct_plan *plan = &mailer->engine->plan;
    struct facts **facts = fct_calloc(plan->member_count, sizeof *facts);
    int err = facts ? check_all(mailer, deadline, facts, error) : fct_error_nomem(error);

    if (!err) {
        *json = plan->member_count == 1 ? describe_relay(&plan->members[0], facts[0])
                                        : describe_relays(plan, facts);
        err = *json ? 0 : fct_error_nomem(error);
    }
    for (unsigned i = 0; facts && i < plan->member_count; i++)
        free_facts(facts[i]);
    fct_free(facts);
    return err;
}

int facteur_check(facteur_mailer *mailer, double deadline, char **json, facteur_error **error)
{
    const fct_plan *plan = &mailer->engine->plan;
    facteur_error *cause = NULL;
    json_t *made = NULL;
    char *text;
    int err = fct_mailer_check_open(mailer, error);

    if (!err && plan->target == FCT_TARGET_RELAY) {
        err = check_relays(mailer, deadline, &made, error);
    } else if (!err) {
        made = describe_sink(plan, &cause);
        err = made ? 0 : cause ? facteur_error_code(cause) : FACTEUR_ENOMEM;
        fct_error_pass(error, err, cause);
    }
    if (err)
        return err;
    text = fct_json_take(made);
    if (!text)
        return fct_error_nomem(error);
    *json = text;
    return 0;
}
