/* SPDX-License-Identifier: MIT */
#include "config/login.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/shortage.h"
#include "mime/content.h"
#include "smtp/sasl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWORD_MAX 65536
#define SETTLED_S 2 /* the coarsest clock of a file system in use */

static const enum fct_option sources[] = {FCT_OPT_password,      FCT_OPT_password_file,
                                          FCT_OPT_password_env,  FCT_OPT_token,
                                          FCT_OPT_token_command, FCT_OPT_token_callback};

#define SOURCE_COUNT (sizeof sources / sizeof sources[0])

static bool is_set(const struct fct_option_value *value)
{
    return value->text || value->secret;
}

static void unset(struct fct_option_value *value)
{
    fct_text_wipe(value->text);
    fct_secret_unref(value->secret);
    *value = (struct fct_option_value){0};
}

/* The callback serves relays that have no secret in their own DSN. */
static void settle_callback(fct_options *options)
{
    struct fct_option_value *callback = &options->values[FCT_OPT_token_callback];

    for (size_t i = 0; i < SOURCE_COUNT - 1; i++) {
        const struct fct_option_value *value = &options->values[sources[i]];

        if (is_set(value) && value->level == FCT_LEVEL_DSN)
            callback->number = 0;
    }
    /* A bool always has a text.  One that is off counts as not given. */
    if (!callback->number)
        unset(callback);
}

/* With two secrets of the same level we would have to guess. */
static int choose(fct_options *options, facteur_error **error)
{
    struct fct_option_value *best = NULL;
    const char *best_name = NULL;

    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        struct fct_option_value *value = &options->values[sources[i]];
        const char *name = facteur_option_name(sources[i]);

        if (!is_set(value))
            continue;
        if (best && best->level == value->level)
            return fct_error_set(error, FACTEUR_ECONFIG, name, "give %s or %s, not both", best_name,
                                 name);
        if (best && best->level > value->level) {
            unset(value);
            continue;
        }
        if (best)
            unset(best);
        best = value;
        best_name = name;
    }
    return 0;
}

/* "" when the text can be a password, else the fault.  AUTH cannot carry a NUL or a line end. */
static const char *fault_of(const char *text, size_t len)
{
    if (!len)
        return "is empty";
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return "has a control character";
    }
    return "";
}

static int read_environment(fct_options *options, facteur_error **error)
{
    struct fct_option_value *variable = &options->values[FCT_OPT_password_env];
    struct fct_option_value *password = &options->values[FCT_OPT_password];
    const char *text, *fault;

    if (!variable->text)
        return 0;
    text = getenv(variable->text);
    fault = text ? fault_of(text, strlen(text)) : "is not set";
    if (*fault)
        return fct_error_set(error, FACTEUR_ECONFIG, "password_env",
                             "the environment variable %s %s", variable->text, fault);
    unset(password);
    password->secret = fct_secret_new(text, strlen(text));
    password->level = variable->level;
    return password->secret ? 0 : fct_error_nomem(error);
}

/* Postmark's token is both user name and password. */
static int repeat_key(fct_options *options, const fct_dsn *dsn, facteur_error **error)
{
    const struct fct_option_value *password = fct_options_get(options, FCT_OPT_password);
    fct_slice key = fct_secret_bytes(password->secret);

    if (!dsn->preset || dsn->preset->login != FCT_LOGIN_SAME || !password->secret ||
        fct_options_get(options, FCT_OPT_username)->text)
        return 0;
    return fct_options_set(options, FCT_LEVEL_PRESET, "username", 8, key.ptr, key.len, error);
}

static int check_auth(const fct_options *options, bool has_token, facteur_error **error)
{
    const char *auth = fct_options_get(options, FCT_OPT_auth)->text;
    int mechanism = auth ? fct_mechanism_named(fct_slice_of(auth)) : -1;
    bool oauth = auth && (strcmp(auth, "XOAUTH2") == 0 || strcmp(auth, "OAUTHBEARER") == 0);

    if (oauth && !has_token)
        return fct_error_set(error, FACTEUR_ECONFIG, "auth", "auth=%s needs the option token",
                             auth);
    if (auth && !oauth && has_token)
        return fct_error_set(error, FACTEUR_ECONFIG, "auth",
                             "auth=%s cannot use a token; leave auth out, or name OAUTHBEARER or "
                             "XOAUTH2",
                             auth);
    if (auth && fct_options_get(options, FCT_OPT_authzid)->text &&
        !fct_mechanism_names_another(mechanism))
        return fct_error_set(error, FACTEUR_ECONFIG, "authzid", "auth=%s cannot carry an authzid",
                             auth);
    return 0;
}

/* The certificate is the login (RFC 4422 appendix A).  A username asks to act as somebody else. */
static int check_external(const fct_options *options, bool secret, facteur_error **error)
{
    if (secret)
        return fct_error_set(
            error, FACTEUR_ECONFIG, "auth",
            "auth=EXTERNAL logs in with client_cert, not with a password or token");
    if (!fct_options_get(options, FCT_OPT_client_cert)->text)
        return fct_error_set(error, FACTEUR_ECONFIG, "client_cert",
                             "auth=EXTERNAL needs the option client_cert");
    return 0;
}

static int check(const fct_options *options, const fct_dsn *dsn, facteur_error **error)
{
    const char *auth = fct_options_get(options, FCT_OPT_auth)->text;
    bool token = is_set(fct_options_get(options, FCT_OPT_token)) ||
                 is_set(fct_options_get(options, FCT_OPT_token_command)) ||
                 is_set(fct_options_get(options, FCT_OPT_token_callback));
    bool password = is_set(fct_options_get(options, FCT_OPT_password)) ||
                    is_set(fct_options_get(options, FCT_OPT_password_file));
    bool user = is_set(fct_options_get(options, FCT_OPT_username));
    bool same = dsn->preset && dsn->preset->login == FCT_LOGIN_SAME;

    if (auth && strcmp(auth, "EXTERNAL") == 0)
        return check_external(options, password || token, error);
    if (dsn->preset && (!user || !(password || token)) && !(same && password))
        return fct_error_set(error, FACTEUR_ECONFIG, password || token ? "username" : "password",
                             "%s needs a login: %s, or the options username and password",
                             dsn->preset->name, dsn->preset->example);
    if (fct_options_get(options, FCT_OPT_authzid)->text && !password && !token)
        return fct_error_set(error, FACTEUR_ECONFIG, "authzid", "authzid is given without a login");
    if (user && !password && !token)
        return fct_error_set(error, FACTEUR_ECONFIG, "password",
                             "there is a username but no password: give password, password_file, "
                             "password_env or token");
    if (!user && (password || token) && !same)
        return fct_error_set(error, FACTEUR_ECONFIG, "username",
                             "there is a password but no username");
    if (auth && !password && !token)
        return fct_error_set(error, FACTEUR_ECONFIG, "auth",
                             "auth is given but neither username nor password");
    return check_auth(options, token, error);
}

int fct_login_settle(fct_options *options, const fct_dsn *dsn, facteur_error **error)
{
    int err;

    settle_callback(options);
    err = choose(options, error);
    if (!err)
        err = read_environment(options, error);
    if (!err)
        err = repeat_key(options, dsn, error);
    return err ? err : check(options, dsn, error);
}

static int refuse_file(const char *path, const char *why, facteur_error **error)
{
    return fct_error_set(error, FACTEUR_ECONFIG, "password_file", "cannot read \"%s\": %s", path,
                         why);
}

static bool stamp_file(int fd, struct fct_login_stamp *stamp)
{
    time_t now = fct_clock_date_s();
    struct stat facts;

    if (fstat(fd, &facts) != 0)
        return false;
    *stamp = (struct fct_login_stamp){.device = facts.st_dev,
                                      .inode = facts.st_ino,
                                      .size = facts.st_size,
                                      .changed = facts.st_ctim,
                                      .settled = now - facts.st_ctim.tv_sec > SETTLED_S};
    return true;
}

bool fct_login_file_changed(const char *path, const struct fct_login_stamp *stamp)
{
    struct stat facts;

    /* A file that changed just before it was read may have changed again within the same tick. */
    return !stamp->settled || stat(path, &facts) != 0 || facts.st_dev != stamp->device ||
           facts.st_ino != stamp->inode || facts.st_size != stamp->size ||
           facts.st_ctim.tv_sec != stamp->changed.tv_sec ||
           facts.st_ctim.tv_nsec != stamp->changed.tv_nsec;
}

int fct_login_read_file(const char *path, fct_secret **password, struct fct_login_stamp *stamp,
                        facteur_error **error)
{
    struct fct_login_stamp found = {0};
    char *bytes = NULL;
    const char *fault;
    ssize_t len;
    int err = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 && fct_shortage_is(errno))
        return fct_shortage_set(error, errno);
    if (fd < 0)
        return refuse_file(path, strerror(errno), error);
    bytes = fct_malloc(PASSWORD_MAX);
    if (!bytes) {
        close(fd);
        return fct_error_nomem(error);
    }
    /* The stamp comes first, so that a change while the file is read makes it stale. */
    len = stamp_file(fd, &found) ? fct_file_read(fd, bytes, PASSWORD_MAX) : -1;
    if (len < 0) {
        err = refuse_file(path, strerror(errno), error);
        len = 0;
    }
    close(fd);
    while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
        len--;
    fault = len == PASSWORD_MAX ? "is too long" : fault_of(bytes, (size_t)len);
    if (!err && *fault)
        err = fct_error_set(error, FACTEUR_ECONFIG, "password_file", "the password in \"%s\" %s",
                            path, fault);
    if (!err) {
        *password = fct_secret_new(bytes, (size_t)len);
        err = *password ? 0 : fct_error_nomem(error);
    }
    if (!err)
        *stamp = found;
    fct_wipe(bytes, PASSWORD_MAX);
    fct_free(bytes);
    return err;
}
