/* SPDX-License-Identifier: MIT */
#include "config/config_json.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/shortage.h"
#include "mime/content.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MEMBERS_MAX 16
#define FILE_SUFFIX "_file"
#define FILE_MAX ((off_t)1 << 20)
#define SECONDS_MAX 315360000 /* ten years */

int fct_config_load(fct_slice text, const char *option, json_t **out, facteur_error **error)
{
    /* Jansson reports nothing when it has no memory for its first buffer. */
    json_error_t problem = {0};

    *out = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &problem);
    if (*out)
        return 0;
    if (json_error_code(&problem) == json_error_out_of_memory ||
        json_error_code(&problem) == json_error_unknown)
        return fct_error_nomem(error);
    /* The parser's own sentence quotes the text, which may be secret. */
    return fct_error_set(error, FACTEUR_ECONFIG, option,
                         json_error_code(&problem) == json_error_duplicate_key
                             ? "%s has a name twice at line %d, column %d"
                             : "%s is not JSON: line %d, column %d cannot be read",
                         option, problem.line, problem.column);
}

static void wipe(const json_t *json)
{
    const char *name;
    json_t *value;
    size_t i;

    if (json_is_string(json))
        fct_wipe((char *)json_string_value(json), json_string_length(json));
    json_array_foreach(json, i, value) wipe(value);
    json_object_foreach((json_t *)json, name, value) wipe(value);
}

void fct_config_free(json_t *json)
{
    wipe(json);
    json_decref(json);
}

int fct_config_refuse(facteur_error **error, const char *where, const char *member,
                      const char *format, ...)
{
    char place[2 * FCT_CONFIG_WHERE];
    fct_buf text = {0};
    va_list args;
    int err;

    snprintf(place, sizeof place, "%s%s%s", where, *member ? "." : "", member);
    va_start(args, format);
    fct_buf_addv(&text, format, args);
    va_end(args);
    err = text.failed ? fct_error_nomem(error)
                      : fct_error_set(error, FACTEUR_ECONFIG, place, "%s: %s", place, text.ptr);
    fct_buf_done(&text);
    return err;
}

/* ---- Members --------------------------------------------------------------------------------- */

static const char *type_name(const json_t *json)
{
    static const char *const names[] = {"an object", "a list", "a text", "a number",
                                        "a number",  "true",   "false",  "null"};

    return names[json_typeof(json)];
}

static bool all_texts(const json_t *list)
{
    json_t *value;
    size_t i;

    json_array_foreach(list, i, value)
    {
        if (!json_is_string(value))
            return false;
    }
    return json_is_array(list);
}

/* A word for the expected kind, or NULL when the value is of that kind. */
static const char *take(const json_t *json, enum fct_config_kind kind, void *into)
{
    switch (kind) {
    case FCT_CONFIG_TEXT:
        if (!json_is_string(json) || !json_string_length(json))
            return "a text that is not empty";
        *(fct_slice *)into = (fct_slice){json_string_value(json), json_string_length(json)};
        return NULL;
    case FCT_CONFIG_FLAG:
        *(bool *)into = json_is_true(json);
        return json_is_boolean(json) ? NULL : "true or false";
    case FCT_CONFIG_SECONDS:
        *(int64_t *)into = json_integer_value(json);
        return json_integer_value(json) >= 1 && json_integer_value(json) <= SECONDS_MAX
                   ? NULL
                   : "whole seconds from 1 to 315360000";
    case FCT_CONFIG_TEXTS:
        *(const json_t **)into = json;
        return all_texts(json) ? NULL : "a list of texts";
    case FCT_CONFIG_OBJECT:
        *(const json_t **)into = json;
        return json_is_object(json) ? NULL : "an object";
    default:
        *(const json_t **)into = json;
        return json_is_array(json) ? NULL : "a list";
    }
}

static int refuse_unknown(const char *where, const char *name,
                          const struct fct_config_member *members, size_t count,
                          facteur_error **error)
{
    const char *names[MEMBERS_MAX], *nearest;
    char shown[FCT_CONFIG_WHERE / 2];

    for (size_t i = 0; i < count; i++)
        names[i] = members[i].name;
    nearest = fct_nearest(name, strlen(name), names, count);
    snprintf(shown, sizeof shown, "%s", name);
    if (nearest)
        return fct_config_refuse(error, where, shown, "there is no such member; did you mean %s?",
                                 nearest);
    return fct_config_refuse(error, where, shown, "there is no such member");
}

int fct_config_read(const json_t *json, const char *where, const struct fct_config_member *members,
                    size_t count, void *out, facteur_error **error)
{
    const char *name;
    json_t *value;

    if (!json_is_object(json))
        return fct_config_refuse(error, where, "", "expected an object, got %s", type_name(json));
    json_object_foreach((json_t *)json, name, value)
    {
        const char *expected;
        size_t i = 0;

        while (i < count && strcmp(members[i].name, name) != 0)
            i++;
        if (i == count)
            return refuse_unknown(where, name, members, count, error);
        if (json_is_null(value))
            continue;
        expected = take(value, members[i].kind, (char *)out + members[i].offset);
        if (expected)
            return fct_config_refuse(error, where, name, "expected %s, got %s", expected,
                                     json_is_string(value) ? "another text" : type_name(value));
    }
    return 0;
}

/* ---- Files that are named ----------------------------------------------------------------------
 */

struct walk {
    fct_config_file file;
    void *user;
};

static bool names_file(const char *name, const json_t *value)
{
    size_t len = strlen(name), end = strlen(FILE_SUFFIX);

    return json_is_string(value) && len > end && strcmp(name + len - end, FILE_SUFFIX) == 0;
}

static int walk_files(const struct walk *walk, const json_t *json, const char *where)
{
    char place[FCT_CONFIG_WHERE];
    const char *name;
    json_t *value;
    size_t i;
    int err;

    json_array_foreach(json, i, value)
    {
        snprintf(place, sizeof place, "%.60s[%zu]", where, i);
        err = walk_files(walk, value, place);
        if (err)
            return err;
    }
    json_object_foreach((json_t *)json, name, value)
    {
        snprintf(place, sizeof place, "%.60s.%.30s", where, name);
        err = names_file(name, value) ? walk->file(walk->user, place, json_string_value(value))
                                      : walk_files(walk, value, place);
        if (err)
            return err;
    }
    return 0;
}

int fct_config_walk_files(fct_slice text, const char *option, fct_config_file file, void *user,
                          facteur_error **error)
{
    struct walk walk = {file, user};
    json_t *tree = NULL;
    int err = fct_config_load(text, option, &tree, error);

    if (!err)
        err = walk_files(&walk, tree, option);
    fct_config_free(tree);
    return err;
}

/* ---- Files ----------------------------------------------------------------------------------- */

/* The whole file as a secret; NULL with errno. */
static fct_secret *read_file(const char *path)
{
    struct stat facts;
    int fd = fct_file_open(path, &facts), saved;
    fct_secret *secret = NULL;
    ssize_t len = -1;
    size_t size;
    char *bytes;

    if (fd < 0)
        return NULL;
    size = facts.st_size < FILE_MAX ? (size_t)facts.st_size : 0;
    bytes = fct_malloc(size + 1);
    saved = bytes ? EFBIG : ENOMEM;
    if (bytes)
        len = fct_file_read(fd, bytes, size);
    close(fd);
    if (len > 0) {
        secret = fct_secret_new(bytes, (size_t)len);
        saved = ENOMEM;
    }
    fct_wipe(bytes, bytes ? size : 0);
    fct_free(bytes);
    errno = facts.st_size ? saved : ENODATA;
    return secret;
}

int fct_config_text_or_file(fct_slice text, fct_slice path, const char *where, const char *member,
                            fct_secret **secret, facteur_error **error)
{
    char file[FCT_CONFIG_WHERE];

    snprintf(file, sizeof file, "%s" FILE_SUFFIX, member);
    if (text.len && path.len)
        return fct_config_refuse(error, where, file, "give %s or %s, not both", member, file);
    if (!text.len && !path.len)
        return fct_config_refuse(error, where, member, "missing: give %s or %s", member, file);
    *secret = text.len ? fct_secret_new(text.ptr, text.len) : read_file(path.ptr);
    if (*secret)
        return 0;
    if (text.len)
        return fct_error_nomem(error);
    if (fct_shortage_is(errno))
        return fct_shortage_set(error, errno);
    return fct_config_refuse(error, where, file, "cannot read \"%s\": %s", path.ptr,
                             strerror(errno));
}
