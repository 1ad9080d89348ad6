/* SPDX-License-Identifier: MIT */
/* Who logs in, and with which secret: several options can bring one, exactly one does. */
#ifndef FCT_LOGIN_H
#define FCT_LOGIN_H

#include "mailer/dsn.h"

/*
 * Of password, password_file, password_env and token keep the one of the highest level and unset
 * the others; read password_env; check that what is there makes a login.  Opens no file.
 */
int fct_login_settle(fct_options *options, const fct_dsn *dsn, facteur_error **error);

/* Read password_file into `password`; FACTEUR_ECONFIG says why it cannot be read. */
int fct_login_read_file(const char *path, fct_secret **password, facteur_error **error);

#endif
