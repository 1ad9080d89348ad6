/* SPDX-License-Identifier: MIT */
/*
 * Options that are JSON text with secrets in it.  No error shows a value, and the texts are wiped
 * when the tree is freed.
 */
#ifndef FCT_CONFIG_JSON_H
#define FCT_CONFIG_JSON_H

#include "base/secret.h"
#include "facteur.h"

#include <jansson.h>
#include <stdint.h>

enum fct_config_kind {
    FCT_CONFIG_TEXT,    /* fct_slice into the tree, NUL-terminated; not empty */
    FCT_CONFIG_FLAG,    /* bool */
    FCT_CONFIG_SECONDS, /* int64_t, 1 to ten years */
    FCT_CONFIG_TEXTS,   /* const json_t *: a list of texts */
    FCT_CONFIG_OBJECT,  /* const json_t * */
    FCT_CONFIG_LIST     /* const json_t *: a list of anything */
};

struct fct_config_member {
    const char *name;
    enum fct_config_kind kind;
    size_t offset; /* in the struct that is filled */
};

/* The place of a value: "dkim[0]".  A member follows after a dot. */
#define FCT_CONFIG_WHERE 96

/*
 * Parse an option's text.  Returns 0, FACTEUR_ENOMEM, or FACTEUR_ECONFIG when it is not JSON (the
 * error gives the place) or has a name twice.
 */
int fct_config_load(fct_slice text, const char *option, json_t **out, facteur_error **error);
void fct_config_free(json_t *json); /* wipes; NULL is fine */

/*
 * Read an object into its zeroed struct.  null counts as not given.  Returns 0, or FACTEUR_ECONFIG
 * when it is not an object, or has an unknown member (the error gives the nearest name) or one of
 * the wrong kind.
 */
int fct_config_read(const json_t *json, const char *where, const struct fct_config_member *members,
                    size_t count, void *out, facteur_error **error);

/*
 * Call `file` for every text in an option's JSON that names a file: the members called "…_file".
 * The walk ends with the first result that is not 0.
 */
typedef int (*fct_config_file)(void *user, const char *where, const char *path);
int fct_config_walk_files(fct_slice text, const char *option, fct_config_file file, void *user,
                          facteur_error **error);

/* Refuse a member: `where` of the error is "dkim[0].key". */
int fct_config_refuse(facteur_error **error, const char *where, const char *member,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Make a secret, which the caller owns, of `text` or of the file `path`.  Returns 0,
 * FACTEUR_ENOMEM, or FACTEUR_ECONFIG when both or neither are given, or when the file cannot be
 * read.
 */
int fct_config_text_or_file(fct_slice text, fct_slice path, const char *where, const char *member,
                            fct_secret **secret, facteur_error **error);

#endif
