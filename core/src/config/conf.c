/* SPDX-License-Identifier: MIT */
#include "config/conf.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/shortage.h"
#include "config/dsn.h"
#include "config/group.h"
#include "mime/content.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE_LIMIT (1 << 20)
#define WHERE_MAX 4200 /* a path, and a line */
#define SHOWN_MAX 40   /* characters of an unknown name that an error shows */

static void where_of(const fct_conf *conf, unsigned line, char where[WHERE_MAX])
{
    if (line)
        snprintf(where, WHERE_MAX, "%s:%u", conf->path, line);
    else
        snprintf(where, WHERE_MAX, "%s", conf->path);
}

static int refuse(const fct_conf *conf, unsigned line, facteur_error **error, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* line   0: the whole file. */
static int refuse(const fct_conf *conf, unsigned line, facteur_error **error, const char *format,
                  ...)
{
    char where[WHERE_MAX], text[WHERE_MAX + 200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    where_of(conf, line, where);
    return fct_error_set(error, FACTEUR_ECONFIG, where, "%s", text);
}

void fct_conf_blame(const fct_conf *conf, unsigned line, facteur_error **error)
{
    char where[WHERE_MAX];

    where_of(conf, line, where);
    strncat(where, ": ", WHERE_MAX - strlen(where) - 1);
    fct_error_prefix(error, where);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/* A line that is no "name = value" may be a piece of a secret: only what looks like a name is
 * shown. */
static bool is_name(fct_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];

        if (byte != '_' && (byte < 'a' || byte > 'z') && !fct_is_digit(byte))
            return false;
    }
    return name.len > 0 && name.len <= SHOWN_MAX;
}

static struct fct_conf_value *place_of(fct_conf *conf, fct_slice name)
{
    int option = fct_option_find(name.ptr, name.len);

    if (fct_slice_equal(name, FCT_SLICE("dsn")))
        return &conf->dsn;
    return option >= 0 ? &conf->values[option] : NULL;
}

static int refuse_name(const fct_conf *conf, unsigned line, fct_slice name, fct_slice value,
                       facteur_error **error)
{
    int err;

    if (!is_name(name))
        return refuse(conf, line, error, "the text before the \"=\" is no option's name");
    err = fct_option_refuse(name.ptr, name.len, value, error);
    fct_conf_blame(conf, line, error);
    return err;
}

static bool is_path(const char *name)
{
    int option = fct_option_find(name, strlen(name));

    return option >= 0 && strcmp(facteur_option_type((size_t)option), "path") == 0;
}

/* `value` can be cut behind its end. */
static int take(fct_conf *conf, unsigned line, fct_slice name, fct_slice value,
                facteur_error **error)
{
    struct fct_conf_value *place = place_of(conf, name);
    char *end = conf->text.ptr + (value.ptr - conf->text.ptr) + value.len;
    char label[SHOWN_MAX + 1];

    if (!place)
        return refuse_name(conf, line, name, value, error);
    snprintf(label, sizeof label, "%.*s", (int)name.len, name.ptr);
    if (place->line)
        return refuse(conf, line, error, "%s is given in line %u, too", label, place->line);
    if (!value.len)
        return refuse(conf, line, error, "%s has no value: leave the line out", label);
    if (memchr(value.ptr, '\0', value.len))
        return refuse(conf, line, error, "%s has the control character 0x00", label);
    if (is_path(label) && value.ptr[0] != '/')
        return refuse(conf, line, error, "%s must be an absolute path in this file", label);
    *end = '\0';
    *place = (struct fct_conf_value){value.ptr, line};
    return 0;
}

/* One pair of quotation marks, for those who are used to them. */
static fct_slice unquote(fct_slice value)
{
    char first = value.len >= 2 ? value.ptr[0] : '\0';

    if ((first == '"' || first == '\'') && value.ptr[value.len - 1] == first)
        return (fct_slice){value.ptr + 1, value.len - 2};
    return value;
}

static int read_line(fct_conf *conf, unsigned line, fct_slice text, facteur_error **error)
{
    const char *equals;
    fct_slice name;

    if (text.len && text.ptr[text.len - 1] == '\r')
        text.len--;
    text = fct_slice_trim(text);
    if (!text.len || text.ptr[0] == '#')
        return 0;
    equals = memchr(text.ptr, '=', text.len);
    if (text.ptr[0] == '[' || !equals)
        return refuse(conf, line, error,
                      "expected name = value; a comment begins with #, and there are no sections");
    name = fct_slice_trim((fct_slice){text.ptr, (size_t)(equals - text.ptr)});
    return take(conf, line, name,
                unquote(fct_slice_trim(
                    (fct_slice){equals + 1, text.len - (size_t)(equals + 1 - text.ptr)})),
                error);
}

/* A byte behind the last line is there for its NUL. */
static int read_lines(fct_conf *conf, size_t len, facteur_error **error)
{
    static const fct_slice mark = {"\xef\xbb\xbf", 3};
    const char *at = conf->text.ptr, *end = at + len;
    unsigned line = 1;
    int err = 0;

    if (fct_slice_starts_nocase((fct_slice){at, len}, mark))
        at += mark.len;
    while (!err && at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        if (!stop)
            stop = end;
        err = read_line(conf, line++, (fct_slice){at, (size_t)(stop - at)}, error);
        at = stop + 1;
    }
    return err;
}

/* ---- Who may read it ------------------------------------------------------------------------- */

static bool has_word(fct_slice text, fct_slice word)
{
    return memmem(text.ptr, text.len, word.ptr, word.len) != NULL;
}

static bool is_secret(size_t option, fct_slice text)
{
    const char *type = facteur_option_type(option);

    if (option == FCT_OPT_proxy)
        return has_word(text, FCT_SLICE("@"));
    if (strcmp(type, "json") == 0)
        return has_word(text, FCT_SLICE("\"key\"")) || has_word(text, FCT_SLICE("password\"")) ||
               has_word(text, FCT_SLICE("\"passphrase\""));
    return strcmp(type, "secret") == 0;
}

/* The DSN's own options; its login is among them. */
static bool has_secret_value(const fct_options *options)
{
    for (size_t i = 0; i < FCT_OPTION_COUNT; i++)
        if (options->values[i].secret && is_secret(i, fct_secret_bytes(options->values[i].secret)))
            return true;
    return false;
}

/*
 * Whether one of the DSN's relays has its password or key in it.  A mistake is told to who uses the
 * DSN, whoever may read the file.
 */
static int look_into_dsn(const fct_conf *conf, bool *secret)
{
    fct_group group;
    int err = fct_group_parse(&group, conf->dsn.text, NULL);

    for (unsigned i = 0; !err && !*secret && i < group.member_count; i++) {
        fct_options options;
        fct_dsn dsn;

        if (fct_options_init(&options))
            return FACTEUR_ENOMEM;
        err = fct_dsn_parse(&dsn, &options, conf->dsn.text, group.parts[i], NULL);
        *secret = has_secret_value(&options);
        if (!err)
            fct_dsn_done(&dsn);
        fct_options_done(&options);
    }
    return err == FACTEUR_ENOMEM ? err : 0;
}

static int check_readers(const fct_conf *conf, facteur_error **error)
{
    bool secret = false;
    int err = conf->dsn.text ? look_into_dsn(conf, &secret) : 0;

    if (err)
        return fct_error_nomem(error);
    for (size_t i = 0; i < FCT_OPTION_COUNT; i++)
        secret =
            secret || (conf->values[i].text && is_secret(i, fct_slice_of(conf->values[i].text)));
    if (secret)
        err = refuse(conf, 0, error,
                     "it holds a password, and everybody may read it: run chmod 0640 %s, and chgrp "
                     "for the group that sends mail",
                     conf->path);
    return err;
}

/* A login without its relay would be told to every relay that somebody names. */
static int check_login(const fct_conf *conf, facteur_error **error)
{
    for (size_t i = 0; !conf->dsn.text && i < FCT_OPTION_COUNT; i++)
        if (conf->values[i].text && strcmp(facteur_option_scope(i), "login") == 0)
            return refuse(conf, conf->values[i].line, error,
                          "%s is for one relay: give its dsn in this file, too",
                          facteur_option_name(i));
    return 0;
}

/* ---- The file -------------------------------------------------------------------------------- */

static int fail_open(fct_conf *conf, int cause, facteur_error **error)
{
    bool named = strcmp(conf->source, FCT_CONF_VARIABLE) == 0;

    if (fct_shortage_is(cause))
        return fct_shortage_set(error, cause);
    if (named || (cause != ENOENT && cause != ENOTDIR && cause != EACCES))
        return refuse(conf, 0, error, "cannot read it: %s", strerror(cause));
    conf->denied = cause == EACCES ? cause : 0;
    conf->path = "";
    return 0;
}

static int read_file(fct_conf *conf, int fd, size_t size, facteur_error **error)
{
    ssize_t len;

    if (size > SIZE_LIMIT)
        return refuse(conf, 0, error, "it is longer than %d bytes", SIZE_LIMIT);
    if (fct_buf_reserve(&conf->text, size + 1))
        return fct_error_nomem(error);
    len = fct_file_read(fd, conf->text.ptr, size);
    if (len < 0)
        return refuse(conf, 0, error, "cannot read it: %s", strerror(errno));
    conf->text.len = (size_t)len;
    return read_lines(conf, (size_t)len, error);
}

static int read_open(fct_conf *conf, int fd, const struct stat *facts, facteur_error **error)
{
    int err;

    if (facts->st_mode & (S_IWGRP | S_IWOTH))
        return refuse(conf, 0, error, "others than its owner may write it: run chmod go-w %s",
                      conf->path);
    err = read_file(conf, fd, (size_t)facts->st_size, error);
    if (!err && facts->st_mode & S_IROTH)
        err = check_readers(conf, error);
    return err ? err : check_login(conf, error);
}

int fct_conf_read(fct_conf *conf, facteur_error **error)
{
    const char *named = secure_getenv(FCT_CONF_VARIABLE);
    struct stat facts;
    int fd, err;

    memset(conf, 0, sizeof *conf);
    conf->path = named && *named ? named : FCT_CONF_SYSTEM;
    conf->source = named && *named ? FCT_CONF_VARIABLE : FCT_CONF_SYSTEM;
    if (conf->path[0] != '/')
        return fct_error_set(error, FACTEUR_ECONFIG, FCT_CONF_VARIABLE,
                             FCT_CONF_VARIABLE " must be an absolute path, not \"%.80s\"", named);
    if (strcmp(conf->path, "/dev/null") == 0) {
        conf->path = "";
        return 0;
    }
    fd = fct_file_open(conf->path, &facts);
    if (fd < 0)
        return fail_open(conf, errno, error);
    err = read_open(conf, fd, &facts, error);
    close(fd);
    if (err)
        fct_conf_done(conf);
    return err;
}

void fct_conf_done(fct_conf *conf)
{
    fct_buf_wipe(&conf->text);
    memset(conf, 0, sizeof *conf);
}

int fct_conf_apply(const fct_conf *conf, fct_options *options, bool own_dsn, facteur_error **error)
{
    for (size_t i = 0; i < FCT_OPTION_COUNT; i++) {
        const struct fct_conf_value *value = &conf->values[i];
        const char *name = facteur_option_name(i);
        int err;

        if (!value->text || (own_dsn && conf->dsn.text && fct_option_is_of_relay(i)))
            continue;
        err = fct_options_set(options, FCT_LEVEL_FILE, name, strlen(name), value->text,
                              strlen(value->text), error);
        if (err == FACTEUR_ECONFIG)
            fct_conf_blame(conf, value->line, error);
        if (err)
            return err;
    }
    return 0;
}
