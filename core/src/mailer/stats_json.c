/* SPDX-License-Identifier: MIT */
/* facteur_stats(): the counts of a mailer's pools, as JSON. */
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "mailer/engine.h"

#include <string.h>

struct entry {
    const char *name;
    uint64_t number;
};

static int set_number(json_t *object, const char *name, uint64_t number)
{
    return fct_json_set(object, name, json_integer((json_int_t)number));
}

/* Returns the value, or frees it and returns NULL when it could not be filled. */
static json_t *checked(json_t *value, int err)
{
    if (!err)
        return value;
    json_decref(value);
    return NULL;
}

static json_t *numbers(const struct entry *entries, size_t count)
{
    json_t *object = json_object();
    int err = !object;

    for (size_t i = 0; i < count && !err; i++)
        err = set_number(object, entries[i].name, entries[i].number);
    return checked(object, err);
}

static json_t *failures(const struct fct_pool_stats *stats)
{
    json_t *object = json_object();
    int err = !object;

    for (int i = 0; i < FACTEUR_PHASE_COUNT && !err; i++) {
        if (stats->failed[i])
            err = set_number(object, facteur_phase_name((enum facteur_phase)i), stats->failed[i]);
    }
    return checked(object, err);
}

static json_t *buckets(const struct fct_histogram *histogram)
{
    json_t *list = json_array();
    int err = !list;

    for (unsigned i = 0; i < FCT_STATS_BUCKETS && !err; i++) {
        bool last = i == FCT_STATS_BUCKETS - 1;
        json_t *pair = histogram->buckets[i] ? json_array() : NULL;

        if (!histogram->buckets[i])
            continue;
        err = !pair ||
              json_array_append_new(pair, last ? json_null()
                                               : fct_json_seconds((double)(1ULL << i) / 1e6)) ||
              json_array_append_new(pair, json_integer((json_int_t)histogram->buckets[i]));
        if (err)
            json_decref(pair);
        else
            err = json_array_append_new(list, pair);
    }
    return checked(list, err);
}

static json_t *phases(const struct fct_pool_stats *stats)
{
    json_t *object = json_object();
    int err = !object;

    for (int i = 0; i < FACTEUR_PHASE_COUNT && !err; i++) {
        const struct fct_histogram *histogram = &stats->phases[i];
        json_t *phase = histogram->count ? json_object() : NULL;

        if (!histogram->count)
            continue;
        err = !phase || set_number(phase, "count", histogram->count) ||
              fct_json_set(phase, "seconds", fct_json_seconds((double)histogram->sum_us / 1e6)) ||
              fct_json_set(phase, "buckets", buckets(histogram));
        if (err)
            json_decref(phase);
        else
            err = fct_json_set(object, facteur_phase_name((enum facteur_phase)i), phase);
    }
    return checked(object, err);
}

static json_t *describe(const fct_relay *relay, const struct fct_pool_stats *stats)
{
    const struct entry connections[] = {
        {"open", stats->open}, {"opened", stats->opened}, {"reused", stats->reused}};
    const struct entry mails[] = {{"sent", stats->mails[FCT_SENT]},
                                  {"temporary", stats->mails[FCT_TEMPORARY]},
                                  {"permanent", stats->mails[FCT_PERMANENT]},
                                  {"in_doubt", stats->mails[FCT_IN_DOUBT]},
                                  {"in_flight", stats->in_flight},
                                  {"waiting", stats->waiting},
                                  {"redone", stats->redone},
                                  {"late_sent", stats->late_sent},
                                  {"late_refused", stats->late_refused}};
    const struct entry handshakes[] = {{"full", stats->handshakes_full},
                                       {"resumed", stats->handshakes_resumed}};
    json_t *object = json_object();
    json_t *opened = numbers(connections, sizeof connections / sizeof connections[0]);
    int err = !object || !opened || fct_json_set(opened, "failed", failures(stats));

    if (!err && stats->unshared)
        err = set_number(opened, "unshared", stats->unshared);
    if (err) {
        json_decref(opened);
        return checked(object, err);
    }
    err = fct_json_set(object, "relay", fct_json_text(relay->name));
    err = fct_json_set(object, "connections", opened) || err;
    err = err || fct_json_set(object, "mails", numbers(mails, sizeof mails / sizeof mails[0]));
    err = err || fct_json_set(object, "handshakes",
                              numbers(handshakes, sizeof handshakes / sizeof handshakes[0]));
    err = err || set_number(object, "flights", stats->flights);
    err = err || set_number(object, "demotions", stats->demotions);
    err = err || fct_json_set(object, "phases", phases(stats));
    return checked(object, err);
}

static json_t *shared_counts(void)
{
    size_t used, resting, left;

    facteur_shared_count(&used, &resting, &left);
    return numbers((const struct entry[]){{"used", used}, {"resting", resting}, {"left", left}}, 3);
}

int facteur_stats(const facteur_mailer *mailer, char **json, facteur_error **error)
{
    bool known = fct_engine_peek(mailer->engine) != NULL;
    json_t *root, *list;
    const fct_relay *relay;
    char *text;
    int err = fct_mailer_check_open(mailer, error);

    if (err)
        return err;
    root = json_object();
    list = json_array();
    err = !root || !list;
    for (size_t i = 0; !err && (relay = fct_plan_relay(&mailer->engine->plan, i)) != NULL; i++) {
        struct fct_pool_stats stats = {0};

        /* After fork() the numbers are those of the parent until this process sends. */
        if (known)
            fct_stats_read(relay->stats, &stats);
        err = json_array_append_new(list, describe(relay, &stats));
    }
    if (err) {
        json_decref(list);
        json_decref(root);
        return fct_error_nomem(error);
    }
    if (fct_json_set(root, "relays", list) ||
        (mailer->shared && fct_json_set(root, "shared", shared_counts()))) {
        json_decref(root);
        return fct_error_nomem(error);
    }
    text = fct_json_take(root);
    if (!text)
        return fct_error_nomem(error);
    *json = text;
    return 0;
}
