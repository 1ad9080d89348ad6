/* SPDX-License-Identifier: MIT */
#include "config/policy.h"

#include "base/error.h"
#include "base/memory.h"
#include "mime/address.h"
#include "mime/content.h"
#include "mime/field.h"
#include "mime/idna.h"

#include <string.h>

static int push(struct fct_text_list *list, fct_slice text, facteur_error **error)
{
    char **items = fct_reallocarray(list->items, list->count + 1, sizeof *items);

    if (!items)
        return fct_error_nomem(error);
    list->items = items;
    items[list->count] = fct_strndup(text.ptr, text.len);
    if (!items[list->count])
        return fct_error_nomem(error);
    list->count++;
    return 0;
}

/* The fault is in the configuration, not in a message. */
static int as_config(int err, const char *where, facteur_error **error)
{
    facteur_error *made = NULL;

    if (err != FACTEUR_EMESSAGE || !error || !*error)
        return err == FACTEUR_EMESSAGE ? FACTEUR_ECONFIG : err;
    fct_error_set(&made, FACTEUR_ECONFIG, where, "%s", facteur_error_message(*error));
    facteur_error_free(*error);
    *error = made;
    return FACTEUR_ECONFIG;
}

static int read_redirect(fct_policy *policy, const char *text, facteur_error **error)
{
    fct_address_list list = {0};
    int err = fct_address_list_parse(&list, "redirect_to", fct_slice_of(text), error);

    for (size_t i = 0; !err && i < list.count; i++) {
        if (list.items[i].kind == FCT_MAILBOX)
            err = push(&policy->redirect, fct_slice_of(list.items[i].address), error);
    }
    fct_address_list_done(&list);
    return as_config(err, "redirect_to", error);
}

/* "ana@example.com", "example.com" or "@example.com". */
static int read_allowed(fct_policy *policy, fct_slice item, facteur_error **error)
{
    fct_buf wire = {0};
    const char *why = "";
    bool address = item.ptr[0] != '@' && memchr(item.ptr, '@', item.len);
    int err;

    if (address) {
        err = fct_address_parse_one(&wire, "allow", item, error);
    } else {
        if (item.ptr[0] == '@')
            item = (fct_slice){item.ptr + 1, item.len - 1};
        err = fct_idna_domain(&wire, item, &why);
        if (err == FACTEUR_EMESSAGE)
            fct_error_set(error, err, "allow", "\"%.*s\" is no domain: %s", (int)item.len, item.ptr,
                          why);
    }
    if (!err)
        err = push(&policy->allow, (fct_slice){wire.ptr, wire.len}, error);
    else if (err == FACTEUR_ENOMEM)
        fct_error_nomem(error);
    fct_buf_done(&wire);
    return as_config(err, "allow", error);
}

static int read_allow(fct_policy *policy, const char *text, facteur_error **error)
{
    while (*text) {
        size_t len = strcspn(text, ",");
        fct_slice item = fct_slice_trim((fct_slice){text, len});
        int err = item.len ? read_allowed(policy, item, error) : 0;

        if (err)
            return err;
        text += len + (text[len] == ',');
    }
    return 0;
}

/* A missing setting must not let anybody get mail. */
static int require_lists(const fct_policy *policy, facteur_error **error)
{
    if (policy->mode == FCT_MODE_REDIRECT && !policy->redirect.count)
        return fct_error_set(error, FACTEUR_ECONFIG, "redirect_to",
                             "mode=redirect needs an address in redirect_to");
    if (policy->mode == FCT_MODE_ALLOWLIST && !policy->allow.count)
        return fct_error_set(error, FACTEUR_ECONFIG, "allow",
                             "mode=allowlist needs addresses or domains in allow");
    return 0;
}

int fct_policy_init(fct_policy *policy, const fct_options *options, facteur_error **error)
{
    const char *redirect = fct_options_get(options, FCT_OPT_redirect_to)->text;
    const char *allow = fct_options_get(options, FCT_OPT_allow)->text;
    int err = 0;

    memset(policy, 0, sizeof *policy);
    policy->mode = (enum fct_mode)fct_options_get(options, FCT_OPT_mode)->number;
    if (redirect)
        err = read_redirect(policy, redirect, error);
    if (!err && allow)
        err = read_allow(policy, allow, error);
    return err ? err : require_lists(policy, error);
}

static void list_done(struct fct_text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        fct_free(list->items[i]);
    fct_free(list->items);
}

void fct_policy_done(fct_policy *policy)
{
    list_done(&policy->redirect);
    list_done(&policy->allow);
    memset(policy, 0, sizeof *policy);
}

/*
 * Local parts are compared without regard to case too: no site gives "Ana" and "ana" to two people.
 */
static bool is_allowed(const fct_policy *policy, const char *recipient)
{
    fct_slice domain = fct_address_domain(recipient);

    for (size_t i = 0; i < policy->allow.count; i++) {
        fct_slice item = fct_slice_of(policy->allow.items[i]);
        bool address = memchr(item.ptr, '@', item.len) != NULL;

        if (fct_slice_equal_nocase(item, address ? fct_slice_of(recipient) : domain))
            return true;
    }
    return false;
}

static int apply_allowlist(const fct_policy *policy, fct_mail *mail,
                           struct fct_policy_verdict *verdict)
{
    size_t count = fct_mail_recipient_count(mail), allowed_count = 0;
    const char **allowed = fct_calloc(count, sizeof *allowed);

    verdict->refused = fct_calloc(count, sizeof *verdict->refused);
    for (size_t i = 0; allowed && verdict->refused && i < count; i++) {
        const char *recipient = fct_mail_recipient(mail, i);

        if (is_allowed(policy, recipient))
            allowed[allowed_count++] = recipient;
        else
            verdict->refused[verdict->refused_count++] = recipient;
    }
    if (allowed_count == count)
        verdict->mail = fct_mail_ref(mail);
    else if (allowed_count)
        verdict->mail = fct_mail_with_recipients(mail, allowed, allowed_count);
    fct_free(allowed);
    if (verdict->mail || (verdict->refused && verdict->refused_count == count))
        return 0;
    fct_free(verdict->refused);
    verdict->refused = NULL;
    return FACTEUR_ENOMEM;
}

int fct_policy_apply(const fct_policy *policy, fct_mail *mail, struct fct_policy_verdict *verdict)
{
    memset(verdict, 0, sizeof *verdict);
    if (policy->mode == FCT_MODE_ALLOWLIST)
        return apply_allowlist(policy, mail, verdict);
    if (policy->mode == FCT_MODE_REDIRECT)
        verdict->mail = fct_mail_with_recipients(mail, (const char *const *)policy->redirect.items,
                                                 policy->redirect.count);
    else
        verdict->mail = fct_mail_ref(mail);
    return verdict->mail ? 0 : FACTEUR_ENOMEM;
}

/*
 * ---- Recipients outside the envelope ----------------------------------------------------------
 */

/* Fields that Mandrill, SendGrid and SparkPost read; their members that name addresses. */
static const struct {
    const char *name, *members[3];
} further[] = {
    {"X-MC-BccAddress", {""}},
    {"X-SMTPAPI", {"\"to\"", "\"bcc\""}},
    {"X-MSYS-API", {"\"cc\"", "\"bcc\"", "\"archive\""}},
};

static int check_field(fct_slice field, facteur_error **error)
{
    fct_slice name = fct_field_name(field);

    for (size_t i = 0; i < sizeof further / sizeof further[0]; i++) {
        if (!fct_slice_equal_nocase(name, fct_slice_of(further[i].name)))
            continue;
        for (size_t j = 0; j < 3 && further[i].members[j]; j++) {
            const char *member = further[i].members[j];

            if (memmem(field.ptr, field.len, member, strlen(member)))
                return fct_error_set(error, FACTEUR_EMESSAGE, "headers",
                                     "%s names recipients of its own, whom this mode could not "
                                     "keep from getting the mail",
                                     further[i].name);
        }
    }
    return 0;
}

int fct_policy_check(const fct_policy *policy, const fct_mail *mail, facteur_error **error)
{
    fct_slice head;
    int err = 0;

    if (policy->mode != FCT_MODE_REDIRECT && policy->mode != FCT_MODE_ALLOWLIST)
        return 0;
    head = fct_content_head(fct_mail_content(mail));
    while (!err && head.len)
        err = check_field(fct_field_next(&head), error);
    return err;
}
