/* SPDX-License-Identifier: MIT */
/*
 * Options that are JSON text with secrets in it.  No value is ever told in an error, and the texts
 * are wiped when the tree goes.
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

/* Where a value stands: "dkim[0]"; its members are told behind a dot. */
#define FCT_CONFIG_WHERE 96

/* FACTEUR_ECONFIG: no JSON (the place is told), or a name twice; FACTEUR_ENOMEM. */
int fct_config_load(fct_slice text, const char *option, json_t **out, facteur_error **error);
void fct_config_free(json_t *json); /* wipes; NULL is fine */

/*
 * Read an object into its zeroed struct.  null counts as not given.
 * FACTEUR_ECONFIG: no object, an unknown member (the nearest name is told), one of the wrong kind.
 */
int fct_config_read(const json_t *json, const char *where, const struct fct_config_member *members,
                    size_t count, void *out, facteur_error **error);

/*
 * Call `file` for every text within an option's JSON that names a file: the members called
 * "…_file".  A call that does not return 0 ends the walk with that.
 */
typedef int (*fct_config_file)(void *user, const char *where, const char *path);
int fct_config_walk_files(fct_slice text, const char *option, fct_config_file file, void *user,
                          facteur_error **error);

/* Refuse a member: `where` of the error is "dkim[0].key". */
int fct_config_refuse(facteur_error **error, const char *where, const char *member,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * The secret text `text`, or what is in the file `path`, as a secret of the caller's.
 * FACTEUR_ECONFIG: both or none are given, or the file cannot be read; FACTEUR_ENOMEM.
 */
int fct_config_text_or_file(fct_slice text, fct_slice path, const char *where, const char *member,
                            fct_secret **secret, facteur_error **error);

#endif
