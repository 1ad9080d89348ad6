/* SPDX-License-Identifier: MIT */
/*
 * Lists the files and folders that a configuration names, for callers that must allow them before
 * they are opened.
 */
#include "base/error.h"
#include "base/memory.h"
#include "config/config_json.h"
#include "config/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQLITE "sqlite://" /* an outbox that is a file */

struct named {
    char *path, *where, *source;
};

struct facteur_paths {
    struct named *items;
    size_t count;
};

/* One walk, with the source of the present value. */
struct walk {
    facteur_paths *paths;
    const char *source;
    facteur_error **error;
    const char *conf; /* the source of what the configuration file says */
};

static int add(void *user, const char *where, const char *path)
{
    const struct walk *walk = user;
    facteur_paths *paths = walk->paths;
    struct named *items = fct_reallocarray(paths->items, paths->count + 1, sizeof *items);
    struct named *item;

    if (!items)
        return FACTEUR_ENOMEM;
    paths->items = items;
    item = &items[paths->count++];
    *item = (struct named){fct_strdup(path), fct_strdup(where), fct_strdup(walk->source)};
    return item->path && item->where && item->source ? 0 : FACTEUR_ENOMEM;
}

static int add_value(struct walk *walk, size_t option, const char *text, const fct_secret *secret)
{
    const char *name = facteur_option_name(option), *type = facteur_option_type(option);

    if (strcmp(type, "path") == 0 && text)
        return add(walk, name, text);
    if (option == FCT_OPT_outbox && secret &&
        strncmp(fct_secret_bytes(secret).ptr, SQLITE, strlen(SQLITE)) == 0)
        return add(walk, name, fct_secret_bytes(secret).ptr + strlen(SQLITE));
    if (strcmp(type, "json") == 0 && secret)
        return fct_config_walk_files(fct_secret_bytes(secret), name, add, walk, walk->error);
    return 0;
}

/* Visit the paths of options whose scopes are in `wide`.  `dsn` is the source of those in a DSN. */
static int add_options(struct walk *walk, const fct_options *options, bool wide, const char *dsn)
{
    int err = 0;

    for (size_t i = 0; !err && i < FCT_OPTION_COUNT; i++) {
        const struct fct_option_value *value = fct_options_get(options, (enum fct_option)i);
        const char *scope = facteur_option_scope(i);
        char variable[FCT_OPTION_VARIABLE];

        if ((strcmp(scope, "mailer") == 0 || strcmp(scope, "machine") == 0) != wide)
            continue;
        walk->source = value->level == FCT_LEVEL_CALLER ? "call" : dsn;
        if (value->level == FCT_LEVEL_ENVIRONMENT) {
            fct_option_variable(i, variable);
            walk->source = variable;
        } else if (value->level == FCT_LEVEL_FILE) {
            walk->source = walk->conf;
        }
        err = add_value(walk, i, value->text, value->secret);
    }
    return err;
}

static int add_plan(facteur_paths *paths, const fct_plan *plan, facteur_error **error)
{
    const char *dsn = plan->dsn_source;
    struct walk walk = {.paths = paths, .error = error, .conf = plan->conf_source};
    int err = add_options(&walk, &plan->options, true, dsn);

    for (unsigned i = 0; !err && i < plan->member_count; i++) {
        const fct_member *member = &plan->members[i];

        err = add_options(&walk, &member->options, false, dsn);
        walk.source = dsn;
        if (!err && member->dsn.scheme == FCT_SCHEME_FILE)
            err = add(&walk, "dsn", member->dsn.path);
    }
    return err;
}

static int finish(facteur_paths *paths, int err, facteur_paths **out, facteur_error **error)
{
    if (!err) {
        *out = paths;
        return 0;
    }
    facteur_paths_free(paths);
    return err == FACTEUR_ENOMEM ? fct_error_nomem(error) : err;
}

int facteur_paths_of(const char *dsn, const char *const *names, const char *const *values,
                     size_t count, facteur_paths **out, facteur_error **error)
{
    facteur_paths *paths = fct_calloc(1, sizeof *paths);
    fct_plan plan;
    int err = paths ? fct_plan_init(&plan, dsn, names, values, count, error) : FACTEUR_ENOMEM;

    if (!err) {
        err = add_plan(paths, &plan, error);
        fct_plan_done(&plan);
    }
    return finish(paths, err, out, error);
}

int facteur_paths_of_option(const char *name, const char *value, facteur_paths **out,
                            facteur_error **error)
{
    facteur_paths *paths = fct_calloc(1, sizeof *paths);
    struct walk walk = {.paths = paths, .source = "call", .error = error};
    fct_options options;
    int err = paths ? fct_options_init(&options) : FACTEUR_ENOMEM;

    if (err)
        return finish(paths, err, out, error);
    err = fct_options_set(&options, FCT_LEVEL_CALLER, name, strlen(name), value, strlen(value),
                          error);
    if (!err) {
        size_t option = (size_t)fct_option_find(name, strlen(name));

        err = add_value(&walk, option, options.values[option].text, options.values[option].secret);
    }
    fct_options_done(&options);
    return finish(paths, err, out, error);
}

const char *facteur_path(const facteur_paths *paths, size_t index, const char **where,
                         const char **source)
{
    if (index >= paths->count)
        return NULL;
    *where = paths->items[index].where;
    *source = paths->items[index].source;
    return paths->items[index].path;
}

void facteur_paths_free(facteur_paths *paths)
{
    if (!paths)
        return;
    for (size_t i = 0; i < paths->count; i++) {
        fct_free(paths->items[i].path);
        fct_free(paths->items[i].where);
        fct_free(paths->items[i].source);
    }
    fct_free(paths->items);
    fct_free(paths);
}
