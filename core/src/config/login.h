/* SPDX-License-Identifier: MIT */
/* Who logs in, and with which secret: several options can bring one, exactly one does. */
#ifndef FCT_LOGIN_H
#define FCT_LOGIN_H

#include "config/dsn.h"

#include <sys/stat.h>
#include <time.h>

/*
 * Of password, password_file, password_env and token keep the one of the highest level and unset
 * the others; read password_env; check that what is there makes a login.  Opens no file.
 */
int fct_login_settle(fct_options *options, const fct_dsn *dsn, facteur_error **error);

/* What tells whether a file still is the one that was read. */
struct fct_login_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed; /* ctime: unlike mtime it cannot be set back */
    bool settled; /* it had been left alone for longer than the file system's clock ticks */
};

/*
 * Read password_file into `password`, its stamp into `stamp`.  FACTEUR_ECONFIG says why it cannot
 * be read.
 */
int fct_login_read_file(const char *path, fct_secret **password, struct fct_login_stamp *stamp,
                        facteur_error **error);

/* Whether reading it again could give another password. */
bool fct_login_file_changed(const char *path, const struct fct_login_stamp *stamp);

#endif
