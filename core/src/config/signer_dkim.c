/* SPDX-License-Identifier: MIT */
/* The option dkim: a list of signatures, each with its key from a text, a file or a callback. */
#include "config/signer_options.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/config_json.h"

#include <stdio.h>
#include <string.h>

#define SIGNATURES_MAX 16

struct facteur_key {
    fct_secret *pem;
    char problem[200];
};

struct fct_dkim_owned {
    fct_buf domain, identity;
    char *selector;
    fct_dkim_key *key;
    fct_slice *skipped; /* each its own block */
    size_t skipped_count;
};

struct entry {
    fct_slice domain, selector, key, key_file, passphrase, identity;
    bool key_callback, timestamp;
    int64_t expires_after;
    const json_t *skip_headers;
};

static const struct fct_config_member members[] = {
    {"domain", FCT_CONFIG_TEXT, offsetof(struct entry, domain)},
    {"selector", FCT_CONFIG_TEXT, offsetof(struct entry, selector)},
    {"key", FCT_CONFIG_TEXT, offsetof(struct entry, key)},
    {"key_file", FCT_CONFIG_TEXT, offsetof(struct entry, key_file)},
    {"key_callback", FCT_CONFIG_FLAG, offsetof(struct entry, key_callback)},
    {"passphrase", FCT_CONFIG_TEXT, offsetof(struct entry, passphrase)},
    {"identity", FCT_CONFIG_TEXT, offsetof(struct entry, identity)},
    {"timestamp", FCT_CONFIG_FLAG, offsetof(struct entry, timestamp)},
    {"expires_after", FCT_CONFIG_SECONDS, offsetof(struct entry, expires_after)},
    {"skip_headers", FCT_CONFIG_TEXTS, offsetof(struct entry, skip_headers)},
};

struct reading {
    const struct fct_key_source *source;
    bool *lazy, *wants_source;
    char where[FCT_CONFIG_WHERE];
    facteur_error **error;
};

int facteur_key_give(facteur_key *key, const char *pem, size_t len)
{
    if (len == FACTEUR_NTS)
        len = strlen(pem);
    if (!len || len > 65536)
        return FACTEUR_ECONFIG;
    fct_secret_unref(key->pem);
    key->pem = fct_secret_new(pem, len);
    return key->pem ? 0 : FACTEUR_ENOMEM;
}

void facteur_key_fail(facteur_key *key, const char *sentence)
{
    snprintf(key->problem, sizeof key->problem, "%s", sentence);
}

void fct_dkim_set_free(struct fct_dkim_set *set)
{
    for (size_t i = 0; set && i < set->count; i++) {
        struct fct_dkim_owned *owned = &set->owned[i];

        for (size_t n = 0; n < owned->skipped_count; n++)
            fct_free((char *)owned->skipped[n].ptr);
        fct_free(owned->skipped);
        fct_free(owned->selector);
        fct_buf_done(&owned->domain);
        fct_buf_done(&owned->identity);
        fct_dkim_key_free(owned->key);
    }
    if (set) {
        fct_free(set->signatures);
        fct_free(set->owned);
    }
    fct_free(set);
}

/* ---- Keys ------------------------------------------------------------------------------------ */

static int ask(struct reading *r, const struct fct_dkim_owned *owned, fct_secret **pem)
{
    facteur_key key = {.problem = "the callback gave no key"};

    if (!r->source->ask)
        return fct_config_refuse(r->error, r->where, "key_callback",
                                 "no callback was set with facteur_mailer_set_key_source()");
    if (r->source->ask(r->source->user, owned->domain.ptr, owned->selector, &key) || !key.pem) {
        fct_secret_unref(key.pem);
        return fct_config_refuse(r->error, r->where, "key", "%s", key.problem);
    }
    *pem = key.pem;
    return 0;
}

static int load_key(struct reading *r, const struct entry *entry, struct fct_dkim_owned *owned)
{
    fct_secret *pem = NULL, *passphrase = NULL;
    const char *fault = "";
    int err = entry->key_callback ? ask(r, owned, &pem)
                                  : fct_config_text_or_file(entry->key, entry->key_file, r->where,
                                                            "key", &pem, r->error);

    if (!err && entry->passphrase.len) {
        passphrase = fct_secret_new(entry->passphrase.ptr, entry->passphrase.len);
        err = passphrase ? 0 : fct_error_nomem(r->error);
    }
    if (!err) {
        owned->key = fct_dkim_key_new(fct_secret_bytes(pem), passphrase, &fault);
        if (!owned->key)
            err = fault ? fct_config_refuse(r->error, r->where,
                                            entry->key_file.len ? "key_file" : "key", "the key %s",
                                            fault)
                        : fct_error_nomem(r->error);
    }
    fct_secret_unref(pem);
    fct_secret_unref(passphrase);
    return err;
}

static int read_key(struct reading *r, const struct entry *entry, struct fct_dkim_owned *owned)
{
    int given = (entry->key.len > 0) + (entry->key_file.len > 0) + entry->key_callback;

    if (given != 1)
        return fct_config_refuse(r->error, r->where, "key",
                                 given ? "give only one of key, key_file and key_callback"
                                       : "missing: give key or key_file");
    *r->wants_source = *r->wants_source || entry->key_callback;
    if (r->lazy && !entry->key.len) {
        *r->lazy = true;
        return 0;
    }
    return load_key(r, entry, owned);
}

/* ---- Tags ------------------------------------------------------------------------------------ */

static int refuse_tag(struct reading *r, int err, const char *member, const char *why)
{
    return err == FACTEUR_ENOMEM ? fct_error_nomem(r->error)
                                 : fct_config_refuse(r->error, r->where, member, "%s", why);
}

static int read_tags(struct reading *r, const struct entry *entry, struct fct_dkim_owned *owned)
{
    const char *why = "missing";
    int err = entry->domain.len ? fct_dkim_check_domain(&owned->domain, entry->domain, &why)
                                : FACTEUR_ECONFIG;

    if (err)
        return refuse_tag(r, err, "domain", why);
    why = "missing";
    err = entry->selector.len ? fct_dkim_check_selector(entry->selector, &why) : FACTEUR_ECONFIG;
    if (err)
        return refuse_tag(r, err, "selector", why);
    owned->selector = fct_strndup(entry->selector.ptr, entry->selector.len);
    if (!owned->selector)
        return fct_error_nomem(r->error);
    if (!entry->identity.len)
        return 0;
    err = fct_dkim_check_identity(&owned->identity, entry->identity,
                                  (fct_slice){owned->domain.ptr, owned->domain.len}, &why);
    return err ? refuse_tag(r, err, "identity", why) : 0;
}

static int read_skipped(struct reading *r, const json_t *list, struct fct_dkim_owned *owned)
{
    json_t *value;
    size_t i;

    owned->skipped = fct_calloc(json_array_size(list) + 1, sizeof *owned->skipped);
    if (!owned->skipped)
        return fct_error_nomem(r->error);
    json_array_foreach(list, i, value)
    {
        fct_slice name = {json_string_value(value), json_string_length(value)};
        char *copy;

        if (!fct_dkim_may_skip(name))
            return fct_config_refuse(r->error, r->where, "skip_headers",
                                     "From is always signed (RFC 6376 section 5.4)");
        copy = fct_strndup(name.ptr, name.len);
        if (!copy)
            return fct_error_nomem(r->error);
        owned->skipped[owned->skipped_count++] = (fct_slice){copy, name.len};
    }
    return 0;
}

static int read_entry(struct reading *r, const json_t *json, struct fct_dkim_owned *owned,
                      struct fct_dkim_signature *signature)
{
    struct entry entry = {0};
    int err = fct_config_read(json, r->where, members, sizeof members / sizeof *members, &entry,
                              r->error);

    if (!err)
        err = read_tags(r, &entry, owned);
    if (!err)
        err = read_skipped(r, entry.skip_headers, owned);
    if (!err)
        err = read_key(r, &entry, owned);
    *signature = (struct fct_dkim_signature){
        .domain = owned->domain.ptr,
        .selector = owned->selector,
        .identity = owned->identity.ptr,
        .key = owned->key,
        .timestamp = entry.timestamp || entry.expires_after,
        .expires_after_s = entry.expires_after,
        .unsigned_fields = owned->skipped,
        .unsigned_count = owned->skipped_count,
    };
    return err;
}

static int read_list(struct reading *r, const json_t *list, struct fct_dkim_set **out)
{
    size_t count = json_array_size(list);
    struct fct_dkim_set *set;
    int err = 0;

    if (!json_is_array(list) || !count || count > SIGNATURES_MAX)
        return fct_error_set(r->error, FACTEUR_ECONFIG, "dkim",
                             "dkim is a list of 1 to %d signatures: [{\"domain\": …, \"selector\": "
                             "…, \"key_file\": …}]",
                             SIGNATURES_MAX);
    set = fct_calloc(1, sizeof *set);
    if (set) {
        set->signatures = fct_calloc(count, sizeof *set->signatures);
        set->owned = fct_calloc(count, sizeof *set->owned);
    }
    if (!set || !set->signatures || !set->owned)
        err = fct_error_nomem(r->error);
    for (size_t i = 0; !err && i < count; i++) {
        snprintf(r->where, sizeof r->where, "dkim[%zu]", i);
        set->count++;
        err = read_entry(r, json_array_get(list, i), &set->owned[i], &set->signatures[i]);
    }
    if (err)
        fct_dkim_set_free(set);
    else
        *out = set;
    return err;
}

int fct_dkim_set_read(fct_slice json, const struct fct_key_source *source, bool *lazy,
                      bool *wants_source, struct fct_dkim_set **out, facteur_error **error)
{
    struct reading r = {
        .source = source, .lazy = lazy, .wants_source = wants_source, .error = error};
    json_t *tree = NULL;
    int err = fct_config_load(json, "dkim", &tree, error);

    if (!err)
        err = read_list(&r, tree, out);
    fct_config_free(tree);
    return err;
}
