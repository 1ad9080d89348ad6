/* SPDX-License-Identifier: MIT */
/*
 * The mailer handles of facteur.h: makes, shares and closes them, and reads the mails that a
 * memory:// mailer holds.
 */
#include "base/error.h"
#include "base/memory.h"
#include "mailer/journal.h"
#include "mailer/registry.h"

#include <string.h>

facteur_mailer *fct_mailer_ref(facteur_mailer *mailer)
{
    atomic_fetch_add(&mailer->refs, 1);
    return mailer;
}

void fct_mailer_unref(facteur_mailer *mailer)
{
    if (mailer && atomic_fetch_sub(&mailer->refs, 1) == 1)
        fct_free(mailer);
}

int fct_mailer_check_open(const facteur_mailer *mailer, facteur_error **error)
{
    return fct_error_standing(error, atomic_load(&mailer->closed) ? FACTEUR_ECLOSED : 0);
}

int fct_mailer_check_outbox(const facteur_mailer *mailer, facteur_error **error)
{
    if (mailer->engine->plan.outbox)
        return 0;
    return fct_error_set(error, FACTEUR_ECONFIG, "outbox",
                         "outbox: this mailer has no outbox: give it the option outbox, such as "
                         "sqlite:///var/lib/shop/outbox.db");
}

bool fct_mailer_has_tokens(const facteur_mailer *mailer)
{
    const fct_plan *plan = &mailer->engine->plan;

    for (unsigned i = 0; i < plan->member_count; i++) {
        if (plan->members[i].tokens && !fct_bearer_is_good(plan->members[i].tokens))
            return false;
    }
    return true;
}

void fct_mailer_ask_tokens(const facteur_mailer *mailer, uint64_t deadline_us)
{
    const fct_plan *plan = &mailer->engine->plan;

    for (unsigned i = 0; i < plan->member_count; i++) {
        if (plan->members[i].tokens)
            fct_bearer_ensure(plan->members[i].tokens, &mailer->callback, deadline_us);
    }
}

/* Mails take turns at the relays of a roundrobin.  Those of a failover are filled one at a time. */
static unsigned window_below(const fct_plan *plan, unsigned at)
{
    const struct fct_group_node *node = &plan->group.nodes[at];
    unsigned window = 0;

    if (node->kind == FCT_GROUP_MEMBER)
        return plan->members[node->member].window;
    for (unsigned child = at + 1; child < node->end; child = plan->group.nodes[child].end) {
        unsigned below = window_below(plan, child);

        if (node->kind == FCT_GROUP_ROUNDROBIN)
            window += below;
        else if (below > window)
            window = below;
    }
    return window;
}

unsigned facteur_mailer_window(const facteur_mailer *mailer)
{
    const fct_plan *plan = &mailer->engine->plan;

    return plan->target == FCT_TARGET_RELAY ? window_below(plan, 0) : 1;
}

int facteur_mailer_has_outbox(const facteur_mailer *mailer)
{
    return mailer->engine->plan.outbox != NULL;
}

static int make_handle(fct_engine *engine, bool shared, facteur_mailer **out, facteur_error **error)
{
    facteur_mailer *mailer = fct_calloc(1, sizeof *mailer);

    if (!mailer)
        return fct_error_nomem(error);
    mailer->engine = engine;
    mailer->shared = shared;
    atomic_init(&mailer->closed, false);
    atomic_init(&mailer->refs, 1);
    *out = mailer;
    return 0;
}

/* Opens nothing: an outbox is looked for at the first mail. */
static int make_plan(fct_plan *plan, const char *dsn, const char *const *names,
                     const char *const *values, size_t count, facteur_error **error)
{
    int err = fct_plan_init(plan, dsn, names, values, count, error);

    if (err || !plan->outbox)
        return err;
    err = fct_store_check_url(fct_secret_bytes(plan->outbox).ptr, error);
    if (err)
        fct_plan_done(plan);
    return err;
}

int facteur_mailer_new(const char *dsn, const char *const *names, const char *const *values,
                       size_t count, facteur_mailer **out, facteur_error **error)
{
    fct_plan plan;
    fct_engine *engine;
    int err = make_plan(&plan, dsn, names, values, count, error);

    if (err)
        return err;
    engine = fct_engine_new(&plan);
    if (!engine)
        return fct_error_nomem(error);
    err = make_handle(engine, false, out, error);
    if (err)
        fct_engine_free(engine);
    return err;
}

int facteur_mailer_shared(const char *dsn, const char *const *names, const char *const *values,
                          size_t count, facteur_mailer **out, facteur_error **error)
{
    fct_plan plan;
    fct_engine *engine;
    int err = make_plan(&plan, dsn, names, values, count, error);

    if (err)
        return err;
    engine = fct_registry_take(&plan);
    if (!engine)
        return fct_error_nomem(error);
    err = make_handle(engine, true, out, error);
    if (err)
        fct_registry_give(engine);
    return err;
}

int facteur_mailer_log(const facteur_mailer *mailer, const char *text)
{
    return fct_journal_line(&mailer->engine->plan, fct_slice_of(text)) ? 0 : FACTEUR_EIO;
}

int facteur_mailer_bounces(const facteur_mailer *mailer)
{
    return mailer->engine->plan.bounces;
}

void facteur_mailer_close(facteur_mailer *mailer, double timeout)
{
    uint64_t timeout_us = 0;

    if (timeout > 0)
        timeout_us = (uint64_t)((timeout < 3600 ? timeout : 3600) * 1e6);
    if (!atomic_exchange(&mailer->closed, true) && !mailer->shared)
        fct_engine_close(mailer->engine, timeout_us);
}

void facteur_mailer_free(facteur_mailer *mailer)
{
    if (!mailer)
        return;
    facteur_mailer_close(mailer, 0);
    if (mailer->shared)
        fct_registry_give(mailer->engine);
    else
        fct_engine_free(mailer->engine);
    mailer->engine = NULL; /* deliveries may live longer than the handle */
    fct_mailer_unref(mailer);
}

int facteur_mailer_set_token_source(facteur_mailer *mailer, facteur_token_source source, void *user,
                                    facteur_error **error)
{
    const fct_plan *plan = &mailer->engine->plan;

    for (unsigned i = 0; i < plan->member_count; i++) {
        if (!plan->members[i].asks_caller)
            continue;
        mailer->callback = (struct fct_bearer_callback){source, user};
        return 0;
    }
    return fct_error_set(error, FACTEUR_ECONFIG, "token_callback",
                         "no relay of this mailer takes its token from a callback");
}

int facteur_mailer_set_key_source(facteur_mailer *mailer, facteur_key_source source, void *user,
                                  facteur_error **error)
{
    if (mailer->shared)
        return fct_error_set(error, FACTEUR_ECONFIG, "dkim",
                             "a shared mailer serves callers that do not know of this callback; "
                             "give key or key_file");
    return fct_signer_set_source(mailer->engine->plan.signer, source, user, error);
}

const char *facteur_mailer_name(const facteur_mailer *mailer)
{
    return mailer->engine->plan.name;
}

/* ---- What memory:// holds -------------------------------------------------------------------- */

size_t facteur_captured_count(const facteur_mailer *mailer)
{
    fct_runtime *runtime = fct_engine_peek(mailer->engine);
    size_t count;

    if (!runtime)
        return 0;
    pthread_mutex_lock(&runtime->lock);
    count = runtime->memory.count;
    pthread_mutex_unlock(&runtime->lock);
    return count;
}

static int copy_captured(const fct_memory *memory, size_t index, char **bytes, size_t *len,
                         char **envelope, facteur_error **error)
{
    const struct fct_captured *captured;

    if (index >= memory->count)
        return fct_error_set(error, FACTEUR_ECONFIG, NULL,
                             "there is no captured mail %zu; there are %zu", index, memory->count);
    captured = &memory->items[index];
    *bytes = fct_strndup(captured->bytes, captured->len);
    *envelope = fct_strdup(captured->envelope);
    *len = captured->len;
    return *bytes && *envelope ? 0 : fct_error_nomem(error);
}

int facteur_captured(const facteur_mailer *mailer, size_t index, char **bytes, size_t *len,
                     char **envelope_json, facteur_error **error)
{
    static const fct_memory nothing;
    fct_runtime *runtime = fct_engine_peek(mailer->engine);
    char *copy = NULL, *envelope = NULL;
    size_t copied = 0;
    int err;

    if (!runtime)
        return copy_captured(&nothing, index, &copy, &copied, &envelope, error);
    pthread_mutex_lock(&runtime->lock);
    err = copy_captured(&runtime->memory, index, &copy, &copied, &envelope, error);
    pthread_mutex_unlock(&runtime->lock);
    if (err) {
        fct_free(copy);
        fct_free(envelope);
        return err;
    }
    *bytes = copy;
    *len = copied;
    *envelope_json = envelope;
    return 0;
}

void facteur_captured_clear(facteur_mailer *mailer)
{
    fct_runtime *runtime = fct_engine_peek(mailer->engine);

    if (!runtime)
        return;
    pthread_mutex_lock(&runtime->lock);
    fct_memory_clear(&runtime->memory);
    pthread_mutex_unlock(&runtime->lock);
}
