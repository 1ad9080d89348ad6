/* SPDX-License-Identifier: MIT */
#include "config/plan.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/authority.h"
#include "config/conf.h"
#include "mime/address.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const fct_plan *plan, enum fct_option option)
{
    return plan->options.values[option].text;
}

static uint64_t number_of(const fct_plan *plan, enum fct_option option)
{
    return (uint64_t)plan->options.values[option].number;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static int read_caller(fct_plan *plan, const char *const *names, const char *const *values,
                       size_t count, facteur_error **error)
{
    for (size_t i = 0; i < count; i++) {
        int err = fct_options_set(&plan->options, FCT_LEVEL_CALLER, names[i], strlen(names[i]),
                                  values[i], strlen(values[i]), error);

        if (err)
            return err;
    }
    return 0;
}

static int read_members(fct_plan *plan, const char *dsn, facteur_error **error)
{
    const fct_group *group = &plan->group;

    plan->members = fct_calloc(group->member_count, sizeof *plan->members);
    if (!plan->members)
        return fct_error_nomem(error);
    for (unsigned i = 0; i < group->member_count; i++) {
        int err = fct_member_init(&plan->members[i], &plan->options, dsn, group->parts[i], error);

        if (err)
            return err;
        plan->member_count++;
        if (!fct_group_is_one(group) && !fct_member_has_relay(&plan->members[i]))
            return fct_error_set(error, FACTEUR_ECONFIG, "dsn",
                                 "the DSN at position %zu is no relay; failover() and roundrobin() "
                                 "take smtp, smtps, smtp+unix and presets",
                                 fct_text_position(dsn, group->parts[i].ptr));
    }
    return 0;
}

/* The options of a single DSN are those of the mailer. */
static int take_options(fct_plan *plan, facteur_error **error)
{
    fct_options own = plan->options;

    if (fct_options_copy(&plan->options, &plan->members[0].options)) {
        plan->options = own;
        return fct_error_nomem(error);
    }
    fct_options_done(&own);
    return 0;
}

/* The caller's DSN, else the environment's, else the file's. */
static int choose_dsn(fct_plan *plan, const fct_conf *conf, const char **dsn, facteur_error **error)
{
    plan->conf_source = conf->source;
    plan->dsn_source = "dsn";
    if (*dsn && **dsn)
        return 0;
    plan->dsn_source = "FACTEUR_DSN";
    *dsn = getenv(plan->dsn_source);
    if (*dsn && **dsn)
        return 0;
    plan->dsn_source = conf->source;
    *dsn = conf->dsn.text;
    if (*dsn)
        return 0;
    return fct_error_set(error, FACTEUR_ECONFIG, "dsn",
                         "there is no DSN: give one, for example "
                         "smtps://user:password@smtp.example.com, or set FACTEUR_DSN in the "
                         "environment, or dsn in " FCT_CONF_SYSTEM "%s%s",
                         conf->denied ? ", which this process may not read: " : "",
                         conf->denied ? strerror(conf->denied) : "");
}

/* An error in the file's DSN is told with its line. */
static int blame_file(const fct_plan *plan, const fct_conf *conf, int err, facteur_error *cause,
                      facteur_error **error)
{
    if (err == FACTEUR_ECONFIG && cause && plan->dsn_source == conf->source &&
        strcmp(facteur_error_where(cause), "dsn") == 0)
        fct_conf_blame(conf, conf->dsn.line, &cause);
    return fct_error_pass(error, err, cause);
}

static int read_dsn(fct_plan *plan, const fct_conf *conf, const char *dsn, const char *const *names,
                    const char *const *values, size_t count, facteur_error **error)
{
    bool one;
    int err = fct_group_parse(&plan->group, dsn, error);

    one = fct_group_is_one(&plan->group);
    plan->options.place = one ? FCT_PLACE_ALONE : FCT_PLACE_SHARED;
    if (!err)
        err = fct_conf_apply(conf, &plan->options, plan->dsn_source != conf->source, error);
    if (!err)
        err = fct_options_from_environment(&plan->options, error);
    if (!err && !one)
        err = fct_dsn_parse_query(&plan->options, FCT_LEVEL_GROUP, dsn, plan->group.query, error);
    if (!err)
        err = read_caller(plan, names, values, count, error);
    if (!err)
        err = read_members(plan, dsn, error);
    return !err && one ? take_options(plan, error) : err;
}

static int read_all(fct_plan *plan, const char *dsn, const char *const *names,
                    const char *const *values, size_t count, facteur_error **error)
{
    facteur_error *cause = NULL;
    fct_conf conf;
    int err = fct_conf_read(&conf, error);

    if (err)
        return err;
    err = choose_dsn(plan, &conf, &dsn, error);
    if (!err) {
        err = read_dsn(plan, &conf, dsn, names, values, count, &cause);
        err = err ? blame_file(plan, &conf, err, cause, error) : 0;
    }
    fct_conf_done(&conf);
    return err;
}

int facteur_default_dsn(facteur_error **error)
{
    const char *set = getenv("FACTEUR_DSN");
    fct_conf conf;
    int result;

    if (set && *set)
        return 1;
    result = fct_conf_read(&conf, error);
    if (result)
        return result;
    result = conf.dsn.text != NULL;
    fct_conf_done(&conf);
    return result;
}

char *facteur_default_option(const char *name)
{
    int option = fct_option_find(name, strlen(name));
    char variable[FCT_OPTION_VARIABLE], *text = NULL;
    const char *set;
    fct_conf conf;

    if (option < 0 || strcmp(facteur_option_type((size_t)option), "secret") == 0 ||
        strcmp(facteur_option_type((size_t)option), "json") == 0)
        return NULL;
    fct_option_variable((size_t)option, variable);
    set = getenv(variable);
    if (set && *set)
        return fct_strdup(set);
    if (fct_conf_read(&conf, NULL))
        return NULL;
    if (conf.values[option].text)
        text = fct_strdup(conf.values[option].text);
    fct_conf_done(&conf);
    return text;
}

/* ---- Checking -------------------------------------------------------------------------------- */

static int check_addresses(const fct_plan *plan, enum fct_option option, size_t most,
                           facteur_error **error)
{
    const char *text = text_of(plan, option), *name = facteur_option_name(option);
    facteur_error *cause = NULL;
    fct_address_list list = {0};
    size_t count;
    int err;

    if (!text)
        return 0;
    err = fct_address_list_parse(&list, name, fct_slice_of(text), &cause);
    count = fct_address_list_mailboxes(&list);
    fct_address_list_done(&list);
    if (err == FACTEUR_ENOMEM)
        fct_error_nomem(error);
    else if (err)
        err = fct_error_set(error, FACTEUR_ECONFIG, name, "%s",
                            cause ? facteur_error_message(cause) : facteur_error_text(err));
    else if (count < 1 || count > most)
        err = fct_error_set(error, FACTEUR_ECONFIG, name, "%s must be %s, not %zu", name,
                            most == 1 ? "one address" : "at least one address", count);
    facteur_error_free(cause);
    return err;
}

/* ---- Building -------------------------------------------------------------------------------- */

/* "failover(smtps://a.example:465 smtp://b.example:587)" */
static void name_node(const fct_plan *plan, unsigned at, fct_buf *name)
{
    const struct fct_group_node *node = &plan->group.nodes[at];

    if (node->kind == FCT_GROUP_MEMBER) {
        fct_buf_add_text(name, plan->members[node->member].name);
        return;
    }
    fct_buf_add_text(name, node->kind == FCT_GROUP_FAILOVER ? "failover(" : "roundrobin(");
    for (unsigned child = at + 1; child < node->end; child = plan->group.nodes[child].end) {
        if (child > at + 1)
            fct_buf_add_char(name, ' ');
        name_node(plan, child, name);
    }
    fct_buf_add_char(name, ')');
}

static int make_name(fct_plan *plan)
{
    fct_buf name = {0};

    name_node(plan, 0, &name);
    plan->name = fct_buf_take(&name, NULL);
    return plan->name ? 0 : FACTEUR_ENOMEM;
}

static void settle(fct_plan *plan)
{
    plan->deadline_us = number_of(plan, FCT_OPT_deadline);
    plan->background = number_of(plan, FCT_OPT_background) != 0;
    plan->bounds = (struct fct_bounds){
        .recipients = number_of(plan, FCT_OPT_max_recipients),
        .parts = number_of(plan, FCT_OPT_max_parts),
        .header_bytes = number_of(plan, FCT_OPT_max_header_bytes),
        .message_bytes = number_of(plan, FCT_OPT_max_message_bytes),
    };
    plan->default_from = text_of(plan, FCT_OPT_default_from);
    plan->default_locale = text_of(plan, FCT_OPT_default_locale);
    plan->syslog = (unsigned)number_of(plan, FCT_OPT_syslog);
    plan->logfile = text_of(plan, FCT_OPT_logfile);
    plan->bounces = number_of(plan, FCT_OPT_sendmail_bounce) != 0;
    plan->outbox = fct_options_get(&plan->options, FCT_OPT_outbox)->secret;
    plan->hold_doubts = number_of(plan, FCT_OPT_in_doubt) != 0;
    plan->contact_to = text_of(plan, FCT_OPT_contact_to);
}

static int aim(fct_plan *plan)
{
    const char *capture_dir = text_of(plan, FCT_OPT_capture_dir);
    const fct_member *first = &plan->members[0];
    fct_buf name = {0};

    if (plan->policy.mode == FCT_MODE_CAPTURE) {
        plan->target = capture_dir ? FCT_TARGET_FILE : FCT_TARGET_MEMORY;
        plan->directory = capture_dir;
        plan->directory_where = facteur_option_name(FCT_OPT_capture_dir);
        fct_buf_addf(&name, "%s%s", capture_dir ? "file://" : "memory://",
                     capture_dir ? capture_dir : "");
        plan->target_name = fct_buf_take(&name, NULL);
        return plan->target_name ? 0 : FACTEUR_ENOMEM;
    }
    if (fct_member_has_relay(first)) {
        plan->target = FCT_TARGET_RELAY;
    } else if (first->dsn.scheme == FCT_SCHEME_FILE) {
        plan->target = FCT_TARGET_FILE;
        plan->directory = first->dsn.path;
        plan->directory_where = "dsn";
    } else {
        plan->target = first->dsn.scheme == FCT_SCHEME_MEMORY ? FCT_TARGET_MEMORY : FCT_TARGET_NULL;
    }
    plan->target_name = fct_strdup(plan->name);
    return plan->target_name ? 0 : FACTEUR_ENOMEM;
}

int fct_plan_init(fct_plan *plan, const char *dsn, const char *const *names,
                  const char *const *values, size_t count, facteur_error **error)
{
    int err;

    memset(plan, 0, sizeof *plan);
    if (fct_options_init(&plan->options))
        return fct_error_nomem(error);
    err = read_all(plan, dsn, names, values, count, error);
    if (!err)
        err = check_addresses(plan, FCT_OPT_default_from, 1, error);
    if (!err)
        err = check_addresses(plan, FCT_OPT_contact_to, SIZE_MAX, error);
    if (!err)
        err = fct_policy_init(&plan->policy, &plan->options, error);
    if (!err)
        err = fct_signer_new(&plan->options, &plan->signer, error);
    if (!err)
        settle(plan);
    if (!err && (make_name(plan) || aim(plan)))
        err = fct_error_nomem(error);
    if (err)
        fct_plan_done(plan);
    return err;
}

void fct_plan_done(fct_plan *plan)
{
    for (unsigned i = 0; i < plan->member_count; i++)
        fct_member_done(&plan->members[i]);
    fct_free(plan->members);
    fct_policy_done(&plan->policy);
    fct_signer_free(plan->signer);
    fct_options_done(&plan->options);
    fct_free(plan->name);
    fct_free(plan->target_name);
    memset(plan, 0, sizeof *plan);
}

const fct_relay *fct_plan_relay(const fct_plan *plan, size_t index)
{
    if (plan->target != FCT_TARGET_RELAY || index >= plan->member_count)
        return NULL;
    return &plan->members[index].relay;
}

bool fct_plan_equal(const fct_plan *a, const fct_plan *b)
{
    /* The name shows the shape of the group. */
    if (strcmp(a->name, b->name) != 0 || a->member_count != b->member_count ||
        !fct_options_equal(&a->options, &b->options))
        return false;
    for (unsigned i = 0; i < a->member_count; i++) {
        if (!fct_member_equal(&a->members[i], &b->members[i]))
            return false;
    }
    return true;
}

int fct_plan_complete(fct_plan *plan, const char *sender, facteur_error **error)
{
    for (unsigned i = 0; i < plan->member_count; i++) {
        int err = fct_member_complete(&plan->members[i], sender, error);

        if (err)
            return err;
    }
    return 0;
}
