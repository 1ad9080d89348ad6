/* SPDX-License-Identifier: MIT */
#include "letters/own_words.h"

#include "base/error.h"
#include "letters/locale_tag.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX 64

struct own_words {
    const struct fct_reading *reading;
    const char **texts; /* of the copy; NULL: only look whether the words are right */
};

static const char *const forms[] = {"zero", "one", "two", "few", "many", "other"};
#define FORMS (sizeof forms / sizeof forms[0])

static int refuse_key(const struct own_words *own, const struct fct_path *path, const char *key)
{
    const char *nearest =
        fct_nearest(key, strlen(key), fct_catalogue_keys, fct_catalogue_key_count);

    if (nearest)
        return fct_shape_refuse(own->reading, path, "unknown text; did you mean \"%s\"?", nearest);
    return fct_shape_refuse(own->reading, path,
                            "unknown text, and no locale such as \"fr\"; the documentation of the "
                            "letters lists the keys");
}

/* The index of "key.form", or FCT_NO_KEY. */
static size_t form_of(const char *key, const char *form)
{
    char name[KEY_MAX];
    int len = snprintf(name, sizeof name, "%s.%s", key, form);

    return len < KEY_MAX ? fct_catalogue_key((fct_slice){name, (size_t)len}) : FCT_NO_KEY;
}

static bool has_forms(const char *key)
{
    return form_of(key, "other") != FCT_NO_KEY;
}

static int read_text(const struct own_words *own, const struct fct_path *path, const json_t *value,
                     const char **text)
{
    fct_slice words = {0};
    int result = json_is_false(value)
                     ? 0
                     : fct_shape_read_value(own->reading, path, value, FCT_PROSE, &words);

    if (result)
        return result;
    fct_buf_add_slice(&own->reading->arena->scratch, words);
    fct_buf_add_char(&own->reading->arena->scratch, '\0');
    *text = fct_arena_take(own->reading->arena, &own->reading->arena->scratch).ptr;
    return own->reading->arena->failed ? fct_error_nomem(own->reading->error) : 0;
}

static int put_text(const struct own_words *own, const struct fct_path *path, const char *key,
                    const json_t *value)
{
    size_t index = fct_catalogue_key(fct_slice_of(key));
    const char *text;
    int result;

    if (index == FCT_NO_KEY && !has_forms(key))
        return refuse_key(own, path, key);
    result = read_text(own, path, value, &text);
    if (result || !own->texts)
        return result;
    if (index != FCT_NO_KEY)
        own->texts[index] = text;
    for (size_t i = 0; i < FORMS && index == FCT_NO_KEY; i++) {
        if (form_of(key, forms[i]) != FCT_NO_KEY)
            own->texts[form_of(key, forms[i])] = text;
    }
    return 0;
}

static int put_forms(const struct own_words *own, const struct fct_path *path, const char *key,
                     const json_t *value)
{
    const char *form;
    json_t *text;

    json_object_foreach((json_t *)value, form, text)
    {
        struct fct_path here = {.up = path, .name = form};
        char name[2 * KEY_MAX];
        int result;

        snprintf(name, sizeof name, "%s.%.*s", key, KEY_MAX, form);
        result = json_is_null(text) ? 0 : put_text(own, &here, name, text);
        if (result)
            return result;
    }
    return 0;
}

/* Put all that is a text or the forms of one; the words of a locale are left to its caller. */
static int put_all(const struct own_words *own, const struct fct_path *path, const json_t *words)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)words, key, value)
    {
        struct fct_path here = {.up = path, .name = key};
        int result = 0;

        if (json_is_object(value) && has_forms(key))
            result = put_forms(own, &here, key, value);
        else if (json_is_object(value) && path->up)
            result = refuse_key(own, &here, key);
        else if (!json_is_object(value) && !json_is_null(value))
            result = put_text(own, &here, key, value);
        if (result)
            return result;
    }
    return 0;
}

/* The words under a locale's tag, if it has this catalogue; they are checked in any case. */
static int put_locale(const struct own_words *own, const struct fct_path *path, const char *key,
                      const json_t *words, const struct fct_catalogue *catalogue)
{
    struct fct_path here = {.up = path, .name = key};
    struct own_words other = {.reading = own->reading};
    char tag[FCT_TAG_MAX];

    if (fct_catalogue_key(fct_slice_of(key)) != FCT_NO_KEY ||
        !fct_locale_tag(fct_slice_of(key), tag) ||
        !fct_catalogue_suits(fct_catalogue_for(tag), tag))
        return refuse_key(own, &here, key);
    if (strcmp(fct_catalogue_for(tag)->tag, catalogue->tag) == 0)
        other.texts = own->texts;
    return put_all(&other, &here, words);
}

int fct_own_words_put(const struct fct_reading *reading, const json_t *words,
                      struct fct_catalogue *catalogue)
{
    const struct fct_path path = {.name = "words"};
    struct own_words own = {.reading = reading};
    const char *key;
    json_t *value;
    int result;

    own.texts = fct_arena_alloc(reading->arena, fct_catalogue_key_count, sizeof *own.texts);
    if (!own.texts)
        return fct_error_nomem(reading->error);
    memcpy(own.texts, catalogue->texts, fct_catalogue_key_count * sizeof *own.texts);
    result = put_all(&own, &path, words);
    json_object_foreach((json_t *)words, key, value)
    {
        if (result == 0 && json_is_object(value) && !has_forms(key))
            result = put_locale(&own, &path, key, value, catalogue);
    }
    catalogue->texts = own.texts;
    return result;
}
