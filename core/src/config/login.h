/* SPDX-License-Identifier: MIT */
/*
 * Decides which user logs in and with which secret.  Several options can give a secret, but only
 * one may.
 */
#ifndef FCT_LOGIN_H
#define FCT_LOGIN_H

#include "config/dsn.h"

#include <sys/stat.h>
#include <time.h>

/*
 * Keep the option of the highest level among password, password_file, password_env and token, and
 * unset the others.  Read password_env.  Check that the values make a login.  Opens no file.
 */
int fct_login_settle(fct_options *options, const fct_dsn *dsn, facteur_error **error);

/* The facts that show whether a file has changed since it was read. */
struct fct_login_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed; /* ctime: unlike mtime it cannot be set back */
    bool settled; /* it was unchanged for longer than a tick of the file system's clock */
};

/*
 * Read password_file into `password` and its stamp into `stamp`.  Returns 0, or FACTEUR_ECONFIG
 * with the cause when it cannot be read.
 */
int fct_login_read_file(const char *path, fct_secret **password, struct fct_login_stamp *stamp,
                        facteur_error **error);

/* Whether reading it again could give another password. */
bool fct_login_file_changed(const char *path, const struct fct_login_stamp *stamp);

#endif
