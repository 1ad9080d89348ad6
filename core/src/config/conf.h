/* SPDX-License-Identifier: MIT */
/*
 * The configuration file: defaults of a machine or a site for the program and the bindings, a DSN
 * and options, `name = value` on each line.
 */
#ifndef FCT_CONF_H
#define FCT_CONF_H

#include "config/options.h"

#define FCT_CONF_SYSTEM "/etc/facteur.conf"
#define FCT_CONF_VARIABLE "FACTEUR_CONFIG" /* names another file */

struct fct_conf_value {
    const char *text; /* in the file's text, or NULL */
    unsigned line;
};

typedef struct fct_conf {
    const char *path;   /* of the file that was read; "" when there is none */
    const char *source; /* what named it, as facteur_path() tells: the variable or the path */
    int denied;         /* errno: the system's file is there, and this process may not read it */
    fct_buf text;       /* may hold secrets */
    struct fct_conf_value dsn, values[FCT_OPTION_COUNT];
} fct_conf;

/*
 * Read FACTEUR_CONFIG, else the system's file.  A process with the privileges of another user
 * (setuid) does not look at the variable.  No file is no error, unless the variable names it; nor
 * is a system's file that this process may not read: `denied` says so.
 *
 * Returns 0; FACTEUR_ECONFIG, with the file and the line as `where`, when the file cannot be read,
 * when others may write it or read secrets in it, when a line is not understood or when an option
 * is unknown; FACTEUR_ELIMIT; FACTEUR_ENOMEM.  After an error there is nothing to free.
 */
int fct_conf_read(fct_conf *conf, facteur_error **error);
void fct_conf_done(fct_conf *conf); /* wipes */

/*
 * Set the options at FCT_LEVEL_FILE.
 *
 * own_dsn   The file's DSN is not the one in use.  Then its options of a relay are left out: no
 *           other relay may be told this one's login.
 *
 * Returns 0, or an error of fct_options_set() with file and line before the option.
 */
int fct_conf_apply(const fct_conf *conf, fct_options *options, bool own_dsn, facteur_error **error);

/* Put the file and a line of it before the error's `where`.  *error may be NULL. */
void fct_conf_blame(const fct_conf *conf, unsigned line, facteur_error **error);

#endif
