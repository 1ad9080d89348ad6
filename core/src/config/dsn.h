/* SPDX-License-Identifier: MIT */
/*
 * The DSN: scheme, credentials, host, port and options in one line of text.  Its credentials and
 * its query become option values.  Errors give the wrong character and its place, never a password.
 */
#ifndef FCT_DSN_H
#define FCT_DSN_H

#include "config/options.h"
#include "config/preset.h"

enum fct_scheme {
    FCT_SCHEME_SMTP,
    FCT_SCHEME_SMTPS,
    FCT_SCHEME_UNIX,
    FCT_SCHEME_FILE,
    FCT_SCHEME_MEMORY,
    FCT_SCHEME_NULL,
    FCT_SCHEME_PRESET
};

typedef struct fct_dsn {
    enum fct_scheme scheme;
    const struct fct_preset *preset; /* with FCT_SCHEME_PRESET */
    char *host; /* A-labels in lower case, or an address literal without brackets: "fe80::1%eth0" */
    uint16_t port; /* 0: not given */
    char *path;    /* the socket ("@name": abstract) or the directory */
} fct_dsn;

/*
 * Read `part` of the text `whole` into `dsn` and, at FCT_LEVEL_DSN, into `options`.  Errors give
 * positions in `whole`.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_ECONFIG with "dsn", or the wrong option of the query, as
 * `where`.  After an error `dsn` is empty, and `options` may have some of the values.
 */
int fct_dsn_parse(fct_dsn *dsn, fct_options *options, const char *whole, fct_slice part,
                  facteur_error **error);
void fct_dsn_done(fct_dsn *dsn);

/* Read options alone, "name=value&…", at `level`. */
int fct_dsn_parse_query(fct_options *options, enum fct_level level, const char *whole,
                        fct_slice query, facteur_error **error);

#endif
